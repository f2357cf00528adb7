package share

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/token"
)

const (
	maxLife  = 366 * 24 * time.Hour // of a link; a year, also a leap year
	maxUses  = 1_000_000
	maxLabel = 100 // characters
	maxBasis = 200 // characters
)

type shareInput struct {
	Body struct {
		CameraID  string            `json:"camera_id" minLength:"1" maxLength:"64"`
		Actions   []gatepost.Action `json:"actions" minItems:"1" maxItems:"2" uniqueItems:"true" enum:"live,playback"`
		From      time.Time         `json:"from,omitzero" doc:"Playback: start of the window"`
		To        time.Time         `json:"to,omitzero" doc:"Playback: end of the window, at most 31 days after its start"`
		ExpiresAt time.Time         `json:"expires_at" doc:"When the link ends, to the second, at most a year ahead"`
		MaxUses   int               `json:"max_uses,omitempty" minimum:"0" maximum:"1000000" doc:"How often it opens; 0 for no limit"`
		Label     string            `json:"label,omitempty" maxLength:"100" doc:"Watermark that the picture carries; the token names it"`

		Networks   []string `json:"networks,omitempty" maxItems:"16" doc:"Address ranges from which it opens, such as 203.0.113.0/24; none for everywhere"`
		Origins    []string `json:"origins,omitempty" maxItems:"16" doc:"Origins of the pages that may show it in a frame, such as https://www.example.org; none for no page"`
		LegalBasis string   `json:"legal_basis,omitempty" maxLength:"200" doc:"What allows to share it: a law, a contract, a consent; for the ledger, and told to whoever opens it"`
	}
}

// NewShare is a share link that has just been made.
type NewShare struct {
	ID    string `json:"id"`
	URL   string `json:"url" doc:"The link to give away; shown this once"`
	Token string `json:"token" doc:"The token that the link carries"`
	Embed string `json:"embed,omitempty" doc:"The address of a frame with the picture alone, for the pages of its origins; shown this once"`
}

type shareOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         NewShare
}

func (f *Function) create(ctx context.Context, in *shareInput) (*shareOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	sh, err := newShare(in, now)
	if err != nil {
		return nil, err
	}
	c, d, err := access.Gate{Store: f.opts.Store}.Look(ctx, subject, sh.CameraID, access.Share, time.Time{}, time.Time{}, map[string]string{"actions": joined(sh.Actions)})
	if err != nil {
		return nil, err
	}
	sh.Organisation, sh.CreatedBy = subject.Organisation, subject.UserID
	raw, err := f.opts.Tokens.Share(ctx, token.Share{ShareID: sh.ID, ExpiresAt: sh.ExpiresAt})
	if err != nil {
		return nil, err
	}
	entry := access.Entry(gatepost.LedgerShare, subject, c.ID, map[string]string{
		"act": "create", "share": sh.ID, "rule": d.Rule, "actions": joined(sh.Actions), "expires_at": sh.ExpiresAt.Format(time.RFC3339)})
	if slices.Contains(sh.Actions, gatepost.ActionPlayback) {
		entry.Detail["from"], entry.Detail["to"] = sh.From.Format(time.RFC3339Nano), sh.To.Format(time.RFC3339Nano)
	}
	describe(entry.Detail, sh)
	if err := f.opts.Store.CreateShare(ctx, sh, entry); err != nil {
		return nil, err
	}
	if err := f.confirm(ctx, subject, sh, d); err != nil {
		return nil, err
	}
	made := NewShare{ID: sh.ID, URL: f.opts.Addresses.Share(raw), Token: raw}
	if len(sh.Origins) > 0 {
		made.Embed = f.opts.Addresses.Embed(sh.ID, raw)
	}
	return &shareOutput{CacheControl: "no-store", Body: made}, nil
}

// confirm holds that whoever shares may share still, now that the link is written down.
// If he may not, it is revoked; nobody has seen it.
func (f *Function) confirm(ctx context.Context, subject gatepost.Subject, sh gatepost.Share, d access.Decision) error {
	gone := access.Gate{Store: f.opts.Store}.Again(ctx, subject, sh.CameraID, access.Share, time.Time{}, time.Time{}, d, map[string]string{"share": sh.ID})
	if gone == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // also when the one who asks has left
	if err := f.opts.Store.RevokeShare(ctx, sh.ID, time.Now(), access.Entry(gatepost.LedgerRevoke, subject, sh.CameraID,
		map[string]string{"act": "revoke", "share": sh.ID})); err != nil {
		return errors.Join(gone, err)
	}
	return gone
}

// describe adds to a ledger entry's detail what a link is bound to.
func describe(detail map[string]string, sh gatepost.Share) {
	for name, value := range map[string]string{"networks": string(sh.Networks), "origins": strings.Join(sh.Origins, " "), "legal_basis": sh.LegalBasis} {
		if value != "" {
			detail[name] = value
		}
	}
}

