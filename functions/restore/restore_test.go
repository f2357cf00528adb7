package restore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/restore"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/backend"
	"github.com/gatepost-video/gatepost/internal/objstore/objtest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

type m = map[string]any

// world is a camera with three minutes in the deep archive and one outside of it. The deep archive is played by a
// stand-in before the S3 server, which has none.
type world struct {
	store   *sqlstore.Store
	classes *objtest.Classes
	restore *restore.Function
	api     *functest.API
	shop    gatepost.Organisation
	owner   string
	camera  gatepost.Camera
	deep    []gatepost.Recording
	start   time.Time
	now     time.Time
}

func newWorld(t *testing.T, s *sqlstore.Store) *world {
	t.Helper()
	bucket, classes := objtest.StartS3(t).BucketWithClasses(t, "deep")
	objects, err := backend.Open(t.Context(), bucket, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	w := &world{store: s, classes: classes, now: time.Now().UTC().Truncate(time.Second)}
	w.restore = restore.New(restore.Options{Store: s, Objects: objects, Now: func() time.Time { return w.now }})
	w.api = functest.New(t, w.restore.Register)
	w.shop = storetest.NewOrganisation(t, s, gatepost.KindBusiness)
	w.camera, w.owner = storetest.NewCamera(t, s, w.shop.ID), w.api.SignIn(w.shop, gatepost.RoleOwner)
	w.start = w.now.AddDate(0, 0, -100)
	for i := range 4 {
		r := storetest.NewRecording(t, s, w.camera, w.start.Add(time.Duration(i)*time.Minute), func(r *gatepost.Recording) { r.Bytes, r.RetentionDays = 4, 0 })
		if err := objects.Put(t.Context(), r.Key, strings.NewReader("film"), 4); err != nil {
			t.Fatal(err)
		}
		if i == 3 {
			break
		}
		if err := objects.(objstore.Classer).SetClass(t.Context(), r.Key, gatepost.ClassDeepArchive); err != nil {
			t.Fatal(err)
		}
		if err := s.SetRecordingClass(t.Context(), r.ID, r.Key, gatepost.ClassDeepArchive); err != nil {
			t.Fatal(err)
		}
		w.deep = append(w.deep, r)
	}
	return w
}

func (w *world) body(more m) m {
	b := m{"camera_id": w.camera.ID, "from": w.start.Add(30 * time.Second), "to": w.start.Add(10 * time.Minute), "purpose": "case", "reason": "盗窃案"}
	for k, v := range more {
		b[k] = v
	}
	return b
}

func (w *world) run(t *testing.T, later time.Duration) {
	t.Helper()
	w.now = w.now.Add(later)
	if err := w.restore.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// want checks how far a restore is.
func (w *world) want(t *testing.T, id, state string, ready int) functest.Reply {
	t.Helper()
	r := w.api.Do(w.owner, "GET", "/v1/restores/"+id, nil).Want(200)
	if r.String("state") != state || fmt.Sprint(r.Body["ready"]) != fmt.Sprint(ready) {
		t.Errorf("%s, want %s with %d", r.Text, state, ready)
	}
	return r
}

func (w *world) told(t *testing.T, n int, act string) {
	t.Helper()
	list, err := w.store.Notifications(t.Context(), w.shop.ID, "", 10)
	if err != nil || len(list) != n || n > 0 && (list[0].Kind != gatepost.NotifyRestore || list[0].Detail["act"] != act || list[0].CameraID != w.camera.ID) {
		t.Errorf("told %+v %v, want %d, the last %s", list, err, n, act)
	}
}

func TestRestore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		w := newWorld(t, open(t))
		r := w.api.Do(w.owner, "POST", "/v1/restores", w.body(nil)).Want(201)
		id := r.String("id")
		if r.Body["recordings"] != 3.0 || r.Body["bytes"] != 12.0 || r.String("state") != "running" {
			t.Errorf("asked for: %s", r.Text)
		}
		entries, err := w.store.LedgerByCamera(t.Context(), w.camera.ID, "", 1)
		if err != nil || len(entries) != 1 || entries[0].Kind != gatepost.LedgerRestore || entries[0].Detail["restore"] != id || entries[0].Detail["rule"] != "owner" || entries[0].Detail["reason"] != "盗窃案" {
			t.Errorf("ledger: %+v %v", entries, err)
		}
		w.run(t, 0)
		if n := w.classes.Asked(); n != 3 {
			t.Errorf("the store was asked for %d objects", n)
		}
		w.want(t, id, "running", 0)
		// Within the minutes after it looked it does not look again.
		heads := w.classes.Heads()
		w.run(t, time.Minute)
		if w.classes.Heads() != heads {
			t.Error("it looked again at once")
		}
		until := w.now.AddDate(0, 0, 7)
		w.classes.Thaw(w.deep[0].Key, until)
		w.run(t, 20*time.Minute)
		w.want(t, id, "running", 1)
		w.told(t, 0, "")
		w.classes.Thaw(w.deep[1].Key, until.Add(time.Hour))
		w.classes.Thaw(w.deep[2].Key, until.Add(time.Hour))
		w.run(t, 20*time.Minute)
		if r := w.want(t, id, "ready", 3); r.String("playable_to") != until.Format(time.RFC3339) {
			t.Errorf("playable to %s, want %s", r.Text, until)
		}
		w.told(t, 1, "ready")
		if n := w.classes.Asked(); n != 3 {
			t.Errorf("asked for %d objects", n)
		}
		rows, err := w.store.Recordings(t.Context(), w.camera.ID, w.start, w.now, 10)
		for _, r := range rows {
			if r.Archived(w.now) || r.Class == gatepost.ClassDeepArchive && !r.Archived(until.Add(2*time.Hour)) {
				t.Errorf("%+v", r)
			}
		}
		if err != nil || len(rows) != 4 {
			t.Errorf("%d rows %v", len(rows), err)
		}
		w.run(t, time.Hour)
		w.told(t, 1, "ready")
		w.api.Do(w.owner, "POST", "/v1/restores", w.body(nil)).Refused(gatepost.Conflict, "") // it can be played
		w.now = until.Add(2 * time.Hour)
		w.want(t, id, "over", 3)
		w.api.Do(w.owner, "POST", "/v1/restores", w.body(nil)).Want(201)
	})
}

