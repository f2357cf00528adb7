package access

import (
	"context"
	"maps"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Store is what a Gate reads and writes. Account and Camera fail with NotFound.
type Store interface {
	Account(ctx context.Context, userID string) (gatepost.Account, error)
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
	// AccessFacts returns at least what may open the camera to the subject at
	// a time.
	AccessFacts(ctx context.Context, s gatepost.Subject, c gatepost.Camera, at time.Time) (gatepost.AccessFacts, error)
	AppendLedger(ctx context.Context, e gatepost.LedgerEntry) error
}

// Gate lets a subject through to a camera, or refuses and says so in the
// ledger.
type Gate struct {
	Store Store
	Case  string // the number of the case that the look names; "" for none
}

// zone is the time zone in which hours of day are meant: China has one, without
// summer time.
var zone = time.FixedZone("CST", 8*60*60)

// Camera returns a camera that the subject may do something with, and the
// decision. A refusal is written into the ledger with detail, which may be nil;
// what is allowed, the caller writes down together with what it did. It fails with
// NotFound, in the same words for a camera that does not exist and for one that the
// subject may not know of, and with Forbidden and Unauthenticated.
func (g Gate) Camera(ctx context.Context, s gatepost.Subject, cameraID string, a Action, detail map[string]string) (gatepost.Camera, Decision, error) {
	return g.Window(ctx, s, cameraID, a, time.Time{}, time.Time{}, detail)
}

// Window is Camera for a window of the archive.
func (g Gate) Window(ctx context.Context, s gatepost.Subject, cameraID string, a Action, from, to time.Time, detail map[string]string) (gatepost.Camera, Decision, error) {
	c, d, err := g.Explain(ctx, s, cameraID, a, from, to)
	if err != nil || d.Allowed {
		return c, d, err
	}
	e := Entry(gatepost.LedgerDecision, s, c.ID, detail)
	if e.Detail = maps.Clone(detail); e.Detail == nil {
		e.Detail = map[string]string{}
	}
	e.Allowed, e.Detail["action"], e.Detail["rule"] = false, string(a), d.Rule
	if err := g.Store.AppendLedger(ctx, e); err != nil {
		return gatepost.Camera{}, d, err
	}
	if d.Code == gatepost.NotFound {
		return gatepost.Camera{}, d, ErrNoCamera
	}
	return gatepost.Camera{}, d, d.Err()
}

// Beside is Camera for what hangs on a camera and was found by an id of its own, such
// as a grant. Whoever is refused and is not of the camera's organisation gets none, so
// that nobody learns by trying ids which things exist.
func (g Gate) Beside(ctx context.Context, s gatepost.Subject, cameraID string, a Action, detail map[string]string, none error) error {
	_, d, err := g.Camera(ctx, s, cameraID, a, detail)
	if gatepost.CodeOf(err) == gatepost.NotFound || !d.Allowed && d.Code != "" && d.Rule != "owner_role" {
		return none
	}
	return err
}

// Look is Window for what outlasts the request, such as a grant: the subject must
// still be who he was when his credential was checked. It fails with Unauthenticated
// for somebody who was deactivated, and with Conflict when his role is another.
func (g Gate) Look(ctx context.Context, s gatepost.Subject, cameraID string, a Action, from, to time.Time, detail map[string]string) (gatepost.Camera, Decision, error) {
	if err := g.present(ctx, s); err != nil {
		return gatepost.Camera{}, Decision{}, err
	}
	return g.Window(ctx, s, cameraID, a, from, to, detail)
}

// Again decides once more, after what d allowed was written down. Whoever takes
// something away writes that first and then revokes what he finds: either he found it, or
// Again sees what he wrote, and fails; the caller revokes it then. It fails as Look
// does, and with Conflict when the subject may look, but on another ground or for
// a shorter time than d says.
func (g Gate) Again(ctx context.Context, s gatepost.Subject, cameraID string, a Action, from, to time.Time, d Decision, detail map[string]string) error {
	_, now, err := g.Look(ctx, s, cameraID, a, from, to, detail)
	if err != nil {
		return err
	}
	if now.Basis != d.Basis || !now.Until.IsZero() && (d.Until.IsZero() || now.Until.Before(d.Until)) {
		return &gatepost.Error{Code: gatepost.Conflict, Message: "what allowed this has changed at this very moment; ask again"}
	}
	return nil
}

// present holds that a subject is who he was. Users are never removed: who has no row
// was not deactivated since.
func (g Gate) present(ctx context.Context, s gatepost.Subject) error {
	account, err := g.Store.Account(ctx, s.UserID)
	switch {
	case gatepost.CodeOf(err) == gatepost.NotFound:
		return nil
	case err != nil:
		return err
	case account.User.Disabled:
		return &gatepost.Error{Code: gatepost.Unauthenticated, Message: "this account was deactivated; ask your organisation's owner"}
	}
	is := account.Subject()
	if is.Role != s.Role || is.Organisation != s.Organisation || is.Kind != s.Kind || is.Division != s.Division {
		return &gatepost.Error{Code: gatepost.Conflict, Message: "your role or organisation has changed; ask again in a few seconds"}
	}
	return nil
}

// Explain returns the decision and the camera that it is about, whether it allows
// anything or not, and writes nothing down. The camera is the caller's to hide
// when the decision says NotFound. It fails with NotFound for a camera that
// does not exist.
func (g Gate) Explain(ctx context.Context, s gatepost.Subject, cameraID string, a Action, from, to time.Time) (gatepost.Camera, Decision, error) {
	if !gatepost.ValidID(cameraID) {
		return gatepost.Camera{}, Decision{}, ErrNoCamera
	}
	c, err := g.Store.Camera(ctx, cameraID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return gatepost.Camera{}, Decision{}, ErrNoCamera
	}
	if err != nil {
		return gatepost.Camera{}, Decision{}, err
	}
	// Windows are kept in microseconds.
	r := Request{Subject: s, Action: a, Camera: c, From: from.Truncate(time.Microsecond), To: to.Truncate(time.Microsecond), Case: g.Case, At: time.Now().In(zone)}
	if !s.Admin() && !owns(r) {
		if r.Facts, err = g.Store.AccessFacts(ctx, s, c, r.At); err != nil {
			return gatepost.Camera{}, Decision{}, err
		}
	}
	return c, Decide(r), nil
}

// ErrNoCamera is the answer about a camera that the caller may not know of, word for
// word as about one that does not exist.
var ErrNoCamera = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such camera, or none that you may know of"}

// Entry is a ledger entry about something that a subject did.
func Entry(kind gatepost.LedgerKind, s gatepost.Subject, cameraID string, detail map[string]string) gatepost.LedgerEntry {
	return gatepost.LedgerEntry{Kind: kind, Actor: s.UserID, Organisation: s.Organisation, CameraID: cameraID, Allowed: true, Detail: detail}
}
