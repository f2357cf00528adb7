package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const (
	maxRemark = 500 // characters
	maxBelow  = 200 // divisions directly below one
	maxPast   = 11  // months

	// measuring is how long after a month its days may be waited for.
	measuring = 7 * 24 * time.Hour

	// format names what is in the object of a locked report.
	format = "gatepost report 1"
)

// Report is a version of a report as the API shows one.
type Report struct {
	ID             string               `json:"id"`
	Division       string               `json:"division"`
	Month          string               `json:"month"`
	Version        int                  `json:"version"`
	State          gatepost.ReportState `json:"state" enum:"draft,submitted,returned,locked"`
	OrganisationID string               `json:"organisation_id"`
	CreatedAt      time.Time            `json:"created_at"`
	SubmittedAt    *time.Time           `json:"submitted_at,omitempty"`
	Late           bool                 `json:"late,omitempty" doc:"It was submitted after the filing deadline"`
	DecidedAt      *time.Time           `json:"decided_at,omitempty" doc:"The last word on it"`
	Remark         string               `json:"remark,omitempty"`
	SHA256         string               `json:"sha256,omitempty" doc:"Of the object of a locked one"`
	Note           string               `json:"note,omitempty" doc:"The signed note over it; it verifies with the keys of GET /v1/evidence-keys, named gatepost/report/"`
	KeyWithdrawn   *ReportKey           `json:"key_withdrawn,omitempty" doc:"The key of the note may be in other hands"`
	Figures        *ReportFigures       `json:"figures,omitempty"`
}

// ReportKey is that the key which signed a report was withdrawn.
type ReportKey struct {
	WithdrawnAt time.Time `json:"withdrawn_at"`
	Since       time.Time `json:"untrusted_since" doc:"Since when others may have it"`
	Reason      string    `json:"withdrawn_reason"`
	Doubtful    bool      `json:"doubtful" doc:"The report was locked after that: its note alone says nothing, the entry of its locking in the ledger does. Draw up another version, signed with the new key"`
}

// mark tells of a report whether the key that signed it was withdrawn.
func mark(r *Report, withdrawn map[string]gatepost.Withdrawal) {
	key, _, _ := strings.Cut(r.Note, "\n")
	if w, ok := withdrawn[key]; ok && r.DecidedAt != nil {
		r.KeyWithdrawn = &ReportKey{WithdrawnAt: w.At, Since: w.Since, Reason: w.Reason, Doubtful: !r.DecidedAt.Before(w.Since)}
	}
}

func view(r gatepost.Report) Report {
	return Report{ID: r.ID, Division: r.Division, Month: r.Month.String(), Version: r.Version, State: r.State, OrganisationID: r.Organisation, CreatedAt: r.CreatedAt,
		SubmittedAt: r.SubmittedAt, Late: late(r), DecidedAt: r.DecidedAt, Remark: r.Remark, SHA256: r.SHA256, Note: r.Note}
}

func late(r gatepost.Report) bool {
	return r.SubmittedAt != nil && r.SubmittedAt.After(gatepost.FilingDeadline(r.Month))
}

// document is what the object of a locked report holds. It depends on nothing but
// what was submitted, so that locking again after a failure writes the same.
type document struct {
	Format       string        `json:"format"`
	ID           string        `json:"id"`
	Version      int           `json:"version"`
	Organisation string        `json:"organisation_id"`
	SubmittedBy  string        `json:"submitted_by"`
	SubmittedAt  *time.Time    `json:"submitted_at"`
	Figures      ReportFigures `json:"figures"`
}

// ReportOrder asks for a report.
type ReportOrder struct {
	Month string `json:"month" doc:"YYYY-MM, a month that is over"`
}

// ReportReview is the word of the level above.
type ReportReview struct {
	Accept bool   `json:"accept" doc:"Accepted is locked"`
	Remark string `json:"remark,omitempty" maxLength:"500" doc:"Needed to return it"`
}

type (
	createInput struct{ Body ReportOrder }
	idInput     struct {
		ID string `path:"id" maxLength:"64"`
	}
	reviewInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body ReportReview
	}
	listInput struct {
		host.Page
		Month    string `query:"month" maxLength:"7" doc:"Only of this month, YYYY-MM"`
		Division string `query:"division" maxLength:"9" doc:"Only of this division and below it, by its code"`
	}
	output     struct{ Body Report }
	listOutput struct{ Body host.List[Report] }
)

// entry is what the ledger keeps of an act.
func entry(s gatepost.Subject, r gatepost.Report, act string) gatepost.LedgerEntry {
	detail := map[string]string{"act": act, "report": r.ID, "division": r.Division, "month": r.Month.String()}
	for name, v := range map[string]string{"sha256": r.SHA256, "remark": r.Remark} {
		if v != "" {
			detail[name] = v
		}
	}
	if r.Version > 0 {
		detail["version"] = strconv.Itoa(r.Version)
	}
	return access.Entry(gatepost.LedgerReport, s, "", detail)
}

