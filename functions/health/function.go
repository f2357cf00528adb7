// Package health finds what is wrong with cameras in service, tells those who can mend
// it, and follows the repair (mission R12, R16).
//
// # Faults
//
// Run looks at facts that exist: gateways' words on cameras, what they measure, alarms
// of class 1 cameras that nobody watches. What looks wrong is a suspicion first. It
// becomes a fault when it lasts (Options.After; three times that for what is measured,
// which varies), and is dropped when it was not seen for half of that. A fault ends when
// it was not seen for Options.After; its end is when it was seen last. So a camera that
// comes and goes has one fault. Of a camera that nobody has spoken of lately nothing is
// known, and nothing changes; a round after others were missed opens nothing, for what
// is stored may be old.
//
// What begins under a planned outage is no fault. One that began before goes on: an outage
// that is planned afterwards excuses nothing.
//
// # Work orders
//
//	open → taken → done → confirmed
//	  ↑______reopened______|
//
// An order is for maintainers of the camera's owner, of the unit that answers for it, or
// of the operator. It is opened by hand or with a fault, due by the camera's class. When
// its fault is over, an order that nobody has taken is withdrawn and one that is done is
// confirmed. The time to repair is from opened to done, and counts when it is confirmed.
package health

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// Faults keeps faults. Fault fails with NotFound.
type Faults interface {
	CameraHealth(ctx context.Context, outages time.Time, after string, limit int) ([]gatepost.CameraHealth, error)
	SuspectFaults(ctx context.Context, faults []gatepost.Fault) error
	ClearFaults(ctx context.Context, ids []string, since *time.Time) error
	DropFaults(ctx context.Context, ids []string) error
	OpenFault(ctx context.Context, f gatepost.Fault, order *gatepost.WorkOrder, tell []gatepost.Notification, entries []gatepost.LedgerEntry) error
	CloseFault(ctx context.Context, f gatepost.Fault, tell []gatepost.Notification, entries []gatepost.LedgerEntry) error
	Fault(ctx context.Context, id string) (gatepost.Fault, error)
	Faults(ctx context.Context, scope gatepost.HealthScope, over bool, cameraID string, kind gatepost.FaultKind, before string, limit int) ([]gatepost.Fault, error)
}

// Outages keeps planned outages. CreateOutage and EndOutage fail with Conflict.
type Outages interface {
	CreateOutage(ctx context.Context, o gatepost.Outage, entry gatepost.LedgerEntry) error
	Outage(ctx context.Context, id string) (gatepost.Outage, error)
	Outages(ctx context.Context, scope gatepost.HealthScope, before string, limit int) ([]gatepost.Outage, error)
	EndOutage(ctx context.Context, id string, at time.Time, entry gatepost.LedgerEntry) error
}

// Orders keeps work orders. CreateWorkOrder fails with Conflict.
type Orders interface {
	CreateWorkOrder(ctx context.Context, o gatepost.WorkOrder, tell []gatepost.Notification, entry gatepost.LedgerEntry) error
	WorkOrder(ctx context.Context, id string) (gatepost.WorkOrder, error)
	WorkOrders(ctx context.Context, scope gatepost.HealthScope, closed bool, overdue time.Time, before string, limit int) ([]gatepost.WorkOrder, error)
	SettledOrders(ctx context.Context, limit int) ([]gatepost.WorkOrder, error)
	UpdateWorkOrder(ctx context.Context, id string, change func(*gatepost.WorkOrder) ([]gatepost.Notification, gatepost.LedgerEntry, error)) (gatepost.WorkOrder, error)
}

// Settings keeps how orders are made, and sums up what came of them.
type Settings interface {
	HealthSetting(ctx context.Context) (gatepost.HealthSetting, error)
	PutHealthSetting(ctx context.Context, h gatepost.HealthSetting, entry gatepost.LedgerEntry) error
	HealthFigures(ctx context.Context, division string, from, to, now time.Time) ([]gatepost.HealthFigure, error)
}

// Things finds cameras, people and units. Camera, Account and Organisation fail with NotFound.
type Things interface {
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
	Account(ctx context.Context, userID string) (gatepost.Account, error)
	Organisation(ctx context.Context, id string) (gatepost.Organisation, error)
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Faults
	Outages
	Orders
	Settings
	Things
}

// Options are what a function works with.
type Options struct {
	Store Store

	// After is how long something must be wrong to be a fault, and well to be over.
	// Default 5 min.
	After time.Duration

	MinBitsPerSecond int64   // fewer are a fault; default 50,000
	MaxClockSkewPPM  float64 // more, either way, are a fault; default 1,000

	Now func() time.Time // default time.Now
}

