package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/evidence"
	"github.com/gatepost-video/gatepost/internal/evidence/evidencetest"
	"github.com/gatepost-video/gatepost/internal/signature"
)

// update writes testdata/tampered, which the SDK's tests check as well.
// testdata/evidence.zip itself is an export; go test ./functions/evidence -update
// makes a new one.
var update = flag.Bool("update", false, "write testdata/tampered")

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// options are what an outsider has.
func options(t testing.TB) evidence.Options {
	t.Helper()
	keys, err := evidence.ParseKeys(read(t, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := signature.NewVerifier(string(read(t, "ledger.key")))
	if err != nil {
		t.Fatal(err)
	}
	return evidence.Options{Keys: keys, Ledger: ledger}
}

func verify(t testing.TB, file []byte, o evidence.Options) *evidence.Report {
	t.Helper()
	r, err := evidence.Verify(bytes.NewReader(file), int64(len(file)), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Whole != (len(r.Findings) == 0) {
		t.Errorf("whole is %v with %+v", r.Whole, r.Findings)
	}
	return r
}

// refused wants a file to be found out, as nothing but one thing.
func refused(t testing.TB, file []byte, o evidence.Options, want evidence.Kind) {
	t.Helper()
	r := verify(t, file, o)
	if len(r.Findings) != 1 || r.Findings[0].Kind != want {
		t.Errorf("findings %+v, want %s", r.Findings, want)
		return
	}
	if f := r.Findings[0]; f.EN() == string(f.Kind) || f.ZH() == string(f.Kind) {
		t.Errorf("no words for %s", f.Kind)
	}
}

func TestWhole(t *testing.T) {
	file := read(t, "evidence.zip")
	o := options(t)
	for _, o := range []evidence.Options{o, {Keys: o.Keys, Ledger: o.Ledger, Kept: string(read(t, "same.checkpoint"))},
		{Keys: append(o.Keys, stranger(t)), Ledger: o.Ledger, Kept: string(read(t, "newer.checkpoint")), Grown: func(a, b tlog.Tree, _ note.Verifier) error {
			if a.N >= b.N {
				t.Errorf("asked whether %d is the beginning of %d", a.N, b.N)
			}
			return nil
		}}} {
		if r := verify(t, file, o); !r.Whole || r.Manifest.Export.CaseNumber != "2026-17" {
			t.Errorf("%+v", r)
		}
	}
	entries := evidencetest.Unpack(t, file)
	if !bytes.Equal(evidencetest.Pack(t, entries), file) {
		t.Error("the same files packed again are another file")
	}
}

func stranger(t testing.TB) note.Verifier {
	t.Helper()
	v, err := signature.NewVerifier(evidencetest.Stranger(t).Text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestTampered is each way in which evidence may be tampered with.
func TestTampered(t *testing.T) {
	file := read(t, "evidence.zip")
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", "stranger.key"), []byte(evidencetest.Stranger(t).Text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, way := range evidencetest.Ways {
		t.Run(way.Name, func(t *testing.T) {
			changed := way.Do(t, bytes.Clone(file))
			o := options(t)
			if way.Stolen {
				o.Keys = []note.Verifier{stranger(t)}
				refused(t, changed, evidence.Options{Keys: o.Keys}, evidence.Unchecked) // never whole, without the ledger's key either
			}
			refused(t, changed, o, way.Kind)
			path := filepath.Join("tampered", strings.ReplaceAll(way.Name, " ", "-")+"."+string(way.Kind)+".zip")
			if *update {
				if err := os.WriteFile(filepath.Join("testdata", path), changed, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(read(t, path), changed) {
				t.Errorf("testdata/%s is stale: go test ./internal/evidence -update", path)
			}
		})
	}
	t.Run("an older ledger", func(t *testing.T) {
		o := options(t)
		o.Kept = string(read(t, "newer.checkpoint"))
		refused(t, file, o, evidence.OlderLedger)
	})
}

// TestHostile is what else a file may be.
func TestHostile(t *testing.T) {
	file := read(t, "evidence.zip")
	entries := func() []evidencetest.Entry { return evidencetest.Unpack(t, file) }
	pack := func(e []evidencetest.Entry) []byte { return evidencetest.Pack(t, e) }
	edit := func(change func([]evidencetest.Entry) []evidencetest.Entry) []byte { return pack(change(entries())) }
	patched := func(at int, with byte) []byte {
		b := bytes.Clone(file)
		b[(at+len(b))%len(b)] = with
		return b
	}
	directory := bytes.LastIndex(file, []byte("PK\x01\x02"))
	for _, c := range []struct {
		name string
		file []byte
		want evidence.Kind
	}{
		{"nothing", nil, evidence.Foreign},
		{"something else", []byte("not a ZIP at all, but long enough to be looked at"), evidence.Foreign},
		{"a ZIP without files", pack(nil), evidence.Foreign},
		{"a few bytes of it", file[:20], evidence.Truncated},
		{"its last byte cut off", file[:len(file)-1], evidence.Truncated},
		{"its directory cut off", file[:directory], evidence.Truncated},
		{"bytes in front", append([]byte("x"), file...), evidence.Foreign},
		{"bytes behind", append(bytes.Clone(file), 0), evidence.Trailing},
		{"a comment", append(patched(-2, 1), 'x'), evidence.Trailing},
		{"two clips", edit(func(e []evidencetest.Entry) []evidencetest.Entry { return append(e, e[4]) }), evidence.Duplicate},
		{"two manifests", edit(func(e []evidencetest.Entry) []evidencetest.Entry { return slices.Insert(e, 0, e[0]) }), evidence.Duplicate},
		{"an empty file added", edit(func(e []evidencetest.Entry) []evidencetest.Entry {
			return slices.Insert(e, 2, evidencetest.Entry{Name: "x"})
		}), evidence.Added},
		{"a path that climbs", edit(func(e []evidencetest.Entry) []evidencetest.Entry {
			return append(e, evidencetest.Entry{Name: "../../etc/passwd"})
		}), evidence.Added},
		{"a file without a name", edit(func(e []evidencetest.Entry) []evidencetest.Entry { return append(e, evidencetest.Entry{}) }), evidence.Added},
		{"very many files", edit(func(e []evidencetest.Entry) []evidencetest.Entry {
			for i := range 1000 {
				e = append(e, evidencetest.Entry{Name: strings.Repeat("x", i+1)})
			}
			return e
		}), evidence.Added},
		{"no manifest", edit(func(e []evidencetest.Entry) []evidencetest.Entry { return e[1:] }), evidence.Removed},
		{"no signature", edit(func(e []evidencetest.Entry) []evidencetest.Entry { return slices.Delete(e, 1, 2) }), evidence.Removed},
		{"an empty signature", edit(func(e []evidencetest.Entry) []evidencetest.Entry { e[1].Data = nil; return e }), evidence.OtherSignature},
		{"a huge manifest", edit(func(e []evidencetest.Entry) []evidencetest.Entry { e[0].Data = make([]byte, 5<<20); return e }), evidence.Foreign},
		{"a manifest that is none", edit(func(e []evidencetest.Entry) []evidencetest.Entry { e[0].Data = []byte("{"); return e }), evidence.Changed},
		{"other words to read", edit(func(e []evidencetest.Entry) []evidencetest.Entry { e[2].Data = append(e[2].Data, '\n'); return e }), evidence.Changed},
		{"a time in a header", patched(10, 1), evidence.Repacked},
		{"a CRC in a header", patched(14, file[14]^1), evidence.Repacked},
		{"another name in the directory", patched(directory+46, 'C'), evidence.Repacked},
		{"a flag in the directory", patched(directory+8, 1), evidence.Repacked},
		{"packed by another program", rezip(t, entries(), zip.Store), evidence.Repacked},
		{"compressed", rezip(t, entries(), zip.Deflate), evidence.Removed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := verify(t, c.file, options(t))
			if r.Whole || c.want != evidence.Removed && r.Findings[0].Kind != c.want {
				t.Errorf("findings %+v, want %s", r.Findings, c.want)
			}
		})
	}
}

// rezip packs files with another packer.
func rezip(t *testing.T, entries []evidencetest.Entry, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.Name, Method: method}
		if method == zip.Store {
			h.CompressedSize64, h.UncompressedSize64 = uint64(len(e.Data)), uint64(len(e.Data))
			raw, err := w.CreateRaw(h)
			if err == nil {
				_, err = raw.Write(e.Data)
			}
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write(e.Data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestForged is what the platform's key alone, without the ledger's and without
// the recordings, cannot make whole.
func TestForged(t *testing.T) {
	file := read(t, "evidence.zip")
	o := evidence.Options{Keys: []note.Verifier{stranger(t)}, Ledger: options(t).Ledger}
	sum := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	for _, c := range []struct {
		name  string
		forge func(m *evidence.Manifest, e []evidencetest.Entry)
		want  evidence.Kind // "": whole
	}{
		{"signed by another", func(*evidence.Manifest, []evidencetest.Entry) {}, ""},
		{"another format", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Format = "gatepost evidence 2" }, evidence.Version},
		{"files that it does not have", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Files = m.Files[:2] }, evidence.Version},
		{"another reason", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Export.Reason = "x" }, evidence.Unregistered},
		{"another who", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Export.UserID = "x" }, evidence.Unregistered},
		{"another camera", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Camera.ID = "x" }, evidence.Unregistered},
		{"another window", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Window.To = m.Window.To.Add(1000) }, evidence.Unregistered},
		{"another entry", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Ledger.Record[40]++ }, evidence.Unregistered},
		{"another number", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Ledger.Sequence++ }, evidence.Unregistered},
		{"a number that is none", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Ledger.Sequence = -1 }, evidence.Unregistered},
		{"another size", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Ledger.Size++ }, evidence.Unregistered},
		{"another path", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Ledger.Hashes[0][0] ^= 1 }, evidence.Unregistered},
		{"half a hash", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Ledger.Hashes[0] = m.Ledger.Hashes[0][:16] }, evidence.Unregistered},
		{"no checkpoint", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Ledger.Checkpoint = "" }, evidence.Unregistered},
		{"no key of the ledger", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Ledger.Key = "" }, evidence.Unregistered},
		{"an object that it is not of", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Sources[1].SHA256 = sum(nil) }, evidence.Media},
		{"a range that it is not of", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Sources[0].RangeSHA256 = sum(nil) }, evidence.Media},
		{"a source left out", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Sources = m.Sources[1:] }, evidence.Media},
		{"a range beyond its object", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Sources[0].Offset = 1 << 62 }, evidence.Media},
		{"another init segment", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Clip.InitSHA256 = sum(nil) }, evidence.Media},
		{"no init segment", func(m *evidence.Manifest, _ []evidencetest.Entry) { m.Clip.InitBytes = -1 }, evidence.Media},
		{"nothing to restore", func(m *evidence.Manifest, e []evidencetest.Entry) {
			e[3].Data, m.Files[1].Bytes, m.Files[1].SHA256 = nil, 0, sum(nil)
		}, evidence.Media},
		{"another clip", func(m *evidence.Manifest, e []evidencetest.Entry) {
			e[4].Data[len(e[4].Data)/2] ^= 1
			m.Files[2].SHA256 = sum(e[4].Data)
		}, evidence.Media},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries := evidencetest.Unpack(t, file)
			var m evidence.Manifest
			if err := json.Unmarshal(entries[0].Data, &m); err != nil {
				t.Fatal(err)
			}
			c.forge(&m, entries)
			evidencetest.Resign(t, entries, &m, evidencetest.Stranger(t))
			if forged := evidencetest.Pack(t, entries); c.want != "" {
				refused(t, forged, o, c.want)
			} else if r := verify(t, forged, o); !r.Whole {
				t.Errorf("findings %+v", r.Findings)
			}
		})
	}
}

