package dir

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/gatepost-video/gatepost/internal/objstore"
)

// Copy implements objstore.Store by a hard link: objects are never written to, only
// replaced. Where the file system has none, the bytes are copied.
func (s *Store) Copy(ctx context.Context, from, to string) error {
	for _, key := range []string{from, to} {
		if err := objstore.ValidKey(key); err != nil {
			return err
		}
	}
	if err := s.copy(ctx, from, to); err != nil {
		return fmt.Errorf("copy %s to %s: %w", from, to, err)
	}
	return nil
}

func (s *Store) copy(ctx context.Context, from, to string) error {
	f, info, err := s.openObject(from)
	if err != nil {
		return err
	}
	defer f.Close()
	name := tempName()
	if s.root.Link(from, name) != nil {
		return s.put(ctx, to, f, info.Size())
	}
	// Where to is this very file, renaming does nothing and leaves the
	// temporary name.
	if err := errors.Join(s.place(name, to), ignoreMissing(s.root.Remove(name))); err != nil {
		return err
	}
	return s.syncDir(path.Dir(to))
}
