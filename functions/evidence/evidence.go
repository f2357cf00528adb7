package evidence

import (
	"context"
	"errors"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	format "github.com/gatepost-video/gatepost/internal/evidence"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// Bounds of a request, lengths in characters.
const (
	maxWindow  = time.Hour
	maxPurpose = 64
	maxReason  = 500
	maxCase    = 64
)

// purposeCase is the purpose that needs the number of a case.
const purposeCase = "case"

// Evidence is an export as the API shows one.
type Evidence struct {
	ID               string                 `json:"id"`
	CameraID         string                 `json:"camera_id"`
	UserID           string                 `json:"user_id" doc:"Who exported"`
	UserName         string                 `json:"user_name,omitempty"`
	OrganisationID   string                 `json:"organisation_id" doc:"Of who exported"`
	OrganisationName string                 `json:"organisation_name,omitempty"`
	From             time.Time              `json:"from"`
	To               time.Time              `json:"to"`
	Purpose          string                 `json:"purpose"`
	Reason           string                 `json:"reason"`
	CaseNumber       string                 `json:"case_number,omitempty"`
	CreatedAt        time.Time              `json:"created_at"`
	State            gatepost.EvidenceState `json:"state" enum:"queued,making,ready,failed,removed,expired"`
	Problem          string                 `json:"problem,omitempty" doc:"Why it failed"`
	Bytes            int64                  `json:"bytes,omitempty" doc:"Of the file"`
	SHA256           string                 `json:"sha256,omitempty" doc:"Of the file, in hex"`
	MadeAt           *time.Time             `json:"made_at,omitempty"`
	ExpiresAt        *time.Time             `json:"expires_at,omitempty" doc:"When the file is deleted"`
}

func view(e gatepost.Evidence, names map[string]string) Evidence {
	return Evidence{ID: e.ID, CameraID: e.CameraID, UserID: e.UserID, UserName: names[e.UserID], OrganisationID: e.Organisation, OrganisationName: names[e.Organisation],
		From: e.From, To: e.To, Purpose: e.Purpose, Reason: e.Reason, CaseNumber: e.CaseNumber, CreatedAt: e.CreatedAt, State: e.State, Problem: e.Problem,
		Bytes: e.Bytes, SHA256: e.SHA256, MadeAt: e.MadeAt, ExpiresAt: e.ExpiresAt}
}

// EvidenceRequest asks for an export.
type EvidenceRequest struct {
	CameraID   string    `json:"camera_id" minLength:"1" maxLength:"64"`
	From       time.Time `json:"from" doc:"The clip begins at the key frame at or before"`
	To         time.Time `json:"to" doc:"Up to an hour later"`
	Purpose    string    `json:"purpose" minLength:"1" maxLength:"64" doc:"case, emergency, patrol, inspection, maintenance or other"`
	Reason     string    `json:"reason" minLength:"1" maxLength:"500"`
	CaseNumber string    `json:"case_number,omitempty" maxLength:"64" doc:"Needed when the purpose is case"`
}

// EvidenceLink is where a file is fetched.
type EvidenceLink struct {
	URL       string    `json:"url" doc:"A secret"`
	ExpiresAt time.Time `json:"expires_at"`
}

type (
	createInput struct{ Body EvidenceRequest }
	output      struct{ Body Evidence }
	listInput   struct {
		host.Page
		CameraID string `query:"camera_id" maxLength:"64" doc:"Only exports of this camera"`
	}
	listOutput struct{ Body host.List[Evidence] }
	idInput    struct {
		ID string `path:"id" maxLength:"64"`
	}
	linkOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         EvidenceLink
	}
)

var errNoEvidence = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such export, or none that you may know of"}

