package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/gatepost-video/gatepost/internal/objstore"
)

// List implements objstore.Store.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		l := lister{s.root.FS(), prefix, after, yield}
		if _, err := l.walk(ctx, "."); err != nil {
			yield(objstore.Info{}, fmt.Errorf("list %s: %w", prefix, err))
		}
	}
}

type lister struct {
	fs            fs.FS
	prefix, after string
	yield         func(objstore.Info, error) bool
}

// walk yields what is below dir. It returns false when the caller has enough.
func (l lister) walk(ctx context.Context, dir string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	entries, err := fs.ReadDir(l.fs, dir)
	if err = ignoreMissing(err); err != nil {
		return false, err
	}
	// Byte order of whole keys: a directory sorts as its name with a slash.
	names := make([]string, 0, len(entries))
	kinds := make(map[string]fs.DirEntry, len(entries))
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		if e.IsDir() {
			name += "/"
		}
		names = append(names, name)
		kinds[name] = e
	}
	slices.Sort(names)
	for _, name := range names {
		key := name
		if dir != "." {
			key = dir + "/" + name
		}
		var more bool
		if strings.HasSuffix(name, "/") {
			more, err = l.enter(ctx, key)
		} else {
			more, err = l.object(key, kinds[name])
		}
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// enter walks the directory whose keys begin with base, if any of them is wanted.
func (l lister) enter(ctx context.Context, base string) (bool, error) {
	if !strings.HasPrefix(base, l.prefix) && !strings.HasPrefix(l.prefix, base) {
		return true, nil
	}
	if base < l.after && !strings.HasPrefix(l.after, base) {
		return true, nil // all of it lies before
	}
	return l.walk(ctx, path.Clean(base))
}

func (l lister) object(key string, e fs.DirEntry) (bool, error) {
	if !strings.HasPrefix(key, l.prefix) || key <= l.after || !e.Type().IsRegular() {
		return true, nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil // deleted meanwhile
	}
	if err != nil {
		return false, err
	}
	return l.yield(objstore.Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil), nil
}
