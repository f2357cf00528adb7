package dir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// Adopt implements objstore.Adopter by a hard link.
func (s *Store) Adopt(ctx context.Context, key, file string, size int64) error {
	if err := objstore.ValidKey(key); err != nil {
		return err
	}
	name := tempName()
	if !s.link(file, name) {
		return s.adoptCopy(ctx, key, file, size)
	}
	// Where key is this very file, after a try that got this far, renaming
	// does nothing and leaves the temporary name.
	err := s.adopt(name, key, size)
	if err = errors.Join(err, ignoreMissing(s.root.Remove(name))); err != nil {
		return fmt.Errorf("adopt %s: %w", key, err)
	}
	return nil
}

// link gives a file a temporary name in the store. It cannot on another disk,
// on file systems without hard links, and when the store's directory was moved.
func (s *Store) link(file, name string) bool {
	to := filepath.Join(s.path, filepath.FromSlash(name))
	if err := os.Link(file, to); err != nil {
		return false
	}
	if _, err := s.root.Lstat(name); err != nil {
		_ = os.Remove(to) // it went into another directory
		return false
	}
	return true
}

func (s *Store) adopt(name, key string, size int64) error {
	f, info, err := s.openObject(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if info.Size() != size {
		return gatepost.InvalidField("size", fmt.Sprintf("the file has %d bytes, %d were promised", info.Size(), size))
	}
	// An object is as old as its putting; what is older and has no row is
	// taken for an orphan.
	now := s.now()
	if err := s.root.Chtimes(name, now, now); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := s.place(name, key); err != nil {
		return err
	}
	return s.syncDir(path.Dir(key))
}

func (s *Store) adoptCopy(ctx context.Context, key, file string, size int64) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("adopt %s: %w", key, err)
	}
	defer f.Close()
	return s.Put(ctx, key, f, size)
}
