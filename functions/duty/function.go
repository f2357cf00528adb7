// Package duty keeps watch rooms honest: class 1 cameras are watched live around
// the clock by the units in charge of their division (mission R14), and every
// hour of it has somebody who answers for it (R12, R13).
//
// # Watching
//
// A camera is watched while a live look of somebody is under way whose
// organisation is of the police or a sub-control centre in whose division the
// camera lies. Run compares that with what was written down. A camera that nobody
// has watched for the time that its division set is an alarm: opened once, by
// whichever process sees it first, told to the units nearest to the camera, and
// closed when somebody watches again. Its beginning is when the last of them left, not when
// that was seen.
//
// No alarm comes of the control plane's own absence: of a camera that is online,
// its gateway must have spoken lately, and with its word on a camera a gateway
// tells who watches. Who watches by HLS says nothing when he leaves; he counts for
// up to 75 seconds more.
//
// # Rota
//
// Shifts say who is on duty from when to when. Each is taken up and left by its
// own person; a handover tells the next what happened and what goes on, and is
// acknowledged by somebody who is on duty then. Shifts that have begun and handovers are never removed: what was
// missed stays to be seen. Gaps are computed, not kept; what is kept is that a unit was
// told of one, some hours before it begins.
package duty

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// Watches keeps how class 1 cameras are watched.
type Watches interface {
	WatchChanges(ctx context.Context, since time.Time, limit int) ([]gatepost.Watch, error)
	PutWatch(ctx context.Context, w gatepost.Watch, since, now time.Time, tell []gatepost.Notification, entry gatepost.LedgerEntry) error
	Watches(ctx context.Context, division string, unwatched bool, after string, limit int) ([]gatepost.Watch, error)
	Watchers(ctx context.Context, cameras []string) ([]gatepost.Watcher, error)
}

// Alarms keeps alarms of unwatched cameras, and after how long one is opened.
type Alarms interface {
	Unwatched(ctx context.Context, before time.Time, after string, limit int) ([]gatepost.Watch, error)
	OpenWatchAlarm(ctx context.Context, a gatepost.WatchAlarm, tell []gatepost.Notification, entry gatepost.LedgerEntry) error
	WatchAlarms(ctx context.Context, division string, from, to time.Time, before string, limit int) ([]gatepost.WatchAlarm, error)
	WatchSettings(ctx context.Context) (map[string]time.Duration, error)
	PutWatchSetting(ctx context.Context, division string, after time.Duration, entry gatepost.LedgerEntry) error
}

