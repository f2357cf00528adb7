package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"
)

// argon2id parameters (RFC 9106): 19 MiB, two passes, one lane.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	saltLen     = 16
	hashLen     = 32
)

// Bounds of the parameters that a stored hash may ask for, so that a row
// cannot exhaust the process.
const (
	maxArgonMemory = 256 << 10 // KiB
	maxArgonTime   = 16
)

// passwords hashes and compares, as many at a time as there are processors.
type passwords struct {
	slots chan struct{}
	dummy func() string // a hash that nothing matches, for unknown logins
}

func newPasswords() *passwords {
	return &passwords{
		slots: make(chan struct{}, runtime.GOMAXPROCS(0)),
		dummy: sync.OnceValue(func() string { return hashPassword(rand.Text()) }),
	}
}

// hash returns the PHC string of a password. It fails with the context's error only.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	return hashPassword(password), nil
}

// matches compares a password with a PHC string; "" stands for a login that
// does not exist, costs the same, and never matches.
func (p *passwords) matches(ctx context.Context, password, phc string) (bool, error) {
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer p.leave()
	known := phc != ""
	if !known {
		phc = p.dummy()
	}
	ok, err := comparePassword(password, phc)
	return ok && known, err
}

func (p *passwords) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *passwords) leave() { <-p.slots }

func hashPassword(password string) string {
	salt := make([]byte, saltLen)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, hashLen)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

var errHash = errors.New("the stored password hash is malformed") // and is not repeated

// comparePassword compares a password with a PHC string of argon2id.
func comparePassword(password, phc string) (bool, error) {
	h, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	got := argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.lanes, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(got, h.key) == 1, nil
}

type argonHash struct {
	memory, time uint32 // KiB, passes
	lanes        uint8
	salt, key    []byte
}

// parsePHC reads $argon2id$v=19$m=…,t=…,p=…$salt$key within the bounds above.
func parsePHC(phc string) (h argonHash, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.lanes); err != nil {
		return h, errHash
	}
	if h.memory > maxArgonMemory || h.time == 0 || h.time > maxArgonTime || h.lanes == 0 {
		return h, errHash
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return h, errHash
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > 64 {
		return h, errHash
	}
	return h, nil
}
