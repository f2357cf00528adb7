package grant

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/token"
)

// Lengths in characters.
const (
	maxPurpose = 64
	maxReason  = 500
	maxCase    = 64
)

// PurposeOwn is the purpose of a look at one's own organisation's camera, and
// the default there. The other purposes that forms offer are case, emergency,
// patrol, inspection, maintenance and other; a deployment may use words of its own.
const PurposeOwn = "own"

// PurposeCase is the purpose that needs the number of a case.
const PurposeCase = "case"

type grantInput struct {
	Body struct {
		CameraID   string          `json:"camera_id" minLength:"1" maxLength:"64"`
		Action     gatepost.Action `json:"action" enum:"live,playback"`
		Purpose    string          `json:"purpose,omitempty" maxLength:"64" doc:"own, case, emergency, patrol, inspection, maintenance, other, or a word of the deployment's own; needed for another organisation's camera" example:"case"`
		Reason     string          `json:"reason,omitempty" maxLength:"500" doc:"Why, in particular; needed for another organisation's camera"`
		CaseNumber string          `json:"case_number,omitempty" maxLength:"64"`
		From       time.Time       `json:"from,omitzero" doc:"Playback: start of the window"`
		To         time.Time       `json:"to,omitzero" doc:"Playback: end of the window, at most 31 days after its start"`
	}
}

// NewGrant is a grant that has just been registered.
type NewGrant struct {
	ID        string            `json:"id"`
	Token     string            `json:"token" doc:"The media token; what it opens is in urls"`
	ExpiresAt time.Time         `json:"expires_at" doc:"Of grant and token; ask again before"`
	Label     string            `json:"label" doc:"Watermark that the picture carries"`
	Drill     bool              `json:"drill,omitempty" doc:"It rests on an exercise; say so beside the picture"`
	URLs      gatepost.PlayURLs `json:"urls"`
}

type grantOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         NewGrant
}

// actions is what a grant's action means for the decision.
var actions = map[gatepost.Action]access.Action{
	gatepost.ActionLive:     access.Live,
	gatepost.ActionPlayback: access.Playback,
}

func (f *Function) create(ctx context.Context, in *grantInput) (*grantOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	now, err := f.running(ctx, subject)
	if err != nil {
		return nil, err
	}
	l, err := f.look(ctx, in, subject, "", now)
	if err != nil {
		return nil, err
	}
	// The token leaves this function only once the look is written down.
	if err := f.opts.Store.CreateGrants(ctx, []gatepost.Grant{l.grant}, []gatepost.LedgerEntry{l.entry}); err != nil {
		return nil, err
	}
	if err := f.bounded(ctx, subject, l); err != nil {
		return nil, err
	}
	if err := f.confirm(ctx, subject, l); err != nil {
		return nil, err
	}
	return &grantOutput{CacheControl: "no-store", Body: l.answer}, nil
}

// look is one that was decided on and is yet to be written down.
type look struct {
	grant    gatepost.Grant
	answer   NewGrant
	entry    gatepost.LedgerEntry
	decision access.Decision
}

// confirm holds that the ground of a look that has been written down is there still.
// If it is not, the look is revoked; nobody has seen its token.
func (f *Function) confirm(ctx context.Context, subject gatepost.Subject, l look) error {
	g := l.grant
	gate := access.Gate{Store: f.opts.Store, Case: g.CaseNumber}
	gone := gate.Again(ctx, subject, g.CameraID, actions[g.Action], g.From, g.To, l.decision, detail(g, ""))
	if gone == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // also when the one who asks has left
	if err := f.opts.Store.RevokeGrant(ctx, g.ID, time.Now(), access.Entry(gatepost.LedgerRevoke, subject, g.CameraID,
		map[string]string{"grant": g.ID, "act": "ground gone"})); err != nil {
		return errors.Join(gone, err)
	}
	return gone
}

