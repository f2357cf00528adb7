package gatepost

import "time"

// LedgerKind says what an entry of the ledger is about.
type LedgerKind string

// The kinds of entries.
const (
	LedgerDecision   LedgerKind = "decision"    // somebody asked to look: allowed or refused
	LedgerGrant      LedgerKind = "grant"       // a grant was made
	LedgerRevoke     LedgerKind = "revoke"      // a grant or a share link was revoked
	LedgerShare      LedgerKind = "share"       // a share link was made or opened
	LedgerCamera     LedgerKind = "camera"      // a camera was enrolled, changed, suspended, retired
	LedgerSession    LedgerKind = "session"     // somebody signed in, out, or was refused
	LedgerHold       LedgerKind = "hold"        // a hold was laid or released
	LedgerIncident   LedgerKind = "incident"    // an incident was activated, approved or ended
	LedgerWebhook    LedgerKind = "webhook"     // an address for notifications was added or removed
	LedgerMember     LedgerKind = "member"      // somebody joined an organisation, changed his role, was deactivated
	LedgerSupport    LedgerKind = "support"     // a support window was opened or closed
	LedgerCrossGrant LedgerKind = "cross_grant" // a cross-department grant was asked for, answered or revoked
)

// LedgerEntry is one line of the append-only ledger.
type LedgerEntry struct {
	ID           string // filled in when empty
	At           time.Time
	Kind         LedgerKind
	Actor        string            // user id, "share:<id>", or "system"
	Organisation string            // of the actor; "" for the system
	CameraID     string            // "" when it is about no camera
	Allowed      bool              // false: the act was refused
	Detail       map[string]string // what else to know, without secrets; may be nil
}
