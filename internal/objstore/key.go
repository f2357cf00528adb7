package objstore

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gatepost-video/gatepost"
)

// maxKey is the longest key that S3 takes, in bytes; maxSegment is the longest
// file name of common file systems.
const (
	maxKey     = 1024
	maxSegment = 255
)

// ValidKey fails with gatepost.Invalid unless key can name an object in every
// engine: UTF-8 without control characters or backslashes, at most 1024 bytes,
// its segments between slashes neither empty nor longer than 255 bytes nor
// beginning with a dot. So it is never absolute and never climbs with "..".
func ValidKey(key string) error {
	switch {
	case key == "":
		return gatepost.InvalidField("key", "an object key may not be empty")
	case len(key) > maxKey:
		return gatepost.InvalidField("key", "an object key may have 1024 bytes at most")
	case !utf8.ValidString(key):
		return gatepost.InvalidField("key", "an object key must be UTF-8")
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }):
		return gatepost.InvalidField("key", "an object key may not hold control characters or backslashes")
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment[0] == '.' || len(segment) > maxSegment {
			return gatepost.InvalidField("key", "the segments of an object key may be neither empty nor over 255 bytes nor begin with a dot")
		}
	}
	return nil
}

// Normalise checks o and fills in its default. It fails with gatepost.Invalid.
func (o PresignOptions) Normalise() (PresignOptions, error) {
	switch {
	case o.Expires == 0:
		o.Expires = DefaultExpires
	case o.Expires < time.Second || o.Expires > MaxExpires:
		return o, gatepost.InvalidField("expires", "a presigned URL holds from one second to 24 hours")
	}
	if r := o.Range; r != nil && (r[0] < 0 || r[1] < r[0]) {
		return o, gatepost.InvalidField("range", "a range goes from its first to its last byte")
	}
	if len(o.Filename) > maxSegment || !utf8.ValidString(o.Filename) ||
		strings.ContainsFunc(o.Filename, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' || r == '"' }) {
		return o, gatepost.InvalidField("filename", "a file name may not hold slashes, quotes or control characters")
	}
	return o, nil
}
