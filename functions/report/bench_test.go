package report_test

import (
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/report"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// BenchmarkProvince computes the report of a province with 100,000 cameras and a
// month of facts: three million camera days, 300,000 uses.
func BenchmarkProvince(b *testing.B) {
	p := storetest.NewProvince(b)
	first, last := int64(month.First()), int64(month.Last())
	p.Exec(b, `INSERT INTO camera_days (day, camera_id, state, class, division, place, owner_id, funder_id, retention_days, moment_at, due, recorded, online, offline, network, gateway,
			storage, stopped, watch_due, watched, bytes, objects)
		SELECT day, id, 'in_service', class, division, place, owner_id, funder_id, 30, 1, 86400000, 86400000 - gap, 86400000 - gap, 0, gap, 0, 0, 0,
			CASE WHEN class = 1 THEN 86400000 ELSE 0 END, CASE WHEN class = 1 THEN 80000000 ELSE 0 END, 21600000000, 1440
		FROM (SELECT day, c.*, (length(c.name) * 977 + day) * 131 % 9000000 AS gap FROM cameras c, generate_series($1::bigint, $2::bigint) day) AS x`, first, last)
	p.Exec(b, `INSERT INTO camera_uses (day, camera_id, kind, division, lives, playbacks, exports, shares, viewed, bytes)
		SELECT day, id, 'police', division, 3, 1, 0, 0, 3600000, 1000000000 FROM cameras, generate_series($1::bigint, $2::bigint) day WHERE national_id LIKE '%7'`, first, last)
	p.Exec(b, `INSERT INTO day_runs (day, pass, cursor, cameras, started_at, finished_at) SELECT day, 1, 'x', 100000, 1, 2 FROM generate_series($1::bigint, $2::bigint) day`, first, last)
	p.Exec(b, `INSERT INTO divisions (code, name, level, parent) SELECT '33' || lpad(n::text, 2, '0'), 'city ' || n, 'city', '33' FROM generate_series(1, 11) n`)
	p.Exec(b, `INSERT INTO divisions (code, name, level) VALUES ('33', 'province', 'province')`)
	p.Exec(b, `VACUUM ANALYZE`)
	api := functest.New(b, report.New(report.Options{Store: p.Store}).Register)
	lead := api.SignIn(p.Organisations[0], gatepost.RoleOwner)
	r := api.Do(lead, "POST", "/v1/reports", m{"month": month.String()}).Want(201)
	if total := r.Body["figures"].(m)["total"].(m); total["in_service"] != 100_000.0 || total["due_ms"] != 100_000*float64(month.Days())*86_400_000 {
		b.Fatalf("the total is %v", total)
	}
	b.ReportAllocs()
	for b.Loop() {
		api.Do(lead, "POST", "/v1/reports/"+r.String("id")+"/refresh", nil).Want(200)
	}
}
