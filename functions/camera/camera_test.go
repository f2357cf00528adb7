package camera_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/camera"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

// world is a shop, its neighbour, the operator and the administrator, and
// somebody of each role.
type world struct {
	*functest.API
	store                                      *sqlstore.Store
	shop, neighbour, operator                  gatepost.Organisation
	owner, watcher, maintainer, stranger       string
	station                                    string
	admin, carrier, carrierWatcher, thirdParty string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := storetest.OpenSQLite(t)
	if _, err := s.PutDivisions(t.Context(), []gatepost.Division{
		{Code: "33", Name: "浙江省", Level: "province"}, {Code: "3301", Name: "杭州市", Level: "city", Parent: "33"},
		{Code: "330106", Name: "西湖区", Level: "county", Parent: "3301"}, {Code: "330106001", Name: "北山街道", Level: "town", Parent: "330106"},
		{Code: "330106002", Name: "西溪街道", Level: "town", Parent: "330106"}, {Code: "330108", Name: "滨江区", Level: "county", Parent: "3301"},
		{Code: "330108001", Name: "西兴街道", Level: "town", Parent: "330108"}, {Code: "3302", Name: "宁波市", Level: "city", Parent: "33"}, {Code: "330201", Name: "市辖区", Level: "county", Parent: "3302"},
	}); err != nil {
		t.Fatal(err)
	}
	w := &world{store: s, API: functest.New(t, camera.New(camera.Options{Store: s, Addresses: gatepost.Addresses{
		HTTP: "http://v:8080", Media: "http://v:8081", RTSP: "v:8554", RTMP: "v:1935", SRT: "v:8890"}}).Register)}
	w.shop, w.neighbour = storetest.NewOrganisation(t, s, gatepost.KindBusiness), storetest.NewOrganisation(t, s, gatepost.KindBusiness)
	w.shop.Division = "330106001"
	w.station = w.SignIn(gatepost.Organisation{ID: storetest.NewOrganisation(t, s, gatepost.KindPolice).ID, Kind: gatepost.KindPolice, Division: "330106"}, gatepost.RoleSupervisor)
	w.operator = storetest.NewOrganisation(t, s, gatepost.KindOperator)
	w.owner, w.watcher, w.maintainer = w.SignIn(w.shop, gatepost.RoleOwner), w.SignIn(w.shop, gatepost.RoleWatcher), w.SignIn(w.shop, gatepost.RoleMaintainer)
	w.stranger, w.admin = w.SignIn(w.neighbour, gatepost.RoleOwner), w.SignIn(w.operator, gatepost.RoleAdmin)
	w.carrier, w.carrierWatcher = w.SignIn(w.operator, gatepost.RoleOwner), w.SignIn(w.operator, gatepost.RoleWatcher)
	w.thirdParty = w.SignIn(storetest.NewOrganisation(t, s, gatepost.KindThirdParty), gatepost.RoleOwner)
	return w
}

// declared is the least that an owner must say.
func declared(more m) m {
	body := m{"name": "前门", "not_banned_place": true, "sign_posted": true}
	for k, v := range more {
		body[k] = v
	}
	return body
}

func (w *world) enrol(t *testing.T, token string) (id, key string) {
	t.Helper()
	r := w.Do(token, "POST", "/v1/cameras", declared(nil)).Want(201)
	return r.String("id"), r.String("stream_key")
}

