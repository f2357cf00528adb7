package e2e

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/gatepost-video/gatepost/test/harness"
)

// person makes an organisation with one member and signs him in.
func person(s *harness.Server, t *testing.T, kind, division, role string) (organisation, token string) {
	t.Helper()
	var o struct{ ID string }
	s.Call("POST", "/v1/organisations", map[string]any{"name": kind + " of " + division, "kind": kind, "division": division}, &o, 201)
	login := fmt.Sprintf("%s.%s.%s", role, kind, division)
	s.Call("POST", "/v1/users", map[string]any{"login": login, "name": "The " + role, "password": "password of " + role, "organisation_id": o.ID, "role": role}, nil, 201)
	return o.ID, s.Login(login, "password of "+role)
}

// inbox is a shop's webhook.
type inbox struct {
	mu    sync.Mutex
	kinds []string
	last  map[string]string
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var n struct {
		Kind   string
		Detail map[string]string
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &n) != nil || !strings.HasPrefix(r.Header.Get("Gatepost-Signature"), "v1=") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kinds, b.last = append(b.kinds, n.Kind), n.Detail
}

func (b *inbox) told() ([]string, map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.kinds), b.last
}

// TestIncident is an emergency around a shop's own camera: the station may not look,
// until the city activates an incident there; it then sees the picture within five
// seconds; the shop is told; and the picture stops within five seconds of the end.
func TestIncident(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t, "--private-webhooks", "--acceptance-window", "3s")
	_, keeper := person(s, t, "business", "330102", "owner")
	station, officer := person(s, t, "sub_control", "330102", "responder")
	_, commander := person(s, t, "police", "3301", "supervisor")

	var cam harness.Camera
	s.Call("POST", "/v1/cameras", map[string]any{"name": "Till", "division": "330102001", "position": map[string]any{"longitude": 120.16, "latitude": 30.25},
		"class": 3, "consent_to_share": false, "sign_posted": true, "not_banned_place": true}, &cam, 201, keeper)
	hook := &inbox{}
	there := httptest.NewServer(hook)
	defer there.Close()
	s.Call("POST", "/v1/webhooks", map[string]any{"url": there.URL}, nil, 201, keeper)
	harness.Push(t, cam, "rtsp-tcp", harness.Source{})
	// Owners of cameras that work are told, so it is accepted first.
	harness.Eventually(t, 40*time.Second, "the camera is in service", func() error {
		var c struct{ State string }
		s.Call("GET", "/v1/cameras/"+cam.ID, nil, &c, 200, keeper)
		if c.State != "in_service" {
			return fmt.Errorf("it is %q", c.State)
		}
		return nil
	})

	ask := map[string]any{"camera_id": cam.ID, "action": "live", "purpose": "emergency", "reason": "fire next door"}
	status, body := s.Raw("POST", "/v1/grants", ask, officer)
	if status != 403 || !strings.Contains(string(body), "standing consent") {
		t.Fatalf("before the incident: %d %s", status, body)
	}
	var why struct {
		Allowed  bool
		Remedies []struct{ EN string }
	}
	s.Call("GET", "/v1/cameras/"+cam.ID+"/access?action=live", nil, &why, 200, officer)
	if why.Allowed || len(why.Remedies) == 0 {
		t.Errorf("explained: %+v", why)
	}

	begun := time.Now()
	var incident struct{ ID, State string }
	s.Call("POST", "/v1/incidents", map[string]any{"kind": "emergency", "name": "Fire in Qingbo", "reason": "smoke from the roof", "units": []string{station},
		"area": map[string]any{"circle": map[string]any{"centre": map[string]any{"longitude": 120.1605, "latitude": 30.2502}, "metres": 300}},
		"end":  harness.Stamp(begun.Add(time.Hour))}, &incident, 201, commander)
	if incident.State != "active" {
		t.Errorf("state %q", incident.State)
	}
	var grant harness.Grant
	s.Call("POST", "/v1/grants", ask, &grant, 201, officer)
	for _, mode := range []string{"hls", "whep"} {
		if got := s.Watch(t, harness.Watch{Mode: mode, Grant: grant, Seconds: 3}); got.Frames < 25 || got.Advanced < 1.5 {
			t.Errorf("by %s: %+v", mode, got)
		}
	}
	harness.Eventually(t, 10*time.Second, "the shop is told", func() error {
		kinds, detail := hook.told()
		if !slices.Equal(kinds, []string{"incident_started"}) || detail["reason"] != "smoke from the roof" || detail["by"] != "The supervisor" {
			return fmt.Errorf("it heard %v %v", kinds, detail)
		}
		return nil
	})

	// The end, in mid-play.
	byHLS, hls := s.Watching(t, harness.Watch{Mode: "hls", Grant: grant, Seconds: 45})
	byWHEP, whep := s.Watching(t, harness.Watch{Mode: "whep", Grant: grant, Seconds: 45})
	for byHLS != nil || byWHEP != nil {
		select {
		case <-byHLS:
			byHLS = nil
		case <-byWHEP:
			byWHEP = nil
		case got := <-hls:
			t.Fatalf("it ended by HLS before the other began: %+v", got)
		case got := <-whep:
			t.Fatalf("it ended by WHEP before the other began: %+v", got)
		}
	}
	s.Call("POST", "/v1/incidents/"+incident.ID+"/end", nil, nil, 200, commander)
	for _, seen := range []<-chan harness.Watched{hls, whep} {
		if got := <-seen; got.Frames == 0 || got.Advanced > 40 || got.State == "playing" {
			t.Errorf("a look that should have ended: %+v", got)
		}
	}
	if status, body := s.Raw("POST", "/v1/grants", ask, officer); status != 403 {
		t.Errorf("after the incident: %d %s", status, body)
	}
	harness.Eventually(t, 10*time.Second, "the shop is told of the end", func() error {
		if kinds, _ := hook.told(); !slices.Equal(kinds, []string{"incident_started", "incident_ended"}) {
			return fmt.Errorf("it heard %v", kinds)
		}
		return nil
	})

	// What the owner reads afterwards: who, of which unit, why, from when to when.
	var looks struct {
		Items []struct {
			Purpose, Reason  string
			OrganisationName string `json:"organisation_name"`
			UserName         string `json:"user_name"`
			RevokedAt        string `json:"revoked_at"`
		}
	}
	s.Call("GET", "/v1/grants?camera_id="+cam.ID, nil, &looks, 200, keeper)
	if len(looks.Items) != 1 || looks.Items[0].Reason != "fire next door" || looks.Items[0].OrganisationName != "sub_control of 330102" || looks.Items[0].UserName != "The responder" || looks.Items[0].RevokedAt == "" {
		t.Errorf("the owner's view: %+v", looks.Items)
	}
	proof := provenLook(t, s, cam.ID, keeper, begun)
	s.Stop()
	tampered(t, s, proof)
}

