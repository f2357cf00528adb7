package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

const cameraColumns = `id, national_id, name, longitude, latitude, address, division, place, class,
	owner_id, responsible_id, funder_id, beneficiary_id, retention_days, consent_to_share, sign_posted, not_banned_place,
	state, key_hash, srt_secret, epoch, acceptance, created_at, updated_at, category`

// CreateCamera enrols a camera and writes entry into the ledger, and another
// when its owner consents to police use from the first. The camera's NationalID
// is filled in: the next serial of its division and place. It fails with Invalid
// when an organisation does not exist and with Conflict when the serials are
// used up or its owner's plan has no room.
func (s *Store) CreateCamera(ctx context.Context, c gatepost.Camera, entry gatepost.LedgerEntry) (gatepost.Camera, error) {
	prefix, err := gatepost.NationalPrefix(c.Division, c.Place)
	if err != nil {
		return c, err
	}
	acceptance, err := encodeAcceptance(c.Acceptance)
	if err != nil {
		return c, err
	}
	c.Category = cmp.Or(c.Category, gatepost.CategoryGeneral)
	longitude, latitude := nullPosition(c.Position)
	err = s.tx(ctx, "create camera", "camera", func(tx *sql.Tx) error {
		if err := withinPlan(ctx, tx, c, nil); err != nil {
			return err
		}
		var serial int64
		if err := tx.QueryRowContext(ctx,
			`INSERT INTO national_serials (prefix, last) VALUES ($1, 1)
			 ON CONFLICT (prefix) DO UPDATE SET last = national_serials.last + 1 RETURNING last`,
			prefix).Scan(&serial); err != nil {
			return err
		}
		var err error
		if c.NationalID, err = gatepost.ComposeNationalID(prefix, serial); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO cameras (`+cameraColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
				$16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
			c.ID, c.NationalID, c.Name, longitude, latitude, c.Address, c.Division, string(c.Place), int64(c.Class),
			c.Owner, c.Responsible, c.Funder, c.Beneficiary, int64(c.RetentionDays), c.ConsentToShare, c.SignPosted, c.NotBannedPlace,
			string(c.State), c.KeyHash, c.SRTSecret, c.Epoch, acceptance, ms(c.CreatedAt), ms(c.UpdatedAt), string(c.Category)); err != nil {
			return err
		}
		return s.appendCamera(ctx, tx, gatepost.Camera{RetentionDays: c.RetentionDays, Category: gatepost.CategoryGeneral}, c, entry)
	})
	if err != nil {
		c.NationalID = ""
	}
	return c, err
}

// Camera returns a camera. It fails with NotFound.
func (s *Store) Camera(ctx context.Context, id string) (gatepost.Camera, error) {
	c, err := queryOne(ctx, s.fixed, scanCamera, `SELECT `+cameraColumns+` FROM cameras WHERE id = $1`, id)
	return c, s.failed("read camera", "camera", err)
}

// Cameras lists the cameras that a filter lets through, oldest first, at most
// limit of them, after the one with id after ("" from the start).
func (s *Store) Cameras(ctx context.Context, f gatepost.CameraFilter, after string, limit int) ([]gatepost.Camera, error) {
	q := cameraQuery{filter: f, args: []any{after, limit}}
	cameras, err := queryAll(ctx, s.read, scanCamera, `SELECT `+cameraColumns+` FROM cameras WHERE `+q.arm("")+` ORDER BY id LIMIT $2`, q.args...)
	return cameras, s.failed("list cameras", "camera", err)
}

// UpdateCamera reads a camera, lets change alter it, stores it and writes the
// returned entry into the ledger, with others when consent or retention changed
// (gatepost.CameraChanges), all in one transaction; change may run more than
// once, and an error of its stops everything. Id, national id, epoch and creation
// time stay as they are, whatever change does.
//
// When fence is true the camera's epoch grows by one, and with it the status
// row goes offline: whoever is publishing now is told to stop, and can be
// admitted anew if the camera's state and key allow it.
//
// Right after it, when the owner changed, every share link to the camera and
// every look at it ends:
// they rest on a decision that was the former owner's. When the local police may not
// look any more, or the camera is moved, the looks end that rested on what it was.
//
// It fails with NotFound, with Invalid when an organisation does not exist, and
// when the owner's plan has no room.
func (s *Store) UpdateCamera(ctx context.Context, id string, fence bool, change func(*gatepost.Camera) (gatepost.LedgerEntry, error)) (gatepost.Camera, error) {
	var c gatepost.Camera
	var ends []ending
	err := s.tx(ctx, "update camera", "camera", func(tx *sql.Tx) error {
		old, err := queryOne(ctx, tx, scanCamera, `SELECT `+cameraColumns+` FROM cameras WHERE id = $1`, id)
		if err != nil {
			return err
		}
		c = old
		entry, err := change(&c)
		if err != nil {
			return err
		}
		c.ID, c.NationalID, c.Epoch, c.CreatedAt = old.ID, old.NationalID, old.Epoch, old.CreatedAt
		if err := withinPlan(ctx, tx, c, &old); err != nil {
			return err
		}
		fence := fence && old.Epoch > 0 // nobody ever published: nothing to end
		if fence {
			c.Epoch++
		}
		acceptance, err := encodeAcceptance(c.Acceptance)
		if err != nil {
			return err
		}
		longitude, latitude := nullPosition(c.Position)
		if _, err := tx.ExecContext(ctx,
			`UPDATE cameras SET name = $2, longitude = $3, latitude = $4, address = $5, division = $6, place = $7, class = $8,
				owner_id = $9, responsible_id = $10, funder_id = $11, beneficiary_id = $12, retention_days = $13,
				consent_to_share = $14, sign_posted = $15, not_banned_place = $16, state = $17, key_hash = $18, srt_secret = $19,
				epoch = $20, acceptance = $21, updated_at = $22, category = $23
			 WHERE id = $1`,
			id, c.Name, longitude, latitude, c.Address, c.Division, string(c.Place), int64(c.Class),
			c.Owner, c.Responsible, c.Funder, c.Beneficiary, int64(c.RetentionDays),
			c.ConsentToShare, c.SignPosted, c.NotBannedPlace, string(c.State), c.KeyHash, c.SRTSecret,
			c.Epoch, acceptance, ms(c.UpdatedAt), string(c.Category)); err != nil {
			return err
		}
		if fence {
			if err := fenceStatus(ctx, tx, c); err != nil {
				return err
			}
		}
		if ends, err = cameraEndings(ctx, tx, old, c); err != nil {
			return err
		}
		return s.appendCamera(ctx, tx, old, c, entry)
	})
	if err != nil {
		return c, err
	}
	return c, s.finish(ctx, ends, time.Now())
}

// appendCamera writes what history and ledger keep of a camera's change.
func (s *Store) appendCamera(ctx context.Context, tx *sql.Tx, old, c gatepost.Camera, entry gatepost.LedgerEntry) error {
	if err := putMoment(ctx, tx, old, c); err != nil {
		return err
	}
	for _, e := range append([]gatepost.LedgerEntry{entry}, gatepost.CameraChanges(old, c, entry)...) {
		if err := s.appendLedger(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// cameraEndings notes what a change takes away: from everybody with another owner;
// from others under a standing right, when the local police may look no more; and from
// those under an incident as well, whose area it may have left, when the camera has
// moved. Who may still look asks again. What its owner, an approval or a link opened, stays.
func cameraEndings(ctx context.Context, tx *sql.Tx, old, c gatepost.Camera) ([]ending, error) {
	var kind string
	switch {
	case c.Owner != old.Owner:
		kind = endingCamera
	case c.Division != old.Division || position(c) != position(old):
		kind = endingMoved
	case old.OpenToLocalPolice() && !c.OpenToLocalPolice():
		kind = endingStanding
	default:
		return nil, nil
	}
	e, err := newEnding(ctx, tx, kind, c.ID)
	return []ending{e}, err
}

// position is a camera's, to be compared; far from the Earth when it has none.
func position(c gatepost.Camera) gatepost.Position {
	if c.Position == nil {
		return gatepost.Position{Longitude: 999, Latitude: 999}
	}
	return *c.Position
}

func scanCamera(row scanner) (gatepost.Camera, error) {
	var (
		c                    gatepost.Camera
		longitude, latitude  sql.NullFloat64
		class, retention     int64
		acceptance           string
		createdAt, updatedAt int64
	)
	if err := row.Scan(&c.ID, &c.NationalID, &c.Name, &longitude, &latitude, &c.Address, &c.Division, &c.Place, &class,
		&c.Owner, &c.Responsible, &c.Funder, &c.Beneficiary, &retention, &c.ConsentToShare, &c.SignPosted, &c.NotBannedPlace,
		&c.State, &c.KeyHash, &c.SRTSecret, &c.Epoch, &acceptance, &createdAt, &updatedAt, &c.Category); err != nil {
		return c, err
	}
	if longitude.Valid && latitude.Valid {
		c.Position = &gatepost.Position{Longitude: longitude.Float64, Latitude: latitude.Float64}
	}
	c.Class, c.RetentionDays = gatepost.WatchClass(class), int(retention)
	c.CreatedAt, c.UpdatedAt = fromMS(createdAt), fromMS(updatedAt)
	if acceptance != "" {
		c.Acceptance = new(gatepost.Acceptance)
		if err := json.Unmarshal([]byte(acceptance), c.Acceptance); err != nil {
			return c, fmt.Errorf("decode acceptance of camera %s: %w", c.ID, err)
		}
	}
	return c, nil
}

func encodeAcceptance(a *gatepost.Acceptance) (string, error) {
	if a == nil {
		return "", nil
	}
	b, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("encode acceptance: %w", err)
	}
	return string(b), nil
}

func nullPosition(p *gatepost.Position) (longitude, latitude sql.NullFloat64) {
	if p == nil {
		return longitude, latitude
	}
	return sql.NullFloat64{Float64: p.Longitude, Valid: true}, sql.NullFloat64{Float64: p.Latitude, Valid: true}
}

// placeholders returns "$first, $first+1, …" for n values.
func placeholders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// anys turns a list of ids into arguments.
func anys(ids []string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}