func (f *Function) create(ctx context.Context, in *createInput) (*output, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	e, err := order(in, subject, time.Now().UTC())
	if err != nil {
		return nil, err
	}
	detail := words(e, "order")
	gate := access.Gate{Store: f.opts.Store, Case: e.CaseNumber}
	_, d, err := gate.Look(ctx, subject, e.CameraID, access.Export, e.From, e.To, detail)
	if err != nil {
		return nil, err
	}
	detail["rule"] = d.Rule
	if d.CaseNumber != "" { // what allows it was given for that case
		e.CaseNumber, detail["case_number"] = d.CaseNumber, d.CaseNumber
	}
	size, err := f.opts.Clips.ClipSize(ctx, e.CameraID, e.From, e.To)
	if err != nil {
		return nil, err
	}
	if size > format.MaxClip {
		return nil, &gatepost.Error{Code: gatepost.TooLarge, Field: "to", Message: "this window has more than four gigabytes; ask for a shorter one, and then for the rest"}
	}
	if err := f.opts.Store.CreateEvidence(ctx, e, f.opts.Waiting, access.Entry(gatepost.LedgerDecision, subject, e.CameraID, detail)); err != nil {
		return nil, err
	}
	if gone := gate.Again(ctx, subject, e.CameraID, access.Export, e.From, e.To, d, detail); gone != nil {
		return nil, f.drop(context.WithoutCancel(ctx), e, gone)
	}
	return f.show(ctx, e)
}

// drop gives up an export whose ground was gone before anybody heard of it. Whatever
// was made of it is deleted.
func (f *Function) drop(ctx context.Context, e gatepost.Evidence, gone error) error {
	_, err := f.opts.Store.UpdateEvidence(ctx, e.ID, func(e *gatepost.Evidence) ([]gatepost.LedgerEntry, error) {
		e.State, e.Problem = gatepost.EvidenceFailed, "what allowed it was taken away while it was asked for"
		return []gatepost.LedgerEntry{{Kind: gatepost.LedgerExport, Actor: "system", CameraID: e.CameraID,
			Detail: map[string]string{"act": "drop", "evidence": e.ID}}}, nil
	})
	if err != nil {
		return errors.Join(gone, err)
	}
	return gone
}

// order builds the export that is asked for, rule by rule.
func order(in *createInput, s gatepost.Subject, now time.Time) (e gatepost.Evidence, err error) {
	b := in.Body
	e = gatepost.Evidence{ID: gatepost.NewID(), CameraID: b.CameraID, Organisation: s.Organisation, UserID: s.UserID,
		CreatedAt: now.Truncate(time.Millisecond), State: gatepost.EvidenceQueued}
	if e.From, e.To, err = gatepost.CheckWindow(b.From, b.To, now); err != nil {
		return e, err
	}
	if e.To.Sub(e.From) > maxWindow {
		return e, &gatepost.Error{Code: gatepost.TooLarge, Field: "to", Message: "a window may last an hour at most; ask for several"}
	}
	if e.Purpose, err = gatepost.CheckText("purpose", b.Purpose, 1, maxPurpose); err != nil {
		return e, err
	}
	if e.Reason, err = gatepost.CheckText("reason", b.Reason, 1, maxReason); err != nil {
		return e, err
	}
	if e.CaseNumber, err = gatepost.CheckText("case_number", b.CaseNumber, 0, maxCase); err != nil {
		return e, err
	}
	if e.Purpose == purposeCase && e.CaseNumber == "" {
		return e, gatepost.InvalidField("case_number", "an export for a case names the case")
	}
	return e, nil
}

// words are what the ledger keeps of an act.
func words(e gatepost.Evidence, act string) map[string]string {
	w := map[string]string{"act": act, "evidence": e.ID, "action": string(access.Export), "purpose": e.Purpose, "reason": e.Reason,
		"from": e.From.Format(time.RFC3339Nano), "to": e.To.Format(time.RFC3339Nano)}
	if e.CaseNumber != "" {
		w["case_number"] = e.CaseNumber
	}
	return w
}

func (f *Function) show(ctx context.Context, e gatepost.Evidence) (*output, error) {
	names, err := f.opts.Store.Names(ctx, []string{e.UserID, e.Organisation})
	if err != nil {
		return nil, err
	}
	return &output{Body: view(e, names)}, nil
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	filter := gatepost.EvidenceFilter{CameraID: in.CameraID}
	switch {
	case s.Admin():
	case s.Leads():
		filter.Organisation = s.Organisation
	default:
		filter.UserID = s.UserID
	}
	list, err := f.opts.Store.EvidenceList(ctx, filter, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, 2*len(list))
	for _, e := range list {
		ids = append(ids, e.UserID, e.Organisation)
	}
	names, err := f.opts.Store.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(list, in.Limit, func(e gatepost.Evidence) string { return e.ID },
		func(e gatepost.Evidence) Evidence { return view(e, names) })}, nil
}