// provenLook waits for the looks in the owner's ledger, reads in them who, of which
// unit, why, from when to when, and has the proof of one verified as an outsider
// does. It returns the number of that entry.
func provenLook(t *testing.T, s *harness.Server, camera, owner string, begun time.Time) (sequence int64) {
	t.Helper()
	type entry struct {
		ID               string
		Sequence         *int64
		ActorName        string `json:"actor_name"`
		OrganisationName string `json:"organisation_name"`
		Detail           map[string]string
	}
	var entries struct{ Items []entry }
	harness.Eventually(t, 30*time.Second, "the looks are in the ledger", func() error {
		s.Call("GET", "/v1/ledger?kind=look&camera_id="+camera, nil, &entries, 200, owner)
		transports := map[string]bool{}
		for _, e := range entries.Items {
			if e.Sequence == nil {
				return fmt.Errorf("%s has no number yet", e.ID)
			}
			transports[e.Detail["transport"]] = true
		}
		if len(transports) < 2 {
			return fmt.Errorf("looks by %v", transports)
		}
		return nil
	})
	for _, e := range entries.Items {
		from, err1 := time.Parse(time.RFC3339, e.Detail["start"])
		to, err2 := time.Parse(time.RFC3339, e.Detail["end"])
		if e.ActorName != "The responder" || e.OrganisationName != "sub_control of 330102" || e.Detail["reason"] != "fire next door" ||
			err1 != nil || err2 != nil || from.Before(begun.Truncate(time.Second)) || !to.After(from) || to.After(time.Now()) {
			t.Errorf("a look in the owner's ledger: %+v", e)
		}
	}
	look := entries.Items[0]
	status, body := s.Raw("GET", "/v1/ledger/entries/"+look.ID+"/proof", nil, owner)
	if status != 200 {
		t.Fatalf("proof: %d %s", status, body)
	}
	file := filepath.Join(t.TempDir(), "proof")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := verifyLedger(t, "--url", s.Scheme+"://"+s.HTTP, "--proof", file); err != nil {
		t.Errorf("the proof of a look: %v\n%s", err, out)
	}
	return *look.Sequence
}

// tampered edits copies of a stopped server's database by hand; each is found out.
func tampered(t *testing.T, s *harness.Server, sequence int64) {
	t.Helper()
	path := filepath.Join(s.Data, "gatepost.db")
	if out, err := verifyLedger(t, "--database", "sqlite://"+path); err != nil {
		t.Fatalf("before anybody touched it: %v\n%s", err, out)
	}
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for finding, edit := range map[string]string{
		"altered": `UPDATE ledger SET detail = REPLACE(detail, 'fire next door', 'routine') WHERE seq = $1`,
		"removed": `DELETE FROM ledger WHERE seq = $1`,
		"inserted": `INSERT INTO ledger (id, at, kind, actor, organisation_id, camera_id, allowed, detail)
			SELECT id || 'x', at, kind, actor, organisation_id, camera_id, allowed, detail FROM ledger WHERE seq = $1`,
	} {
		copied := filepath.Join(t.TempDir(), "gatepost.db")
		if err := os.WriteFile(copied, original, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", copied)
		if err != nil {
			t.Fatal(err)
		}
		result, err := db.ExecContext(t.Context(), edit, sequence)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := result.RowsAffected(); n != 1 || err != nil {
			t.Fatalf("%s: %d rows, %v", finding, n, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		out, err := verifyLedger(t, "--database", "sqlite://"+copied)
		if err == nil || !strings.Contains(out, finding) {
			t.Errorf("%s by hand: %v\n%s", finding, err, out)
		}
	}
}

func verifyLedger(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(harness.Root(t), "bin", "gatepost"), append([]string{"verify-ledger"}, args...)...).CombinedOutput()
	return string(out), err
}
