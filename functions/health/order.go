package health

import (
	"context"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// maxText bounds what is written into an order, in characters.
const maxText = 1000

// WorkOrder is a work order as the API shows one.
type WorkOrder struct {
	ID               string               `json:"id"`
	CameraID         string               `json:"camera_id"`
	CameraName       string               `json:"camera_name"`
	FaultID          string               `json:"fault_id,omitempty"`
	Kind             gatepost.FaultKind   `json:"kind,omitempty" enum:"offline,recording,key_frames,black,frozen,bit_rate,clock,unwatched" doc:"Of the fault; absent when it was opened by hand"`
	Evidence         *gatepost.Words      `json:"evidence,omitempty" doc:"The same"`
	Class            gatepost.WatchClass  `json:"class" doc:"Of the camera, when it was opened"`
	Description      string               `json:"description"`
	OrganisationID   string               `json:"organisation_id" doc:"Whose maintainers it is for"`
	OrganisationName string               `json:"organisation_name"`
	AssigneeID       string               `json:"assignee_id,omitempty" doc:"One of them; absent: any"`
	AssigneeName     string               `json:"assignee_name,omitempty"`
	State            gatepost.OrderState  `json:"state" enum:"open,taken,done,confirmed,withdrawn"`
	OpenedBy         string               `json:"opened_by" doc:"User id, or system"`
	OpenedAt         time.Time            `json:"opened_at"`
	DueAt            time.Time            `json:"due_at"`
	Overdue          bool                 `json:"overdue" doc:"Not done by then"`
	TakenByName      string               `json:"taken_by_name,omitempty"`
	TakenAt          *time.Time           `json:"taken_at,omitempty"`
	DoneAt           *time.Time           `json:"done_at,omitempty"`
	Cause            gatepost.RepairCause `json:"cause,omitempty" enum:"power,lighting,network,camera,obstruction,settings,other"`
	Note             string               `json:"note,omitempty"`
	ClosedAt         *time.Time           `json:"closed_at,omitempty" doc:"Confirmed or withdrawn"`
	Reopenings       int                  `json:"reopenings"`
	Remark           string               `json:"remark,omitempty" doc:"Why it was reopened or withdrawn"`
}

func viewOrder(o gatepost.WorkOrder, names map[string]string, now time.Time) WorkOrder {
	v := WorkOrder{ID: o.ID, CameraID: o.CameraID, CameraName: o.Camera, FaultID: o.FaultID, Kind: o.Kind, Class: o.Class, Description: o.Description,
		OrganisationID: o.Organisation, OrganisationName: names[o.Organisation], AssigneeID: o.Assignee, AssigneeName: names[o.Assignee], State: o.State,
		OpenedBy: o.OpenedBy, OpenedAt: o.OpenedAt, DueAt: o.DueAt, Overdue: o.Overdue(now), TakenByName: names[o.TakenBy], TakenAt: o.TakenAt, DoneAt: o.DoneAt,
		Cause: o.Cause, Note: o.Note, ClosedAt: o.ClosedAt, Reopenings: o.Reopenings, Remark: o.Remark}
	if o.FaultID != "" {
		v.Evidence = &o.Evidence
	}
	return v
}

type (
	workOrderInput struct {
		Body struct {
			CameraID       string `json:"camera_id,omitempty" maxLength:"64" doc:"Or a fault"`
			FaultID        string `json:"fault_id,omitempty" maxLength:"64"`
			Description    string `json:"description,omitempty" maxLength:"1000" doc:"Needed without a fault"`
			OrganisationID string `json:"organisation_id,omitempty" maxLength:"64" doc:"Whose maintainers: the camera's owner, the unit that answers for it (default), or the operator"`
			AssigneeID     string `json:"assignee_id,omitempty" maxLength:"64" doc:"One of them"`
		}
	}
	orderOutput struct{ Body WorkOrder }
	ordersInput struct {
		host.Page
		Closed  bool `query:"closed" doc:"Those that are confirmed or withdrawn, too"`
		Overdue bool `query:"overdue" doc:"Only those that were not done in time"`
	}
	ordersOutput     struct{ Body host.List[WorkOrder] }
	assignOrderInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			OrganisationID string `json:"organisation_id" minLength:"1" maxLength:"64"`
			AssigneeID     string `json:"assignee_id,omitempty" maxLength:"64"`
		}
	}
	finishOrderInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Cause gatepost.RepairCause `json:"cause" enum:"power,lighting,network,camera,obstruction,settings,other"`
			Note  string               `json:"note" minLength:"1" maxLength:"1000" doc:"What was done"`
		}
	}
	orderRemarkInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Remark string `json:"remark" minLength:"1" maxLength:"1000" doc:"Why"`
		}
	}
)

