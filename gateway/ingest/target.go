package ingest

import (
	"net/url"
	"strings"

	"github.com/gatepost-video/gatepost"
)

// Target is the camera that a publisher names and the stream key it presents.
type Target struct {
	CameraID string
	Key      string // "" when none was given
}

// maxTarget bounds the length of a camera id and of a stream key, in bytes. Ours
// have 36 and 32; a longer one is nobody's.
const maxTarget = 128

// ParseTarget reads a camera and its key out of the path and query of a push
// URL: <camera-id>, <camera-id>/<key>, or <camera-id>?key=<key>. Slashes around
// the path do not matter. It reports false for any other form. When path and
// query both hold a key, the path's counts.
func ParseTarget(path, query string) (Target, bool) {
	camera, key, two := strings.Cut(strings.Trim(path, "/"), "/")
	if !plain(camera) || two && !plain(key) {
		return Target{}, false
	}
	if key == "" {
		key = QueryKey(query)
		if key != "" && !plain(key) {
			return Target{}, false
		}
	}
	return Target{CameraID: camera, Key: key}, true
}

// QueryKey returns the value of "key" in a query string, "" when there is none.
// A query that does not parse in full still yields the pairs that do.
func QueryKey(query string) string {
	// Some clients leave a slash or their track control behind the query.
	query, _, _ = strings.Cut(query, "/")
	v, _ := url.ParseQuery(query)
	return v.Get("key")
}

// plain tells whether s can be a camera id or a key: 1 to 128 characters that
// mean nothing in a URL, a log line or a file name.
func plain(s string) bool {
	if s == "" || len(s) > maxTarget {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// Loggable returns a camera id as a log may hold it: what has not the form of an
// id may be a key in the wrong place.
func Loggable(cameraID string) string {
	if cameraID == "" || gatepost.ValidID(cameraID) {
		return cameraID
	}
	return "(malformed)"
}
