package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatepost-video/gatepost"
)

const (
	reportColumns = `id, division, month, version, state, organisation_id, created_by, created_at, submitted_by, submitted_at, decided_by, decided_at, remark, sha256, note`

	// inDivision is the condition that a division ($1, up to $2) holds that of a row d.
	inDivision = `d.division >= $1 AND d.division < $2`
	// inReport is the condition that it does, or that the row is of exactly another ($3).
	inReport = `(` + inDivision + ` OR d.division = $3)`
	// county is the county of a row d, or what wider division it is of.
	county = `SUBSTR(d.division, 1, 6)`
)

// ReportFacts returns what the report of a division and a month is made of; with
// loose, what is of no division belongs to it, too.
func (s *Store) ReportFacts(ctx context.Context, division string, month gatepost.Month, loose bool) (f gatepost.ReportFacts, err error) {
	area := []any{division, divisionEnd(division), division}
	if loose {
		area[2] = ""
	}
	days := slices.Concat(area, []any{int64(month.First()), int64(month.Last())})
	reads, ctx := errgroup.WithContext(ctx) // several at once: a database sums up on one core only when groups are many
	reads.SetLimit(postgresSums)
	reads.Go(func() error {
		return s.sums.QueryRowContext(ctx, `SELECT COUNT(*) FROM day_runs WHERE pass = 1 AND finished_at IS NOT NULL AND day >= $1 AND day <= $2`, days[3:]...).Scan(&f.Measured)
	})
	reads.Go(func() (err error) { f.Payers, err = s.reportPayers(ctx, days); return err })
	reads.Go(func() (err error) { f.Groups, err = s.reportGroups(ctx, days); return err })
	reads.Go(func() (err error) { f.Uses, err = s.reportUses(ctx, days); return err })
	reads.Go(func() (err error) { f.Stocks, err = s.reportStocks(ctx, area, month); return err })
	reads.Go(func() (err error) { f.Events, err = s.reportEvents(ctx, area, month); return err })
	reads.Go(func() (err error) { f.Stored, err = s.reportStored(ctx, area, month); return err })
	reads.Go(func() (err error) {
		f.Programme, err = s.Programmes(ctx, division, month.First().Start().Year(), true, "", 10_000)
		return err
	})
	return f, s.failed("read the facts of a month", "report", reads.Wait())
}

// reportGroups sums up all that there is, without who pays: of so many sums for each
// payer the groups would not fit in memory.
func (s *Store) reportGroups(ctx context.Context, days []any) ([]gatepost.ReportGroup, error) {
	return queryAll(ctx, s.sums, func(row scanner) (g gatepost.ReportGroup, err error) {
		err = serviceScanner{row, &g.Service}.Scan(&g.Division, &g.Class, &g.Place, &g.Stored)
		return g, err
	}, `SELECT `+county+` AS county, d.class, d.place, SUM(CASE WHEN d.retention_days > $5 - d.day THEN d.bytes ELSE 0 END), `+serviceSums+` FROM camera_days d
	    WHERE `+inReport+` AND d.day >= $4 AND d.day <= $5 GROUP BY county, d.class, d.place`, days...)
}

func (s *Store) reportPayers(ctx context.Context, days []any) ([]gatepost.ReportPayer, error) {
	return queryAll(ctx, s.sums, func(row scanner) (p gatepost.ReportPayer, err error) {
		var due, recorded int64
		err = row.Scan(&p.Division, &p.Class, &p.Funder, &due, &recorded)
		p.Due, p.Recorded = time.Duration(due)*time.Millisecond, time.Duration(recorded)*time.Millisecond
		return p, err
	}, `SELECT `+county+` AS county, d.class, d.funder_id, SUM(d.due), SUM(d.recorded) FROM camera_days d
	    WHERE `+inReport+` AND d.day >= $4 AND d.day <= $5 GROUP BY county, d.class, d.funder_id`, days...)
}