func TestEnrolment(t *testing.T) {
	w := newWorld(t)
	r := w.Do(w.owner, "POST", "/v1/cameras", declared(m{
		"position": m{"longitude": 120.15, "latitude": 30.28}, "address": "北山街 1 号", "division": "330106001", "place": "market",
		"class": 3, "retention_days": 90, "consent_to_share": true, "funder_id": w.shop.ID,
	})).Want(201)
	id, key := r.String("id"), r.String("stream_key")
	for path, want := range map[string]string{
		"national_id": "33010600531320000001", "state": "enrolled", "owner_id": w.shop.ID, "responsible_id": w.shop.ID,
		"name": "前门", "place": "market", "division": "330106001",
	} {
		if got := r.String(path); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	for protocol, want := range map[string]string{
		"rtsp": "rtsp://v:8554/" + id + "/" + key,
		"rtmp": "rtmp://v:1935/live/" + id + "?key=" + key,
		"srt":  "srt://v:8890?streamid=publish:" + id + "&passphrase=" + gatepost.SRTPassphrase(key) + "&pkt_size=1316",
		"whip": "http://v:8081/whip/" + id,
	} {
		if got := r.String("publish", protocol); got != want {
			t.Errorf("%s URL %q, want %q", protocol, got, want)
		}
	}
	if r.Header.Get("Cache-Control") != "no-store" {
		t.Error("the answer with the key may be cached")
	}
	if v, ok := r.Body["acceptance"]; !ok || v != nil {
		t.Errorf("acceptance %v, want null", v)
	}
	stored, err := w.store.Camera(t.Context(), id)
	if err != nil || !gatepost.KeyMatches(key, stored.KeyHash) || stored.SRTSecret != gatepost.SRTPassphrase(key) {
		t.Errorf("the stored camera does not know its key: %v", err)
	}
	if got := w.Do(w.owner, "GET", "/v1/cameras/"+id, nil).Want(200); strings.Contains(got.Text, key) || strings.Contains(got.Text, "stream_key") || strings.Contains(got.Text, stored.KeyHash) {
		t.Error("the key, or its hash, is shown again")
	}

	least := w.Do(w.admin, "POST", "/v1/cameras", m{"name": "c"}).Want(201)
	if least.Body["class"] != 3.0 || least.Body["retention_days"] != 30.0 || least.String("place") != "unclassified" || least.Body["position"] != nil ||
		least.Body["sign_posted"] != true || least.String("owner_id") != w.operator.ID || least.String("national_id") != "00000000031320000001" {
		t.Errorf("an administrator's defaults: %s", least.Text)
	}
	given := w.Do(w.admin, "POST", "/v1/cameras", m{"name": "c", "owner_id": w.shop.ID, "beneficiary_id": w.neighbour.ID, "position": nil}).Want(201)
	if given.String("owner_id") != w.shop.ID || given.String("responsible_id") != w.shop.ID || given.String("beneficiary_id") != w.neighbour.ID {
		t.Errorf("an administrator names organisations: %s", given.Text)
	}
}

// TestEnrolmentRefused is the attacker's and the careless owner's table.
func TestEnrolmentRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		token  string
		body   any
		status int
		field  string
	}{
		{"nobody", "", declared(nil), 401, ""},
		{"forged token", "eyJhbGciOiJub25lIn0.e30.", declared(nil), 401, ""},
		{"watcher", w.watcher, declared(nil), 403, ""},
		{"third party", w.thirdParty, declared(nil), 403, ""},
		{"not JSON", w.owner, `{"name":`, 400, ""},
		{"a list", w.owner, `[]`, 422, ""},
		{"no body", w.owner, nil, 400, ""},
		{"unknown field", w.owner, declared(m{"colour": "red"}), 422, "colour"},
		{"key of one's own", w.owner, declared(m{"stream_key": "aaaaaaaaaaaaaaaaaaaaaaaa"}), 422, "stream_key"},
		{"state of one's own", w.owner, declared(m{"state": "in_service"}), 422, "state"},
		{"no name", w.admin, m{}, 422, "name"},
		{"null name", w.admin, `{"name":null}`, 422, "name"},
		{"empty name", w.admin, m{"name": ""}, 422, "name"},
		{"blank name", w.admin, m{"name": " \t "}, 422, "name"},
		{"number as name", w.admin, m{"name": 7}, 422, "name"},
		{"long name", w.admin, m{"name": strings.Repeat("门", 101)}, 422, "name"},
		{"huge name", w.admin, m{"name": strings.Repeat("x", 900_000)}, 422, "name"},
		{"control character", w.admin, m{"name": "a\x00b"}, 422, "name"},
		{"new line", w.admin, m{"name": "a\nlevel=error msg=forged"}, 422, "name"},
		{"turned text", w.admin, m{"name": "a\u202egpj"}, 422, "name"},
		{"address with escape", w.admin, m{"name": "a", "address": "\x1b[2J"}, 422, "address"},
		{"long address", w.admin, m{"name": "a", "address": strings.Repeat("x", 201)}, 422, "address"},
		{"longitude too far", w.admin, m{"name": "a", "position": m{"longitude": 180.5, "latitude": 1}}, 422, "position.longitude"},
		{"latitude too far", w.admin, m{"name": "a", "position": m{"longitude": 1, "latitude": -90.01}}, 422, "position.latitude"},
		{"longitude alone", w.admin, m{"name": "a", "position": m{"longitude": 1}}, 422, "position.latitude"},
		{"latitude alone", w.admin, m{"name": "a", "position": m{"latitude": 1}}, 422, "position.longitude"},
		{"position with more", w.admin, m{"name": "a", "position": m{"longitude": 1, "latitude": 1, "altitude": 1}}, 422, "position.altitude"},
		{"position as text", w.admin, m{"name": "a", "position": "1,1"}, 422, "position"},
		{"longitude out of range of numbers", w.admin, `{"name":"a","position":{"longitude":1e999,"latitude":1}}`, 400, ""},
		{"unknown division", w.admin, m{"name": "a", "division": "330199"}, 422, "division"},
		{"malformed division", w.admin, m{"name": "a", "division": "../../e"}, 422, "division"},
		{"division of 3 digits", w.admin, m{"name": "a", "division": "330"}, 422, "division"},
		{"unknown place", w.admin, m{"name": "a", "place": "toilet"}, 422, "place"},
		{"class 0", w.admin, m{"name": "a", "class": 0}, 422, "class"},
		{"class 4", w.admin, m{"name": "a", "class": 4}, 422, "class"},
		{"class 1.5", w.admin, m{"name": "a", "class": 1.5}, 422, "class"},
		{"retention under the floor", w.admin, m{"name": "a", "retention_days": 29}, 422, "retention_days"},
		{"retention over the ceiling", w.admin, m{"name": "a", "retention_days": 181}, 422, "retention_days"},
		{"retention negative", w.admin, m{"name": "a", "retention_days": -1}, 422, "retention_days"},
		{"retention without end", w.admin, `{"name":"a","retention_days":99999999999999999999}`, 422, "retention_days"},
		{"banned place not declared", w.owner, m{"name": "a", "sign_posted": true}, 422, "not_banned_place"},
		{"banned place", w.owner, declared(m{"not_banned_place": false}), 422, "not_banned_place"},
		{"no sign", w.owner, declared(m{"sign_posted": false}), 422, "sign_posted"},
		{"declaration as text", w.owner, declared(m{"sign_posted": "true"}), 422, "sign_posted"},
		{"another's organisation", w.owner, declared(m{"owner_id": w.neighbour.ID}), 403, "owner_id"},
		{"another's money", w.owner, declared(m{"funder_id": w.neighbour.ID}), 403, "funder_id"},
		{"nobody's money", w.owner, declared(m{"funder_id": gatepost.NewID()}), 403, "funder_id"},
		{"unknown owner", w.admin, m{"name": "a", "owner_id": gatepost.NewID()}, 422, "owner_id"},
		{"owner by injection", w.admin, m{"name": "a", "owner_id": "' OR 1=1 --"}, 422, "owner_id"},
		{"class 1 of a shop's own", w.owner, declared(m{"class": 1}), 403, "class"},
		{"class 2 of the operator's own", w.carrier, declared(m{"class": 2}), 403, "class"},
		{"the next county", w.owner, declared(m{"division": "330108"}), 403, "division"},
		{"the whole city", w.owner, declared(m{"division": "3301"}), 403, "division"},
		{"a division, of no division", w.stranger, declared(m{"division": "330106"}), 403, "division"},
		{"another city's, by police", w.station, declared(m{"division": "330201"}), 403, "division"},
		{"empty owner", w.admin, m{"name": "a", "owner_id": ""}, 422, "owner_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.Do(c.token, "POST", "/v1/cameras", c.body)
			if r.Status != c.status {
				t.Fatalf("status %d, want %d: %s", r.Status, c.status, r.Text)
			}
			r.Refused(gatepost.Code(r.String("code")), c.field)
		})
	}
	if cameras, err := w.store.Cameras(t.Context(), gatepost.CameraFilter{}, "", 10); err != nil || len(cameras) != 0 {
		t.Errorf("%d cameras were enrolled by refused requests, %v", len(cameras), err)
	}
}

