package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("camera ground", testCameraGround)
	register("camera", testCamera)
	register("camera serials", testCameraSerials)
	register("camera fence", testCameraFence)
}

// NewCamera stores a camera of an owner and returns it; the key is "key of "
// and its id.
func NewCamera(t *testing.T, s *sqlstore.Store, owner string) gatepost.Camera {
	t.Helper()
	now, id := now(), nextID()
	c, err := s.CreateCamera(t.Context(), gatepost.Camera{
		ID: id, Name: "前门", Place: gatepost.PlacePremises, Class: 3,
		Owner: owner, Responsible: owner, Funder: owner, Beneficiary: owner, Category: gatepost.CategoryGeneral, RetentionDays: 30, SignPosted: true, NotBannedPlace: true,
		State: gatepost.CameraEnrolled, KeyHash: gatepost.HashKey("key of " + id), SRTSecret: gatepost.SRTPassphrase("key of " + id),
		CreatedAt: now, UpdatedAt: now,
	}, gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", CameraID: id, Allowed: true})
	if err != nil {
		t.Fatalf("create camera: %v", err)
	}
	return c
}

func testCamera(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	a, b := NewOrganisation(t, s, gatepost.KindBusiness), NewOrganisation(t, s, gatepost.KindPolice)
	now := now()
	full := gatepost.Camera{
		ID: nextID(), Name: "a 'quoted' \"name\" 名", Position: &gatepost.Position{Longitude: 120.153576, Latitude: -30.287459},
		Address: "延安路 1 号", Division: "330106", Place: gatepost.PlaceJunction, Class: 1,
		Owner: a.ID, Responsible: b.ID, Funder: a.ID, Beneficiary: b.ID, Category: gatepost.CategoryKeyTarget, RetentionDays: 90, ConsentToShare: true, SignPosted: true, NotBannedPlace: true,
		State: gatepost.CameraAcceptance, KeyHash: "h", SRTSecret: "s",
		Acceptance: &gatepost.Acceptance{At: now, Passed: false, Reasons: []gatepost.AcceptanceReason{{Code: "no_video", ZH: "无", EN: "none"}},
			Measurement: gatepost.Measurement{VideoCodec: "h264", KeyInterval: 2 * time.Second, FPS: 24.97}},
		CreatedAt: now, UpdatedAt: now,
	}
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", CameraID: full.ID, Allowed: true}
	created, err := s.CreateCamera(ctx, full, entry)
	if err != nil {
		t.Fatal(err)
	}
	if created.NationalID != "33010600041320000001" {
		t.Errorf("national id %s", created.NationalID)
	}
	got, err := s.Camera(ctx, full.ID)
	if err != nil || !reflect.DeepEqual(got, created) {
		t.Errorf("read back:\n got %+v %v\nwant %+v", got, err, created)
	}
	// The enrolment, that its owner consented with it, and that it is a key target.
	if entries, err := s.LedgerByCamera(ctx, full.ID, "", 10); err != nil || len(entries) != 3 {
		t.Errorf("ledger: %+v, %v", entries, err)
	}

	_, err = s.Camera(ctx, gatepost.NewID())
	wantCode(t, "unknown", err, gatepost.NotFound)
	_, err = s.CreateCamera(ctx, full, entry)
	wantCode(t, "the same id", err, gatepost.Conflict)
	orphan := full
	orphan.ID, orphan.Owner = gatepost.NewID(), gatepost.NewID()
	_, err = s.CreateCamera(ctx, orphan, entry)
	wantCode(t, "unknown owner", err, gatepost.Invalid)
	malformed := full
	malformed.ID, malformed.Division = gatepost.NewID(), "33x"
	_, err = s.CreateCamera(ctx, malformed, entry)
	wantCode(t, "malformed division", err, gatepost.Invalid)

	second, other := NewCamera(t, s, a.ID), NewCamera(t, s, b.ID)
	if other.NationalID == second.NationalID {
		t.Errorf("two cameras with the national id %s", other.NationalID)
	}
	ids := func(cameras []gatepost.Camera, err error) (out []string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cameras {
			out = append(out, c.ID)
		}
		return out
	}
	for _, c := range []struct {
		owner, after string
		limit        int
		want         []string
	}{
		{"", "", 10, []string{full.ID, second.ID, other.ID}},
		{a.ID, "", 10, []string{full.ID, second.ID}},
		{a.ID, full.ID, 10, []string{second.ID}},
		{"", full.ID, 1, []string{second.ID}},
		{gatepost.NewID(), "", 10, nil},
	} {
		if got := ids(s.Cameras(ctx, gatepost.CameraFilter{Owner: c.owner}, c.after, c.limit)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("cameras of %q after %q: %v, want %v", c.owner, c.after, got, c.want)
		}
	}

	changed, err := s.UpdateCamera(ctx, full.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.Name, c.Position, c.State, c.Acceptance = "new", nil, gatepost.CameraInService, nil
		c.ID, c.NationalID, c.Epoch = "x", "y", 77 // not for change
		c.UpdatedAt = now.Add(time.Second)
		return entry, nil
	})
	want := created
	want.Name, want.Position, want.State, want.Acceptance, want.UpdatedAt = "new", nil, gatepost.CameraInService, nil, now.Add(time.Second)
	if err != nil || !reflect.DeepEqual(changed, want) {
		t.Errorf("update:\n got %+v %v\nwant %+v", changed, err, want)
	}
	if got, err := s.Camera(ctx, full.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("after the update:\n got %+v %v\nwant %+v", got, err, want)
	}
	refused := errors.New("no")
	_, err = s.UpdateCamera(ctx, full.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.Name = "never"
		return entry, refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("a change that refuses: %v", err)
	}
	if got, _ := s.Camera(ctx, full.ID); got.Name != "new" {
		t.Errorf("a refused change was stored: %q", got.Name)
	}
	if entries, err := s.LedgerByCamera(ctx, full.ID, "", 10); err != nil || len(entries) != 4 {
		t.Errorf("ledger after one change and one refusal: %d entries, %v, want 4", len(entries), err)
	}
	for range 2 { // the second time nothing changes
		if _, err := s.UpdateCamera(ctx, full.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
			c.ConsentToShare, c.RetentionDays, c.Category = false, 30, gatepost.CategoryGeneral
			return entry, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := s.LedgerByCamera(ctx, full.ID, "", 10)
	var told []string
	for _, e := range entries {
		if e.Kind == gatepost.LedgerConsent || e.Kind == gatepost.LedgerRetention {
			told = append(told, fmt.Sprint(e.Kind, " ", e.Actor, " ", e.Detail["old"], " ", e.Detail["new"]))
		}
	}
	slices.Sort(told)
	if want := []string{"consent u false true", "consent u true false", "retention u 90 30", "retention u general key_target", "retention u key_target general"}; err != nil || !slices.Equal(told, want) {
		t.Errorf("the ledger tells %q %v, want %q", told, err, want)
	}
	_, err = s.UpdateCamera(ctx, gatepost.NewID(), false, func(*gatepost.Camera) (gatepost.LedgerEntry, error) { return entry, nil })
	wantCode(t, "update of an unknown camera", err, gatepost.NotFound)
}

func testCameraSerials(t *testing.T, s *sqlstore.Store) {
	owner := NewOrganisation(t, s, gatepost.KindBusiness)
	const n = 8
	seen := make(chan string, n)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			c, err := s.CreateCamera(context.WithoutCancel(t.Context()), gatepost.Camera{ID: gatepost.NewID(), Name: "c", Place: gatepost.PlaceMarket, Class: 3,
				Division: "330106001", Owner: owner.ID, Responsible: owner.ID, Funder: owner.ID, Beneficiary: owner.ID, RetentionDays: 30,
				State: gatepost.CameraEnrolled}, gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", Allowed: true})
			if err != nil {
				t.Errorf("enrol: %v", err)
			}
			seen <- c.NationalID
		})
	}
	wg.Wait()
	close(seen)
	ids := map[string]bool{}
	for id := range seen {
		if _, err := gatepost.ParseNationalID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		ids[id] = true
	}
	if len(ids) != n {
		t.Errorf("%d enrolments at once gave %d national ids", n, len(ids))
	}
	for i := range n {
		id, err := gatepost.ComposeNationalID("3301060053132", int64(i+1))
		if err != nil || !ids[id] {
			t.Errorf("serial %d was not given out (%v)", i+1, err)
		}
	}
}

