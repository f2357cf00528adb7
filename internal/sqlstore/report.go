package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	reportColumns = `id, division, month, version, state, organisation_id, created_by, created_at, submitted_by, submitted_at, decided_by, decided_at, remark, sha256, note`

	// inDivision is the condition that a division ($1, up to $2) holds that of a row d.
	inDivision = `d.division >= $1 AND d.division < $2`
	// county is the county of a row d, or what wider division it is of.
	county = `SUBSTR(d.division, 1, 6)`
)

// ReportFacts returns what the report of a division and a month is made of.
func (s *Store) ReportFacts(ctx context.Context, division string, month gatepost.Month) (gatepost.ReportFacts, error) {
	f := gatepost.ReportFacts{Stored: map[string]int64{}}
	area := []any{division, divisionEnd(division)}
	days := append(area, int64(month.First()), int64(month.Last()))
	times := append(area, ms(month.First().Start()), ms(month.Last().End()))
	err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM day_runs WHERE pass = 1 AND finished_at IS NOT NULL AND day >= $1 AND day <= $2`,
		days[2], days[3]).Scan(&f.Measured)
	if err == nil {
		f.Groups, err = queryAll(ctx, s.read, func(row scanner) (g gatepost.ReportGroup, err error) {
			err = serviceScanner{row, &g.Service}.Scan(&g.Division, &g.Class, &g.Place, &g.Funder)
			return g, err
		}, `SELECT `+county+` AS county, d.class, d.place, d.funder_id, `+serviceSums+` FROM camera_days d
		    WHERE `+inDivision+` AND d.day >= $3 AND d.day <= $4 GROUP BY county, d.class, d.place, d.funder_id ORDER BY county, d.class, d.place, d.funder_id`, days...)
	}
	if err == nil {
		f.Stocks, err = s.reportStocks(ctx, area, month)
	}
	if err == nil {
		f.Uses, err = queryAll(ctx, s.read, func(row scanner) (u gatepost.ReportUse, err error) {
			var viewed int64
			err = row.Scan(&u.Division, &u.Kind, &u.Lives, &u.Playbacks, &u.Exports, &u.Shares, &viewed, &u.Bytes)
			u.Viewed = time.Duration(viewed) * time.Millisecond
			return u, err
		}, `SELECT `+county+` AS county, d.kind, SUM(d.lives), SUM(d.playbacks), SUM(d.exports), SUM(d.shares), SUM(d.viewed), SUM(d.bytes) FROM camera_uses d
		    WHERE `+inDivision+` AND d.day >= $3 AND d.day <= $4 GROUP BY county, d.kind ORDER BY county, d.kind`, days...)
	}
	if err == nil {
		f.Events, err = s.reportEvents(ctx, times)
	}
	if err == nil {
		_, err = queryAll(ctx, s.read, func(row scanner) (code string, err error) {
			var bytes int64
			err = row.Scan(&code, &bytes)
			f.Stored[code] = bytes
			return code, err
		}, `SELECT `+county+` AS county, SUM(d.bytes) FROM camera_days d WHERE `+inDivision+` AND d.day <= $3 AND d.day > $3 - d.retention_days
		    AND d.day > $3 - (SELECT COALESCE(MAX(retention_days), 0) FROM camera_history) GROUP BY county`, append(area, days[3])...)
	}
	if err == nil {
		f.Programme, err = s.Programmes(ctx, division, month.First().Start().Year(), true, "", 10_000)
	}
	return f, s.failed("read the facts of a month", "report", err)
}

// reportStocks counts cameras as they were when a month ended. Too short for the law is
// what lies below the floor that the policy of now sets for the category.
func (s *Store) reportStocks(ctx context.Context, area []any, month gatepost.Month) ([]gatepost.ReportStock, error) {
	policy, err := s.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	return queryAll(ctx, s.read, func(row scanner) (n gatepost.ReportStock, err error) {
		err = row.Scan(&n.Division, &n.Class, &n.Place, &n.Funder, &n.State, &n.Signed, &n.Short, &n.Cameras)
		return n, err
	}, `SELECT county, class, place, funder_id, state, signed, short, COUNT(*) FROM (
			SELECT `+county+` AS county, d.class, d.place, d.funder_id, d.state, (d.category <> 'key_target' AND d.retention_days < $5 OR d.category = 'key_target' AND d.retention_days < $6) AS short,
				COALESCE((SELECT s.passed FROM signoffs s WHERE s.camera_id = d.camera_id AND s.at < $4 ORDER BY s.at DESC LIMIT 1), FALSE) AS signed
			FROM camera_days d WHERE `+inDivision+` AND d.day = $3 AND d.state <> 'retired') AS x
	    GROUP BY county, class, place, funder_id, state, signed, short ORDER BY county, class, place, funder_id, state, signed, short`,
		append(area, int64(month.Last()), ms(month.Last().End()), int64(policy.General.Floor), int64(policy.KeyTarget.Floor))...)
}

// reportEvents counts incidents by when they began to open cameras, and footage
// requests by when they were asked.
func (s *Store) reportEvents(ctx context.Context, times []any) ([]gatepost.ReportEvents, error) {
	by, list := map[string]int{}, []gatepost.ReportEvents{}
	of := func(division string) *gatepost.ReportEvents {
		i, ok := by[division]
		if !ok {
			i = len(list)
			by[division], list = i, append(list, gatepost.ReportEvents{Division: division})
		}
		return &list[i]
	}
	_, err := queryAll(ctx, s.read, func(row scanner) (struct{}, error) {
		var (
			division   string
			drill, was bool
			n          int64
		)
		if err := row.Scan(&division, &drill, &was, &n); err != nil {
			return struct{}{}, err
		}
		e := of(division)
		if drill {
			e.Drills += n
			return struct{}{}, nil
		}
		e.Incidents += n
		if was {
			e.Served += n
		}
		return struct{}{}, nil
	}, `SELECT county, drill, served, COUNT(*) FROM (
			SELECT `+county+` AS county, d.drill, d.end_at AS ends, d.ended_at AS ended, CASE WHEN d.approved_at > d.start_at THEN d.approved_at ELSE d.start_at END AS began,
				EXISTS (SELECT 1 FROM grants g JOIN looks l ON l.grant_id = g.id WHERE g.basis = 'incident:' || d.id) AS served
			FROM incidents d WHERE `+inDivision+` AND (d.approver_id = '' OR d.approved_at IS NOT NULL)
				AND (d.start_at >= $3 AND d.start_at < $4 OR d.approved_at >= $3 AND d.approved_at < $4)) AS x
	    WHERE began >= $3 AND began < $4 AND began < ends AND (ended IS NULL OR ended > began) GROUP BY county, drill, served`, times...)
	if err != nil {
		return nil, err
	}
	_, err = queryAll(ctx, s.read, func(row scanner) (struct{}, error) {
		var (
			division string
			answered bool
			n        int64
		)
		if err := row.Scan(&division, &answered, &n); err != nil {
			return struct{}{}, err
		}
		e := of(division)
		e.Requests += n
		if answered {
			e.Answered += n
		}
		return struct{}{}, nil
	}, `SELECT county, answered, COUNT(*) FROM (
			SELECT `+county+` AS county, EXISTS (SELECT 1 FROM footage_answers a WHERE a.request_id = r.id) AS answered
			FROM footage_requests r JOIN organisations d ON d.id = r.organisation_id WHERE `+inDivision+` AND r.asked_at >= $3 AND r.asked_at < $4) AS x
	    GROUP BY county, answered`, times...)
	return list, err
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
