// Package ledger makes the ledger one that cannot be edited unseen, and shows
// it: the owner's view of who looked at his cameras, and proofs for anybody.
//
// Entries are appended in the transaction of what they tell of. Run gives them
// numbers afterwards, one second or two later, as leaves of a Merkle tree (RFC 6962
// §2.1), and signs a checkpoint of the tree. Whoever has kept a checkpoint can have
// it proved that everything it covered is still there, unchanged: Verify does
// that with the database at hand, Remote without it.
//
// # States of an entry
//
//	appended ──Run──▶ integrated
//
// An entry that was appended by the program has a seal, an HMAC. One without a
// seal was inserted by hand: it is never integrated, and Verify names it.
//
// # Invariants
//
//  1. Leaf n is the SHA-256 of 0x00 and gatepost.LedgerRecord.Encode of the
//     entry whose number is n; numbers begin at 0 and have no holes.
//  2. A checkpoint is signed only after the tree that is stored was found to
//     have the root that was signed before.
//  3. The key that signs checkpoints is never replaced by itself.
//
// docs/design/ledger.md says what this protects from and what it does not.
package ledger
