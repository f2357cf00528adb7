package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatepost-video/gatepost"
	format "github.com/gatepost-video/gatepost/internal/evidence"
	"github.com/gatepost-video/gatepost/internal/signature"
)

const (
	// attempts is how often an export is begun before it counts as failed.
	attempts = 3
	// purgeAtOnce bounds how many files one round deletes.
	purgeAtOnce = 100
	// proofTries and proofPause are how long an entry may take to be integrated.
	proofTries = 100
	proofPause = 100 * time.Millisecond
)

// Run does the timed work once: it deletes files that have had their time, and
// makes what waits, one after the other. Call it every few seconds, in as many
// processes as there are.
func (f *Function) Run(ctx context.Context) error {
	err := f.purge(ctx)
	for {
		now := time.Now()
		e, ok, claim := f.opts.Store.ClaimEvidence(ctx, now, now.Add(f.opts.Lease))
		if claim != nil || !ok {
			return errors.Join(err, claim)
		}
		if failed := f.make(ctx, e); failed != nil {
			return errors.Join(err, failed)
		}
	}
}

// purge deletes files of exports that failed, were removed or are past their time.
func (f *Function) purge(ctx context.Context) error {
	spent, err := f.opts.Store.SpentEvidence(ctx, time.Now(), purgeAtOnce)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range spent {
		errs = append(errs, f.purgeOne(ctx, e))
	}
	return errors.Join(errs...)
}

func (f *Function) purgeOne(ctx context.Context, e gatepost.Evidence) error {
	if e.State == gatepost.EvidenceReady { // nobody gets a link from here on
		if _, err := f.opts.Store.UpdateEvidence(ctx, e.ID, func(e *gatepost.Evidence) ([]gatepost.LedgerEntry, error) {
			if e.State != gatepost.EvidenceReady {
				return nil, nil
			}
			e.State = gatepost.EvidenceExpired
			return []gatepost.LedgerEntry{{Kind: gatepost.LedgerExport, Actor: "system", CameraID: e.CameraID, Allowed: true,
				Detail: map[string]string{"act": "expire", "evidence": e.ID}}}, nil
		}); err != nil {
			return err
		}
	}
	if err := f.opts.Objects.Delete(ctx, gatepost.EvidenceKey(e.CameraID, e.ID)); err != nil {
		return fmt.Errorf("delete evidence %s: %w", e.ID, err)
	}
	_, err := f.opts.Store.UpdateEvidence(ctx, e.ID, func(e *gatepost.Evidence) ([]gatepost.LedgerEntry, error) {
		e.Purged = true
		return nil, nil
	})
	return err
}

// purgeAgain has the next round delete a file that may have arrived after its row
// was purged.
func (f *Function) purgeAgain(ctx context.Context, e gatepost.Evidence) error {
	_, err := f.opts.Store.UpdateEvidence(ctx, e.ID, func(e *gatepost.Evidence) ([]gatepost.LedgerEntry, error) {
		e.Purged = false
		return nil, nil
	})
	return err
}

// errLost says that an export is no longer ours to make: it was removed, or
// another process took it over.
var errLost = errors.New("no longer ours to make")

// own applies a change to an export that is still ours.
func (f *Function) own(ctx context.Context, e gatepost.Evidence, change func(*gatepost.Evidence)) error {
	_, err := f.opts.Store.UpdateEvidence(ctx, e.ID, func(now *gatepost.Evidence) ([]gatepost.LedgerEntry, error) {
		if now.State != gatepost.EvidenceMaking || now.Attempts != e.Attempts {
			return nil, errLost
		}
		change(now)
		return nil, nil
	})
	return err
}

// make makes one export and writes down what became of it. What another attempt
// may overcome is tried again.
func (f *Function) make(ctx context.Context, e gatepost.Evidence) error {
	working, stop := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { f.renew(working, e, stop) })
	err := f.produce(working, e)
	if cause := context.Cause(working); err != nil && errors.Is(cause, errLost) {
		err = errLost
	}
	stop(nil)
	renewing.Wait()
	if err == nil {
		return nil
	}
	if errors.Is(err, errLost) {
		f.opts.Logger.Info("an export was taken away while it was made", "evidence", e.ID)
		return f.purgeAgain(context.WithoutCancel(ctx), e)
	}
	final := e.Attempts >= attempts && ctx.Err() == nil
	problem := "it could not be made; ask again"
	switch gatepost.CodeOf(err) {
	case gatepost.NotFound, gatepost.Conflict, gatepost.Gone, gatepost.TooLarge:
		var own *gatepost.Error
		errors.As(err, &own)
		final, problem = true, own.Message
	}
	settled := f.own(context.WithoutCancel(ctx), e, func(e *gatepost.Evidence) {
		e.State = gatepost.EvidenceQueued
		if final {
			e.State, e.Problem = gatepost.EvidenceFailed, problem
		}
	})
	if settled != nil && !errors.Is(settled, errLost) {
		err = errors.Join(err, settled)
	}
	return fmt.Errorf("make evidence %s: %w", e.ID, err)
}

