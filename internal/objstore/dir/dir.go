// Package dir keeps objects as files below a directory.
//
// An object is written to a temporary file, or a file is linked to such a name;
// it is synced, and renamed to its place; then its directory is synced. So after a power failure there is either the
// whole object or none. What is not an object (the signing secret, temporary
// files) lies in the directory .gatepost, which no key can name.
package dir

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

const (
	private = ".gatepost"
	tempDir = private + "/tmp"

	// staleTemp is the age at which a temporary file must be the leftover of a
	// process that died: another process may be writing into the same directory.
	staleTemp = 6 * time.Hour
)

// Options configure a Store.
type Options struct {
	// BaseURL is where Handler can be reached from outside, without a slash at
	// its end, e.g. "http://203.0.113.7:8081". Presigned URLs begin with it;
	// empty makes them relative to the host that serves the page.
	BaseURL string
}

// Store is a directory of objects.
type Store struct {
	root   *os.Root
	path   string
	base   string
	secret []byte
	now    func() time.Time

	dirs sync.Mutex // see makeDirs
}

var (
	_ objstore.Store   = (*Store)(nil)
	_ objstore.Adopter = (*Store)(nil)
	_ objstore.Server  = (*Store)(nil)
)

// Open opens the directory store at path and makes it if it is not there. The
// caller closes it.
func Open(path string, opts Options) (*Store, error) {
	s := &Store{path: path, base: opts.BaseURL, now: time.Now}
	if err := s.open(); err != nil {
		return nil, &gatepost.Error{
			Code:    gatepost.Unavailable,
			Message: fmt.Sprintf("the object directory %s cannot be used; make it writable or correct --objects", path),
			Err:     err,
		}
	}
	return s, nil
}

func (s *Store) open() error {
	if err := os.MkdirAll(s.path, 0o750); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.path)
	if err != nil {
		return err
	}
	s.root = root
	if err = root.MkdirAll(tempDir, 0o700); err == nil {
		err = s.removeStale()
	}
	if err == nil {
		s.secret, err = loadSecret(root)
	}
	if err != nil {
		return errors.Join(err, root.Close())
	}
	return nil
}

// Close releases the directory. Readers that are open stay open.
func (s *Store) Close() error { return s.root.Close() }

// Check implements objstore.Store: it tries to write.
func (s *Store) Check(context.Context) error {
	name, f, err := s.temp()
	if err == nil {
		err = errors.Join(f.Close(), s.root.Remove(name))
	}
	if err == nil {
		// The open root follows a directory that was moved away; the
		// path is what people mean.
		_, err = os.Stat(s.path)
	}
	if err == nil {
		return nil
	}
	code := gatepost.Unavailable
	if errors.Is(err, fs.ErrNotExist) {
		code = gatepost.NotFound
	}
	return &gatepost.Error{
		Code:    code,
		Message: fmt.Sprintf("the object directory %s cannot be written", s.path),
		Err:     err,
	}
}

// Put implements objstore.Store.
func (s *Store) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	if err := objstore.ValidKey(key); err != nil {
		return err
	}
	if err := s.put(ctx, key, r, size); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, key string, r io.Reader, size int64) (err error) {
	name, f, err := s.temp()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), ignoreMissing(s.root.Remove(name)))
		}
	}()
	// One byte more than promised tells a reader that is too long from one
	// that is right.
	n, err := io.Copy(f, io.LimitReader(contextReader{ctx, r}, size+1))
	if err != nil {
		return err
	}
	if n != size {
		return gatepost.InvalidField("size", fmt.Sprintf("the reader does not hold the %d bytes that were promised", size))
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := s.place(name, key); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return s.syncDir(path.Dir(key))
}

// place renames a temporary file to its key.
func (s *Store) place(name, key string) error {
	parent := path.Dir(key)
	for tries := 0; ; tries++ {
		if err := s.makeDirs(parent); err != nil {
			return err
		}
		err := s.root.Rename(name, key)
		// Delete removes empty directories, perhaps just this one.
		if errors.Is(err, fs.ErrNotExist) && tries < 10 {
			continue
		}
		return err
	}
}