var (
	errNoOrder  = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such work order, or none that you may know of"}
	errNoFault  = gatepost.InvalidField("fault_id", "there is no such fault, or none that you may know of")
	errAssignee = gatepost.InvalidField("organisation_id", "a work order is for the camera's owner, the unit that answers for it, or the operator")
	errPerson   = gatepost.InvalidField("assignee_id", "this is no owner, supervisor or maintainer of that organisation")
	errHand     = &gatepost.Error{Code: gatepost.Forbidden, Message: "owners, supervisors and maintainers of the organisation that the order is for take it; when it names somebody, he does, or his owner or supervisor"}
	errTaker    = &gatepost.Error{Code: gatepost.Forbidden, Message: "whoever took the order says that it is done, or the owner or supervisor of his organisation"}
	errJudge    = &gatepost.Error{Code: gatepost.Forbidden, Message: "whoever opened the order, or owners and supervisors of the camera's owner, judge the repair"}
)

// maintainer tells whether a role mends cameras.
func maintainer(r gatepost.Role) bool {
	return r == gatepost.RoleOwner || r == gatepost.RoleSupervisor || r == gatepost.RoleMaintainer
}

func (f *Function) createOrder(ctx context.Context, in *workOrderInput) (*orderOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	now := f.now()
	o := gatepost.WorkOrder{ID: gatepost.NewID(), State: gatepost.OrderOpen, OpenedBy: s.UserID, OpenedAt: now, FaultID: in.Body.FaultID}
	c, err := f.subjectOf(ctx, s, in.Body.CameraID, &o)
	if err != nil {
		return nil, err
	}
	least := 1
	if o.FaultID != "" {
		least = 0
	}
	if o.Description, err = gatepost.CheckText("description", in.Body.Description, least, maxText); err != nil {
		return nil, err
	}
	if err := f.entrust(ctx, c, in.Body.OrganisationID, in.Body.AssigneeID, &o); err != nil {
		return nil, err
	}
	setting, err := f.opts.Store.HealthSetting(ctx)
	if err != nil {
		return nil, err
	}
	o.CameraID, o.Camera, o.Division, o.Class, o.DueAt = c.ID, c.Name, c.Division, c.Class, now.Add(setting.DueAfter(c.Class))
	if err := f.opts.Store.CreateWorkOrder(ctx, o, f.notice(s, c, o, "order_opened"), entry(s, c.ID, "order_opened", orderDetail(o))); err != nil {
		return nil, err
	}
	return f.show(ctx, o)
}

// subjectOf finds the camera that an order is about: by its fault, or named.
func (f *Function) subjectOf(ctx context.Context, s gatepost.Subject, cameraID string, o *gatepost.WorkOrder) (gatepost.Camera, error) {
	if o.FaultID == "" && cameraID == "" {
		return gatepost.Camera{}, gatepost.InvalidField("camera_id", "name the camera, or the fault, that is to be repaired")
	}
	if o.FaultID == "" {
		return f.camera(ctx, s, cameraID)
	}
	if !gatepost.ValidID(o.FaultID) {
		return gatepost.Camera{}, errNoFault
	}
	fault, err := f.opts.Store.Fault(ctx, o.FaultID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return gatepost.Camera{}, errNoFault
	}
	if err != nil {
		return gatepost.Camera{}, err
	}
	c, err := f.camera(ctx, s, fault.CameraID)
	switch {
	case gatepost.CodeOf(err) == gatepost.NotFound || err == nil && cameraID != "" && cameraID != c.ID:
		return c, errNoFault
	case err == nil && fault.Until != nil:
		return c, &gatepost.Error{Code: gatepost.Gone, Field: "fault_id", Message: "this fault is over; there is nothing to repair"}
	}
	o.Kind, o.Evidence = fault.Kind, fault.Evidence
	return c, err
}

// entrust checks who is to do the repair and writes it into the order.
func (f *Function) entrust(ctx context.Context, c gatepost.Camera, organisation, person string, o *gatepost.WorkOrder) error {
	if organisation == "" {
		organisation = c.Responsible
	}
	if organisation != c.Owner && organisation != c.Responsible {
		if !gatepost.ValidID(organisation) {
			return errAssignee
		}
		unit, err := f.opts.Store.Organisation(ctx, organisation)
		if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && unit.Kind != gatepost.KindOperator {
			return errAssignee
		}
		if err != nil {
			return err
		}
	}
	if person != "" {
		if !gatepost.ValidID(person) {
			return errPerson
		}
		account, err := f.opts.Store.Account(ctx, person)
		if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && (account.User.Organisation != organisation || account.User.Disabled || !maintainer(account.User.Role)) {
			return errPerson
		}
		if err != nil {
			return err
		}
	}
	o.Organisation, o.Assignee = organisation, person
	return nil
}