// renew tells that an export is being made, until ctx ends, and stops its
// making when it is no longer ours.
func (f *Function) renew(ctx context.Context, e gatepost.Evidence, stop context.CancelCauseFunc) {
	tick := time.NewTicker(f.opts.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := f.own(ctx, e, func(e *gatepost.Evidence) { e.LeaseUntil = time.Now().Add(f.opts.Lease) })
		if errors.Is(err, errLost) {
			stop(errLost)
			return
		}
		if err != nil && ctx.Err() == nil {
			f.opts.Logger.Warn("the lease of an export was not renewed", "evidence", e.ID, "err", err)
		}
	}
}

// produce assembles the clip in a temporary file, registers it, signs and stores
// it.
func (f *Function) produce(ctx context.Context, e gatepost.Evidence) (err error) {
	file, err := os.CreateTemp(f.opts.TempDir, "gatepost-evidence-*.mp4")
	if err != nil {
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "there is no room to make it at the moment", Err: err}
	}
	defer func() {
		_ = file.Close() // it is read to the end, or of no use
		if gone := os.Remove(file.Name()); err == nil && gone != nil {
			err = fmt.Errorf("remove temporary clip: %w", gone)
		}
	}()
	m, restore, err := f.assemble(ctx, e, file)
	if err != nil {
		return err
	}
	var contents []format.Content
	for _, c := range []struct {
		name string
		data io.ReaderAt
	}{{format.ReadmeFile, bytes.NewReader(format.Readme(f.opts.Address))}, {format.RestoreFile, bytes.NewReader(restore)}, {format.ClipFile, file}} {
		packed, err := content(c.name, c.data)
		if err != nil {
			return err
		}
		contents, m.Files = append(contents, packed), append(m.Files, packed.File)
	}
	if err := f.register(ctx, e, m); err != nil {
		return err
	}
	return f.store(ctx, e, m, contents)
}

// section reads a file from its beginning, wherever others read it.
func section(r io.ReaderAt) io.Reader { return io.NewSectionReader(r, 0, format.MaxClip+1) }

