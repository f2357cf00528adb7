package sqlstore

import (
	"context"
	"database/sql"

	"github.com/gatepost-video/gatepost"
)

// PutDivisions adds divisions and corrects those that are there, all or none.
// The order does not matter. It returns how many were added or changed, so that
// putting the same list again returns 0.
func (s *Store) PutDivisions(ctx context.Context, divisions []gatepost.Division) (changed int, err error) {
	err = s.tx(ctx, "put divisions", "division", func(tx *sql.Tx) (err error) {
		changed = 0
		put, err := tx.PrepareContext(ctx,
			`INSERT INTO divisions (code, name, level, parent) VALUES ($1, $2, $3, $4)
			 ON CONFLICT (code) DO UPDATE SET name = excluded.name, level = excluded.level, parent = excluded.parent
			 WHERE (divisions.name, divisions.level, divisions.parent) <> (excluded.name, excluded.level, excluded.parent)`)
		if err != nil {
			return err
		}
		defer func() {
			if closing := put.Close(); err == nil {
				err = closing
			}
		}()
		for _, d := range divisions {
			result, err := put.ExecContext(ctx, d.Code, d.Name, d.Level, d.Parent)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			changed += int(n)
		}
		return nil
	})
	return changed, err
}

// Division returns one division.
func (s *Store) Division(ctx context.Context, code string) (gatepost.Division, error) {
	d, err := queryOne(ctx, s.read, scanDivision, `SELECT code, name, level, parent FROM divisions WHERE code = $1`, code)
	return d, s.failed("read division", "division", err)
}

// Divisions lists at most limit divisions directly below parent ("" for the
// provinces) by code, after the one with code after ("" for the first).
func (s *Store) Divisions(ctx context.Context, parent, after string, limit int) ([]gatepost.DivisionNode, error) {
	list, err := queryAll(ctx, s.read, func(row scanner) (n gatepost.DivisionNode, err error) {
		err = row.Scan(&n.Code, &n.Name, &n.Level, &n.Parent, &n.HasChildren)
		return n, err
	}, `SELECT d.code, d.name, d.level, d.parent, EXISTS (SELECT 1 FROM divisions c WHERE c.parent = d.code)
	    FROM divisions d WHERE d.parent = $1 AND d.code > $2 ORDER BY d.code LIMIT $3`, parent, after, limit)
	return list, s.failed("list divisions", "division", err)
}

func scanDivision(row scanner) (d gatepost.Division, err error) {
	err = row.Scan(&d.Code, &d.Name, &d.Level, &d.Parent)
	return d, err
}