// TestLedger compares the ledger with what was kept of it.
func TestLedger(t *testing.T) {
	file := read(t, "evidence.zip")
	other, err := signature.NewKey(signature.Ledger, bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := signature.NewVerifier(other.Text)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Checkpoint(tlog.Tree{N: 3})
	if err != nil {
		t.Fatal(err)
	}
	conflict := func(tlog.Tree, tlog.Tree, note.Verifier) error { return &gatepost.Error{Code: gatepost.Conflict} }
	newer := string(read(t, "newer.checkpoint"))
	keys, ours := options(t).Keys, options(t).Ledger
	for name, c := range map[string]struct {
		o    evidence.Options
		want evidence.Kind
	}{
		"another ledger's key":        {evidence.Options{Keys: keys, Ledger: theirs}, evidence.OtherLedger},
		"another ledger's checkpoint": {evidence.Options{Keys: keys, Ledger: ours, Kept: foreign}, evidence.OtherLedger},
		"no checkpoint at all":        {evidence.Options{Keys: keys, Ledger: ours, Kept: "x"}, evidence.OtherLedger},
		"older":                       {evidence.Options{Keys: keys, Ledger: ours, Kept: newer}, evidence.OlderLedger},
		"rewritten":                   {evidence.Options{Keys: keys, Ledger: ours, Kept: newer, Grown: conflict}, evidence.Rewritten},
		"no key":                      {evidence.Options{}, evidence.OtherKey},
		"no key of the ledger":        {evidence.Options{Keys: keys}, evidence.Unchecked},
		"none, and the checkpoint":    {evidence.Options{Keys: keys, Kept: string(read(t, "same.checkpoint"))}, evidence.Unchecked},
	} {
		t.Run(name, func(t *testing.T) { refused(t, file, c.o, c.want) })
	}
	away := errors.New("away")
	if _, err := evidence.Verify(bytes.NewReader(file), int64(len(file)), evidence.Options{Keys: keys, Ledger: ours, Kept: newer,
		Grown: func(tlog.Tree, tlog.Tree, note.Verifier) error { return away }}); !errors.Is(err, away) {
		t.Errorf("a ledger that does not answer: %v", err)
	}
}

func TestParseKeys(t *testing.T) {
	text := evidencetest.Stranger(t).Text
	for name, c := range map[string]struct {
		text string
		n    int
	}{
		"JWKS": {string(read(t, "keys.json")), 1}, "a verifier key": {text + "\n", 1}, "two": {text + "\n" + string(read(t, "ledger.key")), 2},
		"nothing": {"", 0}, "an empty JWKS": {`{"keys":[]}`, 0}, "half a JWKS": {`{"keys":`, 0}, "words": {"key", 0},
		"another kind": {`{"keys":[{"kty":"RSA","kid":"x"}]}`, 0}, "a short one": {`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"x","x":"AAAA"}]}`, 0},
		"too many": {strings.Repeat(text+"\n", evidence.MaxKeys/len(text)), 0},
	} {
		keys, err := evidence.ParseKeys([]byte(c.text))
		if len(keys) != c.n || c.n == 0 && gatepost.CodeOf(err) != gatepost.Invalid || c.n > 0 && err != nil {
			t.Errorf("%s: %d keys, %v", name, len(keys), err)
		}
	}
}

// TestRestorer: what was changed is restored, however it is read.
func TestRestorer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "was")
		is := slices.Clone(was)
		var changes []gatepost.Undo
		for at := rapid.IntRange(0, 30).Draw(t, "first"); at < len(was); {
			n := min(len(was)-at, rapid.IntRange(1, 16).Draw(t, "length"))
			changes = append(changes, gatepost.Undo{Offset: int64(at), Was: slices.Clone(was[at : at+n])})
			for i := range n {
				is[at+i] ^= 0xff
			}
			at += n + rapid.IntRange(0, 30).Draw(t, "next")
		}
		clip := io.Reader(bytes.NewReader(is))
		if rapid.Bool().Draw(t, "slowly") {
			clip = iotest.OneByteReader(clip)
		}
		r := evidence.NewRestorer(clip, bytes.NewReader(evidence.EncodeRestore(changes)))
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, was) {
			t.Fatalf("got %x %v, want %x", got, err, was)
		}
	})
	for _, bad := range []string{"x", "1", "1 ", "1 0", "1 0g\n", "-1 00\n", "01 00\n", "1 AA\n", "1  00\n", "3 00\n2 00\n", "1 0000\n2 00\n", "9 0000\n", "99 00\n",
		"0 " + strings.Repeat("0", 2*65) + "\n", "0 00", "0 " + strings.Repeat("0", 1<<16)} {
		if _, err := io.ReadAll(evidence.NewRestorer(strings.NewReader("0123456789"), strings.NewReader(bad))); err == nil {
			t.Errorf("%.20q was taken", bad)
		}
	}
}