// testCameraFence holds that a fenced change ends what is published, and that a
// gateway's word on the ended session changes nothing afterwards.
func testCameraFence(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	now := now()
	rotate := func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.KeyHash, c.UpdatedAt = gatepost.HashKey("new"), now
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", CameraID: c.ID, Allowed: true}, nil
	}
	if got, err := s.UpdateCamera(ctx, c.ID, true, rotate); err != nil || got.Epoch != 0 {
		t.Fatalf("before the first push there is nothing to fence: epoch %d, %v", got.Epoch, err)
	}
	if st, err := s.CameraStatuses(ctx, []string{c.ID}); err != nil || len(st) != 0 {
		t.Errorf("a status without a push: %+v %v", st, err)
	}
	admitted, err := s.AdmitPublisher(ctx, c.ID, gatepost.HashKey("new"), now)
	if err != nil {
		t.Fatal(err)
	}
	// Rotated before the gateway's first word.
	if _, err := s.UpdateCamera(ctx, c.ID, true, rotate); err != nil {
		t.Fatal(err)
	}
	late := gatepost.CameraStatus{CameraID: c.ID, Node: "n1", Epoch: admitted.Epoch, Online: true, SeenAt: now}
	if err := s.PutStatuses(ctx, []gatepost.CameraStatus{late}); err != nil {
		t.Fatal(err)
	}
	st, err := s.CameraStatuses(ctx, []string{c.ID})
	if err != nil || st[c.ID].Online || st[c.ID].Node != "" || st[c.ID].Epoch != admitted.Epoch+1 {
		t.Errorf("the fenced session counts still: %+v %v", st[c.ID], err)
	}
}

