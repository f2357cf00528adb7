package storetest

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("user", testUser)
	register("first administrator", testFirstAdmin)
	register("session", testSession)
	register("API key", testAPIKey)
	register("signing key", testSigningKey)
	register("signing key withdrawn", testSigningKeyWithdrawn)
}

// now is a time that both engines keep exactly.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// NewOrganisation adds an organisation for other rows to refer to.
func NewOrganisation(t *testing.T, s *sqlstore.Store, kind gatepost.OrganisationKind) gatepost.Organisation {
	t.Helper()
	o := gatepost.Organisation{ID: gatepost.NewID(), Name: "测试 " + string(kind), Kind: kind, CreatedAt: now()}
	if err := s.CreateOrganisation(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

// NewUser adds a user of an organisation.
func NewUser(t *testing.T, s *sqlstore.Store, organisation string, role gatepost.Role) gatepost.User {
	t.Helper()
	id := gatepost.NewID()
	u := gatepost.User{ID: id, Login: "u" + id, Name: "王 五", Organisation: organisation, Role: role, PasswordHash: "-", CreatedAt: now()}
	if err := s.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return u
}

// wantCode fails the test when err has another code ("" for no error).
func wantCode(t *testing.T, what string, err error, code gatepost.Code) {
	t.Helper()
	if gatepost.CodeOf(err) != code {
		t.Errorf("%s: got %v, want code %q", what, err, code)
	}
}

func testUser(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	o := NewOrganisation(t, s, gatepost.KindPolice)
	u := NewUser(t, s, o.ID, gatepost.RoleWatcher)
	want := gatepost.Account{User: u, Organisation: o}

	got, err := s.Account(ctx, u.ID)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("by id:\n got %+v %v\nwant %+v", got, err, want)
	}
	got, err = s.AccountByLogin(ctx, u.Login)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("by login: got %+v %v", got, err)
	}
	_, err = s.Account(ctx, gatepost.NewID())
	wantCode(t, "unknown id", err, gatepost.NotFound)
	_, err = s.AccountByLogin(ctx, "' OR 1=1 --")
	wantCode(t, "unknown login", err, gatepost.NotFound)

	again := u
	again.ID = gatepost.NewID()
	wantCode(t, "login taken", s.CreateUser(ctx, again), gatepost.Conflict)
	again.Login, again.Organisation = "other", gatepost.NewID()
	wantCode(t, "unknown organisation", s.CreateUser(ctx, again), gatepost.Invalid)

	second := NewUser(t, s, o.ID, gatepost.RoleOwner)
	list, err := s.Accounts(ctx, "", "", 1)
	if err != nil || len(list) != 1 {
		t.Fatalf("first page: %+v %v", list, err)
	}
	rest, err := s.Accounts(ctx, "", list[0].User.ID, 10)
	if err != nil || len(rest) != 1 || list[0].User.ID == rest[0].User.ID || max(list[0].User.ID, rest[0].User.ID) != max(u.ID, second.ID) {
		t.Errorf("second page: %+v %v", rest, err)
	}

	joined := gatepost.LedgerEntry{Kind: gatepost.LedgerMember, Actor: "boss", Organisation: o.ID, Allowed: true}
	again.Login, again.Organisation = u.Login, o.ID
	wantCode(t, "login taken, with an entry", s.CreateUser(ctx, again, joined), gatepost.Conflict)
	third := gatepost.User{ID: gatepost.NewID(), Login: "third", Organisation: NewOrganisation(t, s, gatepost.KindBusiness).ID, Role: gatepost.RoleOwner, CreatedAt: now()}
	if err := s.CreateUser(ctx, third, joined); err != nil {
		t.Fatal(err)
	}
	if rows, err := s.LedgerRows(ctx, gatepost.LedgerFilter{Kind: gatepost.LedgerMember}, "", 10); err != nil || len(rows) != 1 {
		t.Errorf("the ledger tells of %d users and %v, want the one that was made", len(rows), err)
	}
}