// FuzzVerify cuts a piece out of a whole file and puts another in: no file makes
// Verify fail or run away, and none but the whole one passes.
func FuzzVerify(f *testing.F) {
	whole, o := read(f, "evidence.zip"), options(f)
	directory := bytes.Index(whole, []byte("PK\x01\x02"))
	f.Add(0, 0, []byte{})
	f.Add(0, len(whole), []byte("PK\x03\x04"))
	f.Add(6, 2, []byte{8, 0})                   // compressed
	f.Add(18, 4, []byte{255, 255, 255, 255})    // very long
	f.Add(26, 4, []byte{255, 255, 255, 255})    // a very long name
	f.Add(directory, 0, whole[:30])             // another file
	f.Add(directory, len(whole), []byte{})      // no directory
	f.Add(len(whole)-2, 2, []byte{1, 0, 'x'})   // a comment
	f.Add(len(whole)/2, 1, []byte{'x'})         // a byte of the video
	f.Add(len(whole)*2/3, len(whole), []byte{}) // its end
	f.Fuzz(func(t *testing.T, at, cut int, with []byte) {
		at = max(0, min(at, len(whole)))
		cut = max(0, min(cut, len(whole)-at))
		file := slices.Concat(whole[:at], with, whole[at+cut:])
		r, err := evidence.Verify(bytes.NewReader(file), int64(len(file)), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Whole != bytes.Equal(file, whole) || r.Whole == (len(r.Findings) > 0) {
			t.Fatalf("whole is %v: %+v", r.Whole, r.Findings)
		}
		for _, f := range r.Findings {
			_, _ = f.EN(), f.ZH()
		}
	})
}

// FuzzRestorer: no restore.txt makes the restorer run away, or give other than
// as many bytes as the clip has.
func FuzzRestorer(f *testing.F) {
	f.Add("0123456789", "1 0000\n5 ff\n")
	f.Fuzz(func(t *testing.T, clip, restore string) {
		got, err := io.ReadAll(evidence.NewRestorer(strings.NewReader(clip), strings.NewReader(restore)))
		if err == nil && len(got) != len(clip) {
			t.Errorf("%d bytes of %d", len(got), len(clip))
		}
	})
}