func (s *Store) reportUses(ctx context.Context, days []any) ([]gatepost.ReportUse, error) {
	return queryAll(ctx, s.sums, func(row scanner) (u gatepost.ReportUse, err error) {
		var viewed int64
		err = row.Scan(&u.Division, &u.Kind, &u.Lives, &u.Playbacks, &u.Exports, &u.Shares, &viewed, &u.Bytes)
		u.Viewed = time.Duration(viewed) * time.Millisecond
		return u, err
	}, `SELECT `+county+` AS county, d.kind, SUM(d.lives), SUM(d.playbacks), SUM(d.exports), SUM(d.shares), SUM(d.viewed), SUM(d.bytes) FROM camera_uses d
	    WHERE `+inReport+` AND d.day >= $4 AND d.day <= $5 GROUP BY county, d.kind`, days...)
}

// reportStored sums up by division what was ingested before a month and is not past its
// retention when it ends. How far back that reaches is asked first, so that the sum
// is planned for so many days.
func (s *Store) reportStored(ctx context.Context, area []any, month gatepost.Month) (map[string]int64, error) {
	stored, last := map[string]int64{}, int64(month.Last())
	var longest int64
	if err := s.sums.QueryRowContext(ctx, `SELECT COALESCE(MAX(retention_days), 0) FROM camera_history`).Scan(&longest); err != nil {
		return nil, err
	}
	_, err := queryAll(ctx, s.sums, func(row scanner) (code string, err error) {
		var bytes int64
		err = row.Scan(&code, &bytes)
		stored[code] = bytes
		return code, err
	}, `SELECT `+county+` AS county, SUM(d.bytes) FROM camera_days d
	    WHERE `+inReport+` AND d.day > $4 AND d.day < $5 AND d.retention_days > $6 - d.day GROUP BY county`, slices.Concat(area, []any{last - longest, int64(month.First()), last})...)
	return stored, err
}

// reportStocks counts cameras as they were when a month ended. Too short for the law is
// what lies below the floor that the policy of now sets for the category.
func (s *Store) reportStocks(ctx context.Context, area []any, month gatepost.Month) ([]gatepost.ReportStock, error) {
	policy, err := s.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	return queryAll(ctx, s.sums, func(row scanner) (n gatepost.ReportStock, err error) {
		err = row.Scan(&n.Division, &n.Class, &n.Place, &n.Funder, &n.State, &n.Signed, &n.Short, &n.Cameras)
		return n, err
	}, `SELECT county, class, place, funder_id, state, signed, short, COUNT(*) FROM (
			SELECT `+county+` AS county, d.class, d.place, d.funder_id, d.state, (d.category <> 'key_target' AND d.retention_days < $6 OR d.category = 'key_target' AND d.retention_days < $7) AS short,
				COALESCE((SELECT s.passed FROM signoffs s WHERE s.camera_id = d.camera_id AND s.at < $5 ORDER BY s.at DESC LIMIT 1), FALSE) AS signed
			FROM camera_days d WHERE `+inReport+` AND d.day = $4 AND d.state <> 'retired') AS x
	    GROUP BY county, class, place, funder_id, state, signed, short`,
		slices.Concat(area, []any{int64(month.Last()), ms(month.Last().End()), int64(policy.General.Floor), int64(policy.KeyTarget.Floor)})...)
}

