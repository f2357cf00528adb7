// Package usage measures what cameras did, day by day: for how long each had to
// be recorded and was, why not, how it was watched, how much it sent and who looked.
//
// A camera's day is computed from rows that exist anyway: its history, recordings, looks, share
// links and the ledger, and never from counters, which drift. It outlives the
// recordings that it is computed from. Days are calendar days of China Standard Time.
//
// # Runs
//
// Run measures every day twice: soon after its end, and three days later, when
// what waited in spools is there. Days that were missed are caught up, a page of
// cameras at a time, a bounded number of pages for each call. Measuring again gives
// the same; of two processes at once, one stores each page.
//
// A day is measured from what is there then: footage that was deleted before the
// second pass, by an order of a court for instance, counts as not recorded.
package usage

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// Days keeps the days of cameras.
type Days interface {
	CameraFacts(ctx context.Context, day gatepost.Day, after string, limit int) ([]gatepost.CameraFacts, error)
	PutCameraDays(ctx context.Context, run gatepost.DayRun, days []gatepost.CameraDay, next string, cameras int) (ok bool, err error)
	CameraDays(ctx context.Context, cameraID string, from, to gatepost.Day) ([]gatepost.CameraDay, error)
}

// Runs keeps how far the measuring of each day has come.
type Runs interface {
	BeginDayRuns(ctx context.Context, pass int, earliest, last gatepost.Day, now time.Time) error
	NextDayRun(ctx context.Context) (run gatepost.DayRun, ok bool, err error)
	FinishDayRun(ctx context.Context, run gatepost.DayRun, now time.Time) error
	DayRuns(ctx context.Context, before gatepost.Day, limit int) ([]gatepost.DayRun, error)
}

// Sums sums days up.
type Sums interface {
	UsageByCamera(ctx context.Context, owner string, from, to gatepost.Day, after string, limit int) ([]gatepost.ServiceUse, error)
	UsageByOwner(ctx context.Context, owner string, from, to gatepost.Day, after string, limit int) ([]gatepost.ServiceUse, error)
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Days
	Runs
	Sums
	access.Store
}

// Options are what a function works with.
type Options struct {
	Store Store
	Now   func() time.Time // default time.Now
}

// Function is the measuring of days and what is asked about them. Make it with New.
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
	tags := []string{"usage"}
	huma.Register(api, huma.Operation{OperationID: "list-usage", Method: http.MethodGet, Path: "/v1/usage",
		Summary: "What cameras recorded, sent and showed over some days, by camera or by owner", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "list-usage-runs", Method: http.MethodGet, Path: "/v1/usage/runs",
		Summary: "How far the measuring of each day has come, the newest first", Tags: tags}, f.runs)
	huma.Register(api, huma.Operation{OperationID: "list-camera-days", Method: http.MethodGet, Path: "/v1/cameras/{id}/days",
		Summary: "A camera's days: recorded or not and why, watched or not, how much it sent", Tags: tags}, f.days)
}
