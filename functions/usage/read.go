package usage

import (
	"context"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// maxDays is how many days may be asked for at once.
const maxDays = 400

// Service is how cameras served, as the API shows it. What was recorded and the
// gaps make up what was due.
type Service struct {
	Due       int64  `json:"due_ms" doc:"In service, so that it had to be recorded"`
	Recorded  int64  `json:"recorded_ms"`
	Online    int64  `json:"online_ms" doc:"Recorded, or pushed and not recorded"`
	Offline   int64  `json:"gap_camera_offline_ms"`
	Network   int64  `json:"gap_network_ms"`
	Gateway   int64  `json:"gap_gateway_ms"`
	Storage   int64  `json:"gap_storage_ms"`
	Suspended int64  `json:"gap_suspended_ms" doc:"Resumed, and not back yet"`
	WatchDue  int64  `json:"watch_due_ms" doc:"In service at class 1, so that it had to be watched live"`
	Watched   int64  `json:"watched_ms"`
	Bytes     *int64 `json:"bytes,omitempty" doc:"Of the recordings that began; only to the camera's organisation, the operator and administrators"`
	Objects   *int64 `json:"objects,omitempty" doc:"Recordings that began; to the same"`
}

func viewService(s gatepost.Service) Service {
	return Service{Due: s.Due.Milliseconds(), Recorded: s.Recorded.Milliseconds(), Online: s.Online.Milliseconds(), Offline: s.Offline.Milliseconds(),
		Network: s.Network.Milliseconds(), Gateway: s.Gateway.Milliseconds(), Storage: s.Storage.Milliseconds(), Suspended: s.Stopped.Milliseconds(),
		WatchDue: s.WatchDue.Milliseconds(), Watched: s.Watched.Milliseconds(), Bytes: &s.Bytes, Objects: &s.Objects}
}

// Usage is what a camera, or the cameras of an owner, did over some days.
type Usage struct {
	ID          string  `json:"id" doc:"Of the camera or the organisation"`
	Name        string  `json:"name,omitempty" doc:"Of the organisation"`
	Cameras     int64   `json:"cameras"`
	CameraDays  int64   `json:"camera_days" doc:"Days of cameras that were not retired"`
	StoredBytes int64   `json:"stored_bytes" doc:"Recorded, and not past its retention when the last day ends; holds are not in it"`
	Service     Service `json:"service"`
	Lives       int64   `json:"live_looks"`
	Playbacks   int64   `json:"playbacks"`
	Viewed      int64   `json:"viewed_ms"`
	ViewedBytes int64   `json:"viewed_bytes"`
}

// CameraDay is a camera's day as the API shows it.
type CameraDay struct {
	Day      string                 `json:"day"`
	State    gatepost.CameraState   `json:"state" doc:"At the end of the day"`
	Class    gatepost.WatchClass    `json:"class"`
	Division string                 `json:"division"`
	Place    gatepost.PlaceCategory `json:"place"`
	OwnerID  string                 `json:"owner_id"`
	Service  Service                `json:"service"`
}

// CameraDays are a camera's days, the oldest first: of what the timeline shows, those that
// it shows all of.
type CameraDays struct {
	Items []CameraDay `json:"items"`
}

// UsageRun is how far the measuring of a day has come.
type UsageRun struct {
	Day        string     `json:"day"`
	Pass       int        `json:"pass" doc:"1: soon after its end; 2: three days later, with what came late"`
	Cameras    int64      `json:"cameras" doc:"That are done"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// Window is the days that a request asks about.
type Window struct {
	From string `query:"from" required:"true" maxLength:"10" doc:"YYYY-MM-DD, in China Standard Time"`
	To   string `query:"to" required:"true" maxLength:"10" doc:"The last day; at most 400 days"`
}

func (w Window) days() (from, to gatepost.Day, err error) {
	if from, err = gatepost.ParseDay("from", w.From); err != nil {
		return from, to, err
	}
	if to, err = gatepost.ParseDay("to", w.To); err != nil {
		return from, to, err
	}
	switch {
	case to < from:
		return from, to, gatepost.InvalidField("to", "the last day must not lie before the first")
	case to-from >= maxDays:
		return from, to, &gatepost.Error{Code: gatepost.TooLarge, Field: "to", Message: "ask for 400 days at most"}
	}
	return from, to, nil
}

type (
	listInput struct {
		host.Page
		Window
		By    string `query:"by" enum:"camera,organisation" default:"camera"`
		Owner string `query:"owner_id" maxLength:"64" doc:"For administrators and the operator; others see their own cameras. Needed by camera"`
	}
	listOutput struct{ Body host.List[Usage] }
	daysInput  struct {
		Window
		ID string `path:"id" maxLength:"64"`
	}
	daysOutput struct{ Body CameraDays }
	runsInput  struct {
		Before string `query:"before" maxLength:"10" doc:"Only days before this one, YYYY-MM-DD"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	runsOutput struct {
		Body struct {
			Items []UsageRun `json:"items"`
		}
	}
)

var (
	errLeader   = &gatepost.Error{Code: gatepost.Forbidden, Message: "owners and supervisors of an organisation see the usage of its cameras"}
	errOperator = &gatepost.Error{Code: gatepost.Forbidden, Message: "the operator and administrators see how the measuring goes"}
)

// runsThings tells whether a subject runs the system: he sees everybody's usage.
func runsThings(s gatepost.Subject) bool {
	return s.Admin() || s.Kind == gatepost.KindOperator && s.Role != gatepost.RoleWatcher && s.Role != gatepost.RoleResponder
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	owner := in.Owner
	switch {
	case runsThings(s):
	case !s.Leads():
		return nil, errLeader
	case owner != "" && owner != s.Organisation:
		return nil, errLeader
	default:
		owner = s.Organisation
	}
	from, to, err := in.days()
	if err != nil {
		return nil, err
	}
	var list []gatepost.ServiceUse
	switch {
	case in.By == "organisation":
		list, err = f.opts.Store.UsageByOwner(ctx, owner, from, to, in.After, in.Limit+1)
	case owner == "":
		return nil, gatepost.InvalidField("owner_id", "name the owner whose cameras you mean, or ask by organisation")
	default:
		list, err = f.opts.Store.UsageByCamera(ctx, owner, from, to, in.After, in.Limit+1)
	}
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	if in.By == "organisation" {
		ids := make([]string, len(list))
		for i, u := range list {
			ids[i] = u.Key
		}
		if names, err = f.opts.Store.Names(ctx, ids); err != nil {
			return nil, err
		}
	}
	return &listOutput{Body: host.Paged(list, in.Limit, func(u gatepost.ServiceUse) string { return u.Key }, func(u gatepost.ServiceUse) Usage {
		return Usage{ID: u.Key, Name: names[u.Key], Cameras: u.Cameras, CameraDays: u.Days, StoredBytes: u.StoredBytes, Service: viewService(u.Service),
			Lives: u.Lives, Playbacks: u.Playbacks, Viewed: u.Viewed.Milliseconds(), ViewedBytes: u.ViewedBytes}
	})}, nil
}

func (f *Function) days(ctx context.Context, in *daysInput) (*daysOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	from, to, err := in.Window.days()
	if err != nil {
		return nil, err
	}
	c, _, err := access.Gate{Store: f.opts.Store}.Camera(ctx, s, in.ID, access.Know, map[string]string{"act": "days"})
	if err != nil {
		return nil, err
	}
	parts, err := access.Gate{Store: f.opts.Store}.Recorded(ctx, s, c, from.Start(), to.End())
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.CameraDays(ctx, c.ID, from, to)
	if err != nil {
		return nil, err
	}
	out := &daysOutput{Body: CameraDays{Items: []CameraDay{}}}
	for _, d := range list {
		if whole(d.Day, parts) {
			out.Body.Items = append(out.Body.Items, viewDay(d, access.SeesVolume(s, c)))
		}
	}
	return out, nil
}

// whole tells whether all of a day lies in one of some parts of the archive: a day's figures
// cannot be cut.
func whole(day gatepost.Day, parts []access.Window) bool {
	return slices.ContainsFunc(parts, func(w access.Window) bool { return !w.From.After(day.Start()) && !w.To.Before(day.End()) })
}

func viewDay(d gatepost.CameraDay, volume bool) CameraDay {
	out := CameraDay{Day: d.Day.String(), State: d.State, Class: d.Class, Division: d.Division, Place: d.Place, OwnerID: d.Owner, Service: viewService(d.Service)}
	if !volume {
		out.Service.Bytes, out.Service.Objects = nil, nil
	}
	return out
}

func (f *Function) runs(ctx context.Context, in *runsInput) (*runsOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !runsThings(s) {
		return nil, errOperator
	}
	var before gatepost.Day
	if in.Before != "" {
		if before, err = gatepost.ParseDay("before", in.Before); err != nil {
			return nil, err
		}
	}
	list, err := f.opts.Store.DayRuns(ctx, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &runsOutput{}
	out.Body.Items = make([]UsageRun, len(list))
	for i, r := range list {
		out.Body.Items[i] = UsageRun{Day: r.Day.String(), Pass: r.Pass, Cameras: r.Cameras, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt}
	}
	return out, nil
}
