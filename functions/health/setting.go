package health

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// maxDue is the longest time that a repair may be given, in hours.
const maxDue = 31 * 24

// HealthSetting is how work orders are made.
type HealthSetting struct {
	DueHours  []int                `json:"due_hours" minItems:"3" maxItems:"3" doc:"To repair a camera of class 1, 2 and 3: 1 to 744"`
	Automatic []gatepost.FaultKind `json:"automatic" maxItems:"8" doc:"Kinds of faults that come with a work order, for the unit that answers for the camera"`
	SetAt     *time.Time           `json:"set_at,omitempty" doc:"Absent: it is the default"`
}

func viewSetting(h gatepost.HealthSetting) HealthSetting {
	v := HealthSetting{Automatic: h.Automatic}
	if v.Automatic == nil {
		v.Automatic = []gatepost.FaultKind{}
	}
	for _, d := range h.Due {
		v.DueHours = append(v.DueHours, int(d/time.Hour))
	}
	if !h.SetAt.IsZero() {
		v.SetAt = &h.SetAt
	}
	return v
}

// FaultFigure is what one kind of fault comes to.
type FaultFigure struct {
	Kind   gatepost.FaultKind `json:"kind"`
	Opened int64              `json:"opened"`
	Lasted int64              `json:"lasted_ms" doc:"Within the month"`
}

// HealthFigure is what faults and repairs of a county's cameras of a class come to.
type HealthFigure struct {
	Division   string              `json:"division" doc:"A county, or what wider division its cameras are of"`
	Class      gatepost.WatchClass `json:"class"`
	Faults     []FaultFigure       `json:"faults"`
	Opened     int64               `json:"orders_opened"`
	Closed     int64               `json:"orders_closed" doc:"Confirmed or withdrawn"`
	Overdue    int64               `json:"orders_overdue" doc:"That came due in the month and were not done by then"`
	Repaired   int64               `json:"orders_confirmed"`
	MeanRepair int64               `json:"mean_repair_ms" doc:"Of those: from opened to done; 0 for none"`
}

// HealthFigures are the figures of a month.
type HealthFigures struct {
	Items []HealthFigure `json:"items"`
}

type (
	settingOutput      struct{ Body HealthSetting }
	healthSettingInput struct {
		Body struct {
			DueHours  []int                `json:"due_hours" minItems:"3" maxItems:"3"`
			Automatic []gatepost.FaultKind `json:"automatic" maxItems:"8"`
		}
	}
	figuresInput struct {
		Month    string `query:"month" required:"true" maxLength:"7" doc:"YYYY-MM, in China Standard Time"`
		Division string `query:"division" maxLength:"9" doc:"One within mine; for administrators and the operator any, empty for all"`
	}
	figuresOutput struct{ Body HealthFigures }
)

var (
	errOperator = &gatepost.Error{Code: gatepost.Forbidden, Message: "administrators, and owners and supervisors of the operator, set this"}
	errFigures  = &gatepost.Error{Code: gatepost.Forbidden, Message: "police, sub-control centres and governments see the figures of their own division, administrators and the operator those of all"}
)

func (f *Function) setting(ctx context.Context, _ *struct{}) (*settingOutput, error) {
	if _, err := scope(ctx); err != nil {
		return nil, err
	}
	h, err := f.opts.Store.HealthSetting(ctx)
	if err != nil {
		return nil, err
	}
	return &settingOutput{Body: viewSetting(h)}, nil
}

func (f *Function) set(ctx context.Context, in *healthSettingInput) (*settingOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !s.Admin() && !(s.Kind == gatepost.KindOperator && s.Leads()) {
		return nil, errOperator
	}
	h := gatepost.HealthSetting{SetAt: f.now(), SetBy: s.UserID, Automatic: slices.Compact(slices.Sorted(slices.Values(in.Body.Automatic)))}
	for i, hours := range in.Body.DueHours {
		if hours < 1 || hours > maxDue {
			return nil, gatepost.InvalidField("due_hours", fmt.Sprintf("give between 1 and %d hours for each class", maxDue))
		}
		h.Due[i] = time.Duration(hours) * time.Hour
	}
	kinds := make([]string, len(h.Automatic))
	for i, kind := range h.Automatic {
		if !slices.Contains(gatepost.FaultKinds, kind) || kind == gatepost.FaultUnwatched {
			return nil, gatepost.InvalidField("automatic", fmt.Sprintf("%q is no kind of fault that is repaired", kind))
		}
		kinds[i] = string(kind)
	}
	detail := map[string]string{"due_hours": fmt.Sprint(in.Body.DueHours), "automatic": strings.Join(kinds, ",")}
	if err := f.opts.Store.PutHealthSetting(ctx, h, entry(s, "", "setting", detail)); err != nil {
		return nil, err
	}
	return &settingOutput{Body: viewSetting(h)}, nil
}

func (f *Function) figures(ctx context.Context, in *figuresInput) (*figuresOutput, error) {
	of, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	division := in.Division
	switch {
	case division != "" && gatepost.LevelOf(division) == "":
		return nil, gatepost.InvalidField("division", "a division's code has 2, 4, 6 or 9 digits")
	case of == gatepost.HealthScope{}: // all
	case of.Division == "":
		return nil, errFigures
	case division == "":
		division = of.Division
	case !gatepost.Within(division, of.Division):
		return nil, errFigures
	}
	month, err := gatepost.ParseMonth("month", in.Month)
	if err != nil {
		return nil, err
	}
	now := f.now()
	if month > gatepost.MonthOf(now) {
		return nil, gatepost.InvalidField("month", "this month lies in the future")
	}
	list, err := f.opts.Store.HealthFigures(ctx, division, month.First().Start(), month.Last().End(), now)
	if err != nil {
		return nil, err
	}
	out := &figuresOutput{Body: HealthFigures{Items: make([]HealthFigure, len(list))}}
	for i, h := range list {
		v := HealthFigure{Division: h.Division, Class: h.Class, Faults: []FaultFigure{}, Opened: h.Opened, Closed: h.Closed, Overdue: h.Overdue, Repaired: h.Repaired,
			MeanRepair: h.MeanRepair().Milliseconds()}
		for _, k := range h.Faults {
			v.Faults = append(v.Faults, FaultFigure{Kind: k.Kind, Opened: k.Opened, Lasted: k.Lasted.Milliseconds()})
		}
		out.Body.Items[i] = v
	}
	return out, nil
}
