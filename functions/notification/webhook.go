package notification

import (
	"context"
	"net/url"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const maxWebhooks = 20 // of one organisation

// Notification is a notification as the API shows one and as webhooks get it.
type Notification struct {
	ID             string                    `json:"id"`
	OrganisationID string                    `json:"organisation_id"`
	Kind           gatepost.NotificationKind `json:"kind"`
	At             time.Time                 `json:"at"`
	CameraID       string                    `json:"camera_id,omitempty"`
	Detail         map[string]string         `json:"detail" doc:"Who, why, until when"`
}

func view(n gatepost.Notification) Notification {
	return Notification{ID: n.ID, OrganisationID: n.Organisation, Kind: n.Kind, At: n.At, CameraID: n.CameraID, Detail: n.Detail}
}

// Webhook is a webhook as the API shows one: without its secret, and without
// what its URL may hold of one.
type Webhook struct {
	ID        string    `json:"id"`
	Address   string    `json:"address" doc:"Scheme and host"`
	CreatedBy string    `json:"created_by" doc:"User id"`
	CreatedAt time.Time `json:"created_at"`
}

// NewWebhook is a webhook that has just been made.
type NewWebhook struct {
	Webhook
	Secret string `json:"secret" doc:"Signs each post; shown once"`
}

func viewWebhook(w gatepost.Webhook) Webhook {
	return Webhook{ID: w.ID, Address: address(w.URL), CreatedBy: w.CreatedBy, CreatedAt: w.CreatedAt}
}

// address is the part of a webhook's URL that may be shown and logged.
func address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

type (
	listInput    struct{ host.Page }
	listOutput   struct{ Body host.List[Notification] }
	webhookInput struct {
		Body struct {
			URL string `json:"url" minLength:"8" maxLength:"1000" doc:"https, or http where the deployment allows private addresses"`
		}
	}
	webhookOutput  struct{ Body NewWebhook }
	webhooksOutput struct{ Body host.List[Webhook] }
	idInput        struct {
		ID string `path:"id" maxLength:"64"`
	}
)

// leader returns the subject if he may see what his organisation is told and
// decide where it goes: its owners and supervisors.
func leader(ctx context.Context) (gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err == nil && !s.Leads() && !s.Admin() {
		err = &gatepost.Error{Code: gatepost.Forbidden, Message: "notifications are for the owners and supervisors of an organisation"}
	}
	return s, err
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	s, err := leader(ctx)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Notifications(ctx, s.Organisation, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(list, in.Limit, func(n gatepost.Notification) string { return n.ID }, view)}, nil
}

func (f *Function) create(ctx context.Context, in *webhookInput) (*webhookOutput, error) {
	s, err := leader(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.checkURL(in.Body.URL); err != nil {
		return nil, err
	}
	before, err := f.opts.Store.Webhooks(ctx, s.Organisation, "", maxWebhooks)
	if err != nil {
		return nil, err
	}
	if len(before) == maxWebhooks {
		return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "an organisation has 20 webhooks at most; remove one first"}
	}
	w := gatepost.Webhook{ID: gatepost.NewID(), Organisation: s.Organisation, URL: in.Body.URL, Secret: gatepost.NewSecret(32), CreatedBy: s.UserID,
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}
	entry := access.Entry(gatepost.LedgerWebhook, s, "", map[string]string{"act": "create", "webhook": w.ID, "address": address(w.URL)})
	if err := f.opts.Store.CreateWebhook(ctx, w, entry); err != nil {
		return nil, err
	}
	return &webhookOutput{Body: NewWebhook{Webhook: viewWebhook(w), Secret: w.Secret}}, nil
}

func (f *Function) checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return gatepost.InvalidField("url", "give a whole URL without a user and without a fragment, such as https://example.org/hooks/gatepost")
	case u.Scheme == "http" && !f.opts.Private || u.Scheme != "http" && u.Scheme != "https":
		return gatepost.InvalidField("url", "webhooks are posted by https")
	}
	return nil
}

func (f *Function) webhooks(ctx context.Context, in *listInput) (*webhooksOutput, error) {
	s, err := leader(ctx)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Webhooks(ctx, s.Organisation, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &webhooksOutput{Body: host.Paged(list, in.Limit, func(w gatepost.Webhook) string { return w.ID }, viewWebhook)}, nil
}

func (f *Function) remove(ctx context.Context, in *idInput) (*struct{}, error) {
	s, err := leader(ctx)
	if err != nil {
		return nil, err
	}
	err = f.opts.Store.RemoveWebhook(ctx, s.Organisation, in.ID, time.Now(),
		access.Entry(gatepost.LedgerWebhook, s, "", map[string]string{"act": "remove", "webhook": in.ID}))
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such webhook, or none of your organisation"}
	}
	return nil, err
}

// Delivery is a delivery as the API shows one.
type Delivery struct {
	ID           string                 `json:"id"`
	WebhookID    string                 `json:"webhook_id"`
	Address      string                 `json:"address"`
	Notification Notification           `json:"notification"`
	State        gatepost.DeliveryState `json:"state" enum:"waiting,delivered,dead"`
	Attempts     int                    `json:"attempts"`
	NextAt       *time.Time             `json:"next_at,omitempty" doc:"Of the next try, while it waits"`
	LastError    string                 `json:"last_error,omitempty"`
	DeliveredAt  *time.Time             `json:"delivered_at,omitempty"`
}

type (
	deliveriesInput struct {
		host.Page
		State gatepost.DeliveryState `query:"state" enum:"waiting,delivered,dead" doc:"Only those; absent: all"`
	}
	deliveriesOutput struct{ Body host.List[Delivery] }
)

func viewDelivery(d gatepost.Delivery) Delivery {
	v := Delivery{ID: d.ID, WebhookID: d.Webhook.ID, Address: address(d.Webhook.URL), Notification: view(d.Notification), State: d.State,
		Attempts: d.Attempts, LastError: d.LastError, DeliveredAt: d.DeliveredAt}
	if d.State == gatepost.DeliveryWaiting {
		v.NextAt = &d.NextAt
	}
	return v
}

func (f *Function) deliveries(ctx context.Context, in *deliveriesInput) (*deliveriesOutput, error) {
	s, err := leader(ctx)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Deliveries(ctx, s.Organisation, in.State, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &deliveriesOutput{Body: host.Paged(list, in.Limit, func(d gatepost.Delivery) string { return d.ID }, viewDelivery)}, nil
}

func (f *Function) retry(ctx context.Context, in *idInput) (*struct{}, error) {
	s, err := leader(ctx)
	if err != nil {
		return nil, err
	}
	err = f.opts.Store.RetryDelivery(ctx, s.Organisation, in.ID, time.Now())
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no delivery of your organisation with this id that was given up"}
	}
	return nil, err
}
