package e2e

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestDuty is a shift in a watch room, with a real camera and a browser for each
// person: an unwatched class 1 camera becomes an alarm, is watched, handed over;
// an owner opens footage that was asked for; a drill, and what the ledger says
// of all of it. Then the API is asked what the answer opens.
func TestDuty(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t, "--object-duration", "5s", "--acceptance-window", "5s")
	type account struct {
		Login    string `json:"login"`
		Password string `json:"password"`
		Name     string `json:"name"`
		token    string
	}
	people := map[string]account{}
	organisation := func(name, kind, division string) string {
		var o struct{ ID string }
		s.Call("POST", "/v1/organisations", map[string]string{"name": name, "kind": kind, "division": division}, &o, 201)
		return o.ID
	}
	join := func(who, organisation, role, name string) {
		a := account{Login: who, Password: "password of " + who, Name: name}
		s.Call("POST", "/v1/users", map[string]string{"login": a.Login, "name": a.Name, "password": a.Password, "organisation_id": organisation, "role": role}, nil, 201)
		a.token = s.Login(a.Login, a.Password)
		people[who] = a
	}
	centre, shop := organisation("Lakeside sub-control centre", "sub_control", "330102"), organisation("Corner shop", "business", "330102")
	join("chief", centre, "supervisor", "the chief of the room")
	join("watcher", centre, "watcher", "the watcher of the room")
	join("commander", organisation("City command", "police", "3301"), "supervisor", "the commander")
	join("owner", shop, "owner", "the owner")

	enrol := func(name string, class int, consent bool) harness.Camera {
		var c harness.Camera
		s.Call("POST", "/v1/cameras", map[string]any{"name": name, "owner_id": shop, "division": "330102", "class": class, "consent_to_share": consent,
			"position": map[string]float64{"longitude": 120.164, "latitude": 30.259}}, &c, 201)
		return c
	}
	street, till := enrol("street outside", 1, true), enrol("till", 3, false)
	for _, c := range []harness.Camera{street, till} {
		harness.Push(t, c, "rtsp-tcp", harness.Source{})
		s.Online(c.ID)
		harness.Eventually(t, time.Minute, c.ID+" is in service", func() error {
			if state := s.Camera(c.ID).State; state != "in_service" {
				return errors.New(state)
			}
			return nil
		})
	}
	p := harness.StartProcess(t, "node", harness.Drive(t, map[string]any{"what": "duty", "page": "http://" + s.HTTP + "/", "people": people,
		"camera": street.ID, "closed": till.ID, "closed_name": "till", "shots": os.Getenv("GATEPOST_SCREENSHOTS")})...)
	p.Wait(t, 6*time.Minute)
	if !strings.Contains(p.Log.String(), `"walked":true`) {
		t.Fatalf("the walk says %.500s", harness.RedactURL(p.Log.String()))
	}
	opened(t, s, till.ID, people["chief"].token, people["owner"].token)
}

// opened checks what the answer to the only footage request opens: its window,
// for its case, until the request is withdrawn.
func opened(t *testing.T, s *harness.Server, camera, asker, owner string) {
	t.Helper()
	var requests struct {
		Items []struct {
			ID         string
			From, To   time.Time
			CaseNumber string `json:"case_number"`
		}
	}
	s.Call("GET", "/v1/footage-requests", nil, &requests, 200, asker)
	if len(requests.Items) != 1 {
		t.Fatalf("requests %+v", requests)
	}
	r := requests.Items[0]
	look := func(from time.Time, number string) map[string]any {
		return map[string]any{"camera_id": camera, "action": "playback", "purpose": "case", "reason": "a stolen bicycle", "case_number": number,
			"from": from.Format(time.RFC3339Nano), "to": r.To.Format(time.RFC3339Nano)}
	}
	var g harness.Grant
	s.Call("POST", "/v1/grants", look(r.From, r.CaseNumber), &g, 201, asker)
	s.Call("POST", "/v1/grants", look(r.From.Add(-time.Second), r.CaseNumber), nil, 403, asker)
	s.Call("POST", "/v1/grants", look(r.From, "another case"), nil, 403, asker)
	s.Call("POST", "/v1/grants", map[string]any{"camera_id": camera, "action": "live", "purpose": "case", "reason": "x", "case_number": r.CaseNumber}, nil, 403, asker)
	s.Call("POST", "/v1/clips", map[string]any{"camera_id": camera, "from": r.From, "to": r.From.Add(time.Minute), "purpose": "case", "reason": "x"}, nil, 403, asker)
	var ledger struct {
		Items []struct{ Detail map[string]string }
	}
	s.Call("GET", "/v1/ledger?kind=grant&camera_id="+camera, nil, &ledger, 200, owner)
	if len(ledger.Items) == 0 || ledger.Items[0].Detail["rule"] != "footage" || ledger.Items[0].Detail["case_number"] != r.CaseNumber {
		t.Errorf("the owner's ledger says %+v", ledger.Items)
	}
	s.Call("DELETE", "/v1/footage-requests/"+r.ID, nil, nil, 204, asker)
	s.Call("POST", "/v1/grants", look(r.From, r.CaseNumber), nil, 403, asker)
	harness.Eventually(t, 10*time.Second, "its playlist is refused", func() error {
		if status, body := s.Raw("GET", strings.TrimPrefix(g.URLs.Playlist, "http://"+s.HTTP), nil, "-"); status < 400 {
			return errors.New(string(body))
		}
		return nil
	})
}