// TestGivenUp has a store that does not bring anything back.
func TestGivenUp(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	id := w.api.Do(w.owner, "POST", "/v1/restores", w.body(nil)).Want(201).String("id")
	w.run(t, 0)
	w.run(t, 71*time.Hour)
	w.want(t, id, "running", 0)
	w.run(t, 2*time.Hour)
	if r := w.want(t, id, "given_up", 0); !strings.Contains(r.String("problem"), "ask again") {
		t.Error(r.Text)
	}
	w.told(t, 1, "given_up")
	w.run(t, time.Hour)
	w.told(t, 1, "given_up")
}

func TestWhoMayRestore(t *testing.T) {
	w := newWorld(t, storetest.OpenSQLite(t))
	neighbour, operator := storetest.NewOrganisation(t, w.store, gatepost.KindBusiness), storetest.NewOrganisation(t, w.store, gatepost.KindOperator)
	stranger, carrier, admin := w.api.SignIn(neighbour, gatepost.RoleOwner), w.api.SignIn(operator, gatepost.RoleOwner), w.api.SignIn(operator, gatepost.RoleAdmin)
	maintainer := w.api.SignIn(w.shop, gatepost.RoleMaintainer)
	id := w.api.Do(w.owner, "POST", "/v1/restores", w.body(nil)).Want(201).String("id")
	for _, c := range []struct {
		name, token string
		body        m
		code        gatepost.Code
		field       string
	}{
		{"nobody", "", nil, gatepost.Unauthenticated, ""},
		{"stranger", stranger, nil, gatepost.NotFound, ""},
		{"operator", carrier, nil, gatepost.Forbidden, ""},
		{"maintainer", maintainer, nil, gatepost.Forbidden, ""},
		{"backwards", w.owner, m{"to": w.start}, gatepost.Invalid, "to"},
		{"in the future", w.owner, m{"from": w.now.Add(time.Hour), "to": w.now.Add(2 * time.Hour)}, gatepost.Invalid, "from"},
		{"before footage", w.owner, m{"from": "1900-01-01T00:00:00Z"}, gatepost.Invalid, "from"},
		{"too long", w.owner, m{"to": w.start.AddDate(0, 0, 32)}, gatepost.TooLarge, "to"},
		{"blank purpose", w.owner, m{"purpose": " "}, gatepost.Invalid, "purpose"},
		{"no reason", w.owner, m{"reason": ""}, gatepost.Invalid, "reason"},
		{"nothing there", w.owner, m{"from": w.start.Add(-time.Hour), "to": w.start}, gatepost.Conflict, ""},
		{"not in the archive", w.owner, m{"from": w.start.Add(3 * time.Minute)}, gatepost.Conflict, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.api.Do(c.token, "POST", "/v1/restores", w.body(c.body))
			if r.String("code") != string(c.code) {
				t.Errorf("%s, want %s", r.Text, c.code)
			}
			r.Refused(c.code, c.field)
		})
	}
	for token, want := range map[string]int{w.owner: 200, admin: 200, stranger: 404, carrier: 404} {
		w.api.Do(token, "GET", "/v1/restores/"+id, nil).Want(want)
		if n := len(w.api.Do(token, "GET", "/v1/restores", nil).Want(200).Items()); (n == 1) != (want == 200) {
			t.Errorf("%d listed, for whom it is %d", n, want)
		}
	}
	w.api.Do(w.owner, "GET", "/v1/restores/"+gatepost.NewID(), nil).Want(404)
	w.api.Do(w.owner, "GET", "/v1/restores/x", nil).Want(404)
}