// testCameraGround holds which looks a change of a camera ends: those of others that
// rested on what it was.
func testCameraGround(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	shop, police, carrier := NewOrganisation(t, s, gatepost.KindBusiness), NewOrganisation(t, s, gatepost.KindPolice), NewOrganisation(t, s, gatepost.KindOperator)
	officer, admin := NewUser(t, s, police.ID, gatepost.RoleResponder), NewUser(t, s, carrier.ID, gatepost.RoleAdmin)
	start := func(change func(*gatepost.Camera)) (gatepost.Camera, map[string]gatepost.Grant) {
		c := NewCamera(t, s, shop.ID)
		c = changeCamera(t, s, c, change)
		share := newShare(t, s, c, func(*gatepost.Share) {})
		grants := map[string]gatepost.Grant{
			"own":      {Organisation: shop.ID, UserID: "u"},
			"standing": {Organisation: police.ID, UserID: officer.ID},
			"incident": {Organisation: police.ID, UserID: officer.ID, Basis: "incident:i"},
			"cross":    {Organisation: police.ID, UserID: officer.ID, Basis: "cross_grant:g"},
			"admin":    {Organisation: carrier.ID, UserID: admin.ID},
			"link":     {Organisation: police.ID, ShareID: share.ID},
		}
		for name, g := range grants {
			g.ID, g.CameraID, g.Action, g.CreatedAt, g.ExpiresAt = nextID(), c.ID, gatepost.ActionLive, now(), now().Add(time.Hour)
			if err := s.CreateGrant(ctx, g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u"}); err != nil {
				t.Fatal(err)
			}
			grants[name] = g
		}
		return c, grants
	}
	consented := func(c *gatepost.Camera) { c.Class, c.ConsentToShare = 3, true }
	for _, tt := range []struct {
		name          string
		before, after func(*gatepost.Camera)
		ends          string
	}{
		{"another name", consented, func(c *gatepost.Camera) { c.Name = "x" }, ""},
		{"consent withdrawn", consented, func(c *gatepost.Camera) { c.ConsentToShare = false }, "standing"},
		{"consent given", func(c *gatepost.Camera) { c.Class, c.ConsentToShare = 3, false }, consented, ""},
		{"to class 3 without consent", func(c *gatepost.Camera) { c.Class, c.ConsentToShare = 1, false }, func(c *gatepost.Camera) { c.Class = 3 }, "standing"},
		{"to class 3 with consent", func(c *gatepost.Camera) { c.Class, c.ConsentToShare = 1, true }, func(c *gatepost.Camera) { c.Class = 3 }, ""},
		{"from class 1 to 2", func(c *gatepost.Camera) { c.Class = 1 }, func(c *gatepost.Camera) { c.Class = 2 }, ""},
		{"consent withdrawn at class 2", func(c *gatepost.Camera) { c.Class, c.ConsentToShare = 2, true }, func(c *gatepost.Camera) { c.ConsentToShare = false }, ""},
		{"another division", consented, func(c *gatepost.Camera) { c.Division = "330106" }, "incident standing"},
		{"another position", consented, func(c *gatepost.Camera) { c.Position = &gatepost.Position{Longitude: 1, Latitude: 2} }, "incident standing"},
		{"another owner", consented, func(c *gatepost.Camera) { c.Owner = police.ID }, "admin cross incident link own standing"},
	} {
		c, grants := start(tt.before)
		changeCamera(t, s, c, tt.after)
		var ended []string
		for name, g := range grants {
			got, err := s.Grant(ctx, g.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.RevokedAt != nil {
				ended = append(ended, name)
			}
		}
		slices.Sort(ended)
		if got := strings.Join(ended, " "); got != tt.ends {
			t.Errorf("%s ended %q, want %q", tt.name, got, tt.ends)
		}
	}
}

func changeCamera(t *testing.T, s *sqlstore.Store, c gatepost.Camera, change func(*gatepost.Camera)) gatepost.Camera {
	t.Helper()
	c, err := s.UpdateCamera(t.Context(), c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		change(c)
		return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", CameraID: c.ID, Allowed: true}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
