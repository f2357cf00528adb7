package report_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/evidence"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/report"
	"github.com/gatepost-video/gatepost/functions/usage"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// The month of the tests.
var (
	month = gatepost.MonthOf(time.Date(2026, 2, 10, 0, 0, 0, 0, gatepost.Zone))
	begin = month.First().Start()
	end   = month.Last().End()
)

// world is a part of a province: two cities with three counties.
type world struct {
	t       *testing.T
	s       *sqlstore.Store
	db      *sql.DB
	random  *rand.Rand
	now     time.Time
	usage   *usage.Function
	api     *functest.API
	objects *dir.Store
	units   map[string]gatepost.Organisation
	cameras []gatepost.Camera
}

// newWorld opens a database at a URL; driver is that of database/sql.
func newWorld(t *testing.T, driver, url string) *world {
	t.Helper()
	w := &world{t: t, s: storetest.Open(t, url), random: rand.New(rand.NewPCG(7, 7)), now: end.AddDate(0, 0, 4), units: map[string]gatepost.Organisation{}}
	var err error
	if w.db, err = sql.Open(driver, strings.TrimPrefix(url, "sqlite://")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if w.objects, err = dir.Open(t.TempDir(), dir.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.objects.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	clock := func() time.Time { return w.now }
	w.usage = usage.New(usage.Options{Store: w.s, Now: clock})
	keys := evidence.New(evidence.Options{Store: w.s})
	w.api = functest.New(t, report.New(report.Options{Store: w.s, Objects: w.objects, Signer: keys, Now: clock}).Register, keys.Register)
	w.must(w.s.PutDivisions(t.Context(), []gatepost.Division{
		{Code: "33", Name: "浙江省", Level: "province"}, {Code: "3301", Name: "杭州市", Level: "city", Parent: "33"}, {Code: "3302", Name: "宁波市", Level: "city", Parent: "33"},
		{Code: "330102", Name: "上城区", Level: "county", Parent: "3301"}, {Code: "330103", Name: "下城区", Level: "county", Parent: "3301"},
		{Code: "330203", Name: "海曙区", Level: "county", Parent: "3302"}}))
	for name, o := range map[string]gatepost.Organisation{
		"province": {Kind: gatepost.KindPolice, Division: "33"}, "city": {Kind: gatepost.KindPolice, Division: "3301"}, "city2": {Kind: gatepost.KindPolice, Division: "3302"},
		"county": {Kind: gatepost.KindPolice, Division: "330102"}, "county2": {Kind: gatepost.KindPolice, Division: "330103"}, "county3": {Kind: gatepost.KindPolice, Division: "330203"},
		"station": {Kind: gatepost.KindSubControl, Division: "330102001"}, "shop": {Kind: gatepost.KindBusiness, Division: "330102"},
		"mall": {Kind: gatepost.KindBusiness, Division: "330203"}, "operator": {Kind: gatepost.KindOperator}} {
		o.ID, o.Name, o.CreatedAt = gatepost.NewID(), "单位 "+name, begin
		if err := w.s.CreateOrganisation(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		w.units[name] = o
	}
	return w
}

func (w *world) must(_ any, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// lead returns a bearer token of somebody who leads a unit.
func (w *world) lead(name string) string { return w.api.SignIn(w.units[name], gatepost.RoleOwner) }

func (w *world) measure() {
	w.t.Helper()
	for range 5 {
		if err := w.usage.Run(context.WithoutCancel(w.t.Context())); err != nil {
			w.t.Fatal(err)
		}
	}
}

// second is a time between two others, in whole seconds.
func (w *world) second(from, to time.Time) time.Time {
	return from.Add(time.Duration(w.random.Int64N(int64(to.Sub(from)/time.Second))) * time.Second)
}

func pick[T any](w *world, list ...T) T { return list[w.random.IntN(len(list))] }

// enrol makes a camera and what became of it.
func (w *world) enrol() {
	w.t.Helper()
	division := pick(w, "330102001", "330102", "330103002", "330203", "3301", "330203001", "")
	owner, funder := pick(w, w.units["shop"].ID, w.units["mall"].ID), pick(w, w.units["county"].ID, w.units["shop"].ID, w.units["mall"].ID)
	at := w.second(begin.AddDate(0, 0, -6), begin.AddDate(0, 0, 3))
	c, err := w.s.CreateCamera(w.t.Context(), gatepost.Camera{ID: gatepost.NewID(), Name: "c", Division: division, Place: pick(w, gatepost.PlaceMarket, gatepost.PlaceJunction, gatepost.PlaceVillage),
		Class: gatepost.WatchClass(1 + w.random.IntN(3)), Owner: owner, Responsible: owner, Funder: funder, Beneficiary: owner, RetentionDays: pick(w, 20, 30, 90), Category: pick(w, gatepost.CategoryGeneral, gatepost.CategoryKeyTarget),
		State: gatepost.CameraEnrolled, CreatedAt: at, UpdatedAt: at}, gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", Allowed: true})
	w.must(nil, err)
	w.cameras = append(w.cameras, c)
	steps := []gatepost.CameraState{gatepost.CameraAcceptance, gatepost.CameraInService, gatepost.CameraInService, gatepost.CameraSuspended, gatepost.CameraInService,
		gatepost.CameraInService, gatepost.CameraRetired}
	for i := range 2 + w.random.IntN(len(steps)-1) {
		at = w.second(at.Add(time.Second), at.AddDate(0, 0, 8))
		if i >= len(steps) || !at.Before(end) {
			break
		}
		_, err := w.s.UpdateCamera(w.t.Context(), c.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
			c.State, c.UpdatedAt = steps[i], at
			if w.random.IntN(2) == 0 {
				c.Class, c.Division, c.Funder = gatepost.WatchClass(1+w.random.IntN(2)), pick(w, c.Division, "330102", "330103"), pick(w, c.Funder, w.units["mall"].ID)
			}
			return gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", CameraID: c.ID, Allowed: true}, nil
		})
		w.must(nil, err)
		if steps[i] == gatepost.CameraInService && w.random.IntN(2) == 0 {
			w.must(nil, w.s.PutSignoff(w.t.Context(), gatepost.Signoff{CameraID: c.ID, At: w.second(at, at.AddDate(0, 0, 20)), By: "u", Organisation: w.units["county"].ID,
				Passed: w.random.IntN(4) > 0}, gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "u", Allowed: true}))
		}
	}
}

// record stores what a camera recorded around the month, in whole seconds.
func (w *world) record(c gatepost.Camera) {
	w.t.Helper()
	tx, err := w.db.BeginTx(w.t.Context(), nil)
	w.must(nil, err)
	at, run, seq, prior := c.CreatedAt.Truncate(time.Second), gatepost.NewID(), 0, ""
	for at.Before(end.AddDate(0, 0, 1)) {
		length := time.Duration(600+w.random.IntN(3000)) * time.Second
		next, ends := at.Add(length), ""
		if w.random.IntN(12) == 0 {
			ends = pick(w, "", "network", "gateway_crash", "publisher_closed", "storage", "suspended", "publisher_timeout")
		}
		if w.random.IntN(20) > 0 { // now and then an object is lost
			id := gatepost.NewID()
			_, err := tx.ExecContext(w.t.Context(), `INSERT INTO recordings (id, camera_id, run, seq, object_key, start_us, end_us, duration_us, media_time_us, bytes, frames, sha256, codecs,
				width, height, init_len, init_sha256, segments, prior_end, run_end, retention_days, created_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 0, $8, 1, '', '', 1, 1, 1, '', '', $9, $10, 30, 1)`,
				id, c.ID, run, seq, id, at.UnixMicro(), next.UnixMicro(), 1000+w.random.Int64N(1e9), prior, ends)
			w.must(nil, err)
		}
		at, seq, prior = next, seq+1, ""
		if w.random.IntN(8) == 0 {
			at = at.Add(time.Duration(w.random.IntN(40_000)) * time.Second)
		}
		if ends != "" || w.random.IntN(15) == 0 {
			run, seq, prior = gatepost.NewID(), 0, pick(w, ends, "", "gateway_shutdown", "network")
		}
	}
	w.must(nil, tx.Commit())
}

// use makes looks, exports, shares, incidents and footage requests.
func (w *world) use() {
	w.t.Helper()
	ctx, names := w.t.Context(), []string{"county", "station", "city", "shop", "mall", "province", "operator"}
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u", Allowed: true}
	var incidents []string
	for i := range 12 {
		at := w.second(begin.AddDate(0, 0, -3), end.AddDate(0, 0, 3))
		n := gatepost.Incident{ID: gatepost.NewID(), Kind: gatepost.IncidentEmergency, Drill: i%3 == 0, Name: "n", Reason: "r", Organisation: w.units[pick(w, "city", "station")].ID,
			Division: pick(w, "33", "3301", "330102", "330203", ""), CreatedBy: "u", CreatedAt: at, Start: at, End: at.Add(20 * time.Hour)}
		if i%4 == 1 { // it waits for a second word, which comes or does not
			n.Approver = w.units["province"].ID
			if later := w.second(at, at.AddDate(0, 0, 1)); i%8 == 1 {
				n.ApprovedBy, n.ApprovedAt = "u", &later
			}
		}
		w.must(nil, w.s.CreateIncident(ctx, n, nil, 0, func([]gatepost.Incident) error { return nil }, entry))
		incidents = append(incidents, n.ID)
		r := gatepost.FootageRequest{ID: gatepost.NewID(), Organisation: w.units[pick(w, names...)].ID, AskedBy: "u", AskedAt: at, From: at, To: at.Add(time.Hour), CaseNumber: "c", Reason: "r", Expires: at.AddDate(0, 0, 7)}
		w.must(nil, w.s.CreateFootageRequest(ctx, r, entry))
		if i%2 == 0 {
			_, err := w.db.ExecContext(ctx, `INSERT INTO footage_answers (id, request_id, grantee_id, holder_id, cameras, from_us, to_us, may_copy, case_number, answer, answered_by, answered_at, until_at)
				VALUES ($1, $2, $3, $4, '', 0, 1, FALSE, 'c', 'a', 'u', 1, 2)`, gatepost.NewID(), r.ID, r.Organisation, w.units["shop"].ID)
			w.must(nil, err)
		}
	}
	for range 120 {
		c, unit, at := pick(w, w.cameras...), w.units[pick(w, names...)], w.second(begin.AddDate(0, 0, -3), end.AddDate(0, 0, 3))
		g := gatepost.Grant{ID: gatepost.NewID(), CameraID: c.ID, Action: gatepost.ActionLive, UserID: "u", Organisation: unit.ID, CreatedAt: at, ExpiresAt: at.Add(48 * time.Hour)}
		switch w.random.IntN(4) {
		case 0:
			g.Basis = "incident:" + pick(w, incidents...)
		case 1:
			g.ShareID, g.UserID = "s", ""
		}
		w.must(nil, w.s.CreateGrant(ctx, g, entry))
		if w.random.IntN(6) == 0 {
			continue // a grant that nobody used
		}
		l := gatepost.Look{ID: gatepost.NewID(), GrantID: g.ID, CameraID: c.ID, Transport: pick(w, "hls", "whep", "playback"), Start: at,
			End: at.Add(time.Duration(w.random.IntN(100_000)) * time.Second), Bytes: w.random.Int64N(1e9), Ended: true}
		w.must(nil, w.s.PutLooks(ctx, "n", []gatepost.Look{l}, l.End))
		detail := pick(w, map[string]string{"action": "export", "act": "order"}, map[string]string{"action": "export", "act": "link"}, map[string]string{"clip": "x", "action": "export"}, map[string]string{"action": "live"})
		kind := gatepost.LedgerDecision
		if detail["clip"] != "" || detail["act"] == "link" {
			kind = gatepost.LedgerExport
		}
		w.must(nil, w.s.AppendLedger(ctx, gatepost.LedgerEntry{At: at, Kind: kind, Actor: "u", Organisation: unit.ID, CameraID: c.ID, Allowed: w.random.IntN(5) > 0, Detail: detail}))
		if w.random.IntN(4) == 0 {
			w.must(nil, w.s.CreateShare(ctx, gatepost.Share{ID: gatepost.NewID(), CameraID: c.ID, Organisation: unit.ID, CreatedBy: "u", Actions: []gatepost.Action{gatepost.ActionLive},
				CreatedAt: at, ExpiresAt: at.Add(time.Hour)}, entry))
		}
	}
}

// fail makes faults, and orders to repair them.
func (w *world) fail() {
	w.t.Helper()
	for i := range 40 {
		c, at := pick(w, w.cameras...), w.second(begin.AddDate(0, 0, -9), end.AddDate(0, 0, 2))
		division, class := pick(w, "330102001", "330103", "3301", "330203", ""), int64(1+w.random.IntN(3))
		kind := pick(w, gatepost.FaultKinds...)
		opened, until := any(at.Add(time.Minute).UnixMilli()), any(nil)
		if i%8 == 0 {
			opened = nil // only suspected
		}
		if i%5 > 0 {
			until = w.second(at, at.AddDate(0, 0, 12)).UnixMilli()
		}
		id := gatepost.NewID()
		if _, err := w.db.ExecContext(w.t.Context(), `INSERT INTO faults (id, camera_id, kind, division, class, from_at, opened_at, until_at, evidence_zh, evidence_en)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '') ON CONFLICT DO NOTHING`, id, c.ID, string(kind), division, class, at.UnixMilli(), opened, until); err != nil {
			w.t.Fatal(err)
		}
		due, state, done, closed := at.Add(48*time.Hour), "open", any(nil), any(nil)
		if end := w.second(at, at.AddDate(0, 0, 9)); i%4 > 0 {
			state, done = "done", end.UnixMilli()
			if i%4 > 1 {
				state, closed = "confirmed", end.Add(time.Hour).UnixMilli()
			}
		} else if i%3 == 0 {
			state, closed = "withdrawn", end.UnixMilli()
		}
		_, err := w.db.ExecContext(w.t.Context(), `INSERT INTO work_orders (id, camera_id, division, class, description, assignee_id, state, opened_by, opened_at, due_at, done_at, closed_at)
			VALUES ($1, $2, $3, $4, 'd', $5, $6, 'u', $7, $8, $9, $10)`, gatepost.NewID(), c.ID, division, class, w.units["shop"].ID, state, at.UnixMilli(), due.UnixMilli(), done, closed)
		w.must(nil, err)
	}
}

// plan puts programmes into force.
func (w *world) plan() {
	w.t.Helper()
	for i, division := range []string{"330102", "330103", "3302", "3301"} {
		p := gatepost.Programme{ID: gatepost.NewID(), Division: division, Year: 2026, State: gatepost.ProgrammeApproved, Organisation: w.units["city"].ID, CreatedBy: "u", CreatedAt: begin,
			Targets: []gatepost.Target{{Place: gatepost.PlaceMarket, Class: 1, Count: 3 + i, Strength: gatepost.StrengthFull}, {Place: gatepost.PlaceVillage, Class: 3, Count: 10 * i, Strength: gatepost.StrengthStrive}}}
		_, err := w.s.CreateProgramme(w.t.Context(), p, gatepost.LedgerEntry{Kind: gatepost.LedgerProgramme, Actor: "u", Allowed: true})
		w.must(nil, err)
	}
	w.must(nil, w.s.PutSettlementTerms(w.t.Context(), gatepost.SettlementTerms{Prices: [3]int64{12_345, 6_789, 1_001}, Owed: 9_900, Factor: 20_000, Cap: 3_000, SetBy: "u", SetAt: begin},
		gatepost.LedgerEntry{Kind: gatepost.LedgerReport, Actor: "u", Allowed: true}))
}

// each runs a test on both engines, with the driver and the URL of each.
func each(t *testing.T, test func(t *testing.T, driver, url string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, "sqlite", storetest.SQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, "pgx", storetest.Postgres(t)) })
}

// draw has the report of a unit's division drawn up.
func (w *world) draw(unit string) functest.Reply {
	w.t.Helper()
	return w.api.Do(w.lead(unit), "POST", "/v1/reports", map[string]any{"month": month.String()})
}
