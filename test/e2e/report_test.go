package e2e

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/test/harness"
)

// TestReport has a county, its city, a shop and an administrator at the pages of
// programmes, monthly reports and retention in Chromium: figures that add up from days
// of cameras, the way from county to city, what lies in the deep archive, and each
// refusal told at its field; in Chinese, and some of it in English.
func TestReport(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	people := map[string]string{"admin": harness.AdminPassword}
	organisation := func(name, kind, division string) string {
		var o struct{ ID string }
		s.Call("POST", "/v1/organisations", map[string]string{"name": name, "kind": kind, "division": division}, &o, 201)
		return o.ID
	}
	join := func(who, organisation, role string) {
		people[who] = "password of " + who
		s.Call("POST", "/v1/users", map[string]string{"login": who, "name": who, "password": people[who], "organisation_id": organisation, "role": role}, nil, 201)
	}
	shop := organisation("湖滨便利店", "business", "330102")
	join("owner", shop, "owner")
	join("county", organisation("公安上城分局", "police", "330102"), "supervisor")
	join("city", organisation("市公安局", "police", "3301"), "supervisor")
	var cameras []string
	for _, c := range []struct {
		name, division, place string
		class                 int
	}{{"路口", "330102003", "junction", 1}, {"市场", "330102003", "market", 2}, {"西湖边", "330106", "public_place", 2}} {
		var made harness.Camera
		s.Call("POST", "/v1/cameras", map[string]any{"name": c.name, "owner_id": shop, "division": c.division, "class": c.class, "place": c.place}, &made, 201)
		cameras = append(cameras, made.ID)
	}
	month := gatepost.MonthOf(time.Now()) - 2 // its filing deadline is over, whatever day it is
	s.Stop()
	archived := remember(t, s, shop, cameras, month)
	s.Start()

	var report struct{ ID string }
	s.Call("POST", "/v1/reports", map[string]string{"month": month.String()}, &report, 201, s.Login("county", people["county"]))
	s.Call("POST", "/v1/holds", map[string]any{"camera_id": cameras[0], "from": harness.Stamp(time.Now().Add(-3 * time.Hour)), "to": harness.Stamp(time.Now()),
		"case_number": "A-1", "reason": "盗窃案", "until": harness.Stamp(time.Now().Add(30 * 24 * time.Hour))}, nil, 201, s.Login("owner", people["owner"]))
	p := harness.StartProcess(t, "node", harness.Drive(t, map[string]any{"what": "report", "page": "http://" + s.HTTP + "/", "people": people, "month": month.String(),
		"cameras": cameras, "archived": archived.Format(time.DateOnly), "report": report.ID, "shots": os.Getenv("GATEPOST_SCREENSHOTS")})...)
	p.Wait(t, 6*time.Minute)
	if !strings.Contains(p.Log.String(), `"walked":true`) {
		t.Fatalf("the walk says %.800s", harness.RedactURL(p.Log.String()))
	}
	filed(t, s, report.ID)
}

