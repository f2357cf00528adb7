package hls

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// maxEpochs is how many withdrawn epochs are remembered at most; the oldest goes
// first.
const maxEpochs = 16

// epoch is a query parameter without which parts and segments are not served.
// It is empty until something is withdrawn.
type epoch struct {
	secret string
	until  time.Time // zero for the present one
	next   int64     // parts from this number on are not reached by it; for withdrawn ones
}

// EpochParameter is the query parameter of URIs that Open wants back.
const EpochParameter = "e"

func randomName() string {
	var b [18]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Capability returns the path element under which the ring is reached. It stays
// the same through the ring's life.
func (r *Ring) Capability() string { return r.capability }

// Withdraw makes all URIs that were handed out so far useless after grace. Until
// then they are good for what exists now and for the part that is hinted at, so
// that viewers finish what they fetch; in their next playlist they find new ones.
//
// Paths stay as they are and only a query parameter changes: hls.js takes a
// segment whose path changed for a damaged playlist.
func (r *Ring) Withdraw(grace time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	until := time.Now().Add(grace)
	kept := []epoch{{secret: randomName()}}
	for _, e := range r.epochs {
		if e.until.IsZero() {
			e.until, e.next = until, r.next+1
		}
		if until.Before(e.until) {
			e.until = until
		}
		if len(kept) < maxEpochs {
			kept = append(kept, e)
		}
	}
	r.epochs = kept
	r.touch() // who waits for a shared playlist of the old epoch gets none
}

// epoch returns the epoch of a secret if it is still good, else nil.
func (r *Ring) epoch(secret string) *epoch {
	for i := range r.epochs {
		e := &r.epochs[i]
		if subtle.ConstantTimeCompare([]byte(e.secret), []byte(secret)) == 1 {
			if !e.until.IsZero() && !time.Now().Before(e.until) {
				return nil
			}
			return e
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

// parseName reads what a name stands for, without looking whether this ring gave it.
func parseName(name string) (kind, int64, bool) {
	if len(name) < 2 || len(name) > 64 {
		return 0, 0, false
	}
	digits, _, ok := strings.Cut(name[1:], "-")
	if !ok {
		return 0, 0, false
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	return kind(name[0]), number, err == nil && number >= 0
}

// same compares a name with what somebody sent.
func same(name, sent string) bool { return hmac.Equal([]byte(name), []byte(sent)) }

// Names are made once and kept with what they stand for.

func (r *Ring) partName(s *segment, i int) string {
	p := &s.parts[i]
	if p.name == "" {
		p.name = r.name(kindPart, s.first+int64(i))
	}
	return p.name
}

func (r *Ring) segmentName(s *segment) string {
	if s.name == "" {
		s.name = r.name(kindSegment, s.msn)
	}
	return s.name
}

func (r *Ring) initName(i *initSegment) string {
	if i.name == "" {
		i.name = r.name(kindInit, i.number)
	}
	return i.name
}

// hint returns the name of the next part.
func (r *Ring) hint() string {
	if r.hinted.name == "" || r.hinted.number != r.next {
		r.hinted.name, r.hinted.number = r.name(kindPart, r.next), r.next
	}
	return r.hinted.name
}

func (r *Ring) name(k kind, number int64) string {
	var buf [64]byte
	return string(r.appendName(buf[:0], k, number))
}
