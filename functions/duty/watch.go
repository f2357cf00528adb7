package duty

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Watch is a class 1 camera on the board.
type Watch struct {
	CameraID string    `json:"camera_id"`
	Name     string    `json:"name"`
	Division string    `json:"division"`
	Online   bool      `json:"online"`
	Watched  bool      `json:"watched" doc:"By somebody of a unit in charge of its division"`
	Since    time.Time `json:"since,omitzero" doc:"From when on it is watched, or is not"`
	AlarmID  string    `json:"alarm_id,omitempty" doc:"Of the open alarm"`
	Watchers []Watcher `json:"watchers" doc:"Of the units in charge"`
	Others   int       `json:"others" doc:"How many others watch: the owner, guests of a share link"`
}

// Watcher is somebody on duty who watches a camera.
type Watcher struct {
	UserID           string    `json:"user_id"`
	UserName         string    `json:"user_name"`
	OrganisationID   string    `json:"organisation_id"`
	OrganisationName string    `json:"organisation_name"`
	Since            time.Time `json:"since"`
}

// WatchAlarm is an alarm as the API shows one.
type WatchAlarm struct {
	ID         string                   `json:"id"`
	CameraID   string                   `json:"camera_id"`
	CameraName string                   `json:"camera_name"`
	Division   string                   `json:"division"`
	Cause      gatepost.WatchAlarmCause `json:"cause" enum:"unattended,offline"`
	Since      time.Time                `json:"since" doc:"When the camera was last watched"`
	OpenedAt   time.Time                `json:"opened_at"`
	ClosedAt   *time.Time               `json:"closed_at,omitempty"`
}

// WatchSetting is after how long an unwatched camera is an alarm.
type WatchSetting struct {
	AlarmAfterSeconds int    `json:"alarm_after_seconds" minimum:"10" maximum:"3600"`
	SetBy             string `json:"set_by" doc:"The division that set it; empty: none, it is the default"`
}

type (
	watchesInput struct {
		host.Page
		Unwatched bool `query:"unwatched" doc:"Only those that nobody watches"`
	}
	watchesOutput struct{ Body host.List[Watch] }
	windowInput   struct {
		host.Page
		From time.Time `query:"from" required:"true"`
		To   time.Time `query:"to" required:"true" doc:"At most 62 days later"`
	}
	alarmsOutput  struct{ Body host.List[WatchAlarm] }
	settingOutput struct{ Body WatchSetting }
	setInput      struct {
		Body struct {
			AlarmAfterSeconds int `json:"alarm_after_seconds" minimum:"10" maximum:"3600"`
		}
	}
)

// maxDays is the longest window of a list, in days.
const maxDays = 62

// window checks the window of a list.
func (in windowInput) window() error {
	switch {
	case !in.From.Before(in.To):
		return gatepost.InvalidField("to", "a window must end after it begins")
	case in.To.Sub(in.From) > maxDays*24*time.Hour:
		return gatepost.InvalidField("to", fmt.Sprintf("a window is %d days long at most", maxDays))
	}
	return nil
}

func (f *Function) watches(ctx context.Context, in *watchesInput) (*watchesOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	division, err := charge(s)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Watches(ctx, division, in.Unwatched, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	for i, w := range list {
		ids[i] = w.CameraID
	}
	watchers, err := f.opts.Store.Watchers(ctx, ids)
	if err != nil {
		return nil, err
	}
	people := make([]string, 0, 2*len(watchers))
	for _, w := range watchers {
		people = append(people, w.UserID, w.Organisation)
	}
	names, err := f.opts.Store.Names(ctx, people)
	if err != nil {
		return nil, err
	}
	at := map[string][]gatepost.Watcher{}
	for _, w := range watchers {
		at[w.CameraID] = append(at[w.CameraID], w)
	}
	return &watchesOutput{Body: host.Paged(list, in.Limit, func(w gatepost.Watch) string { return w.CameraID },
		func(w gatepost.Watch) Watch { return viewWatch(w, at[w.CameraID], names) })}, nil
}

func viewWatch(w gatepost.Watch, watchers []gatepost.Watcher, names map[string]string) Watch {
	v := Watch{CameraID: w.CameraID, Name: w.Name, Division: w.Division, Online: w.Online, Watched: w.Watched, AlarmID: w.AlarmID, Watchers: []Watcher{}}
	if w.Known && w.Was == w.Watched {
		v.Since = w.Since
	}
	for _, p := range watchers {
		if !p.InCharge {
			v.Others++
			continue
		}
		v.Watchers = append(v.Watchers, Watcher{UserID: p.UserID, UserName: names[p.UserID], OrganisationID: p.Organisation,
			OrganisationName: names[p.Organisation], Since: p.Since})
	}
	return v
}

func (f *Function) alarms(ctx context.Context, in *windowInput) (*alarmsOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	division, err := charge(s)
	if err != nil {
		return nil, err
	}
	if err := in.window(); err != nil {
		return nil, err
	}
	list, err := f.opts.Store.WatchAlarms(ctx, division, in.From, in.To, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	names, err := f.cameraNames(ctx, list)
	if err != nil {
		return nil, err
	}
	return &alarmsOutput{Body: host.Paged(list, in.Limit, func(a gatepost.WatchAlarm) string { return a.ID }, func(a gatepost.WatchAlarm) WatchAlarm {
		return WatchAlarm{ID: a.ID, CameraID: a.CameraID, CameraName: names[a.CameraID], Division: a.Division, Cause: a.Cause, Since: a.Since, OpenedAt: a.OpenedAt, ClosedAt: a.ClosedAt}
	})}, nil
}

// cameraNames returns what the cameras of alarms are called.
func (f *Function) cameraNames(ctx context.Context, list []gatepost.WatchAlarm) (map[string]string, error) {
	names := map[string]string{}
	for _, a := range list {
		if _, ok := names[a.CameraID]; ok {
			continue
		}
		c, err := f.opts.Store.Camera(ctx, a.CameraID)
		if err != nil {
			return nil, err
		}
		names[a.CameraID] = c.Name
	}
	return names, nil
}

func (f *Function) setting(ctx context.Context, _ *struct{}) (*settingOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	division, err := charge(s)
	if err != nil {
		return nil, err
	}
	settings, err := f.opts.Store.WatchSettings(ctx)
	if err != nil {
		return nil, err
	}
	by, after := settingOf(settings, division)
	return &settingOutput{Body: WatchSetting{AlarmAfterSeconds: int(after / time.Second), SetBy: by}}, nil
}

func (f *Function) set(ctx context.Context, in *setInput) (*settingOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	division, err := charge(s)
	switch {
	case err != nil:
		return nil, err
	case division == "":
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "an administrator is in charge of no division; a unit sets this for its own"}
	case !s.Leads():
		return nil, errLeader
	}
	after := time.Duration(in.Body.AlarmAfterSeconds) * time.Second
	if after < minAfter || after > maxAfter {
		return nil, gatepost.InvalidField("alarm_after_seconds", "between 10 seconds and an hour")
	}
	if err := f.opts.Store.PutWatchSetting(ctx, division, after, entry(s, "set", map[string]string{"division": division,
		"alarm_after_seconds": strconv.Itoa(in.Body.AlarmAfterSeconds)})); err != nil {
		return nil, err
	}
	return &settingOutput{Body: WatchSetting{AlarmAfterSeconds: in.Body.AlarmAfterSeconds, SetBy: division}}, nil
}