func (f *Function) orders(ctx context.Context, in *ordersInput) (*ordersOutput, error) {
	of, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	now, overdue := f.now(), time.Time{}
	if in.Overdue {
		overdue = now
	}
	list, err := f.opts.Store.WorkOrders(ctx, of, in.Closed, overdue, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, 3*len(list))
	for _, o := range list {
		ids = append(ids, o.Organisation, o.Assignee, o.TakenBy)
	}
	names, err := f.opts.Store.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	return &ordersOutput{Body: host.Paged(list, in.Limit, func(o gatepost.WorkOrder) string { return o.ID },
		func(o gatepost.WorkOrder) WorkOrder { return viewOrder(o, names, now) })}, nil
}

// find returns a work order that concerns the caller, and its camera.
func (f *Function) find(ctx context.Context, id string) (s gatepost.Subject, c gatepost.Camera, o gatepost.WorkOrder, err error) {
	if s, err = auth.Subject(ctx); err != nil {
		return s, c, o, err
	}
	if !gatepost.ValidID(id) {
		return s, c, o, errNoOrder
	}
	if o, err = f.opts.Store.WorkOrder(ctx, id); gatepost.CodeOf(err) == gatepost.NotFound {
		return s, c, o, errNoOrder
	}
	if err == nil {
		c, err = f.opts.Store.Camera(ctx, o.CameraID)
	}
	if err == nil && !access.SeesHealth(s, c) && !(s.Organisation == o.Organisation && maintainer(s.Role)) {
		err = errNoOrder
	}
	return s, c, o, err
}

// step does one step of a work order: from states that allow it, by those who may.
func (f *Function) step(ctx context.Context, id, act string, from []gatepost.OrderState, may func(gatepost.Subject, gatepost.Camera, gatepost.WorkOrder) error,
	change func(gatepost.Subject, *gatepost.WorkOrder, time.Time)) (*orderOutput, error) {
	s, c, o, err := f.find(ctx, id)
	if err != nil {
		return nil, err
	}
	now := f.now()
	o, err = f.opts.Store.UpdateWorkOrder(ctx, o.ID, func(o *gatepost.WorkOrder) ([]gatepost.Notification, gatepost.LedgerEntry, error) {
		if err := may(s, c, *o); err != nil {
			return nil, gatepost.LedgerEntry{}, err
		}
		if !slices.Contains(from, o.State) {
			return nil, gatepost.LedgerEntry{}, &gatepost.Error{Code: gatepost.Conflict, Message: "the work order is " + string(o.State) + "; reload it"}
		}
		change(s, o, now)
		return f.notice(s, c, *o, act), entry(s, c.ID, act, orderDetail(*o)), nil
	})
	if err != nil {
		return nil, err
	}
	return f.show(ctx, o)
}

func (f *Function) show(ctx context.Context, o gatepost.WorkOrder) (*orderOutput, error) {
	names, err := f.opts.Store.Names(ctx, []string{o.Organisation, o.Assignee, o.TakenBy})
	if err != nil {
		return nil, err
	}
	return &orderOutput{Body: viewOrder(o, names, f.now())}, nil
}

func (f *Function) assign(ctx context.Context, in *assignOrderInput) (*orderOutput, error) {
	_, c, o, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := f.entrust(ctx, c, in.Body.OrganisationID, in.Body.AssigneeID, &o); err != nil {
		return nil, err
	}
	return f.step(ctx, in.ID, "order_assigned", []gatepost.OrderState{gatepost.OrderOpen, gatepost.OrderTaken}, mayAssign,
		func(_ gatepost.Subject, now *gatepost.WorkOrder, _ time.Time) {
			now.Organisation, now.Assignee = o.Organisation, o.Assignee
			now.State, now.TakenBy, now.TakenAt = gatepost.OrderOpen, "", nil
		})
}

func mayAssign(s gatepost.Subject, c gatepost.Camera, _ gatepost.WorkOrder) error {
	if !access.Maintains(s, c) {
		return errMaintain
	}
	return nil
}