func TestCamerasOfOthers(t *testing.T) {
	w := newWorld(t)
	id, _ := w.enrol(t, w.owner)
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", "", nil}, {"PATCH", "", m{"name": "mine"}}, {"POST", "/key", nil}, {"POST", "/suspend", nil},
		{"POST", "/resume", m{"reason": "x"}}, {"POST", "/retire", nil}, {"POST", "/acceptance", nil},
	} {
		missing := w.Do(w.stranger, c.method, "/v1/cameras/"+gatepost.NewID()+c.path, c.body).Want(404)
		got := w.Do(w.stranger, c.method, "/v1/cameras/"+id+c.path, c.body).Want(404)
		if got.Text != missing.Text {
			t.Errorf("%s %s: another's camera is told from none:\n%s\n%s", c.method, c.path, got.Text, missing.Text)
		}
		w.Do("", c.method, "/v1/cameras/"+id+c.path, c.body).Want(401)
		if c.method != "GET" {
			w.Do(w.watcher, c.method, "/v1/cameras/"+id+c.path, c.body).Want(403).Refused(gatepost.Forbidden, "")
			w.Do(w.carrierWatcher, c.method, "/v1/cameras/"+id+c.path, c.body).Want(403)
		}
		for _, bad := range []string{"x", "..%2f" + id, id + "%00", strings.ToUpper(id), strings.Repeat("a", 60), "%27%20OR%201=1"} {
			if r := w.Do(w.owner, c.method, "/v1/cameras/"+bad+c.path, c.body); r.Status != 404 {
				t.Errorf("%s %q: status %d: %s", c.method, bad+c.path, r.Status, r.Text)
			}
		}
	}
	if c, err := w.store.Camera(t.Context(), id); err != nil || c.Name != "前门" || c.State != gatepost.CameraEnrolled {
		t.Errorf("refused requests changed the camera: %+v %v", c, err)
	}
	entries, err := w.store.LedgerByCamera(t.Context(), id, "", 100)
	refused := 0
	for _, e := range entries {
		if !e.Allowed {
			refused++
		}
	}
	if err != nil || refused != 7+6+6 {
		t.Errorf("%d refusals in the ledger, %v, want one for each", refused, err)
	}
}

