package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"time"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// Storage is the part of *os.File that a spool file is written by.
type Storage interface {
	Write(b []byte) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// create makes a new file.
func create(path string) (Storage, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
}

// file is an open spool file.
type file struct {
	closed Closed // what is known so far
	out    Storage
	hash   hash.Hash // of the bytes up to size
	size   int64     // end of the last whole part
	index  index
	dirty  bool // written since the last sync
	named  bool // the directory was synced since the file was made
}

// openFile makes the spool file at path that begins with part p.
func openFile(path string, start Closed, init *cmaf.Init, p *cmaf.Part, create func(string) (Storage, error)) (*file, error) {
	f := &file{closed: start, hash: sha256.New(), index: index{video: init.HasVideo}}
	sum := sha256.Sum256(init.Data)
	c := &f.closed
	c.Path = path
	c.Start = p.NTP.UTC().Truncate(time.Microsecond)
	c.MediaTime = p.Start
	c.Codecs, c.Width, c.Height = init.Codecs, init.Width, init.Height
	c.InitLen, c.InitSHA256 = int64(len(init.Data)), hex.EncodeToString(sum[:])
	if err := writeDescription(description{Closed: *c}); err != nil {
		return nil, fmt.Errorf("describe %s: %w", c.Path, err)
	}
	err := syncDir(filepath.Dir(path))
	if err == nil {
		f.out, err = create(c.Path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create %s: %w", c.Path, err), removeIfThere(descriptionPath(c.Path)))
	}
	if err := f.write(init.Data); err != nil {
		return nil, errors.Join(err, f.out.Close(), Remove(c.Path))
	}
	return f, nil
}

func (f *file) write(b []byte) error {
	f.dirty = true
	if n, err := f.out.Write(b); err != nil || n != len(b) {
		return fmt.Errorf("write %s: %w", f.closed.Path, errors.Join(err, short(n, len(b))))
	}
	_, _ = f.hash.Write(b) // a hash never fails
	f.size += int64(len(b))
	return nil
}

func short(n, want int) error {
	if n != want {
		return fmt.Errorf("%d of %d bytes were written", n, want)
	}
	return nil
}

func (f *file) append(p *cmaf.Part) error {
	offset := f.size
	if err := f.write(p.Data); err != nil {
		return err
	}
	f.index.add(stretch{
		offset: offset, length: int64(len(p.Data)),
		start: p.Start, duration: p.Duration, ntp: p.NTP,
		independent: p.Independent, frames: p.Frames,
	})
	return nil
}

// sync makes what was written durable.
func (f *file) sync() error {
	if !f.dirty {
		return nil
	}
	if err := f.out.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", f.closed.Path, err)
	}
	if !f.named {
		if err := syncDir(filepath.Dir(f.closed.Path)); err != nil {
			return fmt.Errorf("sync the spool: %w", err)
		}
		f.named = true
	}
	f.dirty = false
	return nil
}

// finish closes the file in order. When only its description could not be
// written, it returns the error and ok.
func (f *file) finish(runEnd string) (c Closed, ok bool, err error) {
	if err := errors.Join(f.sync(), f.out.Close()); err != nil {
		return Closed{}, false, err
	}
	f.closed.RunEnd = runEnd
	f.closed.Bytes = f.size
	f.closed.SHA256 = hex.EncodeToString(f.hash.Sum(nil))
	f.index.describe(&f.closed)
	if err = writeDescription(description{Complete: true, Closed: f.closed}); err != nil {
		err = fmt.Errorf("describe %s: %w", f.closed.Path, err)
	}
	return f.closed, true, err
}

// cut removes what was written behind the last whole part, after a write that
// failed.
func (f *file) cut() error {
	f.dirty = true
	return f.out.Truncate(f.size)
}