// content measures a file that is to be packed.
func content(name string, data io.ReaderAt) (format.Content, error) {
	crc, sum := crc32.NewIEEE(), sha256.New()
	n, err := io.Copy(io.MultiWriter(crc, sum), section(data))
	if err != nil {
		return format.Content{}, fmt.Errorf("read %s: %w", name, err)
	}
	return format.Content{File: format.File{Name: name, Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, CRC: crc.Sum32(), Data: data}, nil
}

// assemble makes the clip and says where it is from.
func (f *Function) assemble(ctx context.Context, e gatepost.Evidence, file *os.File) (*format.Manifest, []byte, error) {
	c, err := f.opts.Store.Camera(ctx, e.CameraID)
	if err != nil {
		return nil, nil, err
	}
	clip, err := f.opts.Clips.Assemble(ctx, e.CameraID, e.From, e.To, file)
	if err != nil {
		return nil, nil, err
	}
	if clip.Bytes > format.MaxClip {
		return nil, nil, &gatepost.Error{Code: gatepost.TooLarge, Message: "this window has more than four gigabytes; ask for a shorter one, and then for the rest"}
	}
	spans, err := f.opts.Clips.Spans(ctx, c, e.From, e.To)
	if err != nil {
		return nil, nil, err
	}
	names, err := f.opts.Store.Names(ctx, []string{e.UserID, e.Organisation, c.Owner})
	if err != nil {
		return nil, nil, err
	}
	first := clip.Sources[0]
	m := &format.Manifest{Format: format.Format, ID: e.ID,
		Camera: format.Camera{ID: c.ID, NationalID: c.NationalID, Name: c.Name, Division: c.Division, OwnerID: c.Owner, OwnerName: names[c.Owner]},
		Window: format.Window{From: e.From, To: e.To},
		Clip: format.Clip{From: clip.From, To: clip.To, Codecs: first.Codecs, Width: first.Width, Height: first.Height,
			InitBytes: first.InitLen, InitSHA256: first.InitSHA256},
		Export: format.Export{UserID: e.UserID, UserName: names[e.UserID], OrganisationID: e.Organisation, OrganisationName: names[e.Organisation],
			Purpose: e.Purpose, Reason: e.Reason, CaseNumber: e.CaseNumber, RequestedAt: e.CreatedAt, MadeAt: time.Now().UTC().Truncate(time.Millisecond)},
	}
	for _, s := range spans {
		m.Timeline = append(m.Timeline, format.Span{From: s.From, To: s.To, State: s.State, Reason: s.Reason})
	}
	for _, s := range clip.Sources {
		m.Sources = append(m.Sources, format.Source{Recording: s.ID, Run: s.Run, Seq: s.Seq, Start: s.Start.UTC(), End: s.End.UTC(),
			Bytes: s.Bytes, SHA256: s.SHA256, Offset: s.Offset, Length: s.Length})
	}
	restore := format.EncodeRestore(clip.Undo)
	ranges, err := format.Trace(section(file), bytes.NewReader(restore), m.Clip, m.Sources)
	if err != nil {
		return nil, nil, fmt.Errorf("trace clip: %w", err)
	}
	for i := range ranges {
		m.Sources[i].RangeSHA256 = ranges[i]
	}
	return m, restore, nil
}

// register writes the export into the ledger, tells the camera's owner, and has the ledger prove it. A
// process that dies behind this leaves an entry of a clip that nobody got: rather
// that than the other way round.
func (f *Function) register(ctx context.Context, e gatepost.Evidence, m *format.Manifest) error {
	id := gatepost.NewID()
	if err := f.opts.Store.RegisterExport(ctx, gatepost.LedgerEntry{ID: id, Kind: gatepost.LedgerExport, Actor: e.UserID, Organisation: e.Organisation,
		CameraID: e.CameraID, Allowed: true, Detail: m.Detail()}); err != nil {
		return err
	}
	for try := 1; ; try++ {
		if err := f.opts.Ledger.Run(ctx); err != nil && gatepost.CodeOf(err) != gatepost.Unavailable {
			return err
		}
		p, err := f.opts.Ledger.Prove(ctx, id)
		if err == nil {
			m.Ledger = format.Ledger(p)
			return nil
		}
		if gatepost.CodeOf(err) != gatepost.Unavailable || try == proofTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(proofPause): // another integrator is at it
		}
	}
}

// store signs the manifest, checks what it is about to give out as its receiver
// will, and puts it where links lead.
func (f *Function) store(ctx context.Context, e gatepost.Evidence, m *format.Manifest, contents []format.Content) error {
	key, err := f.signer(ctx)
	if err != nil {
		return err
	}
	m.Key = key.Name()
	text, err := m.Encode()
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	signed, err := format.Sign(m.ID, text, key)
	if err != nil {
		return err
	}
	var front []format.Content
	for _, c := range []struct{ name, text string }{{format.ManifestFile, string(text)}, {format.SignatureFile, signed}} {
		packed, err := content(c.name, bytes.NewReader([]byte(c.text)))
		if err != nil {
			return err
		}
		front = append(front, packed)
	}
	archive, err := format.Pack(append(front, contents...))
	if err != nil {
		return err
	}
	verifier, err := signature.NewVerifier(key.Text)
	if err != nil {
		return err
	}
	book, err := signature.NewVerifier(m.Ledger.Key)
	if err != nil {
		return err
	}
	report, err := format.Verify(archive, archive.Size(), format.Options{Keys: []note.Verifier{verifier}, Ledger: book})
	if err != nil {
		return err
	}
	if !report.Whole {
		return fmt.Errorf("what was made does not verify: %+v", report.Findings)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(archive, 0, archive.Size())); err != nil {
		return fmt.Errorf("read evidence: %w", err)
	}
	objectKey := gatepost.EvidenceKey(e.CameraID, e.ID)
	if err := f.opts.Objects.Put(ctx, objectKey, io.NewSectionReader(archive, 0, archive.Size()), archive.Size()); err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	expires := now.Add(f.opts.Life)
	return f.own(ctx, e, func(e *gatepost.Evidence) {
		e.State, e.Bytes, e.SHA256, e.MadeAt, e.ExpiresAt = gatepost.EvidenceReady, archive.Size(), hex.EncodeToString(sum.Sum(nil)), &now, &expires
	})
}