func (f *Function) create(ctx context.Context, in *createInput) (*output, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	switch level := gatepost.LevelOf(s.Division); {
	case !s.Governs(s.Division), level != "county" && level != "city" && level != "province":
		return nil, errAuthor
	}
	month, err := gatepost.ParseMonth("month", in.Body.Month)
	if err != nil {
		return nil, err
	}
	now := f.now()
	switch this := gatepost.MonthOf(now); {
	case month > this:
		return nil, gatepost.InvalidField("month", fmt.Sprintf("%s lies in the future; the last month that is over is %s", month, this-1))
	case month == this:
		return nil, gatepost.InvalidField("month", fmt.Sprintf("%s is not over; the last month that is over is %s", month, this-1))
	}
	figures, err := f.figures(ctx, s.Division, month)
	if err != nil {
		return nil, err
	}
	r := gatepost.Report{ID: gatepost.NewID(), Division: s.Division, Month: month, State: gatepost.ReportDraft, Organisation: s.Organisation, CreatedBy: s.UserID, CreatedAt: now}
	if r.Figures, err = json.Marshal(figures); err != nil {
		return nil, fmt.Errorf("encode figures: %w", err)
	}
	if r, err = f.opts.Store.CreateReport(ctx, r, entry(s, r, "draft")); err != nil {
		return nil, err
	}
	return show(r)
}

// show is a report with its figures.
func show(r gatepost.Report) (*output, error) {
	v := view(r)
	v.Figures = new(ReportFigures)
	if err := json.Unmarshal(r.Figures, v.Figures); err != nil {
		return nil, fmt.Errorf("decode figures of report %s: %w", r.ID, err)
	}
	return &output{Body: v}, nil
}

// figures computes what a report says now.
func (f *Function) figures(ctx context.Context, division string, month gatepost.Month) (ReportFigures, error) {
	none := ReportFigures{}
	in := source{month: month}
	var err error
	if in.division, err = f.opts.Store.Division(ctx, division); err != nil {
		return none, err
	}
	if gatepost.LevelOf(division) != "county" {
		if in.below, err = f.opts.Store.Divisions(ctx, division, "", maxBelow); err != nil {
			return none, err
		}
	}
	provinces, err := f.opts.Store.Divisions(ctx, "", "", 2)
	if err != nil {
		return none, err
	}
	only := len(provinces) == 1 && provinces[0].Code == division // what is of no division has no other place
	if in.facts, err = f.opts.Store.ReportFacts(ctx, division, month, only); err != nil {
		return none, err
	}
	if in.health, err = f.health(ctx, division, month, only); err != nil {
		return none, err
	}
	if err := measured(month, in.facts.Measured, f.now()); err != nil {
		return none, err
	}
	payers := map[string]bool{}
	var ids []string
	pay := func(id string) {
		if !payers[id] {
			payers[id], ids = true, append(ids, id)
		}
	}
	for _, s := range in.facts.Stocks {
		pay(s.Funder)
	}
	for _, p := range in.facts.Payers {
		pay(p.Funder)
	}
	if in.names, err = f.opts.Store.Names(ctx, ids); err != nil {
		return none, err
	}
	terms, ok, err := f.opts.Store.SettlementTerms(ctx)
	if err != nil {
		return none, err
	}
	if ok {
		in.terms = &terms
	}
	out := compute(in)
	if out.Filings, err = f.filings(ctx, in.below, month); err != nil {
		return none, err
	}
	return out, f.past(ctx, &out, month)
}

// measured fails unless all days of a month are; those before Gatepost was there never will be.
func measured(month gatepost.Month, days int, now time.Time) error {
	missing := month.Days() - days
	if missing <= 0 {
		return nil
	}
	remedy := "choose a later month, or try again in some hours if Gatepost was stopped for long"
	if now.Sub(month.Last().End()) < measuring {
		remedy = "try again in some hours"
	}
	return &gatepost.Error{Code: gatepost.Conflict, Field: "month",
		Message: fmt.Sprintf("%s: %d days of %s are not measured; each is by itself after its end, but none from before Gatepost was there", remedy, missing, month)}
}

// health returns the faults and repairs of a month; with loose, also those of cameras
// without a division.
func (f *Function) health(ctx context.Context, division string, month gatepost.Month, loose bool) ([]gatepost.HealthFigure, error) {
	of := division
	if loose {
		of = ""
	}
	list, err := f.opts.Store.HealthFigures(ctx, of, month.First().Start(), month.Last().End(), f.now())
	return slices.DeleteFunc(list, func(h gatepost.HealthFigure) bool { return h.Division != "" && !gatepost.Within(h.Division, division) }), err
}

