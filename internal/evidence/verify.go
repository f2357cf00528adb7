package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/signature"
)

// Options are what a file is checked against.
type Options struct {
	// Keys are the platform's, from somewhere else than the file.
	Keys []note.Verifier

	// Ledger is the key of the platform's ledger, from somewhere else than the
	// file. nil: that the export was registered cannot be checked, and the file
	// does not count as whole.
	Ledger note.Verifier

	// Kept is a checkpoint of the ledger that was kept, "" for none.
	Kept string

	// Grown proves that of two trees the smaller is the beginning of the
	// larger, or fails with gatepost.Conflict. nil: it cannot be asked, and
	// trees of different sizes count as not proved.
	Grown func(smaller, larger tlog.Tree, ledger note.Verifier) error
}

// Report is what was found.
type Report struct {
	Manifest *Manifest `json:"manifest,omitempty"` // nil unless its signature is the platform's
	Key      string    `json:"key,omitempty"`      // that signed
	Whole    bool      `json:"whole"`

	// Withdrawn is set when that key was withdrawn. What is whole nevertheless was
	// registered before: the entry of it, and no longer the signature, vouches for it.
	Withdrawn *gatepost.Withdrawal `json:"withdrawn,omitempty"`

	Findings []Finding `json:"findings"`
}

// verification is one check of one file.
type verification struct {
	o       Options
	r       io.ReaderAt
	size    int64
	entries []entry
	report  *Report
}

// errFound says that something was found that makes what follows pointless.
var errFound = errors.New("found")

// Verify checks a file of size bytes. What is wrong with the file is in the
// report; an error means that it could not be read. It keeps a few megabytes in
// memory at most, whatever the file says.
func Verify(r io.ReaderAt, size int64, o Options) (*Report, error) {
	v := &verification{o: o, r: r, size: size, report: &Report{Findings: []Finding{}}}
	for _, step := range []func() error{v.structure, v.signature, v.names, v.packing, v.contents, v.media, v.ledger} {
		err := step()
		if err == nil && len(v.report.Findings) > 0 {
			err = errFound
		}
		if errors.Is(err, errFound) {
			return v.report, nil
		}
		if err != nil {
			return nil, err
		}
	}
	v.report.Whole = true
	return v.report, nil
}

func (v *verification) find(f Finding) error {
	v.report.Findings = append(v.report.Findings, f)
	return errFound
}

// structure finds the files.
func (v *verification) structure() error {
	entries, end, truncated, err := walk(v.r, v.size)
	switch {
	case err != nil:
		return fmt.Errorf("read evidence: %w", err)
	case len(entries) == 0 && !truncated:
		return v.find(Finding{Kind: Foreign})
	case truncated || v.size < end+int64(len(directory(entries))) && slices.ContainsFunc(entries, func(e entry) bool { return e.own }):
		return v.find(Finding{Kind: Truncated, Bytes: v.size})
	case len(entries) > maxEntries:
		return v.find(Finding{Kind: Added, File: entries[maxEntries].name})
	}
	v.entries = entries
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.name] {
			return v.find(Finding{Kind: Duplicate, File: e.name})
		}
		seen[e.name] = true
	}
	return nil
}

// small reads a file whole.
func (v *verification) small(name string, most int64) ([]byte, error) {
	i := slices.IndexFunc(v.entries, func(e entry) bool { return e.name == name })
	if i < 0 {
		return nil, v.find(Finding{Kind: Removed, File: name})
	}
	e := &v.entries[i]
	if e.size > most {
		return nil, v.find(Finding{Kind: Foreign})
	}
	b := make([]byte, e.size)
	if n, err := v.r.ReadAt(b, e.data); n < len(b) {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b, nil
}

// signature opens the manifest.
func (v *verification) signature() error {
	text, err := v.small(ManifestFile, maxManifest)
	if err != nil {
		return err
	}
	signed, err := v.small(SignatureFile, maxSignature)
	if err != nil {
		return err
	}
	signer, lines, err := signature.Open(string(signed), v.o.Keys...)
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unknown):
		f := Finding{Kind: OtherKey}
		if len(unknown.Note.UnverifiedSigs) > 0 {
			f.Other = unknown.Note.UnverifiedSigs[0].Name
		}
		return v.find(f)
	case err != nil || len(lines) != 2:
		return v.find(Finding{Kind: OtherSignature})
	}
	var m Manifest
	bad := json.Unmarshal(text, &m)
	sum := sha256.Sum256(text)
	switch {
	case lines[1] != hex.EncodeToString(sum[:]) && bad == nil && m.ID != lines[0]:
		return v.find(Finding{Kind: OtherSignature})
	case lines[1] != hex.EncodeToString(sum[:]):
		return v.find(Finding{Kind: Changed, File: ManifestFile})
	case bad != nil || m.Format != Format || m.ID != lines[0] || m.Key != signer:
		return v.find(Finding{Kind: Version, Other: m.Format})
	}
	v.report.Manifest, v.report.Key = &m, signer
	return nil
}