// reportEvents counts incidents by when they began to open cameras, and footage
// requests by when they were asked.
func (s *Store) reportEvents(ctx context.Context, area []any, month gatepost.Month) ([]gatepost.ReportEvents, error) {
	times := slices.Concat(area, []any{ms(month.First().Start()), ms(month.Last().End())})
	incidents, err := queryAll(ctx, s.sums, func(row scanner) (e gatepost.ReportEvents, err error) {
		err = row.Scan(&e.Division, &e.Kind, &e.Incidents, &e.Drills, &e.Served)
		return e, err
	}, `SELECT county, kind, COALESCE(SUM(CASE WHEN drill THEN 0 ELSE 1 END), 0), COALESCE(SUM(CASE WHEN drill THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN served AND NOT drill THEN 1 ELSE 0 END), 0) FROM (
			SELECT `+county+` AS county, o.kind, d.drill, d.end_at AS ends, d.ended_at AS ended, CASE WHEN d.approved_at > d.start_at THEN d.approved_at ELSE d.start_at END AS began,
				EXISTS (SELECT 1 FROM grants g JOIN looks l ON l.grant_id = g.id WHERE g.basis = 'incident:' || d.id) AS served
			FROM incidents d JOIN organisations o ON o.id = d.organisation_id WHERE `+inReport+` AND (d.approver_id = '' OR d.approved_at IS NOT NULL)
				AND (d.start_at >= $4 AND d.start_at < $5 OR d.approved_at >= $4 AND d.approved_at < $5)) AS x
	    WHERE began >= $4 AND began < $5 AND began < ends AND (ended IS NULL OR ended > began) GROUP BY county, kind`, times...)
	if err != nil {
		return nil, err
	}
	requests, err := queryAll(ctx, s.sums, func(row scanner) (e gatepost.ReportEvents, err error) {
		err = row.Scan(&e.Division, &e.Kind, &e.Requests, &e.Answered)
		return e, err
	}, `SELECT county, kind, COUNT(*), COALESCE(SUM(CASE WHEN answered THEN 1 ELSE 0 END), 0) FROM (
			SELECT `+county+` AS county, d.kind, EXISTS (SELECT 1 FROM footage_answers a WHERE a.request_id = r.id) AS answered
			FROM footage_requests r JOIN organisations d ON d.id = r.organisation_id WHERE `+inReport+` AND r.asked_at >= $4 AND r.asked_at < $5) AS x
	    GROUP BY county, kind`, times...)
	return append(incidents, requests...), err
}

