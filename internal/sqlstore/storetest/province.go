package storetest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

// Province is a PostgreSQL store of the size that a province has, for benchmarks:
// 100,000 cameras in 1,408 towns, 2,000 organisations, 10,000 users, 500 incidents
// that run and 5,000 that are over, 2,000 cross-department grants and 200 support
// windows. It is the same each time.
type Province struct {
	Store         *sqlstore.Store
	Organisations []gatepost.Organisation
	db            *sql.DB
}

// Exec runs a statement on the database itself, for rows that a benchmark needs
// besides.
func (p *Province) Exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := p.db.ExecContext(context.Background(), query, args...); err != nil {
		t.Fatal(err)
	}
}

const provinceCameras = 100_000

// provinceRows are made by the database itself, in a second or two. id(kind, n)
// is the n-th id of a kind, town(n) the n-th town's code.
const provinceRows = `
CREATE FUNCTION id(kind int, n bigint) RETURNS text IMMUTABLE LANGUAGE sql AS
$$ SELECT '0000000' || kind || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0') $$;
CREATE FUNCTION town(n bigint) RETURNS text IMMUTABLE LANGUAGE sql AS
$$ SELECT '33' || lpad((n % 11 + 1)::text, 2, '0') || lpad((n / 11 % 8 + 1)::text, 2, '0') || lpad((n / 88 % 16 + 1)::text, 3, '0') $$;
INSERT INTO organisations (id, name, kind, division, created_at)
SELECT id(1, n), 'organisation ' || n,
       CASE WHEN n < 100 THEN 'police' WHEN n < 500 THEN 'sub_control' WHEN n < 700 THEN 'department' WHEN n < 1900 THEN 'business' WHEN n < 1990 THEN 'community' ELSE 'operator' END,
       CASE WHEN n = 0 OR n >= 1990 THEN '33' WHEN n < 12 THEN left(town(n), 4) WHEN n < 100 THEN left(town(n), 6) ELSE town(n) END, 1
FROM generate_series(0::bigint, 1999) n;
INSERT INTO users (id, login, organisation_id, role, password_hash, created_at)
SELECT id(2, n), 'user' || n, id(1, n % 2000), 'watcher', '', 1 FROM generate_series(0::bigint, 9999) n;
INSERT INTO cameras (id, national_id, name, longitude, latitude, division, place, class, owner_id, responsible_id, funder_id, beneficiary_id,
                     retention_days, consent_to_share, sign_posted, not_banned_place, state, key_hash, srt_secret, created_at, updated_at)
SELECT id(3, n), 'n' || n, 'camera ' || n, 118.5 + (n % 11) * 0.3 + (n * 7919 % 1000) * 0.0003, 27.5 + (n / 11 % 8) * 0.4 + (n * 104729 % 1000) * 0.0004, town(n), 'market', n % 3 + 1,
       o, o, o, o, 30, n % 5 = 0, TRUE, TRUE, 'in_service', '', '', 1, 1
FROM (SELECT n, id(1, 100 + n * 31 % 1890) AS o FROM generate_series(0::bigint, 99999) n) c;
INSERT INTO cross_grants (id, grantee_id, holder_id, cameras, actions, purpose, reason, hours_from, hours_to, until_at, asked_by, asked_at, approved)
SELECT id(4, n), id(1, n % 700), id(1, 100 + n * 47 * 31 % 1890), id(3, n * 47), 'live,playback', 'p', 'r', 0, 0, $1::bigint, 'u', 1, TRUE FROM generate_series(0::bigint, 1999) n;
INSERT INTO cross_grant_cameras (cross_grant_id, camera_id, grantee_id) SELECT id, cameras, grantee_id FROM cross_grants;
INSERT INTO support_windows (id, owner_id, reason, opened_by, from_at, until_at) SELECT id(5, n), id(1, 700 + n), 'r', 'u', 1, $1::bigint FROM generate_series(0::bigint, 199) n`