// names compares the files that are there with those that must be.
func (v *verification) names() error {
	m := v.report.Manifest
	want := []string{ManifestFile, SignatureFile, ReadmeFile, RestoreFile, ClipFile}
	var listed []string
	for _, f := range m.Files {
		listed = append(listed, f.Name)
	}
	if !slices.Equal(listed, want[2:]) {
		return v.find(Finding{Kind: Version, Other: m.Format})
	}
	var got []string
	for _, e := range v.entries {
		got = append(got, e.name)
	}
	if slices.Equal(got, want) {
		return nil
	}
	for i, name := range want {
		if slices.Contains(got, name) {
			continue
		}
		// Another name in its place, and nothing else amiss: it was renamed.
		if len(got) == len(want) && !slices.Contains(want, got[i]) {
			_ = v.find(Finding{Kind: Renamed, File: name, Other: got[i]})
		} else {
			_ = v.find(Finding{Kind: Removed, File: name})
		}
	}
	for i, name := range got {
		if !slices.Contains(want, name) && (len(got) != len(want) || slices.Contains(got, want[i])) {
			_ = v.find(Finding{Kind: Added, File: name})
		}
	}
	if len(v.report.Findings) == 0 {
		_ = v.find(Finding{Kind: Order})
	}
	return errFound
}

// packing wants every byte that is not contents to be as Pack writes it.
func (v *verification) packing() error {
	for _, e := range v.entries {
		if !e.own {
			return v.find(Finding{Kind: Repacked, File: e.name})
		}
	}
	last := v.entries[len(v.entries)-1]
	want := directory(v.entries)
	if at := last.data + last.size; v.size > at+int64(len(want)) {
		return v.find(Finding{Kind: Trailing, Bytes: v.size - at - int64(len(want))})
	} else {
		got := make([]byte, len(want))
		if n, err := v.r.ReadAt(got, at); n < len(got) {
			return fmt.Errorf("read directory: %w", err)
		}
		if !bytes.Equal(got, want) {
			return v.find(Finding{Kind: Repacked})
		}
	}
	return nil
}

// contents compares every file with its hash.
func (v *verification) contents() error {
	files := v.report.Manifest.Files
	for i, e := range v.entries {
		crc, sum := crc32.NewIEEE(), sha256.New()
		if _, err := io.Copy(io.MultiWriter(crc, sum), v.open(&e)); err != nil {
			return fmt.Errorf("read %s: %w", e.name, err)
		}
		if i >= 2 && (e.size != files[i-2].Bytes || hex.EncodeToString(sum.Sum(nil)) != files[i-2].SHA256) {
			_ = v.find(Finding{Kind: Changed, File: e.name})
		} else if crc.Sum32() != e.crc {
			_ = v.find(Finding{Kind: Repacked, File: e.name})
		}
	}
	return nil
}

func (v *verification) open(e *entry) *io.SectionReader {
	return io.NewSectionReader(v.r, e.data, e.size)
}

// media follows the clip back to the objects that it was made of.
func (v *verification) media() error {
	restore, clip := &v.entries[3], &v.entries[4]
	ranges, err := Trace(v.open(clip), v.open(restore), v.report.Manifest.Clip, v.report.Manifest.Sources)
	if err != nil {
		return v.find(Finding{Kind: Media, Other: err.Error()})
	}
	for i, s := range v.report.Manifest.Sources {
		if ranges[i] != s.RangeSHA256 {
			return v.find(Finding{Kind: Media, Other: s.Recording})
		}
	}
	return nil
}

// Trace restores a clip and returns the SHA-256 of each source's range, in hex.
// It fails when the clip is not the init segment and the ranges that are named,
// and when a range that is all of an object's media does not give the SHA-256
// that the object had at ingest.
func Trace(clip, restore io.Reader, c Clip, sources []Source) (ranges []string, err error) {
	if c.InitBytes <= 0 || c.InitBytes > maxInit {
		return nil, fmt.Errorf("an init segment of %d bytes is none", c.InitBytes)
	}
	r := NewRestorer(clip, restore)
	init := make([]byte, c.InitBytes)
	if _, err := io.ReadFull(r, init); err != nil {
		return nil, fmt.Errorf("the clip has no init segment: %w", err)
	}
	if sum := sha256.Sum256(init); hex.EncodeToString(sum[:]) != c.InitSHA256 {
		return nil, fmt.Errorf("the init segment is not the one that was recorded at ingest")
	}
	for _, s := range sources {
		if s.Offset < c.InitBytes || s.Length <= 0 || s.Offset > s.Bytes-s.Length {
			return nil, fmt.Errorf("recording %s has no such range", s.Recording)
		}
		part, object := sha256.New(), hash.Hash(nil)
		to := io.Writer(part)
		if s.Whole(c.InitBytes) {
			object = sha256.New()
			_, _ = object.Write(init) // never fails
			to = io.MultiWriter(part, object)
		}
		if _, err := io.CopyN(to, r, s.Length); err != nil {
			return nil, fmt.Errorf("the clip ends within recording %s: %w", s.Recording, err)
		}
		if object != nil && hex.EncodeToString(object.Sum(nil)) != s.SHA256 {
			return nil, fmt.Errorf("recording %s is not as it was at ingest", s.Recording)
		}
		ranges = append(ranges, hex.EncodeToString(part.Sum(nil)))
	}
	if n, err := io.Copy(io.Discard, r); err != nil || n != 0 {
		return nil, errors.Join(fmt.Errorf("the clip has %d bytes that are of no recording", n), err)
	}
	return ranges, nil
}

