package health

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Bounds of an outage, and lengths in characters.
const (
	maxOutage = 31 * 24 * time.Hour
	maxAhead  = 366 * 24 * time.Hour
	maxReason = 500

	// backdated is how far behind our clock an outage may begin: the asker's may be slow,
	// and typing takes a while. What was a fault before stays one.
	backdated = 5 * time.Minute
)

// Fault is a fault as the API shows one.
type Fault struct {
	ID         string              `json:"id"`
	CameraID   string              `json:"camera_id"`
	CameraName string              `json:"camera_name"`
	Kind       gatepost.FaultKind  `json:"kind" enum:"offline,recording,key_frames,black,frozen,bit_rate,clock,unwatched"`
	Division   string              `json:"division" doc:"Of the camera, when it began"`
	Class      gatepost.WatchClass `json:"class" doc:"The same"`
	From       time.Time           `json:"from"`
	OpenedAt   *time.Time          `json:"opened_at" doc:"When it had lasted long enough to be told of"`
	Until      *time.Time          `json:"until,omitempty" doc:"Absent while it lasts"`
	Evidence   gatepost.Words      `json:"evidence"`
	OrderID    string              `json:"work_order_id,omitempty" doc:"Its repair is ordered; absent when it is not, or no more"`
}

func viewFault(f gatepost.Fault) Fault {
	return Fault{ID: f.ID, CameraID: f.CameraID, CameraName: f.Camera, Kind: f.Kind, Division: f.Division, Class: f.Class, From: f.From, OpenedAt: f.OpenedAt,
		Until: f.Until, Evidence: f.Evidence, OrderID: f.OrderID}
}

// Outage is a planned outage as the API shows one.
type Outage struct {
	ID         string    `json:"id"`
	CameraID   string    `json:"camera_id"`
	CameraName string    `json:"camera_name"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to" doc:"When it ends, or was ended"`
	Reason     string    `json:"reason"`
	CreatedBy  string    `json:"created_by" doc:"User id"`
	CreatedAt  time.Time `json:"created_at"`
}

func viewOutage(o gatepost.Outage) Outage {
	return Outage{ID: o.ID, CameraID: o.CameraID, CameraName: o.Camera, From: o.From, To: o.End(), Reason: o.Reason, CreatedBy: o.CreatedBy, CreatedAt: o.CreatedAt}
}

type (
	faultsInput struct {
		host.Page
		Over     bool               `query:"over" doc:"Those that are over, too"`
		CameraID string             `query:"camera_id" maxLength:"64"`
		Kind     gatepost.FaultKind `query:"kind" enum:"offline,recording,key_frames,black,frozen,bit_rate,clock,unwatched"`
	}
	faultsOutput    struct{ Body host.List[Fault] }
	planOutageInput struct {
		Body struct {
			CameraID string    `json:"camera_id" minLength:"1" maxLength:"64"`
			From     time.Time `json:"from" doc:"Not in the past"`
			To       time.Time `json:"to" doc:"At most 31 days later"`
			Reason   string    `json:"reason" minLength:"1" maxLength:"500"`
		}
	}
	outageOutput  struct{ Body Outage }
	outagesInput  struct{ host.Page }
	outagesOutput struct{ Body host.List[Outage] }
	idInput       struct {
		ID string `path:"id" maxLength:"64"`
	}
)

// scope returns whose cameras the caller may list.
func scope(ctx context.Context) (gatepost.HealthScope, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.HealthScope{}, err
	}
	scope, ok := access.HealthScope(s)
	if !ok {
		return scope, errScope
	}
	return scope, nil
}

func (f *Function) faults(ctx context.Context, in *faultsInput) (*faultsOutput, error) {
	of, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Faults(ctx, of, in.Over, in.CameraID, in.Kind, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &faultsOutput{Body: host.Paged(list, in.Limit, func(f gatepost.Fault) string { return f.ID }, viewFault)}, nil
}

func (f *Function) outages(ctx context.Context, in *outagesInput) (*outagesOutput, error) {
	of, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Outages(ctx, of, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &outagesOutput{Body: host.Paged(list, in.Limit, func(o gatepost.Outage) string { return o.ID }, viewOutage)}, nil
}

func (f *Function) plan(ctx context.Context, in *planOutageInput) (*outageOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	c, err := f.camera(ctx, s, in.Body.CameraID)
	if err != nil {
		return nil, err
	}
	if !access.Maintains(s, c) {
		return nil, errMaintain
	}
	now := f.now()
	o := gatepost.Outage{ID: gatepost.NewID(), CameraID: c.ID, Camera: c.Name, From: latest(in.Body.From.UTC().Truncate(time.Second), now),
		To: in.Body.To.UTC().Truncate(time.Second), CreatedBy: s.UserID, CreatedAt: now}
	switch {
	case now.Sub(in.Body.From) > backdated:
		return nil, gatepost.InvalidField("from", "an outage is planned, so that it begins now or later; what was a fault before stays one")
	case o.From.Sub(now) > maxAhead:
		return nil, gatepost.InvalidField("from", "plan at most 366 days ahead")
	case !o.From.Before(o.To):
		return nil, gatepost.InvalidField("to", "an outage must end after it begins, and in the future")
	case o.To.Sub(o.From) > maxOutage:
		return nil, gatepost.InvalidField("to", "an outage lasts 31 days at most; suspend the camera, or plan another")
	}
	if o.Reason, err = gatepost.CheckText("reason", in.Body.Reason, 1, maxReason); err != nil {
		return nil, err
	}
	if err := f.opts.Store.CreateOutage(ctx, o, entry(s, c.ID, "outage_planned", outageDetail(o))); err != nil {
		return nil, err
	}
	return &outageOutput{Body: viewOutage(o)}, nil
}

var errNoOutage = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such outage, or none that you may know of"}

func (f *Function) endOutage(ctx context.Context, in *idInput) (*struct{}, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !gatepost.ValidID(in.ID) {
		return nil, errNoOutage
	}
	o, err := f.opts.Store.Outage(ctx, in.ID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, errNoOutage
	}
	if err != nil {
		return nil, err
	}
	c, err := f.camera(ctx, s, o.CameraID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, errNoOutage
	}
	if err != nil {
		return nil, err
	}
	if !access.Maintains(s, c) {
		return nil, errMaintain
	}
	return nil, f.opts.Store.EndOutage(ctx, o.ID, f.now(), entry(s, c.ID, "outage_ended", outageDetail(o)))
}

func outageDetail(o gatepost.Outage) map[string]string {
	return map[string]string{"outage": o.ID, "from": o.From.Format(time.RFC3339), "to": o.To.Format(time.RFC3339), "reason": o.Reason}
}
