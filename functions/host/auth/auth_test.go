package auth

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatepost-video/gatepost"
)

// keyring knows some keys and counts how often it is asked.
type keyring struct {
	subjects map[string]gatepost.Subject
	asked    int
}

func (k *keyring) KeySubject(_ context.Context, key string) (gatepost.Subject, error) {
	k.asked++
	s, ok := k.subjects[key]
	if !ok {
		return s, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "unknown"}
	}
	return s, nil
}

// TestKeyCache: a key is looked up seldom, a revoked one works for keyTTL at
// most, and unknown keys take no memory.
func TestKeyCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := &keyring{subjects: map[string]gatepost.Subject{"gpk_a": {UserID: "a"}}}
		a := &Authenticator{Keys: keys}
		ask := func(key string) (gatepost.Subject, error) {
			return a.authenticate(t.Context(), "Bearer "+key)
		}
		for range 100 {
			if s, err := ask("gpk_a"); err != nil || s.UserID != "a" {
				t.Fatal(s, err)
			}
		}
		if keys.asked != 1 {
			t.Errorf("looked up %d times, want 1", keys.asked)
		}
		delete(keys.subjects, "gpk_a")
		time.Sleep(keyTTL)
		if _, err := ask("gpk_a"); gatepost.CodeOf(err) != gatepost.Unauthenticated {
			t.Errorf("revoked: %v", err)
		}
		for i := range 100 {
			if _, err := ask(fmt.Sprintf("gpk_%d", i)); err == nil {
				t.Error("an unknown key was taken")
			}
		}
		if len(a.known) != 0 {
			t.Errorf("%d keys remembered, want 0", len(a.known))
		}
		for i := range keyCache + 10 {
			key := fmt.Sprintf("gpk_%d", i)
			keys.subjects[key] = gatepost.Subject{UserID: key}
			if s, err := ask(key); err != nil || s.UserID != key {
				t.Fatal(s, err)
			}
		}
		if len(a.known) > keyCache {
			t.Errorf("%d keys remembered, want at most %d", len(a.known), keyCache)
		}
	})
}

func TestSubject(t *testing.T) {
	if _, err := Subject(t.Context()); gatepost.CodeOf(err) != gatepost.Unauthenticated {
		t.Errorf("nobody: %v", err)
	}
	owner := gatepost.Subject{UserID: "1", Role: gatepost.RoleOwner}
	ctx := WithSubject(t.Context(), owner)
	if s, err := Subject(ctx); s != owner || err != nil {
		t.Errorf("owner: %+v %v", s, err)
	}
	if _, err := Admin(ctx); gatepost.CodeOf(err) != gatepost.Forbidden {
		t.Errorf("owner as administrator: %v", err)
	}
}

func TestNodeKey(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		ok        bool
	}{
		{"k", "Bearer k", true}, {"k", "Bearer x", false}, {"k", "", false}, {"", "Bearer ", false}, {"", "", false}, {"", "Bearer x", false},
	} {
		if err := (&Authenticator{NodeKey: tt.want}).node(tt.got); (err == nil) != tt.ok {
			t.Errorf("key %q, presented %q: %v", tt.want, tt.got, err)
		}
	}
}