// newShare builds the link that is asked for, rule by rule.
func newShare(in *shareInput, now time.Time) (sh gatepost.Share, err error) {
	b := in.Body
	sh = gatepost.Share{ID: gatepost.NewID(), CameraID: b.CameraID, MaxUses: b.MaxUses, CreatedAt: now.Truncate(time.Millisecond),
		ExpiresAt: b.ExpiresAt.UTC().Truncate(time.Second)} // tokens count whole seconds
	for _, a := range []gatepost.Action{gatepost.ActionLive, gatepost.ActionPlayback} {
		if slices.Contains(b.Actions, a) {
			sh.Actions = append(sh.Actions, a)
		}
	}
	if len(sh.Actions) == 0 || len(sh.Actions) != len(b.Actions) {
		return sh, gatepost.InvalidField("actions", "say what the link opens: live, playback or both, each once")
	}
	if slices.Contains(sh.Actions, gatepost.ActionPlayback) {
		if sh.From, sh.To, err = gatepost.CheckWindow(b.From, b.To, now); err != nil {
			return sh, err
		}
	} else if !b.From.IsZero() || !b.To.IsZero() {
		return sh, gatepost.InvalidField("from", "live has no window; leave from and to out, or share playback too")
	}
	switch {
	case !sh.ExpiresAt.After(now):
		return sh, gatepost.InvalidField("expires_at", "the link must end in the future")
	case sh.ExpiresAt.Sub(now) > maxLife:
		return sh, gatepost.InvalidField("expires_at", "a link lasts a year at most; make a new one then")
	case b.MaxUses < 0 || b.MaxUses > maxUses:
		return sh, gatepost.InvalidField("max_uses", "a link opens 1 to 1000000 times, or without a limit with 0")
	}
	if sh.Label, err = gatepost.CheckText("label", b.Label, 0, maxLabel); err != nil {
		return sh, err
	}
	if sh.LegalBasis, err = gatepost.CheckText("legal_basis", b.LegalBasis, 0, maxBasis); err != nil {
		return sh, err
	}
	if sh.Networks, err = gatepost.CheckNetworks("networks", b.Networks); err != nil {
		return sh, err
	}
	sh.Origins, err = checkOrigins(b.Origins)
	return sh, err
}

// Share is a share link as the API shows one.
type Share struct {
	ID             string            `json:"id"`
	CameraID       string            `json:"camera_id"`
	OrganisationID string            `json:"organisation_id" doc:"Who shares"`
	CreatedBy      string            `json:"created_by" doc:"User id"`
	Actions        []gatepost.Action `json:"actions" enum:"live,playback"`
	From           *time.Time        `json:"from,omitempty" doc:"Playback: the window"`
	To             *time.Time        `json:"to,omitempty"`
	ExpiresAt      time.Time         `json:"expires_at"`
	MaxUses        int               `json:"max_uses" doc:"0 for no limit"`
	Uses           int               `json:"uses"`
	Label          string            `json:"label"`
	Networks       []string          `json:"networks" doc:"Address ranges from which it opens; none for everywhere"`
	Origins        []string          `json:"origins" doc:"Origins of the pages that may show it in a frame"`
	LegalBasis     string            `json:"legal_basis"`
	CreatedAt      time.Time         `json:"created_at"`
	RevokedAt      *time.Time        `json:"revoked_at,omitempty"`
}

func view(sh gatepost.Share) Share {
	v := Share{ID: sh.ID, CameraID: sh.CameraID, OrganisationID: sh.Organisation, CreatedBy: sh.CreatedBy, Actions: sh.Actions,
		ExpiresAt: sh.ExpiresAt, MaxUses: sh.MaxUses, Uses: sh.Uses, Label: sh.Label, CreatedAt: sh.CreatedAt, RevokedAt: sh.RevokedAt,
		Networks: sh.Networks.List(), Origins: sh.Origins, LegalBasis: sh.LegalBasis}
	v.From, v.To = window(sh)
	return v
}

// window is the link's window, nil when it has none.
func window(sh gatepost.Share) (from, to *time.Time) {
	if !slices.Contains(sh.Actions, gatepost.ActionPlayback) {
		return nil, nil
	}
	return &sh.From, &sh.To
}

type (
	listInput struct {
		host.Page
		CameraID string `query:"camera_id" maxLength:"64" doc:"Only the links to this camera"`
	}
	listOutput struct{ Body host.List[Share] }
)

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	owner := subject.Organisation
	if subject.Admin() {
		owner = ""
	}
	if in.CameraID != "" {
		if _, _, err := (access.Gate{Store: f.opts.Store}).Camera(ctx, subject, in.CameraID, access.Share, nil); err != nil {
			return nil, err
		}
	} else if err := mayShareAny(subject); err != nil {
		return nil, err
	}
	shares, err := f.opts.Store.Shares(ctx, owner, in.CameraID, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(shares, in.Limit, func(sh gatepost.Share) string { return sh.ID }, view)}, nil
}

var errNoShare = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such share link, or none that you may know of"}

func joined(actions []gatepost.Action) string {
	parts := make([]string, len(actions))
	for i, a := range actions {
		parts[i] = string(a)
	}
	return strings.Join(parts, ",")
}
