package identity

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestPassword(t *testing.T) {
	p := newPasswords()
	phc, err := p.hash(t.Context(), "正确的 password")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q %v", phc, err)
	}
	if again, _ := p.hash(t.Context(), "正确的 password"); again == phc {
		t.Error("two hashes with one salt")
	}
	for password, want := range map[string]bool{"正确的 password": true, "正确的 passwor": false, "": false} {
		if ok, err := p.matches(t.Context(), password, phc); ok != want || err != nil {
			t.Errorf("%q: %v %v", password, ok, err)
		}
	}
	if ok, err := p.matches(t.Context(), "", ""); ok || err != nil {
		t.Errorf("an unknown login: %v %v", ok, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	if _, err := p.hash(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("all slots taken, client gone: %v", err)
	}
}

var malformedHashes = []string{
	"", "-", "$argon2i$v=19$m=1,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=16$m=1,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=4294967295,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=8,t=0,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=8,t=99999,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=8,t=1,p=0$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=8,t=1,p=300$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=8,t=1,p=1$!$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=8,t=1,p=1$AAAA$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$" + strings.Repeat("A", 200),
}

func TestMalformedHash(t *testing.T) {
	for _, phc := range malformedHashes {
		if ok, err := comparePassword("", phc); ok || !errors.Is(err, errHash) {
			t.Errorf("%q: %v %v", phc, ok, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	for _, phc := range malformedHashes {
		f.Add(phc)
	}
	f.Add(hashPassword("x"))
	f.Fuzz(func(t *testing.T, phc string) {
		h, err := parsePHC(phc)
		if err == nil && (h.memory > maxArgonMemory || h.time < 1 || h.time > maxArgonTime || h.lanes < 1 || len(h.key) < 16) {
			t.Errorf("%q: %+v", phc, h)
		}
	})
}
