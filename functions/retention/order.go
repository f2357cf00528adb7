package retention

import (
	"context"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Lengths in characters.
const (
	maxDecision = 64
	maxReason   = 500
)

// DeletionOrder is an order to delete footage before its days are over.
type DeletionOrder struct {
	ID        string     `json:"id"`
	CameraID  string     `json:"camera_id"`
	From      time.Time  `json:"from"`
	To        time.Time  `json:"to"`
	Decision  string     `json:"decision"`
	Reason    string     `json:"reason"`
	State     string     `json:"state" enum:"open,refused,approved,done" doc:"open: nobody has decided; approved: under way, or waiting for the end of a hold; done: nothing is left, what comes late is deleted too for 30 days"`
	OrderedBy string     `json:"ordered_by" doc:"User id"`
	OrderedAt time.Time  `json:"ordered_at"`
	DecidedBy string     `json:"decided_by,omitempty" doc:"User id"`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
	DoneAt    *time.Time `json:"done_at,omitempty"`
}

func viewOrder(o gatepost.DeletionOrder) DeletionOrder {
	out := DeletionOrder{ID: o.ID, CameraID: o.CameraID, From: o.From, To: o.To, Decision: o.Decision, Reason: o.Reason, State: "open",
		OrderedBy: o.OrderedBy, OrderedAt: o.OrderedAt, DecidedBy: o.DecidedBy, DecidedAt: o.DecidedAt, DoneAt: o.DoneAt}
	switch {
	case o.DoneAt != nil:
		out.State = "done"
	case o.Approved:
		out.State = "approved"
	case o.DecidedAt != nil:
		out.State = "refused"
	}
	return out
}

type (
	orderInput struct {
		Body struct {
			CameraID string    `json:"camera_id" minLength:"1" maxLength:"64"`
			From     time.Time `json:"from"`
			To       time.Time `json:"to" doc:"At most 31 days after from, and not in the future. Recordings that the window touches are deleted whole"`
			Decision string    `json:"decision" minLength:"1" maxLength:"64" doc:"Number of the decision on the data subject's request"`
			Reason   string    `json:"reason" minLength:"1" maxLength:"500"`
		}
	}
	decideInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Approve bool `json:"approve"`
		}
	}
	ordersInput struct {
		host.Page
		CameraID string `query:"camera_id" maxLength:"64" doc:"Only the orders about this camera"`
	}
	orderOutput  struct{ Body DeletionOrder }
	ordersOutput struct{ Body host.List[DeletionOrder] }
)

var errNoOrder = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such order, or none that you may know of"}

func (f *Function) order(ctx context.Context, in *orderInput) (*orderOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	b := in.Body
	now := f.opts.Now().UTC()
	o := gatepost.DeletionOrder{ID: gatepost.NewID(), CameraID: b.CameraID, OrderedBy: s.UserID, OrderedAt: now.Truncate(time.Millisecond)}
	if o.From, o.To, err = gatepost.CheckWindow(b.From, b.To, now); err != nil {
		return nil, err
	}
	if o.Decision, err = gatepost.CheckText("decision", b.Decision, 1, maxDecision); err != nil {
		return nil, err
	}
	if o.Reason, err = gatepost.CheckText("reason", b.Reason, 1, maxReason); err != nil {
		return nil, err
	}
	detail := map[string]string{"act": "order", "order": o.ID, "decision": o.Decision, "reason": o.Reason,
		"from": o.From.Format(time.RFC3339Nano), "to": o.To.Format(time.RFC3339Nano)}
	if _, _, err := (access.Gate{Store: f.opts.Store}).Camera(ctx, s, o.CameraID, access.Hold, detail); err != nil {
		return nil, err
	}
	if err := f.opts.Store.CreateDeletionOrder(ctx, o, access.Entry(gatepost.LedgerDeletion, s, o.CameraID, detail)); err != nil {
		return nil, err
	}
	return &orderOutput{Body: viewOrder(o)}, nil
}

// decide is the word of a second person, who may decide on the camera's holds as the
// first may.
func (f *Function) decide(ctx context.Context, in *decideInput) (*orderOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	o, err := f.known(ctx, s, in.ID)
	if err != nil {
		return nil, err
	}
	if o.OrderedBy == s.UserID {
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "who ordered a deletion does not approve it as well; ask another owner or supervisor"}
	}
	now := f.opts.Now().UTC().Truncate(time.Millisecond)
	o, err = f.opts.Store.UpdateDeletionOrder(ctx, o.ID, func(o *gatepost.DeletionOrder) (gatepost.LedgerEntry, error) {
		if o.DecidedAt != nil {
			return gatepost.LedgerEntry{}, &gatepost.Error{Code: gatepost.Conflict, Message: "this order has been decided; make another"}
		}
		o.DecidedBy, o.DecidedAt, o.Approved = s.UserID, &now, in.Body.Approve
		return access.Entry(gatepost.LedgerDeletion, s, o.CameraID, map[string]string{"act": "decide_order", "order": o.ID, "decision": o.Decision,
			"approved": strconv.FormatBool(o.Approved)}), nil
	})
	if err != nil {
		return nil, err
	}
	return &orderOutput{Body: viewOrder(o)}, nil
}

// known returns an order about a camera whose holds somebody decides on.
func (f *Function) known(ctx context.Context, s gatepost.Subject, id string) (gatepost.DeletionOrder, error) {
	if !gatepost.ValidID(id) {
		return gatepost.DeletionOrder{}, errNoOrder
	}
	o, err := f.opts.Store.DeletionOrder(ctx, id)
	if err == nil {
		err = access.Gate{Store: f.opts.Store}.Beside(ctx, s, o.CameraID, access.Hold, map[string]string{"act": "decide_order", "order": id}, errNoOrder)
	}
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = errNoOrder
	}
	return o, err
}

func (f *Function) orders(ctx context.Context, in *ordersInput) (*ordersOutput, error) {
	owner, err := f.whose(ctx, in.CameraID)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.DeletionOrders(ctx, owner, in.CameraID, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &ordersOutput{Body: host.Paged(list, in.Limit, func(o gatepost.DeletionOrder) string { return o.ID }, viewOrder)}, nil
}

// whose returns the organisation whose cameras somebody is shown lists about: "" for all. It
// refuses whoever does not decide on holds, of the camera when one is named.
func (f *Function) whose(ctx context.Context, cameraID string) (string, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return "", err
	}
	if cameraID != "" {
		_, _, err := access.Gate{Store: f.opts.Store}.Camera(ctx, s, cameraID, access.Hold, nil)
		return "", err
	}
	if s.Admin() {
		return "", nil
	}
	d := access.Decide(access.Request{Subject: s, Action: access.Hold, Camera: gatepost.Camera{Owner: s.Organisation}})
	return s.Organisation, d.Err()
}