// Get implements objstore.Store.
func (s *Store) Get(_ context.Context, key string, off, length int64) (io.ReadCloser, error) {
	if err := objstore.ValidKey(key); err != nil {
		return nil, err
	}
	if off < 0 || length == 0 {
		return nil, gatepost.InvalidField("range", "a read begins at 0 or later and has at least one byte")
	}
	f, info, err := s.openObject(key)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, err)
	}
	if off > 0 && off >= info.Size() {
		return nil, errors.Join(fmt.Errorf("get %s: %w", key, objstore.ErrRange), f.Close())
	}
	left := info.Size() - off
	if length >= 0 {
		left = min(left, length)
	}
	return &section{io.NewSectionReader(f, off, left), f}, nil
}

// Stat implements objstore.Store.
func (s *Store) Stat(_ context.Context, key string) (objstore.Info, error) {
	if err := objstore.ValidKey(key); err != nil {
		return objstore.Info{}, err
	}
	info, err := s.root.Stat(key)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return objstore.Info{}, fmt.Errorf("stat %s: %w", key, missing(err))
	}
	return objstore.Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

// Delete implements objstore.Store.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := objstore.ValidKey(key); err != nil {
			return err
		}
	}
	touched := make(map[string]bool)
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := s.root.Lstat(key)
		if err == nil && info.IsDir() {
			continue // no object of this name
		}
		if err == nil {
			err = s.root.Remove(key)
		}
		if err = ignoreMissing(err); err != nil {
			return fmt.Errorf("delete %s: %w", key, err)
		}
		touched[path.Dir(key)] = true
	}
	for dir := range touched {
		for dir != "." && s.root.Remove(dir) == nil { // succeeds only when it is empty
			dir = path.Dir(dir)
		}
		if err := ignoreMissing(s.syncDir(dir)); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
	}
	return nil
}

func (s *Store) openObject(key string) (*os.File, fs.FileInfo, error) {
	// O_NONBLOCK keeps a FIFO that somebody put there from blocking us.
	f, err := s.root.OpenFile(key, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, missing(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// makeDirs makes a directory and those above it, and makes their names durable.
// One at a time: a directory that is there must not be one whose name another
// Put has still to make durable.
func (s *Store) makeDirs(dir string) error {
	s.dirs.Lock()
	defer s.dirs.Unlock()
	return s.makeDir(dir)
}

// makeDir is makeDirs under s.dirs.
func (s *Store) makeDir(dir string) error {
	if dir == "." {
		return nil
	}
	if info, err := s.root.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := s.makeDir(path.Dir(dir)); err != nil {
		return err
	}
	if err := s.root.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return ignoreMissing(s.syncDir(path.Dir(dir)))
}

func (s *Store) syncDir(dir string) error {
	d, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// temp makes a temporary file.
func (s *Store) temp() (string, *os.File, error) {
	name := tempName()
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	return name, f, err
}

func tempName() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return tempDir + "/" + hex.EncodeToString(b[:])
}

func (s *Store) removeStale() error {
	entries, err := fs.ReadDir(s.root.FS(), tempDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && s.now().Sub(info.ModTime()) > staleTemp {
			err = s.root.Remove(tempDir + "/" + e.Name())
		}
		if err = ignoreMissing(err); err != nil {
			return err
		}
	}
	return nil
}

// section is a stretch of an open file.
type section struct {
	io.Reader
	file *os.File
}

func (s *section) Close() error { return s.file.Close() }

// contextReader ends with its context's error.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

// missing makes fs.ErrNotExist of what else means that there is no such
// object: a path through a file (ENOTDIR), a symbolic link in a circle.
func missing(err error) error {
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		return fs.ErrNotExist
	}
	return err
}

func ignoreMissing(err error) error {
	if err = missing(err); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