// ledger checks the proof that the export was registered, and what it says.
func (v *verification) ledger() error {
	m := v.report.Manifest
	l := m.Ledger
	key, err := signature.NewVerifier(l.Key)
	if err != nil {
		return v.find(Finding{Kind: Unregistered})
	}
	if v.o.Ledger != nil {
		if v.o.Ledger.Name() != key.Name() || v.o.Ledger.KeyHash() != key.KeyHash() {
			return v.find(Finding{Kind: OtherLedger, Other: key.Name()})
		}
		key = v.o.Ledger
	}
	tree, err := signature.OpenCheckpoint(l.Checkpoint, key)
	if err != nil || tree.N != l.Size || l.Sequence < 0 || l.Sequence >= tree.N {
		return v.find(Finding{Kind: Unregistered})
	}
	path := make(tlog.RecordProof, len(l.Hashes))
	for i, h := range l.Hashes {
		if len(h) != tlog.HashSize {
			return v.find(Finding{Kind: Unregistered})
		}
		path[i] = tlog.Hash(h)
	}
	if tlog.CheckRecord(path, tree.N, tree.Hash, l.Sequence, tlog.RecordHash(l.Record)) != nil || !registered(m) {
		return v.find(Finding{Kind: Unregistered})
	}
	if err := v.kept(tree, key); err != nil {
		return err
	}
	if err := v.withdrawn(); err != nil || v.o.Ledger != nil {
		return err
	}
	return v.find(Finding{Kind: Unchecked, Other: key.Name()}) // whoever signed the manifest may have made this ledger too
}

// withdrawn looks whether the key that signed was withdrawn, and refuses what was
// registered since it may have been in other hands.
func (v *verification) withdrawn() error {
	i := slices.IndexFunc(v.o.Keys, func(k note.Verifier) bool { return k.Name() == v.report.Key })
	k, ok := v.o.Keys[i].(Withdrawn) // it verified the signature: it is there
	if !ok {
		return nil
	}
	v.report.Withdrawn = &k.Withdrawal
	record, err := gatepost.ParseLedgerRecord(v.report.Manifest.Ledger.Record)
	if err != nil {
		return v.find(Finding{Kind: Unregistered})
	}
	if time.UnixMilli(record.At).Before(k.Since) {
		return nil
	}
	return v.find(Finding{Kind: WithdrawnKey, Other: k.At.UTC().Format(time.RFC3339) + ", " + k.Reason})
}

// registered tells whether the entry says what the manifest says.
func registered(m *Manifest) bool {
	record, err := gatepost.ParseLedgerRecord(m.Ledger.Record)
	if err != nil {
		return false
	}
	e, err := record.Entry()
	return err == nil && e.Kind == gatepost.LedgerExport && e.Allowed && e.CameraID == m.Camera.ID &&
		e.Actor == m.Export.UserID && e.Organisation == m.Export.OrganisationID && maps.Equal(e.Detail, m.Detail())
}

// kept compares the ledger with a checkpoint that was kept.
func (v *verification) kept(tree tlog.Tree, key note.Verifier) error {
	if v.o.Kept == "" {
		return nil
	}
	kept, err := signature.OpenCheckpoint(v.o.Kept, key)
	if err != nil {
		return v.find(Finding{Kind: OtherLedger, Other: key.Name()})
	}
	f := Finding{Size: tree.N, Kept: kept.N}
	switch {
	case kept.N == tree.N && kept.Hash == tree.Hash:
		return nil
	case kept.N == tree.N:
		f.Kind = Rewritten
	case v.o.Grown != nil:
		smaller, larger := tree, kept
		if smaller.N > larger.N {
			smaller, larger = kept, tree
		}
		err := v.o.Grown(smaller, larger, key)
		if err == nil || gatepost.CodeOf(err) != gatepost.Conflict {
			return err
		}
		f.Kind = Rewritten
	case kept.N > tree.N:
		f.Kind = OlderLedger
	default:
		f.Kind = Unproved
	}
	return v.find(f)
}

// Sign returns the signed note over a manifest.
func Sign(id string, manifest []byte, key *signature.Key) (string, error) {
	sum := sha256.Sum256(manifest)
	return key.Note(id, hex.EncodeToString(sum[:]))
}
