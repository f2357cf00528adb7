// Package evidencetest tampers with evidence, for tests: each way is one that
// somebody with the file and the program's own packer has, one of them with the
// evidence key as well.
package evidencetest

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"hash/crc32"
	"io"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/evidence"
	"github.com/gatepost-video/gatepost/internal/signature"
)

// Tampering is a way to change a file, and what is to be found then.
type Tampering struct {
	Name string
	Kind evidence.Kind
	// Stolen says that the evidence key is in the wrong hands: Stranger's, which
	// the file is to be checked with.
	Stolen bool
	Do     func(t testing.TB, file []byte) []byte
}

// Entry is one file in an evidence.
type Entry struct {
	Name string
	Data []byte
}

// Unpack returns the files.
func Unpack(t testing.TB, file []byte) []Entry {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out []Entry
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Entry{f.Name, b})
	}
	return out
}

// Pack is the inverse of Unpack.
func Pack(t testing.TB, entries []Entry) []byte {
	t.Helper()
	var list []evidence.Content
	for _, e := range entries {
		list = append(list, evidence.Content{File: evidence.File{Name: e.Name, Bytes: int64(len(e.Data))}, CRC: crc32.ChecksumIEEE(e.Data), Data: bytes.NewReader(e.Data)})
	}
	a, err := evidence.Pack(list)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(a, 0, a.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Stranger is a key that is not the platform's.
func Stranger(t testing.TB) *signature.Key {
	t.Helper()
	k, err := signature.NewKey(signature.Evidence, bytes.Repeat([]byte{7}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Resign signs a manifest with a key.
func Resign(t testing.TB, entries []Entry, m *evidence.Manifest, key *signature.Key) {
	t.Helper()
	m.Key = key.Name()
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := evidence.Sign(m.ID, text, key)
	if err != nil {
		t.Fatal(err)
	}
	entries[0].Data, entries[1].Data = text, []byte(signed)
}

// Forge gives a manifest another reason and a ledger of its own that proves it, and
// signs it with Stranger's key.
func Forge(t testing.TB, files []Entry) []Entry {
	t.Helper()
	var m evidence.Manifest
	if err := json.Unmarshal(files[0].Data, &m); err != nil {
		t.Fatal(err)
	}
	m.Export.Reason = "another"
	record, err := gatepost.LedgerEntry{ID: m.ID, At: m.Export.MadeAt, Kind: gatepost.LedgerExport, Actor: m.Export.UserID,
		Organisation: m.Export.OrganisationID, CameraID: m.Camera.ID, Allowed: true, Detail: m.Detail()}.Record()
	if err != nil {
		t.Fatal(err)
	}
	book, err := signature.NewKey(signature.Ledger, bytes.Repeat([]byte{8}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	m.Ledger = evidence.Ledger{Key: book.Text, Record: record.Encode(), Size: 1}
	if m.Ledger.Checkpoint, err = book.Checkpoint(tlog.Tree{N: 1, Hash: tlog.RecordHash(m.Ledger.Record)}); err != nil {
		t.Fatal(err)
	}
	Resign(t, files, &m, Stranger(t))
	return files
}

// Edit makes a tampering of what it does to the files.
func Edit(change func(t testing.TB, files []Entry) []Entry) func(testing.TB, []byte) []byte {
	return func(t testing.TB, file []byte) []byte { return Pack(t, change(t, Unpack(t, file))) }
}

// Ways are the ways to change a file itself.
var Ways = []Tampering{
	{Name: "a byte of the video", Kind: evidence.Changed, Do: Edit(func(_ testing.TB, f []Entry) []Entry {
		f[4].Data[len(f[4].Data)/2] ^= 1
		return f
	})},
	{Name: "the manifest", Kind: evidence.Changed, Do: Edit(func(_ testing.TB, f []Entry) []Entry {
		f[0].Data = bytes.Replace(f[0].Data, []byte(`"purpose": "`), []byte(`"purpose": "no `), 1)
		return f
	})},
	{Name: "an added file", Kind: evidence.Added, Do: Edit(func(_ testing.TB, f []Entry) []Entry {
		return append(f, Entry{"notes.txt", []byte("what the officer said")})
	})},
	{Name: "a removed file", Kind: evidence.Removed, Do: Edit(func(_ testing.TB, f []Entry) []Entry { return slices.Delete(f, 2, 3) })},
	{Name: "another signature", Kind: evidence.OtherSignature, Do: Edit(func(_ testing.TB, f []Entry) []Entry {
		at := len(f[1].Data) - 30
		f[1].Data[at] = map[bool]byte{true: 'B', false: 'A'}[f[1].Data[at] == 'A']
		return f
	})},
	{Name: "another key", Kind: evidence.OtherKey, Do: Edit(func(t testing.TB, f []Entry) []Entry {
		k := Stranger(t)
		old := bytes.SplitN(f[1].Data, []byte("\n"), 2)[0]
		f[0].Data = bytes.Replace(f[0].Data, old, []byte(k.Name()), 1)
		signed, err := evidence.Sign(string(bytes.Split(f[1].Data, []byte("\n"))[1]), f[0].Data, k)
		if err != nil {
			t.Fatal(err)
		}
		f[1].Data = []byte(signed)
		return f
	})},
	{Name: "another order", Kind: evidence.Order, Do: Edit(func(_ testing.TB, f []Entry) []Entry {
		f[2], f[3] = f[3], f[2]
		return f
	})},
	{Name: "its end cut off", Kind: evidence.Truncated, Do: func(_ testing.TB, b []byte) []byte { return b[:len(b)*2/3] }},
	{Name: "a renamed file", Kind: evidence.Renamed, Do: Edit(func(_ testing.TB, f []Entry) []Entry {
		f[4].Name = "film.mp4"
		return f
	})},
	{Name: "a ledger of its own", Kind: evidence.OtherLedger, Stolen: true, Do: Edit(Forge)},
}