// past puts in how the division stood in the months before.
func (f *Function) past(ctx context.Context, out *ReportFigures, month gatepost.Month) error {
	for m := month - maxPast; m < month; m++ {
		r, ok, err := f.opts.Store.LatestReport(ctx, out.Division, m, true)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		v, err := show(r)
		if err != nil {
			return err
		}
		total := v.Body.Figures.Total
		out.Months = append(out.Months, ReportMonth{Month: m.String(), InService: total.InService, Continuity: total.Continuity, OnlineRate: total.OnlineRate, WatchRate: total.WatchRate})
		if m == month-1 {
			out.Before = &total
		}
	}
	return nil
}

// filings tells which of some divisions have filed.
func (f *Function) filings(ctx context.Context, below []gatepost.DivisionNode, month gatepost.Month) ([]ReportFiling, error) {
	list := make([]ReportFiling, len(below))
	now := f.now()
	for i, d := range below {
		r, ok, err := f.opts.Store.LatestReport(ctx, d.Code, month, false)
		if err != nil {
			return nil, err
		}
		list[i] = ReportFiling{Division: d.Code, Name: d.Name, Late: now.After(gatepost.FilingDeadline(month))}
		if ok {
			list[i].ReportID, list[i].Version, list[i].State, list[i].SubmittedAt, list[i].SHA256 = r.ID, r.Version, r.State, r.SubmittedAt, r.SHA256
		}
		if ok && r.SubmittedAt != nil {
			list[i].Late = late(r)
		}
	}
	return list, nil
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	division, err := reads(s)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Division == "":
	case division != "" && !gatepost.Within(in.Division, division):
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Field: "division", Message: errReader.Message}
	default:
		division = in.Division
	}
	var month gatepost.Month
	if in.Month != "" {
		if month, err = gatepost.ParseMonth("month", in.Month); err != nil {
			return nil, err
		}
	}
	list, err := f.opts.Store.Reports(ctx, division, month, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	withdrawn, err := f.opts.Signer.WithdrawnReportKeys(ctx)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(list, in.Limit, func(r gatepost.Report) string { return r.ID }, func(r gatepost.Report) Report {
		v := view(r)
		mark(&v, withdrawn)
		return v
	})}, nil
}

func (f *Function) get(ctx context.Context, in *idInput) (*output, error) {
	r, _, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return f.marked(ctx, r)
}

// marked is a report with its figures, and what became of the key that signed it.
func (f *Function) marked(ctx context.Context, r gatepost.Report) (*output, error) {
	v, err := show(r)
	if err != nil {
		return nil, err
	}
	withdrawn, err := f.opts.Signer.WithdrawnReportKeys(ctx)
	if err != nil {
		return nil, err
	}
	mark(&v.Body, withdrawn)
	return v, nil
}

// open fails unless a report may be changed by those who draw it up.
func open(s gatepost.Subject, r gatepost.Report) error {
	switch {
	case !s.Governs(r.Division):
		return errAuthor
	case r.State == gatepost.ReportSubmitted:
		return &gatepost.Error{Code: gatepost.Conflict, Message: "this report is being reviewed; it can be changed when it is returned"}
	case r.State == gatepost.ReportLocked:
		return &gatepost.Error{Code: gatepost.Conflict, Message: "this report is locked and stays as it is; draw up another version to correct it"}
	}
	return nil
}

func (f *Function) refresh(ctx context.Context, in *idInput) (*output, error) {
	r, s, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := open(s, r); err != nil {
		return nil, err
	}
	figures, err := f.figures(ctx, r.Division, r.Month)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(figures)
	if err != nil {
		return nil, fmt.Errorf("encode figures: %w", err)
	}
	r, err = f.opts.Store.UpdateReport(ctx, r.ID, func(r *gatepost.Report) (gatepost.LedgerEntry, error) {
		r.Figures = encoded
		return entry(s, *r, "refresh"), open(s, *r)
	})
	if err != nil {
		return nil, err
	}
	return show(r)
}

func (f *Function) submit(ctx context.Context, in *idInput) (*output, error) {
	r, s, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := open(s, r); err != nil {
		return nil, err
	}
	figures, err := f.rollUp(ctx, r)
	if err != nil {
		return nil, err
	}
	now := f.now()
	r, err = f.opts.Store.UpdateReport(ctx, r.ID, func(r *gatepost.Report) (gatepost.LedgerEntry, error) {
		if err := open(s, *r); err != nil {
			return gatepost.LedgerEntry{}, err
		}
		r.State, r.Figures, r.SubmittedBy, r.SubmittedAt = gatepost.ReportSubmitted, figures, s.UserID, &now
		return entry(s, *r, "submit"), nil
	})
	if err != nil {
		return nil, err
	}
	if gatepost.Parent(r.Division) == "" {
		return f.lock(ctx, s, r, "")
	}
	return show(r)
}