// CreateReport stores a draft as the next version of its division's report of the
// month, and writes entry into the ledger. It fails with Conflict while another
// version is not locked.
func (s *Store) CreateReport(ctx context.Context, r gatepost.Report, entry gatepost.LedgerEntry) (gatepost.Report, error) {
	err := s.tx(ctx, "create report", "report", func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) + 1 FROM reports WHERE division = $1 AND month = $2`, r.Division, int64(r.Month)).
			Scan(&r.Version); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO reports (`+reportColumns+`, figures) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			r.ID, r.Division, int64(r.Month), int64(r.Version), string(r.State), r.Organisation, r.CreatedBy, ms(r.CreatedAt), r.SubmittedBy, msOrNull(r.SubmittedAt),
			r.DecidedBy, msOrNull(r.DecidedAt), r.Remark, r.SHA256, r.Note, string(r.Figures)); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	if gatepost.CodeOf(err) == gatepost.Conflict {
		err = &gatepost.Error{Code: gatepost.Conflict, Err: err,
			Message: "a version of this report is being drawn up or reviewed already; go on with that one, or wait for the word on it"}
	}
	return r, err
}

// Report returns a version of a report. It fails with NotFound.
func (s *Store) Report(ctx context.Context, id string) (gatepost.Report, error) {
	r, err := queryOne(ctx, s.read, scanReport, `SELECT `+reportColumns+`, figures FROM reports WHERE id = $1`, id)
	return r, s.failed("read report", "report", err)
}

// Reports lists reports of a division and below it (all with ""), newest first,
// without their figures, at most limit, older than the one with id before ("" for the
// newest); of one month unless that is 0.
func (s *Store) Reports(ctx context.Context, division string, month gatepost.Month, before string, limit int) ([]gatepost.Report, error) {
	list, err := queryAll(ctx, s.read, scanReport,
		`SELECT `+reportColumns+`, '' FROM reports WHERE ($1 = '' OR division >= $1 AND division < $2) AND ($3 = 0 OR month = $3) AND ($4 = '' OR id < $4)
		 ORDER BY id DESC LIMIT $5`, division, divisionEnd(division), int64(month), before, limit)
	return list, s.failed("list reports", "report", err)
}

// LatestReport returns the newest version of a division's report of a month, or
// the newest that is locked; ok is false when there is none.
func (s *Store) LatestReport(ctx context.Context, division string, month gatepost.Month, locked bool) (r gatepost.Report, ok bool, err error) {
	r, err = queryOne(ctx, s.read, scanReport,
		`SELECT `+reportColumns+`, figures FROM reports WHERE division = $1 AND month = $2 AND (NOT $3 OR state = 'locked') ORDER BY version DESC LIMIT 1`,
		division, int64(month), locked)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, s.failed("read report", "report", err)
}

// UpdateReport reads a report, lets change alter it, stores it and writes the
// returned entry into the ledger, all in one transaction. It fails with NotFound,
// with Conflict for one that is locked, and with what change fails with.
func (s *Store) UpdateReport(ctx context.Context, id string, change func(*gatepost.Report) (gatepost.LedgerEntry, error)) (gatepost.Report, error) {
	var r gatepost.Report
	err := s.tx(ctx, "update report", "report", func(tx *sql.Tx) error {
		var err error
		if r, err = queryOne(ctx, tx, scanReport, `SELECT `+reportColumns+`, figures FROM reports WHERE id = $1`, id); err != nil {
			return err
		}
		if r.State == gatepost.ReportLocked {
			return &gatepost.Error{Code: gatepost.Conflict, Message: "this report is locked and stays as it is; draw up another version to correct it"}
		}
		entry, err := change(&r)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`UPDATE reports SET state = $2, figures = $3, submitted_by = $4, submitted_at = $5, decided_by = $6, decided_at = $7, remark = $8, sha256 = $9, note = $10
			 WHERE id = $1`,
			id, string(r.State), string(r.Figures), r.SubmittedBy, msOrNull(r.SubmittedAt), r.DecidedBy, msOrNull(r.DecidedAt), r.Remark, r.SHA256, r.Note); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
	return r, err
}

func scanReport(row scanner) (r gatepost.Report, err error) {
	var (
		created            int64
		submitted, decided sql.NullInt64
		figures            string
	)
	err = row.Scan(&r.ID, &r.Division, &r.Month, &r.Version, &r.State, &r.Organisation, &r.CreatedBy, &created, &r.SubmittedBy, &submitted,
		&r.DecidedBy, &decided, &r.Remark, &r.SHA256, &r.Note, &figures)
	r.CreatedAt, r.SubmittedAt, r.DecidedAt, r.Figures = fromMS(created), fromNullMS(submitted), fromNullMS(decided), []byte(figures)
	return r, err
}

// SettlementTerms returns the formula of settlements; ok is false when none is set.
func (s *Store) SettlementTerms(ctx context.Context) (t gatepost.SettlementTerms, ok bool, err error) {
	var at int64
	err = s.read.QueryRowContext(ctx, `SELECT set_at, set_by, price_1, price_2, price_3, owed, factor, most FROM settlement_terms ORDER BY set_at DESC LIMIT 1`).
		Scan(&at, &t.SetBy, &t.Prices[0], &t.Prices[1], &t.Prices[2], &t.Owed, &t.Factor, &t.Cap)
	t.SetAt = fromMS(at)
	if errors.Is(err, sql.ErrNoRows) {
		return t, false, nil
	}
	return t, err == nil, s.failed("read settlement terms", "settlement terms", err)
}

// PutSettlementTerms sets it from now on and writes entry into the ledger.
func (s *Store) PutSettlementTerms(ctx context.Context, t gatepost.SettlementTerms, entry gatepost.LedgerEntry) error {
	return s.tx(ctx, "set settlement terms", "settlement terms", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO settlement_terms (set_at, set_by, price_1, price_2, price_3, owed, factor, most) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			ms(t.SetAt), t.SetBy, t.Prices[0], t.Prices[1], t.Prices[2], t.Owed, t.Factor, t.Cap); err != nil {
			return err
		}
		return s.appendLedger(ctx, tx, entry)
	})
}