func testFirstAdmin(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	has, err := s.HasAdmin(ctx)
	if has || err != nil {
		t.Fatalf("empty store: %v %v", has, err)
	}
	// Several processes start at the same time.
	var wg sync.WaitGroup
	created := make([]bool, 6)
	errs := make([]error, 6)
	for i := range created {
		wg.Go(func() {
			o := gatepost.Organisation{ID: gatepost.NewID(), Name: "Operator", Kind: gatepost.KindOperator, CreatedAt: now()}
			u := gatepost.User{ID: gatepost.NewID(), Login: "admin", Organisation: o.ID, Role: gatepost.RoleAdmin, PasswordHash: "-", CreatedAt: now()}
			created[i], errs[i] = s.CreateFirstAdmin(ctx, o, u)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	n := 0
	for _, c := range created {
		if c {
			n++
		}
	}
	organisations, err := s.Organisations(ctx, "", 10)
	if n != 1 || err != nil || len(organisations) != 1 {
		t.Errorf("%d were created, %d organisations left, %v; want one of each", n, len(organisations), err)
	}
	if has, err := s.HasAdmin(ctx); !has || err != nil {
		t.Errorf("after: %v %v", has, err)
	}
}

func testSession(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	u := NewUser(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID, gatepost.RoleOwner)
	n := gatepost.Session{ID: gatepost.NewID(), UserID: u.ID, SecretHash: "h1", CreatedAt: now(), RotatedAt: now(), ExpiresAt: now().Add(time.Hour)}
	if err := s.CreateSession(ctx, n); err != nil {
		t.Fatal(err)
	}
	got, err := s.Session(ctx, n.ID)
	if err != nil || !reflect.DeepEqual(got, n) {
		t.Errorf("got %+v %v, want %+v", got, err, n)
	}
	at := now().Add(time.Minute)
	if err := s.RotateSession(ctx, n.ID, "h1", "h2", at); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "rotate with the old secret", s.RotateSession(ctx, n.ID, "h1", "h3", at), gatepost.NotFound)
	got, err = s.Session(ctx, n.ID)
	if err != nil || got.SecretHash != "h2" || got.PreviousHash != "h1" || !got.RotatedAt.Equal(at) {
		t.Errorf("rotated: %+v %v", got, err)
	}
	for range 2 { // the second changes nothing
		if err := s.RevokeSession(ctx, n.ID, at); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Minute)
	}
	got, err = s.Session(ctx, n.ID)
	if err != nil || got.RevokedAt == nil || !got.RevokedAt.Equal(at.Add(-2*time.Minute)) {
		t.Errorf("revoked: %+v %v", got, err)
	}
	wantCode(t, "rotate a revoked one", s.RotateSession(ctx, n.ID, "h2", "h4", at), gatepost.NotFound)
	if err := s.DeleteSessions(ctx, n.ExpiresAt.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = s.Session(ctx, n.ID)
	wantCode(t, "deleted", err, gatepost.NotFound)
}

func testAPIKey(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	o := NewOrganisation(t, s, gatepost.KindThirdParty)
	u, other := NewUser(t, s, o.ID, gatepost.RoleOwner), NewUser(t, s, o.ID, gatepost.RoleOwner)
	expires := now().Add(time.Hour)
	forever := gatepost.APIKey{ID: gatepost.NewID(), UserID: u.ID, Name: "a", SecretHash: "k1", CreatedAt: now()}
	limited := gatepost.APIKey{ID: gatepost.NewID(), UserID: u.ID, Name: "b", SecretHash: "k2", CreatedAt: now(), ExpiresAt: &expires}
	for _, k := range []gatepost.APIKey{forever, limited} {
		if err := s.CreateAPIKey(ctx, k); err != nil {
			t.Fatal(err)
		}
		got, err := s.APIKeyByHash(ctx, k.SecretHash)
		if err != nil || !reflect.DeepEqual(got, k) {
			t.Errorf("got %+v %v, want %+v", got, err, k)
		}
	}
	list, err := s.APIKeys(ctx, u.ID, "", 10)
	if err != nil || len(list) != 2 {
		t.Errorf("list: %+v %v", list, err)
	}
	wantCode(t, "another's key", s.RevokeAPIKey(ctx, other.ID, limited.ID, now()), gatepost.NotFound)
	wantCode(t, "revoke", s.RevokeAPIKey(ctx, u.ID, limited.ID, now()), "")
	wantCode(t, "revoke again", s.RevokeAPIKey(ctx, u.ID, limited.ID, now()), gatepost.NotFound)
	if list, err = s.APIKeys(ctx, u.ID, "", 10); err != nil || len(list) != 1 || list[0].ID != forever.ID {
		t.Errorf("list after: %+v %v", list, err)
	}
	if got, err := s.APIKeyByHash(ctx, "k2"); err != nil || got.RevokedAt == nil {
		t.Errorf("revoked: %+v %v", got, err)
	}
	_, err = s.APIKeyByHash(ctx, "k3")
	wantCode(t, "unknown", err, gatepost.NotFound)
}

// testSigningKeyWithdrawn holds that a withdrawn key is gone for good from what
// verifies, and known to be gone.
func testSigningKeyWithdrawn(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	key := func(kid string) gatepost.SigningKey {
		return gatepost.SigningKey{ID: kid, Seed: make([]byte, 32), CreatedAt: now(), Active: true}
	}
	soon := now().Add(time.Hour)
	wantCode(t, "first", s.ReplaceSigningKey(ctx, "", soon, key("first")), "")
	wantCode(t, "second", s.ReplaceSigningKey(ctx, "first", soon, key("second")), "")
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerKey, Actor: "withdrawer", Allowed: true}
	withdraw := func(id, next string) error {
		return s.WithdrawSigningKey(ctx, id, now(), soon, key(next), entry)
	}
	wantCode(t, "one that is not there", withdraw("nothing", "x"), gatepost.NotFound)
	wantCode(t, "one that only verifies", withdraw("first", "x"), "")
	wantCode(t, "the active one", withdraw("second", "third"), "")
	wantCode(t, "again", withdraw("second", "fourth"), "")
	if keys, err := s.SigningKeys(ctx); err != nil || len(keys) != 1 || keys[0].ID != "third" || !keys[0].Active {
		t.Errorf("what verifies: %+v %v", keys, err)
	}
	if gone, err := s.WithdrawnKeys(ctx); err != nil || !slices.Equal(gone, []string{"first", "second"}) {
		t.Errorf("withdrawn: %v %v", gone, err)
	}
	all, err := s.AllSigningKeys(ctx)
	if err != nil || len(all) != 3 {
		t.Fatalf("all: %+v %v", all, err)
	}
	for _, k := range all {
		if len(k.Seed) != 0 || (k.WithdrawnAt == nil) != (k.ID == "third") {
			t.Errorf("listed: %+v", k)
		}
	}
	if entries, err := s.LedgerByActor(ctx, "withdrawer", "", 10); err != nil || len(entries) != 2 {
		t.Errorf("the ledger says %+v %v", entries, err)
	}
}

func testSigningKey(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	key := func(kid string) gatepost.SigningKey {
		seed := make([]byte, 32)
		copy(seed, kid)
		return gatepost.SigningKey{ID: kid, Seed: seed, CreatedAt: now(), Active: true}
	}
	first, second := key("first"), key("second")
	soon := now().Add(time.Hour)
	wantCode(t, "replace one that is not there", s.ReplaceSigningKey(ctx, "nothing", soon, first), gatepost.Conflict)
	wantCode(t, "first", s.ReplaceSigningKey(ctx, "", soon, first), "")
	wantCode(t, "first again", s.ReplaceSigningKey(ctx, "", soon, second), gatepost.Conflict)
	wantCode(t, "second", s.ReplaceSigningKey(ctx, "first", soon, second), "")

	first.Active, first.ExpiresAt = false, &soon
	got, err := s.SigningKeys(ctx)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %+v %v", got, err)
	}
	for _, k := range got {
		want := map[string]gatepost.SigningKey{"first": first, "second": second}[k.ID]
		if !reflect.DeepEqual(k, want) {
			t.Errorf("got %+v, want %+v", k, want)
		}
	}
	wantCode(t, "replace with one that has expired", s.ReplaceSigningKey(ctx, "second", now().Add(-time.Second), key("third")), "")
	if got, err = s.SigningKeys(ctx); err != nil || len(got) != 2 {
		t.Errorf("without the expired one: %+v %v", got, err)
	}
	wantCode(t, "delete", s.DeleteSigningKeys(ctx, now()), "")
	wantCode(t, "the name of a deleted key is free", s.ReplaceSigningKey(ctx, "third", soon, key("second")), "")
}
