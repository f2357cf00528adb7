package share_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestNetworks: requests of functest come from 192.0.2.1.
func TestNetworks(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	id, raw := w.make(t, m{"networks": []string{"203.0.113.0/24", "192.0.2.9/28"}, "max_uses": 9, "legal_basis": "contract 4711"})
	o := w.open(raw).Want(201)
	if o.String("legal_basis") != "contract 4711" {
		t.Errorf("opened: %s", o.Text)
	}
	media, err := w.verifier.Media(t.Context(), o.String("grants", "live", "token"))
	if err != nil || media.Networks != "203.0.113.0/24 192.0.2.0/28" {
		t.Errorf("the media token names %q, %v", media.Networks, err)
	}
	w.Do("", "POST", "/v1/shares/renew", m{"token": o.String("grants", "live", "token")}).Want(200)

	elsewhere, far := w.make(t, m{"networks": []string{"203.0.113.0/24"}, "max_uses": 1})
	w.open(far).Want(403).Refused(gatepost.Forbidden, "")
	if sh, err := w.store.Share(t.Context(), elsewhere); err != nil || sh.Uses != 0 {
		t.Errorf("a refusal counted: %+v %v", sh, err)
	}
	media.GrantID, media.Subject, media.Networks = gatepost.NewID(), "share:"+elsewhere, "203.0.113.0/24"
	moved, err := w.issuer.Media(t.Context(), media)
	if err != nil {
		t.Fatal(err)
	}
	w.Do("", "POST", "/v1/shares/renew", m{"token": moved}).Want(403).Refused(gatepost.Forbidden, "")

	// What the one who shared can read of it.
	acts := func(token, id string) (list []string) {
		for _, item := range w.Do(token, "GET", "/v1/shares/"+id+"/openings", nil).Want(200).Items() {
			list = append(list, fmt.Sprintf("%v %v %v", item["act"], item["allowed"], item["remote"]))
		}
		return list
	}
	if got := acts(w.owner, id); !slices.Equal(got, []string{"open true 192.0.2.1"}) {
		t.Errorf("openings: %v", got)
	}
	if got := acts(w.owner, elsewhere); !slices.Equal(got, []string{"renew false 192.0.2.1", "open false 192.0.2.1"}) {
		t.Errorf("refused openings: %v", got)
	}
	for token, status := range map[string]int{"": 401, w.stranger: 404, w.watcher: 403, w.carrier: 404} {
		if r := w.Do(token, "GET", "/v1/shares/"+id+"/openings", nil); r.Status != status {
			t.Errorf("openings told: %d, want %d: %s", r.Status, status, r.Text)
		}
	}
	entry := w.Do(w.owner, "GET", "/v1/shares?camera_id="+w.camera.ID, nil).Want(200).Items()[1]
	if entry["legal_basis"] != "contract 4711" || len(entry["networks"].([]any)) != 2 {
		t.Errorf("listed: %v", entry)
	}
}

func TestBoundRefused(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	many := strings.Split(strings.Repeat("https://a.example ", 17), " ")
	for _, c := range []struct {
		field string
		value any
	}{
		{"networks", []string{"everywhere"}}, {"networks", []string{"203.0.113.0/99"}},
		{"origins", []string{"example.org"}}, {"origins", []string{"https://example.org/path"}}, {"origins", []string{"https://*.example.org"}},
		{"origins", []string{"https://example.org; script-src *"}}, {"origins", []string{"https://user@example.org"}}, {"origins", []string{"data:text/html,x"}},
		{"origins", many}, {"legal_basis", strings.Repeat("x", 201)},
	} {
		if r := w.Do(w.owner, "POST", "/v1/shares", w.link(m{c.field: c.value})); r.Status != 422 {
			t.Errorf("%s %v: %d %s", c.field, c.value, r.Status, r.Text)
		}
	}
}

func TestEmbed(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	r := w.Do(w.owner, "POST", "/v1/shares", w.link(m{"origins": []string{"https://WWW.example.org/", "http://127.0.0.1:8000", "https://www.example.org"}})).Want(201)
	if want := "http://v:8080/embed/" + r.String("id") + "#" + r.String("token"); r.String("embed") != want {
		t.Errorf("embedded at %q, want %q", r.String("embed"), want)
	}
	origins, err := w.function.Origins(t.Context(), r.String("id"))
	if err != nil || !slices.Equal(origins, []string{"https://www.example.org", "http://127.0.0.1:8000"}) {
		t.Errorf("origins %q %v", origins, err)
	}
	if plain := w.Do(w.owner, "POST", "/v1/shares", w.link(nil)).Want(201); plain.Body["embed"] != nil {
		t.Errorf("a link for no page can be embedded: %s", plain.Text)
	}
	for _, id := range []string{gatepost.NewID(), "..", ""} {
		if origins, err := w.function.Origins(t.Context(), id); err != nil || len(origins) != 0 {
			t.Errorf("%q: %v %v", id, origins, err)
		}
	}
}

func TestRevokeAll(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	_, raw := w.make(t, nil)
	w.make(t, nil)
	org := w.camera.Owner
	for _, c := range []struct {
		name, token string
		body        m
		status      int
		revoked     float64
	}{
		{"nobody", "", m{"camera_id": w.camera.ID}, 401, 0},
		{"a stranger", w.stranger, m{"camera_id": w.camera.ID}, 404, 0},
		{"a stranger for the organisation", w.stranger, m{"organisation_id": org}, 403, 0},
		{"a watcher", w.watcher, m{"organisation_id": org}, 403, 0},
		{"a watcher at the camera", w.watcher, m{"camera_id": w.camera.ID}, 403, 0},
		{"the operator", w.carrier, m{"organisation_id": org}, 403, 0},
		{"neither", w.owner, m{}, 422, 0},
		{"both", w.owner, m{"camera_id": w.camera.ID, "organisation_id": org}, 422, 0},
		{"the owner at the camera", w.owner, m{"camera_id": w.camera.ID}, 200, 2},
		{"the owner again", w.owner, m{"organisation_id": org}, 200, 0},
		{"an administrator", w.admin, m{"organisation_id": org}, 200, 0},
	} {
		r := w.Do(c.token, "POST", "/v1/shares/revoke", c.body)
		if r.Status != c.status || c.status == 200 && r.Body["revoked"] != c.revoked {
			t.Errorf("%s: %d, want %d: %s", c.name, r.Status, c.status, r.Text)
		}
	}
	w.open(raw).Want(410).Refused(gatepost.Gone, "")
}
