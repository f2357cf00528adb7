package hls

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// maxCapabilities is how many withdrawn capabilities are remembered at most; the
// oldest goes first.
const maxCapabilities = 16

// capability is a path element under which the media of a ring are reached.
type capability struct {
	name  string
	until time.Time // zero for the present one
	next  int64     // parts from this number on are not reached by it; for withdrawn ones
}

func newCapability() capability {
	var b [18]byte
	_, _ = rand.Read(b[:])
	return capability{name: base64.RawURLEncoding.EncodeToString(b[:])}
}

// Capability returns the path element that playlists carry now.
func (r *Ring) Capability() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.capabilities[0].name
}

// Accepts tells whether anything can be fetched under a capability.
func (r *Ring) Accepts(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accepted(name) != nil
}

// Rotate gives the ring a new capability. The ones before stay good for grace at
// most, and only for what exists now and the part that is hinted at, so that
// other viewers finish what they fetch; their next playlist has the new one.
func (r *Ring) Rotate(grace time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	until := time.Now().Add(grace)
	kept := []capability{newCapability()}
	for _, c := range r.capabilities {
		if c.until.IsZero() {
			c.until, c.next = until, r.next+1
		}
		if until.Before(c.until) {
			c.until = until
		}
		if len(kept) < maxCapabilities {
			kept = append(kept, c)
		}
	}
	r.capabilities = kept
	r.version++
}

func (r *Ring) accepted(name string) *capability {
	for i := range r.capabilities {
		c := &r.capabilities[i]
		if c.name == name {
			if !c.until.IsZero() && !time.Now().Before(c.until) {
				return nil
			}
			return c
		}
	}
	return nil
}

// kind is what a name stands for.
type kind byte

const (
	kindInit    kind = 'i'
	kindSegment kind = 's'
	kindPart    kind = 'p'
)

// macLength is the length of the part of a name that cannot be guessed: 96 bits.
const macLength = 16

// appendName appends a file name such as p81723-4fQx….mp4.
func (r *Ring) appendName(b []byte, k kind, number int64) []byte {
	at := len(b)
	b = append(b, byte(k))
	b = strconv.AppendInt(b, number, 10)
	mac := hmac.New(sha256.New, r.secret[:])
	mac.Write(b[at:])
	var sum [sha256.Size]byte
	b = append(b, '-')
	b = base64.RawURLEncoding.AppendEncode(b, mac.Sum(sum[:0])[:macLength*6/8])
	return append(b, ".mp4"...)
}

// parseName is the inverse of appendName. It refuses what this ring did not name.
func (r *Ring) parseName(name string) (kind, int64, bool) {
	if len(name) < 2 || len(name) > 64 {
		return 0, 0, false
	}
	digits, _, ok := strings.Cut(name[1:], "-")
	if !ok {
		return 0, 0, false
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || number < 0 {
		return 0, 0, false
	}
	var buf [64]byte
	want := r.appendName(buf[:0], kind(name[0]), number)
	return kind(name[0]), number, hmac.Equal(want, []byte(name))
}