func TestList(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for range 3 {
		id, _ := w.enrol(t, w.owner)
		ids = append(ids, id)
	}
	other, _ := w.enrol(t, w.stranger)
	count := func(token, query string) int {
		return len(w.Do(token, "GET", "/v1/cameras"+query, nil).Want(200).Items())
	}
	for _, c := range []struct {
		who, token, query string
		want              int
	}{
		{"owner", w.owner, "", 3}, {"watcher", w.watcher, "", 3}, {"maintainer", w.maintainer, "", 3}, {"neighbour", w.stranger, "", 1},
		{"admin", w.admin, "", 4}, {"operator", w.carrier, "", 4}, {"operator of one owner", w.carrier, "?owner_id=" + w.neighbour.ID, 1},
		{"owner of another", w.owner, "?owner_id=" + w.neighbour.ID, 0}, {"owner of himself", w.owner, "?owner_id=" + w.shop.ID, 3},
		{"third party", w.thirdParty, "", 0},
	} {
		if got := count(c.token, c.query); got != c.want {
			t.Errorf("%s sees %d cameras, want %d", c.who, got, c.want)
		}
	}
	seen := map[string]bool{}
	after := ""
	for range 3 {
		r := w.Do(w.admin, "GET", "/v1/cameras?limit=2&after="+after, nil).Want(200)
		for _, item := range r.Items() {
			seen[item["id"].(string)] = true
		}
		if after = r.String("next"); after == "" {
			break
		}
	}
	for _, id := range append(ids, other) {
		if !seen[id] {
			t.Errorf("camera %s is on no page", id)
		}
	}
	for _, bad := range []string{"?limit=-1", "?limit=0", "?limit=201", "?limit=x", "?owner=1", "?after=" + strings.Repeat("x", 200)} {
		if r := w.Do(w.owner, "GET", "/v1/cameras"+bad, nil); r.Status != 422 {
			t.Errorf("%s: status %d: %s", bad, r.Status, r.Text)
		}
	}
}

// TestDivisionAndClass: who puts cameras where, and says which are watched around the
// clock.
func TestDivisionAndClass(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, token string
		body        m
	}{
		{"a shop in its county", w.owner, m{"division": "330106", "class": 3}},
		{"a shop across the street", w.owner, m{"division": "330106002"}},
		{"a shop nowhere", w.stranger, m{"division": ""}},
		{"the station's own", w.station, m{"division": "330106001", "class": 1}},
		{"the operator's, anywhere", w.carrier, m{"division": "330108"}},
		{"an administrator's", w.admin, m{"division": "330108", "class": 2}},
	} {
		r := w.Do(c.token, "POST", "/v1/cameras", declared(c.body)).Want(201)
		for field, want := range c.body {
			if n, ok := want.(int); ok && r.Body[field] != float64(n) || !ok && r.Body[field] != want {
				t.Errorf("%s: %s is %v, want %v", c.name, field, r.Body[field], want)
			}
		}
	}
	// A class that was given is not shaken off, and what stays as it is may be said.
	id, _ := w.enrol(t, w.owner)
	path := "/v1/cameras/" + id
	w.Do(w.admin, "PATCH", path, m{"class": 2, "division": "330108"}).Want(200)
	w.Do(w.owner, "PATCH", path, m{"class": 2, "division": "330108", "name": "as it is"}).Want(200)
	w.Do(w.owner, "PATCH", path, m{"class": 3}).Want(403).Refused(gatepost.Forbidden, "class")
	w.Do(w.carrier, "PATCH", path, m{"class": 3}).Want(403).Refused(gatepost.Forbidden, "class")
	w.Do(w.owner, "PATCH", path, m{"division": "330108001"}).Want(403).Refused(gatepost.Forbidden, "division")
	w.Do(w.owner, "PATCH", path, m{"division": "330106"}).Want(200)
}