func (f *Function) take(ctx context.Context, in *idInput) (*orderOutput, error) {
	may := func(s gatepost.Subject, _ gatepost.Camera, o gatepost.WorkOrder) error {
		if s.Organisation != o.Organisation || !maintainer(s.Role) || o.Assignee != "" && o.Assignee != s.UserID && !s.Leads() {
			return errHand
		}
		return nil
	}
	return f.step(ctx, in.ID, "order_taken", []gatepost.OrderState{gatepost.OrderOpen}, may, func(s gatepost.Subject, o *gatepost.WorkOrder, now time.Time) {
		o.State, o.TakenBy, o.TakenAt = gatepost.OrderTaken, s.UserID, &now
	})
}

func (f *Function) finish(ctx context.Context, in *finishOrderInput) (*orderOutput, error) {
	note, err := gatepost.CheckText("note", in.Body.Note, 1, maxText)
	if err != nil {
		return nil, err
	}
	may := func(s gatepost.Subject, _ gatepost.Camera, o gatepost.WorkOrder) error {
		if s.Organisation != o.Organisation || o.TakenBy != s.UserID && !s.Leads() {
			return errTaker
		}
		return nil
	}
	return f.step(ctx, in.ID, "order_done", []gatepost.OrderState{gatepost.OrderTaken}, may, func(s gatepost.Subject, o *gatepost.WorkOrder, now time.Time) {
		o.State, o.DoneBy, o.DoneAt, o.Cause, o.Note = gatepost.OrderDone, s.UserID, &now, in.Body.Cause, note
	})
}

// mayJudge lets those judge a repair who asked for it, or own the camera.
func mayJudge(s gatepost.Subject, c gatepost.Camera, o gatepost.WorkOrder) error {
	if s.Admin() || s.UserID == o.OpenedBy || s.Organisation == c.Owner && s.Leads() {
		return nil
	}
	return errJudge
}

func (f *Function) confirm(ctx context.Context, in *idInput) (*orderOutput, error) {
	return f.step(ctx, in.ID, "order_confirmed", []gatepost.OrderState{gatepost.OrderDone}, mayJudge, func(s gatepost.Subject, o *gatepost.WorkOrder, now time.Time) {
		o.State, o.ClosedBy, o.ClosedAt = gatepost.OrderConfirmed, s.UserID, &now
	})
}

func (f *Function) reopen(ctx context.Context, in *orderRemarkInput) (*orderOutput, error) {
	remark, err := gatepost.CheckText("remark", in.Body.Remark, 1, maxText)
	if err != nil {
		return nil, err
	}
	return f.step(ctx, in.ID, "order_reopened", []gatepost.OrderState{gatepost.OrderDone}, mayJudge, func(_ gatepost.Subject, o *gatepost.WorkOrder, _ time.Time) {
		o.State, o.Remark, o.Reopenings = gatepost.OrderOpen, remark, o.Reopenings+1
		o.TakenBy, o.TakenAt, o.DoneBy, o.DoneAt = "", nil, "", nil
	})
}

func (f *Function) withdraw(ctx context.Context, in *orderRemarkInput) (*orderOutput, error) {
	remark, err := gatepost.CheckText("remark", in.Body.Remark, 1, maxText)
	if err != nil {
		return nil, err
	}
	return f.step(ctx, in.ID, "order_withdrawn", []gatepost.OrderState{gatepost.OrderOpen, gatepost.OrderTaken}, mayJudge, func(s gatepost.Subject, o *gatepost.WorkOrder, now time.Time) {
		o.State, o.Remark, o.ClosedBy, o.ClosedAt = gatepost.OrderWithdrawn, remark, s.UserID, &now
	})
}

// notice is what the other side is told of a step: who is to repair, and whose camera it is.
func (f *Function) notice(s gatepost.Subject, c gatepost.Camera, o gatepost.WorkOrder, act string) []gatepost.Notification {
	to := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values([]string{o.Organisation, c.Owner}))), func(id string) bool { return id == s.Organisation })
	detail := orderDetail(o)
	detail["act"], detail["camera"], detail["description"] = act, c.Name, o.Description
	return tell(gatepost.NotifyWorkOrder, to, c, detail)
}

// orderDetail is what the ledger keeps of a work order.
func orderDetail(o gatepost.WorkOrder) map[string]string {
	detail := map[string]string{"order": o.ID, "organisation": o.Organisation, "due": o.DueAt.Format(time.RFC3339)}
	for name, value := range map[string]string{"fault": o.FaultID, "assignee": o.Assignee, "cause": string(o.Cause), "note": o.Note, "remark": o.Remark} {
		if value != "" {
			detail[name] = value
		}
	}
	return detail
}
