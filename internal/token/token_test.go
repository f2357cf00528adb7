package token

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memoryKeys is a KeyStore that keeps its keys in memory.
type memoryKeys struct {
	mu   sync.Mutex
	keys []gatepost.SigningKey
	err  error
}

func (m *memoryKeys) SigningKeys(context.Context) ([]gatepost.SigningKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.keys), m.err
}

func (m *memoryKeys) WithdrawSigningKey(_ context.Context, id string, _, _ time.Time, next gatepost.SigningKey, _ gatepost.LedgerEntry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.keys, func(k gatepost.SigningKey) bool { return k.ID == id })
	if i < 0 {
		return &gatepost.Error{Code: gatepost.NotFound}
	}
	if m.keys[i].Active {
		m.keys = append(m.keys, next)
	}
	m.keys = slices.Delete(m.keys, i, i+1)
	return nil
}

func (m *memoryKeys) ReplaceSigningKey(_ context.Context, old string, expires time.Time, next gatepost.SigningKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	active := ""
	for i, k := range m.keys {
		if k.Active {
			active = k.ID
			if k.ID == old {
				m.keys[i].Active, m.keys[i].ExpiresAt = false, &expires
			}
		}
	}
	if active != old {
		return &gatepost.Error{Code: gatepost.Conflict}
	}
	m.keys = append(m.keys, next)
	return nil
}

func (m *memoryKeys) DeleteSigningKeys(_ context.Context, before time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys = slices.DeleteFunc(m.keys, func(k gatepost.SigningKey) bool { return k.ExpiresAt != nil && k.ExpiresAt.Before(before) })
	return nil
}

func (m *memoryKeys) active() gatepost.SigningKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.keys, func(k gatepost.SigningKey) bool { return k.Active })
	return m.keys[i]
}

var subject = gatepost.Subject{UserID: "u1", Login: "wang", Organisation: "o1", Kind: gatepost.KindPolice, Role: gatepost.RoleWatcher}

// in returns a time some way ahead, in whole seconds as tokens have them.
func in(d time.Duration) time.Time { return time.Now().Add(d).UTC().Truncate(time.Second) }

func TestRoundTrip(t *testing.T) {
	ctx := t.Context()
	issuer := NewIssuer(&memoryKeys{}, IssuerOptions{})
	verifier := NewVerifier(issuer, VerifierOptions{})

	access := Access{Subject: subject, ExpiresAt: in(time.Minute)}
	raw, err := issuer.Access(ctx, access)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := verifier.Access(ctx, raw); err != nil || got != access {
		t.Errorf("access: got %+v %v, want %+v", got, err, access)
	}
	if got, err := verifier.Subject(ctx, raw); err != nil || got != subject {
		t.Errorf("subject: got %+v %v", got, err)
	}

	from := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	for _, media := range []Media{
		{GrantID: "g1", CameraID: "c1", Action: gatepost.ActionLive, Label: "王 五 · 12:00", Subject: "u1", Networks: "203.0.113.0/24 2001:db8::/32", ExpiresAt: in(time.Hour)},
		{GrantID: "g2", CameraID: "c1", Action: gatepost.ActionPlayback, From: from, To: from.Add(time.Microsecond), Subject: "share:s1", ExpiresAt: in(time.Hour)},
	} {
		raw, err := issuer.Media(ctx, media)
		if err != nil {
			t.Fatal(err)
		}
		media.KeyID = issuer.active
		if got, err := verifier.Media(ctx, raw); err != nil || got != media {
			t.Errorf("media: got %+v %v, want %+v", got, err, media)
		}
	}

	share := Share{ShareID: "s1", ExpiresAt: in(MaxLife - time.Minute)}
	raw, err = issuer.Share(ctx, share)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := verifier.Share(ctx, raw); err != nil || got != share {
		t.Errorf("share: got %+v %v", got, err)
	}
}