// look decides on one look and prepares its grant, its answer and its ledger
// entry. registration joins looks that were asked for at once; what goes on already is
// in running.
func (f *Function) look(ctx context.Context, in *grantInput, subject gatepost.Subject, registration string, running *running) (look, error) {
	now := time.Now().UTC()
	g, err := f.grant(in, subject, now)
	if err != nil {
		return look{}, err
	}
	words := detail(g, "")
	if registration != "" {
		words["registration"] = registration
	}
	c, d, err := access.Gate{Store: f.opts.Store, Case: g.CaseNumber}.Look(ctx, subject, g.CameraID, actions[g.Action], g.From, g.To, words)
	if err != nil {
		return look{}, err
	}
	g.Basis, g.CaseNumber = d.Basis, cmp.Or(g.CaseNumber, d.CaseNumber)
	if err := needPurpose(&g, d, c, subject); err != nil {
		return look{}, err
	}
	if !d.Until.IsZero() && d.Until.Before(g.ExpiresAt) {
		g.ExpiresAt = d.Until.UTC().Truncate(time.Second)
	}
	if !g.ExpiresAt.After(now) {
		return look{}, &gatepost.Error{Code: gatepost.Gone, Message: "what allowed this look ends at this very moment"}
	}
	if g.Action == gatepost.ActionLive && c.State == gatepost.CameraRetired {
		return look{}, &gatepost.Error{Code: gatepost.Conflict, Message: "this camera is retired and shows nothing live any more; its archive can still be played back"}
	}
	if err := running.add(g); err != nil {
		return look{}, f.refuse(ctx, subject, g, "too_many", err)
	}
	raw, err := f.opts.Tokens.Media(ctx, token.Media{GrantID: g.ID, CameraID: g.CameraID, Action: g.Action, From: g.From, To: g.To,
		Label: subject.Login, Subject: subject.UserID, ExpiresAt: g.ExpiresAt})
	if err != nil {
		return look{}, err
	}
	words = detail(g, d.Rule)
	if registration != "" {
		words["registration"] = registration
	}
	n := NewGrant{ID: g.ID, Token: raw, ExpiresAt: g.ExpiresAt, Label: subject.Login, Drill: d.Drill, URLs: f.opts.Addresses.Play(g, raw)}
	return look{g, n, access.Entry(gatepost.LedgerGrant, subject, c.ID, words), d}, nil
}

// refuse writes down that a look was refused that access allows, and returns why.
func (f *Function) refuse(ctx context.Context, s gatepost.Subject, g gatepost.Grant, rule string, why error) error {
	e := access.Entry(gatepost.LedgerDecision, s, g.CameraID, detail(g, rule))
	e.Allowed = false
	if err := f.opts.Store.AppendLedger(ctx, e); err != nil {
		return err
	}
	return why
}

// grant builds the grant that is asked for, rule by rule.
func (f *Function) grant(in *grantInput, s gatepost.Subject, now time.Time) (g gatepost.Grant, err error) {
	b := in.Body
	g = gatepost.Grant{ID: gatepost.NewID(), CameraID: b.CameraID, Action: b.Action, UserID: s.UserID, Organisation: s.Organisation,
		CreatedAt: now.Truncate(time.Millisecond)}
	switch b.Action {
	case gatepost.ActionLive:
		if !b.From.IsZero() || !b.To.IsZero() {
			return g, gatepost.InvalidField("from", "live has no window; leave from and to out, or ask for playback")
		}
		g.ExpiresAt = now.Add(f.opts.LiveFor).Truncate(time.Second)
	case gatepost.ActionPlayback:
		if g.From, g.To, err = gatepost.CheckWindow(b.From, b.To, now); err != nil {
			return g, err
		}
		g.ExpiresAt = now.Add(f.opts.PlaybackFor).Truncate(time.Second)
	default:
		return g, gatepost.InvalidField("action", "the action is live or playback")
	}
	if g.Purpose, err = gatepost.CheckText("purpose", b.Purpose, 0, maxPurpose); err != nil {
		return g, err
	}
	if g.Reason, err = gatepost.CheckText("reason", b.Reason, 0, maxReason); err != nil {
		return g, err
	}
	g.CaseNumber, err = gatepost.CheckText("case_number", b.CaseNumber, 0, maxCase)
	return g, err
}

// needPurpose wants a purpose and a reason of everybody but the owner's own
// people.
func needPurpose(g *gatepost.Grant, d access.Decision, c gatepost.Camera, s gatepost.Subject) error {
	if !d.NeedsPurpose {
		if g.Purpose == "" {
			g.Purpose = PurposeOwn
		}
		return nil
	}
	switch {
	case g.Purpose == "":
		return gatepost.InvalidField("purpose", "say what the look is for: case, emergency, patrol, inspection, maintenance or other; the camera's owner can read it")
	case g.Purpose == PurposeOwn && c.Owner != s.Organisation:
		return gatepost.InvalidField("purpose", "own is for the cameras of one's own organisation; say what this look is for")
	case g.Reason == "":
		return gatepost.InvalidField("reason", "say why, in particular; the camera's owner can read it")
	case g.Purpose == PurposeCase && g.CaseNumber == "" && !s.Admin():
		return gatepost.InvalidField("case_number", "a look for a case names the case")
	}
	return nil
}

// detail is what the ledger keeps of a look that was asked for.
func detail(g gatepost.Grant, rule string) map[string]string {
	m := map[string]string{"grant": g.ID, "action": string(g.Action)}
	put := func(name, value string) {
		if value != "" {
			m[name] = value
		}
	}
	put("rule", rule)
	put("basis", g.Basis)
	put("purpose", g.Purpose)
	put("reason", g.Reason)
	put("case_number", g.CaseNumber)
	if g.Action == gatepost.ActionPlayback {
		put("from", g.From.Format(time.RFC3339Nano))
		put("to", g.To.Format(time.RFC3339Nano))
	}
	return m
}
