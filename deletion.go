package gatepost

import (
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"time"
)

// DeletionSum is a digest of a set of objects that grows by one at a time and is the same
// whatever their order: 1024 numbers of 16 bits, to each of which every
// object adds its own. The zero value is that of no objects.
//
// An object's numbers are the SHAKE256 of its key, a line feed and its SHA-256 in
// hex, two bytes each, the low one first; they are added without carry. Whoever
// has the keys and hashes of a day computes the digest of its certificate.
type DeletionSum [1024]uint16

// Add takes an object in.
func (s *DeletionSum) Add(key, hash string) {
	h := sha3.NewSHAKE256()
	_, _ = h.Write([]byte(key + "\n" + hash)) // never fails
	var b [2 * len(s)]byte
	_, _ = h.Read(b[:])
	for i := range s {
		s[i] += binary.LittleEndian.Uint16(b[2*i:])
	}
}

// Digest returns the SHA-256 of the sum, in hex.
func (s *DeletionSum) Digest() string {
	sum := sha256.Sum256(s.bytes())
	return hex.EncodeToString(sum[:])
}

func (s *DeletionSum) bytes() []byte {
	b := make([]byte, 0, 2*len(s))
	for _, v := range s {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

// String returns the sum as ParseDeletionSum reads it.
func (s *DeletionSum) String() string { return base64.StdEncoding.EncodeToString(s.bytes()) }

// ParseDeletionSum is the inverse of String.
func ParseDeletionSum(text string) (s DeletionSum, err error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != 2*len(s) {
		return s, errors.New("not a sum of deleted objects")
	}
	for i := range s {
		s[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return s, nil
}

// DeletionCertificate says what was deleted of a camera's day (UTC, by the start of
// recordings), by which rule. Several may speak of one day: of several rules, or
// because a hold kept some of it for longer.
type DeletionCertificate struct {
	ID          string
	CameraID    string
	Day         time.Time // its first moment
	Rule        string    // RuleOf, or OrderRule
	Recordings  int64
	Bytes       int64
	First, Last time.Time   // when objects were gone
	Sum         DeletionSum // while it is not issued
	Digest      string      // once it is
	IssuedAt    *time.Time
}

// LedgerEntry is a certificate as the ledger keeps it.
func (c DeletionCertificate) LedgerEntry() LedgerEntry {
	return LedgerEntry{Kind: LedgerDeletion, Actor: "system", CameraID: c.CameraID, Allowed: true, Detail: map[string]string{
		"act": "certificate", "certificate": c.ID, "day": c.Day.Format(time.DateOnly), "rule": c.Rule, "recordings": strconv.FormatInt(c.Recordings, 10),
		"bytes": strconv.FormatInt(c.Bytes, 10), "digest": c.Digest, "from": c.First.Format(time.RFC3339), "to": c.Last.Format(time.RFC3339)}}
}

// Rule names what ended a recording of a class after its days, in certificates.
func (p RetentionPolicy) Rule(k Kept) string {
	return "policy:" + strconv.Itoa(p.Version) + "/" + string(k.Class) + ":" + strconv.Itoa(k.Days)
}

// OrderRule names the order that ended a recording, in certificates.
func OrderRule(id string) string { return "order:" + id }

// Expiry chooses what a camera recorded whose days are over, and that nothing keeps.
type Expiry struct {
	CameraID       string
	Before         time.Time // what ended before it
	Incidents      []TimeSpan
	IncidentBefore time.Time // what overlaps one of Incidents ended before this, too
	Now            time.Time // of holds
}

// Ending is the end of recordings of a camera by the policy. It holds for the
// camera and the policy as they were read: where either is another by now,
// nothing ends.
type Ending struct {
	Camera Camera
	Policy int // its version
	Rule   string
	IDs    []string
	Now    time.Time
}

// RetentionRun is one round of the sweep.
type RetentionRun struct {
	ID                 string
	StartedAt, EndedAt time.Time
	First, Last        string // ids: the cameras after First, up to Last; "" is either end
	RetentionCounts
	Problem string // what kept it from more, "" for nothing
}

// RetentionCounts are what a round did.
type RetentionCounts struct {
	Cameras      int64 `json:"cameras"`
	Ended        int64 `json:"ended"` // recordings that got a tombstone
	EndedBytes   int64 `json:"ended_bytes"`
	Moved        int64 `json:"moved"` // objects that got another prefix
	MovedBytes   int64 `json:"moved_bytes"`
	Classed      int64 `json:"classed"` // objects that got another storage class
	ClassedBytes int64 `json:"classed_bytes"`
	Certificates int64 `json:"certificates"` // that were issued
	Orders       int64 `json:"orders"`       // that were carried out
}

// Quiet tells whether the round found nothing to do.
func (r RetentionRun) Quiet() bool {
	idle := RetentionCounts{Cameras: r.Cameras}
	return r.RetentionCounts == idle && r.Problem == ""
}

// DeletionOrder ends what a camera recorded in a window before its days are over, by
// the decision of a data subject's request. Somebody else than who orders it
// approves it; a hold beats it for as long as it lasts.
type DeletionOrder struct {
	ID        string
	CameraID  string
	From, To  time.Time // recordings that overlap it are deleted whole
	Decision  string    // by which it is: its number
	Reason    string
	OrderedBy string // user id
	OrderedAt time.Time
	DecidedBy string     // user id
	DecidedAt *time.Time // nil while nobody has
	Approved  bool
	DoneAt    *time.Time // since when nothing is left and nothing held; nil: it is not done
}

// DeletionOrderStands is for how long after it was done an order also ends what
// comes into its window late, from a spool.
const DeletionOrderStands = 30 * 24 * time.Hour