// TestWithdraw holds that a withdrawn key verifies nothing: at its own issuer at once, at
// another of the same store within a second, at a verifier elsewhere once it is told,
// even from a source that still has the key.
func TestWithdraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		keys := &memoryKeys{}
		mine, other := NewIssuer(keys, IssuerOptions{}), NewIssuer(keys, IssuerOptions{})
		near, far := NewVerifier(other, VerifierOptions{MaxAge: time.Second}), NewVerifier(other, VerifierOptions{})
		media := Media{GrantID: "g", CameraID: "c", Action: gatepost.ActionLive, Subject: "u", ExpiresAt: in(time.Hour)}
		raw, err := mine.Media(ctx, media)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []*Verifier{near, far} {
			if _, err := v.Media(ctx, raw); err != nil {
				t.Fatal(err)
			}
		}
		old := mine.active
		if err := mine.Withdraw(ctx, "no key", gatepost.LedgerEntry{}); gatepost.CodeOf(err) != gatepost.NotFound {
			t.Errorf("an unknown key: %v", err)
		}
		if err := mine.Withdraw(ctx, old, gatepost.LedgerEntry{}); err != nil {
			t.Fatal(err)
		}
		if set, err := mine.JWKS(ctx); err != nil || len(set.Keys) != 1 || set.Keys[0].KeyID == old || mine.active == old {
			t.Errorf("after the withdrawal: %+v %v", set, err)
		}
		time.Sleep(1100 * time.Millisecond)
		if m, err := near.Media(ctx, raw); err == nil {
			t.Errorf("the withdrawn key verifies beside its issuer: %+v", m)
		}
		if _, err := far.Media(ctx, raw); err != nil {
			t.Errorf("a verifier far away heard of it by itself: %v", err)
		}
		if fresh := far.Withdraw(old); !slices.Equal(fresh, []string{old}) || !far.Withdrawn(old) {
			t.Errorf("told of %v", fresh)
		}
		if fresh := far.Withdraw(old); len(fresh) != 0 {
			t.Errorf("told twice: %v", fresh)
		}
		if m, err := far.Media(ctx, raw); err == nil {
			t.Errorf("the withdrawn key verifies: %+v", m)
		}
		if raw, err = other.Media(ctx, media); err != nil {
			t.Fatal(err)
		}
		if m, err := far.Media(ctx, raw); err != nil || m.KeyID != mine.active {
			t.Errorf("the new key: %+v %v", m, err)
		}
		stale := NewVerifier(staleKeys{old: NewJWK(make([]byte, 32)), next: other}, VerifierOptions{})
		stale.Withdraw(NewJWK(make([]byte, 32)).KeyID)
		if m, err := stale.Media(ctx, raw); err != nil || len(stale.keys) != 1 {
			t.Errorf("a source that still has the key: %+v %v %v", m, err, stale.keys)
		}
	})
}

// staleKeys is a source that has one key too many.
type staleKeys struct {
	old  JWK
	next Source
}

func (s staleKeys) JWKS(ctx context.Context) (JWKS, error) {
	set, err := s.next.JWKS(ctx)
	set.Keys = append(slices.Clone(set.Keys), s.old)
	return set, err
}

func TestIssuerRefuses(t *testing.T) {
	ctx := t.Context()
	issuer := NewIssuer(&memoryKeys{}, IssuerOptions{})
	media := Media{GrantID: "g", CameraID: "c", Action: gatepost.ActionLive, Subject: "u", ExpiresAt: in(time.Hour)}
	change := func(f func(*Media)) Media { m := media; f(&m); return m }
	tests := map[string]Media{
		"no grant":                change(func(m *Media) { m.GrantID = "" }),
		"no camera":               change(func(m *Media) { m.CameraID = "" }),
		"no subject":              change(func(m *Media) { m.Subject = "" }),
		"no action":               change(func(m *Media) { m.Action = "" }),
		"playback without window": change(func(m *Media) { m.Action = gatepost.ActionPlayback }),
		"expired":                 change(func(m *Media) { m.ExpiresAt = in(-time.Second) }),
		"too long":                change(func(m *Media) { m.ExpiresAt = in(MaxLife + time.Hour) }),
		"label too long":          change(func(m *Media) { m.Label = strings.Repeat("水", 2000) }),
	}
	for name, m := range tests {
		if raw, err := issuer.Media(ctx, m); err == nil {
			t.Errorf("%s: signed %s", name, raw)
		}
	}
}