// Function is the operations on faults and repairs. Make it with New.
type Function struct {
	opts  Options
	round time.Time // the last of Run, which is called one after the other
}

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	if opts.After <= 0 {
		opts.After = 5 * time.Minute
	}
	if opts.MinBitsPerSecond <= 0 {
		opts.MinBitsPerSecond = 50_000
	}
	if opts.MaxClockSkewPPM <= 0 {
		opts.MaxClockSkewPPM = 1000
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Function{opts: opts}
}

func (f *Function) now() time.Time { return f.opts.Now().UTC().Truncate(time.Millisecond) }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"health"}
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: tags, DefaultStatus: status}
	}
	huma.Register(api, op("list-faults", http.MethodGet, "/v1/faults", "What is wrong with cameras, newest first", 200), f.faults)
	huma.Register(api, op("create-outage", http.MethodPost, "/v1/outages", "Plan a time in which a camera will not work: no fault comes of it", 201), f.plan)
	huma.Register(api, op("list-outages", http.MethodGet, "/v1/outages", "Planned outages, newest first", 200), f.outages)
	huma.Register(api, op("end-outage", http.MethodPost, "/v1/outages/{id}/end", "End a planned outage before its time", 204), f.endOutage)
	huma.Register(api, op("create-work-order", http.MethodPost, "/v1/work-orders", "Have a camera repaired, for a fault or by hand", 201), f.createOrder)
	huma.Register(api, op("list-work-orders", http.MethodGet, "/v1/work-orders", "Repairs that were ordered, newest first", 200), f.orders)
	huma.Register(api, op("assign-work-order", http.MethodPost, "/v1/work-orders/{id}/assign", "Give a work order to another unit or person", 200), f.assign)
	huma.Register(api, op("take-work-order", http.MethodPost, "/v1/work-orders/{id}/take", "Take a work order on, as a maintainer", 200), f.take)
	huma.Register(api, op("finish-work-order", http.MethodPost, "/v1/work-orders/{id}/done", "Say that the camera is repaired, and what it was", 200), f.finish)
	huma.Register(api, op("confirm-work-order", http.MethodPost, "/v1/work-orders/{id}/confirm", "Confirm a repair", 200), f.confirm)
	huma.Register(api, op("reopen-work-order", http.MethodPost, "/v1/work-orders/{id}/reopen", "Say that the camera is not repaired", 200), f.reopen)
	huma.Register(api, op("withdraw-work-order", http.MethodPost, "/v1/work-orders/{id}/withdraw", "Say that the repair is not needed any more", 200), f.withdraw)
	huma.Register(api, op("get-health-setting", http.MethodGet, "/v1/health/setting", "How long repairs may take, and which faults come with a work order", 200), f.setting)
	huma.Register(api, op("put-health-setting", http.MethodPut, "/v1/health/setting", "Set it; administrators, owners and supervisors of the operator", 200), f.set)
	huma.Register(api, op("get-health-figures", http.MethodGet, "/v1/health/figures", "Faults and repairs of a month, by county and class, with the mean time to repair", 200), f.figures)
}

var (
	errNoCamera = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such camera, or none that you may know of"}
	errScope    = &gatepost.Error{Code: gatepost.Forbidden, Message: "owners, supervisors and maintainers see what is wrong with cameras: of their own, of their division, or of those they answer for"}
	errMaintain = &gatepost.Error{Code: gatepost.Forbidden, Message: "owners, supervisors and maintainers of the camera's owner, of the unit that answers for it, or of the operator decide this"}
)

// camera returns a camera whose health is a subject's business. It fails with NotFound.
func (f *Function) camera(ctx context.Context, s gatepost.Subject, id string) (gatepost.Camera, error) {
	if !gatepost.ValidID(id) {
		return gatepost.Camera{}, errNoCamera
	}
	c, err := f.opts.Store.Camera(ctx, id)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && !access.SeesHealth(s, c) {
		return gatepost.Camera{}, errNoCamera
	}
	return c, err
}

// concerned lists the organisations that are told of a camera: its owner and who answers for it.
func concerned(c gatepost.Camera) []string {
	return slices.Compact([]string{c.Owner, c.Responsible})
}

// tell is what some organisations are told.
func tell(kind gatepost.NotificationKind, to []string, c gatepost.Camera, detail map[string]string) []gatepost.Notification {
	list := make([]gatepost.Notification, len(to))
	for i, id := range to {
		list[i] = gatepost.Notification{Organisation: id, Kind: kind, CameraID: c.ID, Detail: detail}
	}
	return list
}

// entry is what the ledger keeps of an act.
func entry(s gatepost.Subject, cameraID, act string, detail map[string]string) gatepost.LedgerEntry {
	detail["act"] = act
	return access.Entry(gatepost.LedgerHealth, s, cameraID, detail)
}
