// Package objstore is the contract of object storage: recordings and clips are
// objects under a key, written whole and once, read by ranges, and handed to
// viewers by URLs that carry their own permission.
//
// Two engines keep it, a directory (dir) and S3 (s3); objtest holds the suite
// that both must pass, backend opens one by its URL.
package objstore

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/gatepost-video/gatepost"
)

// ErrRange means that a read began at or behind the end of its object.
var ErrRange = errors.New("range outside of the object")

// ErrClass means that an engine does not have a storage class.
var ErrClass = errors.New("the store has no such class")

// Store keeps objects. Its methods may be called from several goroutines.
//
// Keys are as ValidKey demands; a method given another key fails with
// gatepost.Invalid. Failures of the engine are wrapped with the operation and
// the key; they never hold a credential or a signed URL.
type Store interface {
	// Check tells whether the store is there and may be used. It fails with
	// NotFound (no such bucket or directory), Forbidden (credentials refused)
	// or Unavailable (cannot be reached), in words that say what to do.
	Check(ctx context.Context) error

	// Put writes an object of exactly size bytes, all or nothing: until it
	// returns nil, readers see what was there before. It replaces an object of
	// the same key. It reads r from its present position and may rewind to it;
	// it does not close r.
	Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error

	// Get opens length bytes of an object from off; a negative length means to
	// its end, and a range that reaches over the end is cut there. The caller
	// closes the reader, and must before ctx is done with. It fails with
	// fs.ErrNotExist and ErrRange.
	Get(ctx context.Context, key string, off, length int64) (io.ReadCloser, error)

	// Stat describes an object. It fails with fs.ErrNotExist.
	Stat(ctx context.Context, key string) (Info, error)

	// Copy makes an object of the bytes of another, all or nothing, and replaces what
	// has its key; the other stays. The copy lies in the first class. The copy may count as put when the other
	// was. It fails with fs.ErrNotExist.
	Copy(ctx context.Context, from, to string) error

	// Delete removes objects. One that is not there counts as removed. When it
	// fails, some may be gone and some not; calling again is safe.
	Delete(ctx context.Context, keys ...string) error

	// List yields the objects whose key begins with prefix and is greater than
	// after, in byte order of their keys. It ends at the first error.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]

	// Presign makes a URL with which anybody may GET the object, or a part of
	// it, for a while. It does not look whether the object exists. The URL is a
	// secret: it belongs in no log and in no error.
	Presign(ctx context.Context, key string, opts PresignOptions) (string, error)
}

// Info describes an object.
type Info struct {
	Key      string
	Size     int64     // bytes
	Modified time.Time // when it was put
}

// PresignOptions shape a presigned URL.
type PresignOptions struct {
	// Expires is how long the URL holds; 0 means five minutes, 24 hours are
	// the most.
	Expires time.Duration

	// Range, when set, is the first and the last byte (RFC 9110 §14.1.2) that
	// the URL opens. The request must then carry exactly this Range header;
	// the directory store also answers ranges within it.
	Range *[2]int64

	// Filename, when set, makes a browser save the object under this name.
	Filename string
}

// Bounds of PresignOptions.Expires.
const (
	DefaultExpires = 5 * time.Minute
	MaxExpires     = 24 * time.Hour
)

// Adopter is a Store that can make an object of a file without copying it.
type Adopter interface {
	// Adopt is Put of the file at path, which must hold size bytes and may be
	// written to by nobody any more. Where the file lies on the store's own
	// disk it becomes the object, under a second name; otherwise it is copied.
	// The name at path stays until its owner removes it.
	Adopt(ctx context.Context, key, path string, size int64) error
}

// Classer is a Store that keeps objects in classes; what is put lies in the first. A
// Store without it has that one only.
type Classer interface {
	// SetClass puts an object into a class. Its key and its bytes stay; its age may begin
	// anew. It fails with fs.ErrNotExist, and with ErrClass where the engine keeps to its
	// own class.
	SetClass(ctx context.Context, key string, class gatepost.StorageClass) error

	// CopyInto is Copy, but for the class of the copy. It fails as SetClass does, and then
	// there is no copy.
	CopyInto(ctx context.Context, from, to string, class gatepost.StorageClass) error
}

// Restorer is a Classer with a class whose objects cannot be read where they lie: gatepost.ClassDeepArchive.
type Restorer interface {
	// Restore asks for a copy of an object that can be read, for some days from when it is
	// there, hours later. Asking again is safe. It fails with fs.ErrNotExist.
	Restore(ctx context.Context, key string, days int) error
	// Restored returns until when there is such a copy; the zero time while there is none.
	// It fails with fs.ErrNotExist.
	Restored(ctx context.Context, key string) (until time.Time, err error)
}

// Server is a Store that serves its own presigned URLs. The caller mounts
// Handler at /objects/ of the base URL that the store was given.
type Server interface {
	Handler() http.Handler
}
