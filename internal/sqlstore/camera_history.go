package sqlstore

import (
	"context"
	"database/sql"

	"github.com/gatepost-video/gatepost"
)

const momentColumns = `state, class, division, place, owner_id, funder_id, retention_days, category`

func moment(c gatepost.Camera) gatepost.CameraMoment {
	return gatepost.CameraMoment{At: c.UpdatedAt, State: c.State, Class: c.Class, Division: c.Division, Place: c.Place, Owner: c.Owner,
		Funder: c.Funder, RetentionDays: c.RetentionDays, Category: c.Category}
}

// putMoment writes down what a camera is from its last change on, when that
// differs from what it was.
func putMoment(ctx context.Context, tx *sql.Tx, old, c gatepost.Camera) error {
	was, is := moment(old), moment(c)
	if was.At = is.At; was == is {
		return nil
	}
	_, err := tx.ExecContext(ctx,
		`INSERT INTO camera_history (camera_id, at, `+momentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		 ON CONFLICT (camera_id, at) DO UPDATE SET state = EXCLUDED.state, class = EXCLUDED.class, division = EXCLUDED.division, place = EXCLUDED.place,
			owner_id = EXCLUDED.owner_id, funder_id = EXCLUDED.funder_id, retention_days = EXCLUDED.retention_days, category = EXCLUDED.category`,
		c.ID, ms(is.At), string(is.State), int64(is.Class), is.Division, string(is.Place), is.Owner, is.Funder, int64(is.RetentionDays), string(is.Category))
	return err
}

func scanMoment(row scanner, before ...any) (m gatepost.CameraMoment, err error) {
	var at int64
	err = row.Scan(append(before, &at, &m.State, &m.Class, &m.Division, &m.Place, &m.Owner, &m.Funder, &m.RetentionDays, &m.Category)...)
	m.At = fromMS(at)
	return m, err
}
