// Package backend opens the object store that a URL names.
package backend

import (
	"context"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/internal/objstore/s3"
)

// Options are what a URL does not say.
type Options struct {
	// BaseURL is where viewers reach the handler of a directory store; see
	// dir.Options.
	BaseURL string
}

// Store is an open store. The caller closes it. When it is also an
// objstore.Server, its Handler must be mounted at dir.Prefix of BaseURL.
type Store interface {
	objstore.Store
	io.Closer
}

// Open opens dir:///path (or dir:relative/path) and
// s3://bucket?endpoint=…&region=…&public=…, where public is the endpoint as
// viewers reach it. It fails with gatepost.Invalid for another URL, and with
// gatepost.Unavailable for a directory that cannot be used. Whether a bucket is
// there is told by Check.
func Open(ctx context.Context, rawURL string, opts Options) (Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, gatepost.InvalidField("objects", "the URL of the object store cannot be read; use dir:///path or s3://bucket?endpoint=…&region=…")
	}
	switch u.Scheme {
	case "dir":
		return openDir(u, opts)
	case "s3":
		return openS3(ctx, u)
	}
	return nil, gatepost.InvalidField("objects", "an object store is dir:///path or s3://bucket?endpoint=…&region=…")
}

func openDir(u *url.URL, opts Options) (Store, error) {
	path := u.Path
	if u.Opaque != "" {
		unescaped, err := url.PathUnescape(u.Opaque)
		if err != nil {
			return nil, gatepost.InvalidField("objects", "the path of the object directory is badly escaped")
		}
		path = unescaped
	}
	if u.Host != "" || path == "" {
		return nil, gatepost.InvalidField("objects", "an object directory has three slashes: dir:///path")
	}
	if err := onlyQuery(u); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return opened(dir.Open(path, dir.Options{BaseURL: opts.BaseURL}))
}

func openS3(ctx context.Context, u *url.URL) (Store, error) {
	if strings.Trim(u.Path, "/") != "" {
		return nil, gatepost.InvalidField("objects", "an S3 URL names a bucket and no path: s3://bucket?endpoint=…&region=…")
	}
	if u.User != nil {
		return nil, gatepost.InvalidField("objects", "S3 credentials do not belong in the URL; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if err := onlyQuery(u, "endpoint", "region", "public"); err != nil {
		return nil, err
	}
	q := u.Query()
	return opened(s3.Open(ctx, s3.Options{
		Bucket:         u.Host,
		Endpoint:       q.Get("endpoint"),
		Region:         q.Get("region"),
		PublicEndpoint: q.Get("public"),
	}))
}

// onlyQuery fails when u's query holds a parameter that is not among names.
func onlyQuery(u *url.URL, names ...string) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return gatepost.InvalidField("objects", "the query of the object store's URL cannot be read")
	}
	for name := range query {
		if !slices.Contains(names, name) {
			return gatepost.InvalidField("objects", "the object store's URL has an unknown parameter "+name)
		}
	}
	return nil
}

// opened keeps a nil pointer from becoming a Store that is not nil.
func opened[S Store](s S, err error) (Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
