// Package report is the monthly report on building and use (mission R17): what a
// county, a city, the province planned, built and accepted, how its cameras
// recorded and were watched, what they were used for, and what that costs.
//
// Every figure is computed from days of cameras (functions/usage) and rows that
// are kept anyway. A city's figures are those of its counties and of what is the
// city's own; nobody adds numbers up by hand.
//
// # Filing
//
//	draft → submitted → locked
//	  └─ returned ⇄ ─┘
//
// A county submits to its city, a city to the province; the level above returns the report with a remark, or
// accepts it, which locks it. The province's is locked as it is submitted. A division waits
// for the reports of those directly below until the filing deadline, five days after
// the month; whoever has not filed by then is in its report as late.
//
// # Invariants
//
//  1. A report is of a month that is over and whose days are all measured.
//  2. A locked report is an object in storage before its row says so; the object's
//     SHA-256 is in the row, in the ledger and signed.
//  3. The figures of a locked report never change. A correction is another version.
package report

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Reports keeps reports; internal/sqlstore says what each method does.
type Reports interface {
	CreateReport(ctx context.Context, r gatepost.Report, entry gatepost.LedgerEntry) (gatepost.Report, error)
	Report(ctx context.Context, id string) (gatepost.Report, error)
	Reports(ctx context.Context, division string, month gatepost.Month, before string, limit int) ([]gatepost.Report, error)
	LatestReport(ctx context.Context, division string, month gatepost.Month, locked bool) (r gatepost.Report, ok bool, err error)
	UpdateReport(ctx context.Context, id string, change func(*gatepost.Report) (gatepost.LedgerEntry, error)) (gatepost.Report, error)
}

// Facts is what reports are made of. Division fails with NotFound.
type Facts interface {
	ReportFacts(ctx context.Context, division string, month gatepost.Month, loose bool) (gatepost.ReportFacts, error)
	HealthFigures(ctx context.Context, division string, from, to, now time.Time) ([]gatepost.HealthFigure, error)
	Division(ctx context.Context, code string) (gatepost.Division, error)
	Divisions(ctx context.Context, parent, after string, limit int) ([]gatepost.DivisionNode, error)
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Terms keeps the formula of settlements.
type Terms interface {
	SettlementTerms(ctx context.Context) (t gatepost.SettlementTerms, ok bool, err error)
	PutSettlementTerms(ctx context.Context, t gatepost.SettlementTerms, entry gatepost.LedgerEntry) error
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Reports
	Facts
	Terms
}

// Objects is where locked reports lie; an objstore.Store has it.
type Objects interface {
	Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error
	Get(ctx context.Context, key string, off, length int64) (io.ReadCloser, error)
}

// Signer signs lines as a note that anybody can check with the keys of GET
// /v1/evidence-keys; functions/evidence has it.
type Signer interface {
	SignReport(ctx context.Context, lines ...string) (note string, err error)

	// WithdrawnReportKeys are the keys that may be in other hands, by the first lines of their notes.
	WithdrawnReportKeys(ctx context.Context) (map[string]gatepost.Withdrawal, error)
}

// Options are what a function works with.
type Options struct {
	Store   Store
	Objects Objects
	Signer  Signer
	Now     func() time.Time // default time.Now
}

// Function is the operations on reports. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Function{opts: opts}
}

func (f *Function) now() time.Time { return f.opts.Now().UTC().Truncate(time.Millisecond) }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"reports"}
	huma.Register(api, huma.Operation{OperationID: "create-report", Method: http.MethodPost, Path: "/v1/reports",
		Summary: "Draw up my division's report of a month that is over, or another version of it", Tags: tags, DefaultStatus: http.StatusCreated}, f.create)
	huma.Register(api, huma.Operation{OperationID: "list-reports", Method: http.MethodGet, Path: "/v1/reports",
		Summary: "Reports of my division and below it, newest first, without their figures", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "get-report", Method: http.MethodGet, Path: "/v1/reports/{id}",
		Summary: "A report with its figures", Tags: tags}, f.get)
	huma.Register(api, huma.Operation{OperationID: "refresh-report", Method: http.MethodPost, Path: "/v1/reports/{id}/refresh",
		Summary: "Compute the figures of a draft, or of what was returned, anew", Tags: tags}, f.refresh)
	huma.Register(api, huma.Operation{OperationID: "submit-report", Method: http.MethodPost, Path: "/v1/reports/{id}/submit",
		Summary: "Submit a report to the level above; the province's is locked", Tags: tags}, f.submit)
	huma.Register(api, huma.Operation{OperationID: "review-report", Method: http.MethodPost, Path: "/v1/reports/{id}/review",
		Summary: "Accept and lock a report of the level below, or return it", Tags: tags}, f.review)
	huma.Register(api, huma.Operation{OperationID: "get-report-file", Method: http.MethodGet, Path: "/v1/reports/{id}/file",
		Summary: "A report as a file; of a locked one, json is the signed object, byte for byte", Tags: tags}, f.file)
	huma.Register(api, huma.Operation{OperationID: "get-settlement-terms", Method: http.MethodGet, Path: "/v1/settlement-terms",
		Summary: "The formula of what payers owe the operator", Tags: tags}, f.terms)
	huma.Register(api, huma.Operation{OperationID: "put-settlement-terms", Method: http.MethodPut, Path: "/v1/settlement-terms",
		Summary: "Set the formula; reports that are locked keep theirs", Tags: tags}, f.setTerms)
}

var (
	errNoReport = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such report, or none that you may know of"}
	errAuthor   = &gatepost.Error{Code: gatepost.Forbidden,
		Message: "owners and supervisors of the police and the government of a county, a city or the province draw up and submit its report"}
	errReviewer = &gatepost.Error{Code: gatepost.Forbidden,
		Message: "owners and supervisors of the police and the government of the level directly above review this"}
	errReader = &gatepost.Error{Code: gatepost.Forbidden,
		Message: "police and government see the reports of their division and below it, the operator all"}
	errTerms = &gatepost.Error{Code: gatepost.Forbidden, Message: "administrators set the formula; the operator, police and government see it"}
)

// reads returns the division whose reports a subject may see; "" for all.
func reads(s gatepost.Subject) (string, error) {
	switch {
	case s.Admin(), s.Kind == gatepost.KindOperator:
		return "", nil
	case (s.Kind == gatepost.KindPolice || s.Kind == gatepost.KindGovernment) && gatepost.LevelOf(s.Division) != "":
		return s.Division, nil
	}
	return "", errReader
}

// find returns a report that the caller may see.
func (f *Function) find(ctx context.Context, id string) (gatepost.Report, gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.Report{}, s, err
	}
	division, err := reads(s)
	if err != nil || !gatepost.ValidID(id) {
		return gatepost.Report{}, s, errNoReport
	}
	r, err := f.opts.Store.Report(ctx, id)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && division != "" && !gatepost.Within(r.Division, division) {
		return gatepost.Report{}, s, errNoReport
	}
	return r, s, err
}
