package gatepost

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// LedgerRecord is an entry exactly as it is written down, so that a change of a
// single byte shows.
type LedgerRecord struct {
	ID           string
	At           int64 // milliseconds since 1970 UTC
	Kind         string
	Actor        string
	Organisation string
	CameraID     string
	Allowed      bool
	Detail       string // JSON object of strings, or ""
}

// ledgerRecordVersion begins every record: another field or another order is
// another version.
const ledgerRecordVersion = "gatepost ledger entry 1"

// Encode returns the record as the leaves of the Merkle tree have it: its
// version and its fields in their order, each as a netstring (its length in
// bytes, a colon, its bytes, a comma). Two records that differ have different encodings.
func (r LedgerRecord) Encode() []byte {
	allowed := "0"
	if r.Allowed {
		allowed = "1"
	}
	var b []byte
	for _, field := range []string{ledgerRecordVersion, r.ID, strconv.FormatInt(r.At, 10), r.Kind, r.Actor, r.Organisation, r.CameraID, allowed, r.Detail} {
		b = strconv.AppendInt(b, int64(len(field)), 10)
		b = append(b, ':')
		b = append(b, field...)
		b = append(b, ',')
	}
	return b
}

var errNoRecord = errors.New("not a ledger entry of a version that this program knows")

// ParseLedgerRecord is the inverse of Encode; it takes nothing that Encode does
// not make.
func ParseLedgerRecord(b []byte) (r LedgerRecord, err error) {
	var fields [9]string
	rest := b
	for i := range fields {
		n, digits := 0, 0
		for digits < len(rest) && digits < 8 && rest[digits] >= '0' && rest[digits] <= '9' {
			n = 10*n + int(rest[digits]-'0')
			digits++
		}
		rest = rest[digits:]
		if digits == 0 || len(rest) < n+2 || rest[0] != ':' || rest[n+1] != ',' {
			return LedgerRecord{}, errNoRecord
		}
		fields[i], rest = string(rest[1:n+1]), rest[n+2:]
	}
	if r.At, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return LedgerRecord{}, errNoRecord
	}
	r.ID, r.Kind, r.Actor, r.Organisation, r.CameraID = fields[1], fields[3], fields[4], fields[5], fields[6]
	r.Allowed, r.Detail = fields[7] == "1", fields[8]
	if string(r.Encode()) != string(b) { // leading zeros, another version, bytes behind it
		return LedgerRecord{}, errNoRecord
	}
	return r, nil
}

// Record returns an entry as it is written down. It must have its id and time.
func (e LedgerEntry) Record() (LedgerRecord, error) {
	r := LedgerRecord{ID: e.ID, At: e.At.UnixMilli(), Kind: string(e.Kind), Actor: e.Actor, Organisation: e.Organisation,
		CameraID: e.CameraID, Allowed: e.Allowed}
	if len(e.Detail) > 0 {
		b, err := json.Marshal(e.Detail)
		if err != nil {
			return r, fmt.Errorf("encode ledger entry: %w", err)
		}
		r.Detail = string(b)
	}
	return r, nil
}

// Entry is the inverse of LedgerEntry.Record.
func (r LedgerRecord) Entry() (LedgerEntry, error) {
	e := LedgerEntry{ID: r.ID, At: time.UnixMilli(r.At).UTC(), Kind: LedgerKind(r.Kind), Actor: r.Actor, Organisation: r.Organisation,
		CameraID: r.CameraID, Allowed: r.Allowed}
	if r.Detail != "" {
		if err := json.Unmarshal([]byte(r.Detail), &e.Detail); err != nil {
			return e, fmt.Errorf("decode ledger entry %s: %w", r.ID, err)
		}
	}
	return e, nil
}

// LedgerRow is a record and its place in the Merkle tree.
type LedgerRow struct {
	LedgerRecord
	Seq    int64 // number of its leaf, from 0; -1 until it is integrated
	Sealed bool  // it was appended by a program that knows the ledger's secret
}

// LedgerHead is how far the ledger is integrated into its Merkle tree.
type LedgerHead struct {
	Size     int64     // leaves
	Note     string    // the signed checkpoint of that size; "" before the first one
	SignedAt time.Time // of the note; zero before the first one
}

// LedgerFilter chooses entries; its zero value is all.
type LedgerFilter struct {
	Owner    string // organisation: entries about its cameras, and its own about no camera
	CameraID string
	Kind     LedgerKind
	Since    time.Time // not older; zero for no bound
	Until    time.Time // older; zero for no bound
}

// LedgerProof proves that an entry is in the tree of a checkpoint.
type LedgerProof struct {
	Key        string   // that the checkpoint verifies with, as GET /v1/ledger/key has it
	Sequence   int64    // the number of the entry's leaf, from 0
	Record     []byte   // the entry as it was written down
	Size       int64    // of the checkpoint's tree
	Hashes     [][]byte // the audit path (RFC 6962 §2.1.1)
	Checkpoint string
}