// rollUp returns the figures of a report with what was filed below it. It fails with
// Conflict while that is waited for.
func (f *Function) rollUp(ctx context.Context, r gatepost.Report) ([]byte, error) {
	v, err := show(r)
	if err != nil {
		return nil, err
	}
	figures := v.Body.Figures
	below := make([]gatepost.DivisionNode, len(figures.Filings))
	for i, d := range figures.Filings {
		below[i] = gatepost.DivisionNode{Division: gatepost.Division{Code: d.Division, Name: d.Name}}
	}
	if figures.Filings, err = f.filings(ctx, below, r.Month); err != nil {
		return nil, err
	}
	var waiting []string
	for _, d := range figures.Filings {
		if d.State != gatepost.ReportLocked {
			waiting = append(waiting, d.Name)
		}
	}
	if deadline := gatepost.FilingDeadline(r.Month); len(waiting) > 0 && !f.now().After(deadline) {
		return nil, &gatepost.Error{Code: gatepost.Conflict, Field: "filings", Message: fmt.Sprintf("%d reports of the level below are not accepted yet: %s; after %s you may go on without them",
			len(waiting), strings.Join(waiting, ", "), (deadline.Add(-time.Second)).In(gatepost.Zone).Format(time.DateOnly))}
	}
	return json.Marshal(figures)
}

func (f *Function) review(ctx context.Context, in *reviewInput) (*output, error) {
	remark, err := gatepost.CheckText("remark", in.Body.Remark, 0, maxRemark)
	if err != nil {
		return nil, err
	}
	r, s, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := awaited(s, r); err != nil {
		return nil, err
	}
	if in.Body.Accept {
		return f.lock(ctx, s, r, remark)
	}
	if remark == "" {
		return nil, gatepost.InvalidField("remark", "say what is to be mended")
	}
	now := f.now()
	r, err = f.opts.Store.UpdateReport(ctx, r.ID, func(r *gatepost.Report) (gatepost.LedgerEntry, error) {
		if err := awaited(s, *r); err != nil {
			return gatepost.LedgerEntry{}, err
		}
		r.State, r.DecidedBy, r.DecidedAt, r.Remark = gatepost.ReportReturned, s.UserID, &now, remark
		return entry(s, *r, "return"), nil
	})
	if err != nil {
		return nil, err
	}
	return show(r)
}

// awaited fails unless a subject's word is awaited on a report: that of the level
// directly above, or of the province itself.
func awaited(s gatepost.Subject, r gatepost.Report) error {
	above := gatepost.Parent(r.Division)
	if above == "" {
		above = r.Division
	}
	switch {
	case r.State != gatepost.ReportSubmitted:
		return &gatepost.Error{Code: gatepost.Conflict, Message: "nobody's word is awaited on this report; it is " + string(r.State)}
	case !s.Governs(above):
		return errReviewer
	}
	return nil
}

// lock signs what was submitted, puts it into object storage, and says so.
func (f *Function) lock(ctx context.Context, s gatepost.Subject, r gatepost.Report, remark string) (*output, error) {
	object, err := seal(r)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(object)
	digest := hex.EncodeToString(sum[:])
	note, err := f.opts.Signer.SignReport(ctx, r.Division, r.Month.String(), strconv.Itoa(r.Version), r.ID, digest)
	if err != nil {
		return nil, err
	}
	if err := f.opts.Objects.Put(ctx, gatepost.ReportKey(r), bytes.NewReader(object), int64(len(object))); err != nil {
		return nil, err
	}
	now, submitted := f.now(), r.SubmittedAt
	r, err = f.opts.Store.UpdateReport(ctx, r.ID, func(r *gatepost.Report) (gatepost.LedgerEntry, error) {
		if err := awaited(s, *r); err != nil {
			return gatepost.LedgerEntry{}, err
		}
		if !r.SubmittedAt.Equal(*submitted) {
			return gatepost.LedgerEntry{}, &gatepost.Error{Code: gatepost.Conflict, Message: "the report was submitted anew in the meantime; look at it again"}
		}
		r.State, r.DecidedBy, r.DecidedAt, r.Remark, r.SHA256, r.Note = gatepost.ReportLocked, s.UserID, &now, remark, digest, note
		return entry(s, *r, "lock"), nil
	})
	if err != nil {
		return nil, err
	}
	return show(r)
}

// seal returns the object of a report that is locked.
func seal(r gatepost.Report) ([]byte, error) {
	v, err := show(r)
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(document{Format: format, ID: r.ID, Version: r.Version, Organisation: r.Organisation, SubmittedBy: r.SubmittedBy,
		SubmittedAt: r.SubmittedAt, Figures: *v.Body.Figures}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode report %s: %w", r.ID, err)
	}
	return append(b, '\n'), nil
}
