// Package notification tells organisations what concerns them: in the portal's
// list, by signed posts to their webhooks, and by e-mail to the members who want
// it, which functions/contact sends.
//
// # Webhooks
//
// Each notification is posted as JSON with the headers
//
//	Gatepost-Delivery: <delivery id>, the same for every try
//	Gatepost-Timestamp: <Unix seconds>
//	Gatepost-Signature: v1=<hex HMAC-SHA256 of "<timestamp>.<body>" under the webhook's secret>
//
// Any 2xx is a delivery. Everything else is tried again after 10 s, 1 min, 5 min,
// 30 min, 2 h, 6 h and 12 h, and then given up: the list of dead deliveries shows
// it, and it can be sent again by hand. Redirects are not followed, and addresses
// that are not public are refused unless the deployment allows them, so that
// a webhook cannot be turned against what stands behind the server.
package notification

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
)

// Webhooks keeps webhooks. RemoveWebhook fails with NotFound.
type Webhooks interface {
	CreateWebhook(ctx context.Context, w gatepost.Webhook, entry gatepost.LedgerEntry) error
	Webhooks(ctx context.Context, organisation, after string, limit int) ([]gatepost.Webhook, error)
	RemoveWebhook(ctx context.Context, organisation, id string, at time.Time, entry gatepost.LedgerEntry) error
}

// Deliveries keeps notifications on their way. RetryDelivery fails with NotFound.
type Deliveries interface {
	Notifications(ctx context.Context, organisation, before string, limit int) ([]gatepost.Notification, error)
	Dispatch(ctx context.Context, now time.Time, mail bool, limit int) (int, error)
	DueDeliveries(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]gatepost.Delivery, error)
	FinishDelivery(ctx context.Context, d gatepost.Delivery) error
	Deliveries(ctx context.Context, organisation string, state gatepost.DeliveryState, before string, limit int) ([]gatepost.Delivery, error)
	RetryDelivery(ctx context.Context, organisation, id string, now time.Time) error
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Webhooks
	Deliveries
}

// Options are what a function works with.
type Options struct {
	Store Store

	// Private lets webhooks have addresses that are not public: loopback,
	// private and link-local ones.
	Private bool

	// Mail has notifications written to the members who want them by e-mail, too.
	Mail bool

	Logger *slog.Logger // default slog.Default()
}

// Function is the operations on notifications. Make it with New.
type Function struct {
	opts   Options
	client *http.Client
}

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Function{opts: opts, client: newClient(opts.Private)}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"notifications"}
	huma.Register(api, huma.Operation{OperationID: "list-notifications", Method: http.MethodGet, Path: "/v1/notifications",
		Summary: "What my organisation was told, newest first", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "create-webhook", Method: http.MethodPost, Path: "/v1/webhooks",
		Summary: "Have notifications posted to an address; its secret is shown once", Tags: tags, DefaultStatus: http.StatusCreated}, f.create)
	huma.Register(api, huma.Operation{OperationID: "list-webhooks", Method: http.MethodGet, Path: "/v1/webhooks",
		Summary: "My organisation's webhooks", Tags: tags}, f.webhooks)
	huma.Register(api, huma.Operation{OperationID: "delete-webhook", Method: http.MethodDelete, Path: "/v1/webhooks/{id}",
		Summary: "Remove a webhook", Tags: tags, DefaultStatus: http.StatusNoContent}, f.remove)
	huma.Register(api, huma.Operation{OperationID: "list-deliveries", Method: http.MethodGet, Path: "/v1/deliveries",
		Summary: "Notifications on their way, delivered or given up, newest first", Tags: tags}, f.deliveries)
	huma.Register(api, huma.Operation{OperationID: "retry-delivery", Method: http.MethodPost, Path: "/v1/deliveries/{id}/retry",
		Summary: "Send a delivery that was given up once more", Tags: tags, DefaultStatus: http.StatusNoContent}, f.retry)
}
