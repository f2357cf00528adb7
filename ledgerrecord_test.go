package gatepost

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func records() []LedgerRecord {
	return []LedgerRecord{
		{},
		{ID: "018f", At: 1767225600123, Kind: "look", Actor: "u", Organisation: "o", CameraID: "c", Allowed: true, Detail: `{"reason":"盗窃, 案"}`},
		{ID: "018f", At: -1, Kind: "1:a,", Actor: "\xff\x00", Detail: strings.Repeat("x", 70_000)},
	}
}

func TestLedgerRecord(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range records() {
		got, err := ParseLedgerRecord(r.Encode())
		if err != nil || got != r {
			t.Errorf("got %+v %v, want %+v", got, err, r)
		}
		// One byte more or less anywhere is another record.
		for _, other := range []LedgerRecord{{r.ID + "x", r.At, r.Kind, r.Actor, r.Organisation, r.CameraID, r.Allowed, r.Detail},
			{r.ID, r.At + 1, r.Kind, r.Actor, r.Organisation, r.CameraID, r.Allowed, r.Detail},
			{r.ID, r.At, r.Kind, r.Actor, r.Organisation, r.CameraID, !r.Allowed, r.Detail},
			{r.ID, r.At, r.Kind, r.Actor + r.Organisation, "", r.CameraID, r.Allowed, r.Detail + " "}, r} {
			if b := string(other.Encode()); seen[b] {
				t.Errorf("%+v has the encoding of another record", other)
			} else {
				seen[b] = true
			}
		}
	}
	e := LedgerEntry{ID: "1", At: time.UnixMilli(1767225600123).UTC(), Kind: LedgerLook, Actor: "u", Allowed: true, Detail: map[string]string{"b": "2", "a": "<1>"}}
	r, err := e.Record()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := r.Entry(); err != nil || !reflect.DeepEqual(back, e) {
		t.Errorf("got %+v %v, want %+v", back, err, e)
	}
	// The encoding is what proofs rest on: it never changes.
	const want = `23:gatepost ledger entry 1,1:1,13:1767225600123,4:look,1:u,0:,0:,1:1,29:{"a":"\u003c1\u003e","b":"2"},`
	if got := string(r.Encode()); got != want {
		t.Errorf("encoded\n%s\nwant\n%s", got, want)
	}
}

func FuzzParseLedgerRecord(f *testing.F) {
	for _, r := range records() {
		f.Add(r.Encode())
	}
	f.Add([]byte("23:gatepost ledger entry 1,01:1,"))
	f.Add([]byte("99999999999999999999:"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ParseLedgerRecord(b); err == nil && string(r.Encode()) != string(b) {
			t.Errorf("%q is read as %+v, which is written %q", b, r, r.Encode())
		}
	})
}