// Rota keeps shifts. Shift fails with NotFound; what changes one, with Conflict.
type Rota interface {
	CreateShifts(ctx context.Context, shifts []gatepost.Shift, entry gatepost.LedgerEntry) error
	Shift(ctx context.Context, id string) (gatepost.Shift, error)
	Shifts(ctx context.Context, organisation string, from, to time.Time, after string, limit int) ([]gatepost.Shift, error)
	RemoveShift(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error
	CheckInShift(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error
	CheckOutShift(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error
	WatchShifts(ctx context.Context, from, to time.Time) ([]gatepost.Shift, error)
	TellDutyGap(ctx context.Context, organisation string, from time.Time, tell []gatepost.Notification, entry gatepost.LedgerEntry) error
	OnDuty(ctx context.Context, user string, now time.Time) (bool, error)
}

// Handovers keeps what shifts tell one another. Handover fails with NotFound,
// AcknowledgeHandover with Conflict.
type Handovers interface {
	CreateHandover(ctx context.Context, h gatepost.Handover, entry gatepost.LedgerEntry) error
	Handover(ctx context.Context, id string) (gatepost.Handover, error)
	Handovers(ctx context.Context, organisation, before string, limit int) ([]gatepost.Handover, error)
	AcknowledgeHandover(ctx context.Context, id, by string, at time.Time, entry gatepost.LedgerEntry) error
}

// People finds people and units. Account and Camera fail with NotFound.
type People interface {
	Account(ctx context.Context, userID string) (gatepost.Account, error)
	InCharge(ctx context.Context, divisions []string) ([]gatepost.Organisation, error)
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Watches
	Alarms
	Rota
	Handovers
	People
}

// Options are what a function works with.
type Options struct {
	Store Store
	Now   func() time.Time // default time.Now
}

// Function is the operations on duty. Make it with New.
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
	tags := []string{"duty"}
	huma.Register(api, huma.Operation{OperationID: "list-watches", Method: http.MethodGet, Path: "/v1/duty/cameras",
		Summary: "Class 1 cameras of my division, and who watches each now", Tags: tags}, f.watches)
	huma.Register(api, huma.Operation{OperationID: "list-watch-alarms", Method: http.MethodGet, Path: "/v1/duty/alarms",
		Summary: "Class 1 cameras that were not watched for too long, newest first", Tags: tags}, f.alarms)
	huma.Register(api, huma.Operation{OperationID: "get-watch-setting", Method: http.MethodGet, Path: "/v1/duty/setting",
		Summary: "After how long an unwatched camera of my division is an alarm", Tags: tags}, f.setting)
	huma.Register(api, huma.Operation{OperationID: "update-watch-setting", Method: http.MethodPut, Path: "/v1/duty/setting",
		Summary: "Set it for my division and what lies below it", Tags: tags}, f.set)
	huma.Register(api, huma.Operation{OperationID: "create-shifts", Method: http.MethodPost, Path: "/v1/duty/shifts",
		Summary: "Enter a shift into the rota, once or again and again", Tags: tags, DefaultStatus: http.StatusCreated}, f.createShifts)
	huma.Register(api, huma.Operation{OperationID: "list-shifts", Method: http.MethodGet, Path: "/v1/duty/shifts",
		Summary: "My organisation's shifts in a window", Tags: tags}, f.shifts)
	huma.Register(api, huma.Operation{OperationID: "delete-shift", Method: http.MethodDelete, Path: "/v1/duty/shifts/{id}",
		Summary: "Take a shift that has not begun out of the rota", Tags: tags, DefaultStatus: http.StatusNoContent}, f.removeShift)
	huma.Register(api, huma.Operation{OperationID: "check-in-shift", Method: http.MethodPost, Path: "/v1/duty/shifts/{id}/check-in",
		Summary: "Take up my own shift", Tags: tags}, f.checkIn)
	huma.Register(api, huma.Operation{OperationID: "check-out-shift", Method: http.MethodPost, Path: "/v1/duty/shifts/{id}/check-out",
		Summary: "Leave my own shift", Tags: tags}, f.checkOut)
	huma.Register(api, huma.Operation{OperationID: "create-handover", Method: http.MethodPost, Path: "/v1/duty/handovers",
		Summary: "Write down for the next shift what happened and what goes on", Tags: tags, DefaultStatus: http.StatusCreated}, f.createHandover)
	huma.Register(api, huma.Operation{OperationID: "list-handovers", Method: http.MethodGet, Path: "/v1/duty/handovers",
		Summary: "My organisation's handovers, newest first", Tags: tags}, f.handovers)
	huma.Register(api, huma.Operation{OperationID: "acknowledge-handover", Method: http.MethodPost, Path: "/v1/duty/handovers/{id}/acknowledge",
		Summary: "Take a handover over, being on duty", Tags: tags}, f.acknowledge)
	huma.Register(api, huma.Operation{OperationID: "list-duty-gaps", Method: http.MethodGet, Path: "/v1/duty/gaps",
		Summary: "When nobody was assigned, present or watching", Tags: tags}, f.gaps)
}

var (
	errBoard  = &gatepost.Error{Code: gatepost.Forbidden, Message: "class 1 cameras are watched by the police and the sub-control centres in charge of their division"}
	errRota   = &gatepost.Error{Code: gatepost.Forbidden, Message: "police, government, departments and sub-control centres keep a rota"}
	errLeader = &gatepost.Error{Code: gatepost.Forbidden, Message: "owners and supervisors of the organisation decide this"}
	errShift  = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such shift, or none that you may know of"}
)

// charge is the division whose class 1 cameras are a subject's business, "" for
// an administrator's: all. It fails with Forbidden.
func charge(s gatepost.Subject) (division string, err error) {
	police := s.Kind == gatepost.KindPolice || s.Kind == gatepost.KindSubControl
	switch {
	case s.Admin():
		return "", nil
	case !police || gatepost.LevelOf(s.Division) == "":
		return "", errBoard
	}
	return s.Division, nil
}

// keepsRota tells whether a subject's organisation keeps a rota.
func keepsRota(s gatepost.Subject) error {
	if !s.Kind.Authority() {
		return errRota
	}
	return nil
}

// entry is what the ledger keeps of an act.
func entry(s gatepost.Subject, act string, detail map[string]string) gatepost.LedgerEntry {
	detail["act"] = act
	return access.Entry(gatepost.LedgerDuty, s, "", detail)
}
