package gatepost

import "strconv"

// The kinds of entries about what follows from a look, and about those who run
// things.
const (
	LedgerLook         LedgerKind = "look"         // a look has ended: from, to, how many bytes
	LedgerExport       LedgerKind = "export"       // a copy was taken, of footage or of the ledger
	LedgerConsent      LedgerKind = "consent"      // an owner gave or withdrew his standing consent
	LedgerRetention    LedgerKind = "retention"    // how long recordings are kept was changed: a camera's days or category, or the policy
	LedgerDeletion     LedgerKind = "deletion"     // footage was deleted, or its deletion was ordered or decided
	LedgerOrganisation LedgerKind = "organisation" // an organisation was made, changed, deactivated
	LedgerInvitation   LedgerKind = "invitation"   // somebody was invited, or came
	LedgerRequest      LedgerKind = "request"      // an owner was asked for footage, or answered
	LedgerDuty         LedgerKind = "duty"         // a watch was taken up, handed over, missed
	LedgerKey          LedgerKind = "signing_key"  // a key that signs was made, replaced or withdrawn
	LedgerNotification LedgerKind = "notification" // somebody was told, or could not be
	LedgerProgramme    LedgerKind = "programme"    // what is to be built was drawn up, submitted, reviewed
	LedgerRestore      LedgerKind = "restore"      // footage was asked back from the deep archive
	LedgerReport       LedgerKind = "report"       // a monthly report was drawn up, submitted, reviewed, locked
	LedgerHealth       LedgerKind = "health"       // a fault was found or is over, an outage was planned, a repair ordered, done, confirmed
)

// CameraChanges returns what the ledger keeps of a camera's change beside the
// entry of the change itself: its consent and its retention are things that
// owners and courts ask for by name. Each has the old and the new value.
func CameraChanges(old, changed Camera, entry LedgerEntry) []LedgerEntry {
	var list []LedgerEntry
	add := func(kind LedgerKind, from, to string) {
		if from != to {
			list = append(list, LedgerEntry{At: entry.At, Kind: kind, Actor: entry.Actor, Organisation: entry.Organisation, CameraID: changed.ID,
				Allowed: true, Detail: map[string]string{"old": from, "new": to}})
		}
	}
	add(LedgerConsent, strconv.FormatBool(old.ConsentToShare), strconv.FormatBool(changed.ConsentToShare))
	add(LedgerRetention, strconv.Itoa(old.RetentionDays), strconv.Itoa(changed.RetentionDays))
	add(LedgerRetention, string(old.Category), string(changed.Category))
	return list
}