func TestPatch(t *testing.T) {
	w := newWorld(t)
	id, _ := w.enrol(t, w.owner)
	path := "/v1/cameras/" + id
	r := w.Do(w.maintainer, "PATCH", path, m{"name": "后门", "division": "330106", "class": 3, "position": m{"longitude": -180, "latitude": 90}}).Want(200)
	if r.String("name") != "后门" || r.Body["class"] != 3.0 || r.String("division") != "330106" || r.Body["retention_days"] != 30.0 {
		t.Errorf("changed: %s", r.Text)
	}
	if got := r.String("national_id"); got != "00000000031320000001" {
		t.Errorf("the national id changed to %s", got)
	}
	w.Do(w.owner, "PATCH", path, m{"owner_id": w.neighbour.ID}).Want(403).Refused(gatepost.Forbidden, "owner_id")
	w.Do(w.owner, "PATCH", path, m{"not_banned_place": false}).Want(422).Refused(gatepost.Invalid, "not_banned_place")
	w.Do(w.owner, "PATCH", path, m{"name": "x\ny"}).Want(422).Refused(gatepost.Invalid, "name")
	w.Do(w.owner, "PATCH", path, m{"key_hash": "0"}).Want(422).Refused(gatepost.Invalid, "key_hash")
	w.Do(w.owner, "PATCH", path, m{"division": "330106999"}).Want(422).Refused(gatepost.Invalid, "division")
	w.Do(w.carrier, "PATCH", path, m{"address": "by the operator"}).Want(200)
	w.Do(w.admin, "PATCH", path, m{"owner_id": w.neighbour.ID}).Want(200)
	w.Do(w.owner, "GET", path, nil).Want(404)
	w.Do(w.stranger, "GET", path, nil).Want(200)
}

