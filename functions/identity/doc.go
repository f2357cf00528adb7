// Package identity is signing in: passwords, access tokens, refresh sessions,
// API keys, users, and the keys that tokens are signed with.
//
// # A session
//
// Signing in gives a short access token, which the client holds in memory, and
// a refresh secret in a cookie that only /v1/session sees. Each refresh
// replaces the secret. A secret that was replaced already is a sign of theft
// and ends the session, except within graceTime of its replacement: two tabs
// that refresh at the same moment are one person.
//
// # Guessing
//
// An unknown login costs the same work as a wrong password. Failed attempts are
// counted by login and by address; both are refused for a while once they are
// too many, in memory, so each process counts for itself.
package identity