// remember puts what a stopped server would know if it had been there for months: days
// of its cameras that are measured, a fault that was repaired, and a recording that lies
// in the deep archive, of the hours around noon of the day that it returns.
func remember(t *testing.T, s *harness.Server, shop string, cameras []string, month gatepost.Month) time.Time {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.Data, "gatepost.db"))
	if err != nil {
		t.Fatal(err)
	}
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	const hour = 60 * 60 * 1000
	do(`UPDATE cameras SET state = 'in_service'`)
	for d := month.First(); d <= month.Last(); d++ {
		for pass := 1; pass <= 2; pass++ {
			do(`INSERT INTO day_runs (day, pass, cursor, cameras, started_at, finished_at) VALUES ($1, $2, '', 3, 1, 1) ON CONFLICT (day, pass) DO UPDATE SET finished_at = 1`, int64(d), pass)
		}
		for i, id := range cameras {
			missing := int64(i) * 24 * hour / 20 // 5 % more for each
			do(`INSERT INTO camera_days (day, camera_id, state, class, division, place, owner_id, funder_id, retention_days, moment_at, due, recorded, online, offline, network,
					gateway, storage, stopped, watch_due, watched, bytes, objects)
				SELECT $1, id, 'in_service', class, division, place, owner_id, funder_id, retention_days, 1, $2, $3, $3, $4, 0, 0, 0, 0, CASE class WHEN 1 THEN $2 ELSE 0 END,
					CASE class WHEN 1 THEN $2 / 2 ELSE 0 END, 20000000000, 1440 FROM cameras WHERE id = $5`, int64(d), 24*hour, 24*hour-missing, missing, id)
			do(`INSERT INTO camera_uses (day, camera_id, kind, division, lives, playbacks, exports, shares, viewed, bytes)
				SELECT $1, id, 'police', division, 2, 1, 0, 0, 3600000, 1000000 FROM cameras WHERE id = $2`, int64(d), id)
		}
	}
	fault, from := gatepost.NewID(), month.First().Start().UnixMilli()+10*hour
	do(`INSERT INTO faults (id, camera_id, kind, division, class, from_at, opened_at, until_at, evidence_zh, evidence_en)
		SELECT $1, id, 'offline', division, class, $2, $2, $3, '没有画面', 'no picture' FROM cameras WHERE id = $4`, fault, from, from+6*hour, cameras[1])
	do(`INSERT INTO work_orders (id, camera_id, fault_id, division, class, description, assignee_id, state, opened_by, opened_at, due_at, done_at, closed_at)
		SELECT $1, id, $2, division, class, '', $3, 'confirmed', 'x', $4, $5, $6, $6 FROM cameras WHERE id = $7`, gatepost.NewID(), fault, shop, from, from+24*hour, from+4*hour, cameras[1])
	at := time.Now().AddDate(0, 0, -20)
	at = time.Date(at.Year(), at.Month(), at.Day(), 8, 0, 0, 0, time.Local)
	do(`INSERT INTO recordings (id, camera_id, run, seq, object_key, start_us, end_us, duration_us, media_time_us, bytes, frames, sha256, codecs, width, height, init_len,
			init_sha256, segments, retention_days, created_at, storage_class)
		VALUES ($1, $2, 'run', 0, 'rec/30/x', $3, $4, $5, 0, 5368709120, 1500, '', 'avc1.64001f', 1280, 720, 1, '', '', 30, $6, 'deep_archive')`,
		gatepost.NewID(), cameras[0], at.UnixMicro(), at.Add(8*time.Hour).UnixMicro(), (8 * time.Hour).Microseconds(), at.UnixMilli())
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return at
}

// filed checks in the API what the walk left: the county's report is locked and its file
// is what was signed; the city's figures are those of the days.
func filed(t *testing.T, s *harness.Server, county string) {
	t.Helper()
	var locked struct{ State, SHA256, Note string }
	s.Call("GET", "/v1/reports/"+county, nil, &locked, 200)
	_, file := s.Raw("GET", "/v1/reports/"+county+"/file?format=json", nil)
	if sum := sha256.Sum256(file); locked.State != "locked" || locked.Note == "" || hex.EncodeToString(sum[:]) != locked.SHA256 {
		t.Errorf("the county's report: %+v, and its file has %x", locked, sum)
	}
	var list struct {
		Items []struct{ ID, Division string }
	}
	s.Call("GET", "/v1/reports?division=3301", nil, &list, 200)
	if len(list.Items) != 2 || list.Items[0].Division != "3301" || list.Items[1].ID != county {
		t.Fatalf("reports of the city and below: %+v", list.Items)
	}
	var report struct {
		Figures struct {
			Total struct {
				Continuity, Faults, Repairs int64
				MeanRepair                  int64 `json:"mean_repair_ms"`
			}
		}
	}
	s.Call("GET", "/v1/reports/"+list.Items[0].ID, nil, &report, 200)
	if total := report.Figures.Total; fmt.Sprint(total) != "{9500 1 1 14400000}" {
		t.Errorf("the city's figures: %+v", total)
	}
}