// find returns an export that the caller may know of, and whether he may have
// it: that is whoever made it, those who lead his organisation, and
// administrators. Those who lead the camera's owner know of it.
func (f *Function) find(ctx context.Context, id string) (e gatepost.Evidence, s gatepost.Subject, may bool, err error) {
	if s, err = auth.Subject(ctx); err != nil {
		return e, s, false, err
	}
	if !gatepost.ValidID(id) {
		return e, s, false, errNoEvidence
	}
	e, err = f.opts.Store.Evidence(ctx, id)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return e, s, false, errNoEvidence
	}
	if err != nil {
		return e, s, false, err
	}
	if s.Admin() || e.UserID == s.UserID || e.Organisation == s.Organisation && s.Leads() {
		return e, s, true, nil
	}
	_, d, err := access.Gate{Store: f.opts.Store}.Explain(ctx, s, e.CameraID, access.Audit, time.Time{}, time.Time{})
	if err != nil {
		return e, s, false, err
	}
	if !d.Allowed {
		return e, s, false, errNoEvidence
	}
	return e, s, false, nil
}

func (f *Function) get(ctx context.Context, in *idInput) (*output, error) {
	e, _, _, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return f.show(ctx, e)
}

var errNotYours = &gatepost.Error{Code: gatepost.Forbidden, Message: "whoever exported this, his owner and his supervisors have it; you may export the same window yourself"}

func (f *Function) link(ctx context.Context, in *idInput) (*linkOutput, error) {
	e, s, may, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, errNotYours
	}
	now := time.Now().UTC()
	switch {
	case e.State == gatepost.EvidenceFailed:
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "this could not be exported: " + e.Problem}
	case e.State == gatepost.EvidenceQueued || e.State == gatepost.EvidenceMaking:
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "the file is not made yet; ask again in a minute"}
	case e.State != gatepost.EvidenceReady || !now.Before(*e.ExpiresAt):
		return nil, &gatepost.Error{Code: gatepost.Gone, Message: "the file was deleted; export the window again, while it is kept"}
	}
	detail := words(e, "link")
	_, d, err := access.Gate{Store: f.opts.Store, Case: e.CaseNumber}.Window(ctx, s, e.CameraID, access.Export, e.From, e.To, detail)
	if err != nil {
		return nil, err
	}
	detail["rule"] = d.Rule
	life := min(f.opts.Link, e.ExpiresAt.Sub(now)).Truncate(time.Second)
	if life < time.Second {
		return nil, &gatepost.Error{Code: gatepost.Gone, Message: "the file is deleted at this very moment"}
	}
	if err := f.opts.Store.AppendLedger(ctx, access.Entry(gatepost.LedgerExport, s, e.CameraID, detail)); err != nil {
		return nil, err
	}
	url, err := f.opts.Objects.Presign(ctx, gatepost.EvidenceKey(e.CameraID, e.ID), objstore.PresignOptions{
		Expires: life, Filename: "gatepost-evidence-" + e.From.Format("20060102T150405Z") + "-" + e.ID + ".zip"})
	if err != nil {
		return nil, err
	}
	return &linkOutput{CacheControl: "no-store", Body: EvidenceLink{URL: url, ExpiresAt: now.Add(life).Truncate(time.Second)}}, nil
}

func (f *Function) remove(ctx context.Context, in *idInput) (*struct{}, error) {
	e, s, may, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, errNotYours
	}
	_, err = f.opts.Store.UpdateEvidence(ctx, e.ID, func(e *gatepost.Evidence) ([]gatepost.LedgerEntry, error) {
		if e.State == gatepost.EvidenceRemoved || e.State == gatepost.EvidenceExpired {
			return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "the file was deleted before"}
		}
		e.State = gatepost.EvidenceRemoved
		return []gatepost.LedgerEntry{access.Entry(gatepost.LedgerExport, s, e.CameraID, words(*e, "remove"))}, nil
	})
	return nil, err
}