// TestPromises: consent and retention are entries of their own, with what was
// before and who changed it.
func TestPromises(t *testing.T) {
	w := newWorld(t)
	id, _ := w.enrol(t, w.owner)
	for _, body := range []m{{"consent_to_share": true}, {"retention_days": 60, "consent_to_share": true}, {"consent_to_share": false}, {"retention_days": 1}, {"name": "侧门"}} {
		w.Do(w.owner, "PATCH", "/v1/cameras/"+id, body)
	}
	entries, err := w.store.LedgerByCamera(t.Context(), id, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range entries {
		if e.Kind == gatepost.LedgerConsent || e.Kind == gatepost.LedgerRetention {
			told = append(told, string(e.Kind)+" "+e.Detail["old"]+" "+e.Detail["new"])
		}
		if e.Actor != w.owner || e.Organisation != w.shop.ID {
			t.Errorf("of %s: %+v", e.Actor, e)
		}
	}
	slices.Sort(told)
	if want := []string{"consent false true", "consent true false", "retention 30 60"}; !slices.Equal(told, want) {
		t.Errorf("the ledger tells %q, want %q", told, want)
	}
}

func TestLifeCycle(t *testing.T) {
	w := newWorld(t)
	id, key := w.enrol(t, w.owner)
	path := "/v1/cameras/" + id
	state := func(want string, r functest.Reply) {
		t.Helper()
		if got := r.Want(200).String("state"); got != want {
			t.Errorf("state %s, want %s", got, want)
		}
	}
	w.Do(w.owner, "POST", path+"/resume", nil).Want(409).Refused(gatepost.Conflict, "")
	w.Do(w.owner, "POST", path+"/acceptance", nil).Want(409)
	state("suspended", w.Do(w.owner, "POST", path+"/suspend", m{"reason": "装修"}))
	w.Do(w.owner, "POST", path+"/suspend", nil).Want(409)
	w.Do(w.owner, "POST", path+"/suspend", m{"reason": "a\x00"}).Want(422).Refused(gatepost.Invalid, "reason")
	w.Do(w.owner, "POST", path+"/suspend", m{"why": "a"}).Want(422)
	state("enrolled", w.Do(w.maintainer, "POST", path+"/resume", nil))

	admitted, err := w.store.AdmitPublisher(t.Context(), id, gatepost.HashKey(key), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	online := gatepost.CameraStatus{CameraID: id, Node: "n", Epoch: admitted.Epoch, Online: true, Recording: true, Protocol: "srt",
		Since: time.Now(), SeenAt: time.Now(), Viewers: 2, Measurement: gatepost.Measurement{VideoCodec: "h264", KeyInterval: 2 * time.Second}}
	if err := w.store.PutStatuses(t.Context(), []gatepost.CameraStatus{online}); err != nil {
		t.Fatal(err)
	}
	r := w.Do(w.owner, "GET", path, nil).Want(200)
	media, _ := r.Body["media"].(m)
	if r.Body["online"] != true || r.Body["recording"] != true || r.String("protocol") != "srt" || r.Body["viewers"] != 2.0 || media["key_interval_ms"] != 2000.0 {
		t.Errorf("online camera: %s", r.Text)
	}
	online.SeenAt = time.Now().Add(-31 * time.Second)
	if err := w.store.PutStatuses(t.Context(), []gatepost.CameraStatus{online}); err != nil {
		t.Fatal(err)
	}
	if r := w.Do(w.owner, "GET", path, nil).Want(200); r.Body["online"] != false || r.Body["recording"] != false || r.String("end_reason") != "gateway_crash" {
		t.Errorf("its gateway is silent, yet: %s", r.Text)
	}

	state("suspended", w.Do(w.carrier, "POST", path+"/suspend", nil))
	state("acceptance", w.Do(w.owner, "POST", path+"/resume", nil)) // it has pushed, and was never measured
	if _, err := w.store.UpdateCamera(t.Context(), id, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.State, c.Acceptance = gatepost.CameraInService, &gatepost.Acceptance{Passed: true, At: time.Now(), Reasons: []gatepost.AcceptanceReason{{Code: "b_frames", ZH: "有", EN: "has"}}}
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", CameraID: id, Allowed: true}, nil
	}); err != nil {
		t.Fatal(err)
	}
	state("suspended", w.Do(w.owner, "POST", path+"/suspend", nil))
	r = w.Do(w.owner, "POST", path+"/resume", nil)
	state("in_service", r)
	if verdict, _ := r.Body["acceptance"].(m); verdict["passed"] != true || !strings.Contains(r.Text, "b_frames") {
		t.Errorf("acceptance: %s", r.Text)
	}
	r = w.Do(w.owner, "POST", path+"/acceptance", nil)
	state("acceptance", r)
	if r.Body["acceptance"] != nil {
		t.Errorf("measured again, with the old verdict: %s", r.Text)
	}

	rotated := w.Do(w.owner, "POST", path+"/key", nil).Want(200)
	newKey := rotated.String("stream_key")
	stored, err := w.store.Camera(t.Context(), id)
	if err != nil || gatepost.KeyMatches(key, stored.KeyHash) || !gatepost.KeyMatches(newKey, stored.KeyHash) || stored.SRTSecret != gatepost.SRTPassphrase(newKey) {
		t.Errorf("the old key works still, or the new one does not: %v", err)
	}
	if !strings.HasSuffix(rotated.String("publish", "rtsp"), "/"+newKey) {
		t.Errorf("URLs: %s", rotated.Text)
	}
	if stored.Epoch <= admitted.Epoch {
		t.Error("rotating the key left the running session its epoch")
	}

	state("retired", w.Do(w.owner, "POST", path+"/retire", nil))
	for _, c := range []struct{ method, path string }{{"POST", "/retire"}, {"POST", "/resume"}, {"POST", "/suspend"}, {"POST", "/key"}, {"POST", "/acceptance"}} {
		w.Do(w.owner, c.method, path+c.path, nil).Want(409).Refused(gatepost.Conflict, "")
	}
	w.Do(w.owner, "PATCH", path, m{"name": "x"}).Want(409)
	w.Do(w.owner, "GET", path, nil).Want(200)

	entries, err := w.store.LedgerByCamera(t.Context(), id, "", 100)
	for _, e := range entries {
		for _, v := range e.Detail {
			if strings.Contains(v, key) || strings.Contains(v, newKey) {
				t.Errorf("a key is in the ledger: %+v", e)
			}
		}
	}
	if err != nil || len(entries) < 9 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}
