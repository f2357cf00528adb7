// Package token makes and verifies the tokens of Gatepost: JWTs (RFC 7519)
// signed with Ed25519 (RFC 8037), verified offline from a JWKS (RFC 7517).
//
// # Three audiences
//
// An access token ("api") says who makes a request to the control plane. A
// media token ("media") opens the picture of one camera for one grant. A share
// token ("share") is what a share link carries; it opens nothing by itself, the
// control plane exchanges it for media tokens. A token of one audience is never
// taken for another's, whatever else it claims.
//
// # What a verifier insists on
//
// The algorithm EdDSA and no other, a kid that the JWKS names, our issuer, one
// audience, an expiry. A token is dead at its expiry to the second; its issue
// time may lie ahead of this machine's clock by Leeway at most. Errors are
// Unauthenticated and never repeat the token.
//
// # Rotation
//
// One key signs. Rotate replaces it once it is RotateEvery old; the old one
// verifies for as long as a token that it signed may live (MaxLife). A verifier
// that meets an unknown kid fetches the JWKS again, seldom enough that forged
// kids cannot make it a burden.
//
// # Withdrawal
//
// A key that somebody else may have is withdrawn: it leaves the JWKS, and what it
// signed is void. A verifier over an Issuer sees that within its MaxAge; gateways,
// which keep keys for longer, are told with their next sync and call Withdraw.
package token