// NewProvince makes one; it takes some seconds.
func NewProvince(t testing.TB) *Province {
	t.Helper()
	ctx := context.Background()
	url := Postgres(t)
	p := &Province{Store: Open(t, url)}
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	p.db = db
	exec := func(query string) {
		t.Helper()
		p.Exec(t, query)
	}
	now := time.Now()
	exec(strings.ReplaceAll(provinceRows, "$1", fmt.Sprint(now.Add(24*time.Hour).UnixMilli())))
	random := rand.New(rand.NewPCG(1, 0))
	var incidents, units, areas []string
	for n := range 5500 {
		end := now.Add(12 * time.Hour)
		if n >= 500 {
			end = now.Add(-time.Duration(n) * time.Hour)
		}
		incident, unit, area := provinceIncident(random, n, end)
		incidents, units, areas = append(incidents, incident), append(units, unit), append(areas, area)
	}
	exec(`INSERT INTO incidents (id, kind, drill, name, reason, area, levels, units, organisation_id, division, created_by, created_at, start_at, end_at) VALUES ` + strings.Join(incidents, ", "))
	exec(`INSERT INTO incident_units (incident_id, organisation_id) VALUES ` + strings.Join(units, ", "))
	exec(`INSERT INTO incident_areas (incident_id, part, end_at, division, west, south, east, north) VALUES ` + strings.Join(areas, ", "))
	exec("VACUUM ANALYZE")
	for after := ""; ; {
		page, err := p.Store.Organisations(ctx, after, 200)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return p
		}
		p.Organisations = append(p.Organisations, page...)
		after = page[len(page)-1].ID
	}
}

// provinceIncident returns the rows of an incident: a third each in a town, in a
// circle of at most a few kilometres, and in the box around one.
func provinceIncident(random *rand.Rand, n int, end time.Time) (incident, unit, area string) {
	city := fmt.Sprintf("33%02d", n%11+1)
	centre := gatepost.Position{Longitude: 118.5 + 3.3*random.Float64(), Latitude: 27.5 + 3.2*random.Float64()}
	degrees := 0.01 + 0.03*random.Float64()
	where, division := gatepost.Area{}, ""
	switch n % 3 {
	case 0:
		division = fmt.Sprintf("%s%02d%03d", city, random.IntN(8)+1, random.IntN(16)+1)
		where.Divisions = []string{division}
	case 1:
		where.Circle = &gatepost.Circle{Centre: centre, Metres: degrees * 90_000}
	default:
		for _, corner := range [][2]float64{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} {
			where.Polygon = append(where.Polygon, gatepost.Position{Longitude: centre.Longitude + corner[0]*degrees, Latitude: centre.Latitude + corner[1]*degrees})
		}
	}
	text, err := json.Marshal(where)
	if err != nil {
		panic(err) // numbers and digits only
	}
	id := func(kind, n int) string { return fmt.Sprintf("0000000%d-0000-7000-8000-%012x", kind, n) }
	organisation, named := id(1, n%700), id(1, random.IntN(700))
	incident = fmt.Sprintf("('%s', 'emergency', FALSE, 'n', 'r', '%s', 'city,county,town', '%s', '%s', '%s', 'u', 1, %d, %d)",
		id(6, n), text, named, organisation, city, end.Add(-24*time.Hour).UnixMilli(), end.UnixMilli())
	unit = fmt.Sprintf("('%s', '%s')", id(6, n), named)
	area = fmt.Sprintf("('%s', 0, %d, '%s', %f, %f, %f, %f)", id(6, n), end.UnixMilli(), division,
		centre.Longitude-degrees, centre.Latitude-degrees, centre.Longitude+degrees, centre.Latitude+degrees)
	return incident, unit, area
}

// CameraID returns the id of the n-th camera, from 0 to 99,999.
func (p *Province) CameraID(n int) string {
	return fmt.Sprintf("00000003-0000-7000-8000-%012x", n%provinceCameras)
}

// Percentiles reports the median and the 99th percentile of what a benchmark took.
func Percentiles(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	for name, share := range map[string]int{"p50-µs": 50, "p99-µs": 99} {
		b.ReportMetric(float64(took[(len(took)-1)*share/100].Microseconds()), name)
	}
}
