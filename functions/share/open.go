package share

import (
	"context"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/internal/token"
)

// purposeShare is the purpose of every look through a link.
const purposeShare = "share"

// actorPrefix begins the actor of ledger entries that come from a link, as it does the
// subject of tokens.
const actorPrefix = token.SharePrefix

type tokenInput struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"4096"`
	}
}

// OpenedShare is what a link opens.
type OpenedShare struct {
	Camera    SharedCamera      `json:"camera"`
	Actions   []gatepost.Action `json:"actions" enum:"live,playback"`
	From      *time.Time        `json:"from,omitempty" doc:"Playback: the window"`
	To        *time.Time        `json:"to,omitempty"`
	ExpiresAt time.Time         `json:"expires_at" doc:"When the link ends"`
	Label     string            `json:"label"`
	Basis     string            `json:"legal_basis,omitempty" doc:"What it is shared upon, in the sharer's words"`
	Grants    SharedGrants      `json:"grants"`
}

// SharedCamera is all that a link tells of its camera.
type SharedCamera struct {
	Name string `json:"name"`
}

// SharedGrants is a grant for each action of a link.
type SharedGrants struct {
	Live     *SharedGrant `json:"live,omitempty"`
	Playback *SharedGrant `json:"playback,omitempty"`
}

// SharedGrant is a grant that came from a link.
type SharedGrant struct {
	Token     string            `json:"token" doc:"The media token; renew it before expires_at"`
	ExpiresAt time.Time         `json:"expires_at"`
	Label     string            `json:"label"`
	URLs      gatepost.PlayURLs `json:"urls"`
}

type openOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         OpenedShare
}

type renewOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         SharedGrant
}

func (f *Function) open(ctx context.Context, in *tokenInput) (*openOutput, error) {
	claimed, err := f.opts.Verifier.Share(ctx, in.Body.Token)
	if token.Expired(err) {
		return nil, &gatepost.Error{Code: gatepost.Gone, Message: "this link has expired; ask for a new one"}
	}
	if err != nil {
		return nil, err
	}
	sh, err := f.opts.Store.Share(ctx, claimed.ShareID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, errNoShare
	}
	if err != nil {
		return nil, err
	}
	if err := sh.Networks.Admit(host.Remote(ctx)); err != nil {
		return nil, f.refused(ctx, sh, "open", err)
	}
	c, err := f.opts.Store.Camera(ctx, sh.CameraID)
	if err != nil {
		return nil, err
	}

	// The tokens are signed before the use is counted, so that a use is never
	// lost to a failure to sign.
	now := time.Now().UTC()
	var grants []gatepost.Grant
	var shown SharedGrants
	for _, a := range sh.Actions {
		g := f.grant(sh, a, now)
		if !g.ExpiresAt.After(now) {
			break // the link ends this very second; OpenShare says so
		}
		s, err := f.mint(ctx, sh, g)
		if err != nil {
			return nil, err
		}
		grants = append(grants, g)
		if a == gatepost.ActionLive {
			shown.Live = s
		} else {
			shown.Playback = s
		}
	}
	entry := f.entry(ctx, sh, gatepost.LedgerShare, map[string]string{"act": "open", "actions": joined(sh.Actions)})
	for _, g := range grants {
		entry.Detail["grant_"+string(g.Action)] = g.ID
	}
	sh, _, err = f.opts.Store.OpenShare(ctx, sh.ID, now, func(gatepost.Share) ([]gatepost.Grant, []gatepost.LedgerEntry) {
		return grants, []gatepost.LedgerEntry{entry}
	})
	if err != nil {
		return nil, f.refused(ctx, sh, "open", err)
	}
	out := &openOutput{CacheControl: "no-store", Body: OpenedShare{Camera: SharedCamera{Name: c.Name}, Actions: sh.Actions,
		ExpiresAt: sh.ExpiresAt, Label: sh.Label, Basis: sh.LegalBasis, Grants: shown}}
	out.Body.From, out.Body.To = window(sh)
	return out, nil
}

func (f *Function) renew(ctx context.Context, in *tokenInput) (*renewOutput, error) {
	m, err := f.opts.Verifier.Media(ctx, in.Body.Token)
	if token.Expired(err) {
		return nil, &gatepost.Error{Code: gatepost.Gone, Message: "this look has ended; open the link again"}
	}
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(m.Subject, actorPrefix) {
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "this token did not come from a share link; ask for a new grant instead"}
	}
	if err := m.Networks.Admit(host.Remote(ctx)); err != nil {
		sh, missing := f.opts.Store.Share(ctx, strings.TrimPrefix(m.Subject, actorPrefix))
		if missing != nil {
			return nil, missing
		}
		return nil, f.refused(ctx, sh, "renew", err)
	}
	now := time.Now().UTC()
	sh, g, err := f.opts.Store.RenewGrant(ctx, m.GrantID, now, now.Add(f.opts.LookFor).Truncate(time.Second))
	if err != nil {
		return nil, f.refused(ctx, sh, "renew", err)
	}
	s, err := f.mint(ctx, sh, g)
	if err != nil {
		return nil, err
	}
	return &renewOutput{CacheControl: "no-store", Body: *s}, nil
}

// grant is one look through a link, to the second.
func (f *Function) grant(sh gatepost.Share, a gatepost.Action, now time.Time) gatepost.Grant {
	g := gatepost.Grant{ID: gatepost.NewID(), CameraID: sh.CameraID, Action: a, Organisation: sh.Organisation, ShareID: sh.ID,
		Purpose: purposeShare, Reason: sh.Label, CreatedAt: now.Truncate(time.Millisecond),
		ExpiresAt: now.Add(f.opts.LookFor).Truncate(time.Second)}
	if g.ExpiresAt.After(sh.ExpiresAt) {
		g.ExpiresAt = sh.ExpiresAt
	}
	if a == gatepost.ActionPlayback {
		g.From, g.To = sh.From, sh.To
	}
	return g
}

func (f *Function) mint(ctx context.Context, sh gatepost.Share, g gatepost.Grant) (*SharedGrant, error) {
	raw, err := f.opts.Tokens.Media(ctx, token.Media{GrantID: g.ID, CameraID: g.CameraID, Action: g.Action, From: g.From, To: g.To,
		Label: sh.Label, Subject: actorPrefix + sh.ID, Networks: sh.Networks, ExpiresAt: g.ExpiresAt})
	if err != nil {
		return nil, err
	}
	return &SharedGrant{Token: raw, ExpiresAt: g.ExpiresAt, Label: sh.Label, URLs: f.opts.Addresses.Play(g, raw)}, nil
}

// entry is a ledger entry about a link's use, with the address that it came from.
func (f *Function) entry(ctx context.Context, sh gatepost.Share, kind gatepost.LedgerKind, detail map[string]string) gatepost.LedgerEntry {
	detail["share"] = sh.ID
	if remote := host.Remote(ctx); remote.IsValid() {
		detail["remote"] = remote.String()
	}
	return gatepost.LedgerEntry{Kind: kind, Actor: actorPrefix + sh.ID, Organisation: sh.Organisation, CameraID: sh.CameraID, Allowed: true, Detail: detail}
}

// refused writes down that a genuine link was refused: it is gone, or does not open
// from there.
func (f *Function) refused(ctx context.Context, sh gatepost.Share, act string, cause error) error {
	code := gatepost.CodeOf(cause)
	if code != gatepost.Gone && code != gatepost.Forbidden || sh.ID == "" {
		return cause
	}
	entry := f.entry(ctx, sh, gatepost.LedgerDecision, map[string]string{"act": act, "code": string(code)})
	entry.Allowed = false
	if err := f.opts.Store.AppendLedger(ctx, entry); err != nil {
		return err
	}
	return cause
}
