package storetest

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

// Archive is a PostgreSQL store of the recordings of some cameras, a minute each, as gateways
// would have told of them: cameras by turns, so that those of one camera lie far apart. Every
// camera breaks off for some minutes each 600. It is for benchmarks.
type Archive struct {
	Store   *sqlstore.Store
	Owner   gatepost.Organisation
	Cameras []gatepost.Camera
	From    time.Time // its first minute
	To      time.Time // the end of its last
	db      *sql.DB
}

// archiveRows makes the rows of a stretch of minutes, like the one that is there already:
// the first of them $1, the one behind the last $2, where the archive begins $3.
const archiveRows = `
INSERT INTO recordings (id, camera_id, run, seq, object_key, start_us, end_us, duration_us, media_time_us, bytes, frames, sha256,
	codecs, width, height, init_len, init_sha256, segments, prior_end, run_end, retention_days, created_at)
SELECT lpad(to_hex(at / 1000 >> 16), 8, '0') || '-' || lpad(to_hex(at / 1000 & 65535), 4, '0') || '-7000-8000-' || lpad(to_hex(n * 4096 + c), 12, '0'),
	camera, run, seq, 'rec/90/' || camera || to_char(to_timestamp(at / 1000000) AT TIME ZONE 'UTC', '/YYYY/MM/DD/') || run || '-' || lpad(seq::text, 5, '0') || '.mp4',
	at, at + duration_us, duration_us, seq * duration_us, bytes, frames, encode(sha256((camera || n)::bytea), 'hex'),
	codecs, width, height, init_len, encode(sha256(camera::bytea), 'hex'), segments,
	CASE WHEN seq = 0 THEN 'network' ELSE '' END, CASE WHEN seq = 596 THEN 'network' ELSE '' END, retention_days, at / 1000
FROM (SELECT n, c, camera, (n + c * 37) % 600 AS seq, $3::bigint + n * 60000000 + c * 1000 AS at,
		lpad(to_hex((n + c * 37) / 600), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(c), 12, '0') AS run
	FROM generate_series($1::bigint, $2::bigint - 1) n, (SELECT id AS camera, row_number() OVER (ORDER BY id) AS c FROM cameras) AS cameras) AS minutes,
	(SELECT duration_us, bytes, frames, codecs, width, height, init_len, segments, retention_days FROM recordings WHERE seq = 1000000) AS model
WHERE seq < 597`

// NewArchive makes one of some cameras and days in an empty database; one that holds an archive already
// is taken as it is.
func NewArchive(t *testing.T, url string, cameras, days int) *Archive {
	t.Helper()
	a := &Archive{Store: Open(t, url), From: epoch.Truncate(24 * time.Hour)}
	a.To = a.From.AddDate(0, 0, days)
	var err error
	if a.db, err = sql.Open("pgx", url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if a.found(t) {
		return a
	}
	a.Owner = NewOrganisation(t, a.Store, gatepost.KindBusiness)
	for range cameras {
		a.Cameras = append(a.Cameras, NewCamera(t, a.Store, a.Owner.ID))
	}
	NewRecording(t, a.Store, a.Cameras[0], time.Unix(0, 0), func(r *gatepost.Recording) { modelMinute(r) })
	a.fill(t, days)
	return a
}

// modelMinute makes a minute at 2 Mbit/s with a key frame every two seconds.
func modelMinute(r *gatepost.Recording) {
	r.Seq, r.Bytes, r.RetentionDays, r.Segments = 1_000_000, 600+30*500_000, 90, nil
	for i := range 30 {
		r.Segments = append(r.Segments, gatepost.Segment{Offset: 600 + int64(i)*500_000, Length: 500_000, Start: time.Duration(i) * 2 * time.Second, Duration: 2 * time.Second})
	}
}

// fill makes the rows, a day at a time: without indexes, which are made of all rows at once, and without
// a log, for what the database need not survive.
func (a *Archive) fill(t *testing.T, days int) {
	t.Helper()
	ctx := t.Context()
	conn, err := a.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // the pool is closed, and that looked at
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := conn.ExecContext(ctx, query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	// Constraints last: they are indexes, too.
	drop, remake := a.texts(t, `SELECT CASE WHEN conname IS NULL THEN 'DROP INDEX ' || indexrelid::regclass ELSE 'ALTER TABLE recordings DROP CONSTRAINT ' || quote_ident(conname) END
		FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid WHERE indrelid = 'recordings'::regclass ORDER BY indexrelid`),
		a.texts(t, `SELECT CASE WHEN conname IS NULL THEN pg_get_indexdef(indexrelid) ELSE 'ALTER TABLE recordings ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(pg_constraint.oid) END
		FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid WHERE indrelid = 'recordings'::regclass ORDER BY indexrelid`)
	exec(`ALTER TABLE recordings SET UNLOGGED`)
	for _, query := range drop {
		exec(query)
	}
	exec(`SET session_replication_role = replica`) // every camera is there
	for day := range days {
		exec(archiveRows, day*1440, (day+1)*1440, us(a.From))
	}
	exec(`DELETE FROM recordings WHERE seq = 1000000`)
	exec(`SET maintenance_work_mem = '512MB'`)
	for _, query := range remake {
		exec(query)
	}
	exec(`INSERT INTO recording_hours (camera_id, hour) SELECT DISTINCT camera_id, start_us / 3600000000 FROM recordings`)
	exec(`VACUUM ANALYZE`)
}

func us(t time.Time) int64 { return t.UnixMicro() }

// texts reads a column.
func (a *Archive) texts(t *testing.T, query string) (out []string) {
	t.Helper()
	rows, err := a.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // read to its end
	for rows.Next() {
		out = append(out, "")
		if err := rows.Scan(&out[len(out)-1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// found reads an archive that an earlier run made.
func (a *Archive) found(t *testing.T) bool {
	t.Helper()
	ctx := t.Context()
	owners, err := a.Store.Organisations(ctx, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(owners) == 0 {
		return false
	}
	a.Owner = owners[0]
	for after := ""; ; {
		list, err := a.Store.Cameras(ctx, gatepost.CameraFilter{}, after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return true
		}
		a.Cameras, after = append(a.Cameras, list...), list[len(list)-1].ID
	}
}

// Pack packs every hour, as compaction would have done, each when it was over.
func (a *Archive) Pack(t *testing.T) {
	t.Helper()
	for n := 1; n > 0; {
		var err error
		if n, err = a.Store.PackHours(t.Context(), a.To.Add(time.Hour), now().Add(time.Hour), 10_000); err != nil {
			t.Fatal(err)
		}
	}
}

// Size says how many rows there are, and what the table and each of its indexes takes of it.
func (a *Archive) Size(t *testing.T) (rows int64, sizes []string) {
	t.Helper()
	if err := a.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM recordings`).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows, a.texts(t, fmt.Sprintf(`SELECT oid::regclass || ' ' || pg_table_size(oid) / 1048576 || ' MB, ' || pg_table_size(oid) / %d || ' bytes a recording' FROM pg_class
		WHERE oid = 'recording_hours'::regclass OR oid = 'recordings'::regclass OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'recordings'::regclass) ORDER BY relkind DESC, relname`, max(rows, 1)))
}
