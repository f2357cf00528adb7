package identity_test

import (
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/identity"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestWithdrawSigningKey: an administrator withdraws the key that signed his own token;
// that is void, and signing in gives another.
func TestWithdrawSigningKey(t *testing.T) {
	p := newPlane(t, storetest.OpenSQLite(t))
	admin, _ := p.login("admin", adminPassword)
	shop := storetest.NewOrganisation(t, p.store, gatepost.KindBusiness)
	if _, err := p.service.CreateUser(t.Context(), identity.NewUser{Login: "boss", Name: "boss", Password: "password-boss", Organisation: shop.ID, Role: gatepost.RoleOwner}); err != nil {
		t.Fatal(err)
	}
	boss, _ := p.login("boss", "password-boss")
	var keys identity.SigningKeyList
	p.do("GET", "/v1/signing-keys", admin.AccessToken, "", nil).decode(t, &keys)
	if len(keys.Items) != 1 || !keys.Items[0].Active {
		t.Fatalf("keys: %+v", keys)
	}
	at := "/v1/signing-keys/" + keys.Items[0].ID + "/withdraw"
	why := map[string]string{"reason": "a backup was stolen"}
	for name, c := range map[string]struct {
		token, path string
		body        any
		status      int
	}{
		"nobody": {"", at, why, 401}, "an owner": {boss.AccessToken, at, why, 403}, "without a reason": {admin.AccessToken, at, map[string]string{"reason": " "}, 422},
		"unknown": {admin.AccessToken, "/v1/signing-keys/none/withdraw", why, 404},
	} {
		if a := p.do("POST", c.path, c.token, "", c.body); a.status != c.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := p.do("GET", "/v1/signing-keys", boss.AccessToken, "", nil); a.status != 403 {
		t.Errorf("an owner reads the keys: %d %s", a.status, a.body)
	}
	if a := p.do("POST", at, admin.AccessToken, "", why); a.status != 204 {
		t.Fatalf("withdraw: %d %s", a.status, a.body)
	}
	for _, token := range []string{admin.AccessToken, boss.AccessToken} {
		if a := p.do("GET", "/v1/me", token, "", nil); a.status != 401 {
			t.Errorf("a token of the withdrawn key: %d %s", a.status, a.body)
		}
	}
	admin, _ = p.login("admin", adminPassword)
	p.do("GET", "/v1/signing-keys", admin.AccessToken, "", nil).decode(t, &keys)
	if len(keys.Items) != 2 || keys.Items[0].WithdrawnAt != nil || keys.Items[1].WithdrawnAt == nil {
		t.Errorf("keys: %+v", keys)
	}
}