// forge signs any header and payload with any key.
func forge(header, payload string, sign func(text []byte) []byte) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return text + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(text)))
}

type attack struct {
	name    string
	raw     string
	message string // part of the refusal's
}

// attacks are tokens that must be refused by Access, made with knowledge of
// everything but, where it says so, the private key.
func attacks(t testing.TB, issuer *Issuer, keys *memoryKeys) []attack {
	ctx := context.Background()
	good, err := issuer.Access(ctx, Access{Subject: subject, ExpiresAt: in(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	key := keys.active()
	private := ed25519.NewKeyFromSeed(key.Seed)
	public := private.Public().(ed25519.PublicKey)
	ours := func(text []byte) []byte { return ed25519.Sign(private, text) }
	none := func([]byte) []byte { return nil }
	hs256 := func(secret []byte) func([]byte) []byte {
		return func(text []byte) []byte {
			h := hmac.New(sha256.New, secret)
			h.Write(text)
			return h.Sum(nil)
		}
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	strangerJWK, err := json.Marshal(NewJWK(stranger.Public().(ed25519.PublicKey)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	claim := func(change map[string]any) string {
		c := map[string]any{"iss": IssuerName, "aud": AudienceAPI, "sub": "u1", "org": "o1", "role": "admin", "iat": now, "exp": now + 60}
		for k, v := range change {
			if c[k] = v; v == nil {
				delete(c, k)
			}
		}
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	head := func(alg string) string { return fmt.Sprintf(`{"alg":%q,"typ":"JWT","kid":%q}`, alg, key.ID) }
	parts := strings.Split(good, ".")
	foreign, expired, early, other := "not one of this deployment's", "expired", "not valid yet", "another use"

	list := []attack{
		{"empty", "", foreign},
		{"dots", "..", foreign},
		{"one part", parts[0], foreign},
		{"four parts", good + ".x", foreign},
		{"truncated", good[:len(good)-1], foreign},
		{"truncated to no signature", parts[0] + "." + parts[1] + ".", foreign},
		{"a bit of the signature flipped", good[:len(good)-10] + flip(good[len(good)-10]) + good[len(good)-9:], foreign},
		{"payload of another token", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(claim(nil))) + "." + parts[2], foreign},
		{"padding", good + "=", foreign},
		{"a space", " " + good, foreign},
		{"a line break", good + "\n", foreign},
		{"huge", forge(head("EdDSA"), claim(map[string]any{"lbl": strings.Repeat("x", 64<<10)}), ours), foreign},
		{"a megabyte of dots", strings.Repeat(".", 1<<20), foreign},

		{"alg none", forge(head("none"), claim(nil), none), foreign},
		{"alg None", forge(head("None"), claim(nil), none), foreign},
		{"alg none, signed", forge(head("none"), claim(nil), ours), foreign},
		{"alg missing", forge(fmt.Sprintf(`{"kid":%q}`, key.ID), claim(nil), ours), foreign},
		{"alg a number", forge(fmt.Sprintf(`{"alg":1,"kid":%q}`, key.ID), claim(nil), ours), foreign},
		{"HS256 with the public key", forge(head("HS256"), claim(nil), hs256(public)), foreign},
		{"HS256 with the public key as in the JWKS", forge(head("HS256"), claim(nil), hs256([]byte(NewJWK(public).X))), foreign},
		{"HS256 with an empty secret", forge(head("HS256"), claim(nil), hs256(nil)), foreign},
		{"RS256", forge(head("RS256"), claim(nil), ours), foreign},
		{"ES256", forge(head("ES256"), claim(nil), ours), foreign},
		{"alg in other case", forge(head("eddsa"), claim(nil), ours), foreign},

		{"key of a stranger", forge(head("EdDSA"), claim(nil), func(b []byte) []byte { return ed25519.Sign(stranger, b) }), foreign},
		{"stranger brings his own key", forge(fmt.Sprintf(`{"alg":"EdDSA","kid":%q,"jwk":%s}`, key.ID, strangerJWK), claim(nil),
			func(b []byte) []byte { return ed25519.Sign(stranger, b) }), foreign},
		{"stranger names his own JWKS", forge(`{"alg":"EdDSA","kid":"x","jku":"https://evil.example/jwks"}`, claim(nil),
			func(b []byte) []byte { return ed25519.Sign(stranger, b) }), foreign},
		{"unknown kid", forge(`{"alg":"EdDSA","kid":"nobody"}`, claim(nil), ours), foreign},
		{"kid missing", forge(`{"alg":"EdDSA"}`, claim(nil), ours), foreign},
		{"kid a path", forge(`{"alg":"EdDSA","kid":"../../../dev/null"}`, claim(nil), none), foreign},
		{"kid a number", forge(`{"alg":"EdDSA","kid":1}`, claim(nil), ours), foreign},
		{"critical extension", forge(fmt.Sprintf(`{"alg":"EdDSA","kid":%q,"crit":"b64"}`, key.ID), claim(nil), ours), foreign},

		// From here on with our own key: what a slip of ours must not open.
		{"audience media", forge(head("EdDSA"), claim(map[string]any{"aud": AudienceMedia}), ours), other},
		{"audience share", forge(head("EdDSA"), claim(map[string]any{"aud": AudienceShare}), ours), other},
		{"audience missing", forge(head("EdDSA"), claim(map[string]any{"aud": nil}), ours), other},
		{"audience in other case", forge(head("EdDSA"), claim(map[string]any{"aud": "API"}), ours), other},
		{"several audiences", forge(head("EdDSA"), claim(map[string]any{"aud": []string{"api", "media"}}), ours), foreign},
		{"wrong issuer", forge(head("EdDSA"), claim(map[string]any{"iss": "gatepost2"}), ours), foreign},
		{"issuer missing", forge(head("EdDSA"), claim(map[string]any{"iss": nil}), ours), foreign},
		{"expired", forge(head("EdDSA"), claim(map[string]any{"exp": now - 1, "iat": now - 60}), ours), expired},
		{"expired this second", forge(head("EdDSA"), claim(map[string]any{"exp": now}), ours), expired},
		{"expired long ago", forge(head("EdDSA"), claim(map[string]any{"exp": 1, "iat": 1}), ours), expired},
		{"exp missing", forge(head("EdDSA"), claim(map[string]any{"exp": nil}), ours), foreign},
		{"exp a string", forge(head("EdDSA"), claim(map[string]any{"exp": "9999999999"}), ours), foreign},
		{"exp negative", forge(head("EdDSA"), claim(map[string]any{"exp": -1}), ours), expired},
		{"exp beyond any number", forge(head("EdDSA"), strings.Replace(claim(map[string]any{"exp": 1}), `"exp":1`, `"exp":1e400`, 1), ours), foreign},
		{"nbf in the future", forge(head("EdDSA"), claim(map[string]any{"nbf": now + 20}), ours), early},
		{"iat in the future", forge(head("EdDSA"), claim(map[string]any{"iat": now + 20}), ours), early},
		{"iat missing", forge(head("EdDSA"), claim(map[string]any{"iat": nil}), ours), foreign},
		{"subject missing", forge(head("EdDSA"), claim(map[string]any{"sub": nil}), ours), foreign},
		{"organisation missing", forge(head("EdDSA"), claim(map[string]any{"org": nil}), ours), foreign},
		{"a claim twice", forge(head("EdDSA"), strings.Replace(claim(nil), `"role":"admin"`, `"role":"owner","role":"admin"`, 1), ours), foreign},
		{"a claim twice in other case", forge(head("EdDSA"), strings.Replace(claim(nil), `"role":"admin"`, `"role":"owner","Role":"admin"`, 1), ours), foreign},
		{"a claim twice by escape", forge(head("EdDSA"), strings.Replace(claim(nil), `"role":"admin"`, `"role":"owner","\u0072ole":"admin"`, 1), ours), foreign},
		{"alg twice", forge(fmt.Sprintf(`{"alg":"none","alg":"EdDSA","kid":%q}`, key.ID), claim(nil), ours), foreign},
		{"payload null", forge(head("EdDSA"), "null", ours), foreign},
		{"payload a list", forge(head("EdDSA"), "[]", ours), foreign},
		{"payload two documents", forge(head("EdDSA"), claim(nil)+"{}", ours), foreign},
		{"header null", forge("null", claim(nil), ours), foreign},
	}
	media, err := issuer.Media(ctx, Media{GrantID: "g", CameraID: "c", Action: gatepost.ActionLive, Subject: "u", ExpiresAt: in(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	share, err := issuer.Share(ctx, Share{ShareID: "s", ExpiresAt: in(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return append(list, attack{"a real media token", media, other}, attack{"a real share token", share, other})
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func TestAttacks(t *testing.T) {
	keys := &memoryKeys{}
	issuer := NewIssuer(keys, IssuerOptions{})
	for _, a := range attacks(t, issuer, keys) {
		t.Run(a.name, func(t *testing.T) {
			verifier := NewVerifier(issuer, VerifierOptions{}) // one each: fetches are rationed
			got, err := verifier.Access(t.Context(), a.raw)
			var e *gatepost.Error
			if !errors.As(err, &e) || e.Code != gatepost.Unauthenticated || got != (Access{}) {
				t.Fatalf("got %+v %v, want unauthenticated", got, err)
			}
			if !strings.Contains(e.Message, a.message) {
				t.Errorf("message %q, want %q in it", e.Message, a.message)
			}
			if len(a.raw) > 20 && strings.Contains(err.Error(), a.raw[:20]) {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
}

// TestAudiences: no token passes for one of another audience.
func TestAudiences(t *testing.T) {
	ctx := t.Context()
	issuer := NewIssuer(&memoryKeys{}, IssuerOptions{})
	verifier := NewVerifier(issuer, VerifierOptions{})
	api, _ := issuer.Access(ctx, Access{Subject: subject, ExpiresAt: in(time.Minute)})
	media, _ := issuer.Media(ctx, Media{GrantID: "g", CameraID: "c", Action: gatepost.ActionLive, Subject: "u", ExpiresAt: in(time.Minute)})
	share, _ := issuer.Share(ctx, Share{ShareID: "s", ExpiresAt: in(time.Minute)})
	doors := map[string]func(string) error{
		AudienceAPI:   func(raw string) error { _, err := verifier.Access(ctx, raw); return err },
		AudienceMedia: func(raw string) error { _, err := verifier.Media(ctx, raw); return err },
		AudienceShare: func(raw string) error { _, err := verifier.Share(ctx, raw); return err },
	}
	for audience, raw := range map[string]string{AudienceAPI: api, AudienceMedia: media, AudienceShare: share} {
		for door, open := range doors {
			if err := open(raw); (err == nil) != (audience == door) {
				t.Errorf("a token for %s at the door of %s: %v", audience, door, err)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		issuer := NewIssuer(&memoryKeys{}, IssuerOptions{})
		verifier := NewVerifier(issuer, VerifierOptions{})
		raw, err := issuer.Access(ctx, Access{Subject: subject, ExpiresAt: in(10 * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Second - time.Nanosecond)
		if _, err := verifier.Access(ctx, raw); err != nil {
			t.Errorf("a moment before its expiry: %v", err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := verifier.Access(ctx, raw); !errors.Is(err, errExpired) {
			t.Errorf("at its expiry: %v", err)
		}
	})
}

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		keys := &memoryKeys{}
		one, two := NewIssuer(keys, IssuerOptions{}), NewIssuer(keys, IssuerOptions{})
		verifier := NewVerifier(one, VerifierOptions{})
		share, err := one.Share(ctx, Share{ShareID: "s", ExpiresAt: in(60 * 24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		rotate := func() {
			for _, i := range []*Issuer{one, two, one} { // two processes, and once again
				if err := i.Rotate(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		rotate()
		if n := len(keys.keys); n != 1 {
			t.Fatalf("%d keys while the first is young, want 1", n)
		}
		time.Sleep(30 * 24 * time.Hour)
		rotate()
		if n := len(keys.keys); n != 2 {
			t.Fatalf("%d keys after 30 days, want 2", n)
		}
		if _, err := verifier.Share(ctx, share); err != nil {
			t.Errorf("a token of the old key: %v", err)
		}
		raw, err := two.Access(ctx, Access{Subject: subject, ExpiresAt: in(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.Access(ctx, raw); err != nil {
			t.Errorf("a token of the new key, at once: %v", err)
		}
		time.Sleep(MaxLife + time.Hour)
		rotate()
		if set, err := one.JWKS(ctx); err != nil || len(set.Keys) != 2 { // the second, retired now, and the third
			t.Errorf("JWKS after a year: %+v %v", set, err)
		}
	})
}

func TestIssuerOutlivesItsStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		away := &gatepost.Error{Code: gatepost.Unavailable, Message: "away"}
		keys := &memoryKeys{err: away}
		issuer := NewIssuer(keys, IssuerOptions{})
		if _, err := issuer.JWKS(ctx); gatepost.CodeOf(err) != gatepost.Unavailable {
			t.Errorf("a store that never answered: %v", err)
		}
		keys.err = nil
		if _, err := issuer.JWKS(ctx); err != nil {
			t.Fatal(err)
		}
		keys.err = away
		time.Sleep(time.Hour)
		if _, err := issuer.Access(ctx, Access{Subject: subject, ExpiresAt: in(time.Minute)}); err != nil {
			t.Errorf("with the keys at hand: %v", err)
		}
	})
}

// countingSource counts how often it is asked.
type countingSource struct {
	Source
	asked atomic.Int64
	away  atomic.Bool
}

func (c *countingSource) JWKS(ctx context.Context) (JWKS, error) {
	c.asked.Add(1)
	if c.away.Load() {
		return JWKS{}, &gatepost.Error{Code: gatepost.Unavailable, Message: "away"}
	}
	return c.Source.JWKS(ctx)
}

// hangingKeys is a KeyStore that can stop to answer.
type hangingKeys struct {
	memoryKeys
	hangs atomic.Bool
	asked atomic.Int64
}

func (h *hangingKeys) SigningKeys(ctx context.Context) ([]gatepost.SigningKey, error) {
	h.asked.Add(1)
	if h.hangs.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.memoryKeys.SigningKeys(ctx)
}

// TestIssuerOutlivesAHangingStore: of those who sign and verify meanwhile, one waits for a
// second, every five.
func TestIssuerOutlivesAHangingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := &hangingKeys{}
		issuer := NewIssuer(keys, IssuerOptions{})
		media := Media{GrantID: "g", CameraID: "c", Action: gatepost.ActionLive, Subject: "u", ExpiresAt: in(time.Hour)}
		if _, err := issuer.Media(t.Context(), media); err != nil {
			t.Fatal(err)
		}
		keys.hangs.Store(true)
		keys.asked.Store(0)
		time.Sleep(2 * time.Second)
		began := time.Now()
		for range 30 {
			asked := time.Now()
			if _, err := issuer.Media(t.Context(), media); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(asked); took > time.Second {
				t.Errorf("signing took %s", took)
			}
			time.Sleep(time.Second)
		}
		if n, most := keys.asked.Load(), int64(time.Since(began)/reloadRetry)+1; n > most {
			t.Errorf("asked %d times in %s", n, time.Since(began))
		}
		keys.hangs.Store(false)
		time.Sleep(reloadRetry)
		if set, err := issuer.JWKS(t.Context()); err != nil || len(set.Keys) != 1 {
			t.Errorf("when it is back: %v %v", set, err)
		}
	})
}

func TestVerifierFetchesSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		issuer := NewIssuer(&memoryKeys{}, IssuerOptions{})
		source := &countingSource{Source: issuer}
		verifier := NewVerifier(source, VerifierOptions{})
		good, err := issuer.Access(ctx, Access{Subject: subject, ExpiresAt: in(24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			if _, err := verifier.Access(ctx, good); err != nil {
				t.Fatal(err)
			}
		}
		if n := source.asked.Load(); n != 1 {
			t.Errorf("fetched %d times for one key", n)
		}
		forged := forge(`{"alg":"EdDSA","kid":"nobody"}`, `{"exp":9999999999}`, func([]byte) []byte { return make([]byte, 64) })
		for range 1000 {
			if _, err := verifier.Access(ctx, forged); gatepost.CodeOf(err) != gatepost.Unauthenticated {
				t.Fatal(err)
			}
		}
		if n := source.asked.Load(); n > 5 {
			t.Errorf("fetched %d times for forged kids", n)
		}

		source.away.Store(true)
		before := source.asked.Load()
		for range 60 { // an hour
			time.Sleep(time.Minute)
			for range 100 {
				if _, err := verifier.Access(ctx, good); err != nil {
					t.Fatalf("with the source away: %v", err)
				}
			}
		}
		if n := source.asked.Load() - before; n > 60 {
			t.Errorf("fetched %d times in an hour of 6000 tokens", n)
		}
		never := NewVerifier(source, VerifierOptions{})
		if _, err := never.Access(ctx, good); gatepost.CodeOf(err) != gatepost.Unavailable {
			t.Errorf("keys that were never fetched: %v, want unavailable", err)
		}
	})
}

func TestURLSource(t *testing.T) {
	ctx := t.Context()
	issuer := NewIssuer(&memoryKeys{}, IssuerOptions{})
	set, err := issuer.JWKS(ctx)
	if err != nil {
		t.Fatal(err)
	}
	good, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := issuer.Access(ctx, Access{Subject: subject, ExpiresAt: in(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		status int
		body   string
		code   gatepost.Code
	}{
		{"good", 200, string(good), ""},
		{"with keys of other kinds", 200, strings.Replace(string(good), `{"keys":[`, `{"keys":[{"kty":"RSA","n":"x","e":"AQAB"},{"kty":"OKP","crv":"X25519","x":"AA"},`, 1), ""},
		{"an error", 500, "", gatepost.Unavailable},
		{"not JSON", 200, "<html>", gatepost.Unavailable},
		{"a malformed key", 200, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AA"}]}`, gatepost.Unavailable},
		{"endless", 200, strings.Repeat(" ", maxJWKS+1), gatepost.Unavailable},
		{"no keys", 200, `{"keys":[]}`, gatepost.Unauthenticated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer srv.Close()
			_, err := NewVerifier(URLSource(srv.URL, srv.Client()), VerifierOptions{}).Access(ctx, raw)
			if gatepost.CodeOf(err) != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
		})
	}
}

// TestThumbprint is the example of RFC 8037 appendix A.3.
func TestThumbprint(t *testing.T) {
	x, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	want := JWK{KeyType: "OKP", Curve: "Ed25519", Use: "sig", Algorithm: "EdDSA",
		X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", KeyID: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}
	if got := NewJWK(x); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// FuzzVerify: whatever is presented, only what was signed passes, and nothing
// makes the verifier panic or answer with another kind of error.
func FuzzVerify(f *testing.F) {
	keys := &memoryKeys{}
	issuer := NewIssuer(keys, IssuerOptions{})
	verifier := NewVerifier(issuer, VerifierOptions{MinRefresh: time.Hour})
	signed := make(map[string]bool)
	for range 3 {
		raw, err := issuer.Access(f.Context(), Access{Subject: subject, ExpiresAt: in(24 * time.Hour)})
		if err != nil {
			f.Fatal(err)
		}
		signed[raw] = true
	}
	for raw := range maps.Keys(signed) {
		f.Add(raw)
	}
	for _, a := range attacks(f, issuer, keys) {
		if len(a.raw) < 8<<10 {
			f.Add(a.raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := verifier.Access(t.Context(), raw)
		if (err == nil) != signed[raw] {
			t.Fatalf("%q: %v", raw, err)
		}
		if err != nil && gatepost.CodeOf(err) != gatepost.Unauthenticated {
			t.Fatalf("%q: %v", raw, err)
		}
		_, _ = verifier.Media(t.Context(), raw)
		_, _ = verifier.Share(t.Context(), raw)
	})
}
