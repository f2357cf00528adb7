// Package contact reaches people: it sends codes, invitations and notifications by
// e-mail and text message, and lets a person show that a contact is his.
//
// A message waits in the database, with the transaction of what it is about. Run
// sends what is due and tries again as notifications do; the ledger has an entry
// for each that was sent or given up. A code or link is erased from it as soon as it was sent, was
// used or has expired.
//
// A deployment without a mail server or without a way for text messages sends
// nothing that way: administrators see the codes that wait, and pass them on.
package contact

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/internal/courier"
)

// Messages keeps messages on their way. RetryMessage fails with NotFound.
type Messages interface {
	DueMessages(ctx context.Context, ways []gatepost.ContactKind, now time.Time, lease time.Duration, limit int) ([]gatepost.Message, error)
	FinishMessage(ctx context.Context, m gatepost.Message, entry *gatepost.LedgerEntry) error
	ExpireMessages(ctx context.Context, now time.Time) error
	Messages(ctx context.Context, organisation string, state gatepost.DeliveryState, before string, limit int) ([]gatepost.Message, error)
	RetryMessage(ctx context.Context, id string, now time.Time) error
}

// Contacts keeps what users have shown to be theirs. UserContact and SetNotify
// fail with NotFound; TryContactCode with NotFound, Gone and Invalid.
type Contacts interface {
	UserContact(ctx context.Context, userID string) (gatepost.UserContact, error)
	SetNotify(ctx context.Context, userID string, notify bool, entry gatepost.LedgerEntry) error
	PutContactCode(ctx context.Context, c gatepost.ContactCode, m gatepost.Message) error
	TryContactCode(ctx context.Context, userID, codeHash string, now time.Time, entry gatepost.LedgerEntry) error
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Messages
	Contacts
}

// Carrier takes a letter to where it goes. Its errors are shown in lists.
type Carrier interface {
	Send(ctx context.Context, l courier.Letter) error
}

// Options are what a function works with.
type Options struct {
	Store Store

	// Carriers by the kind of contact that they reach. One that is missing has
	// its messages shown to administrators.
	Carriers map[gatepost.ContactKind]Carrier

	Portal string // URL of the portal, for texts
	Logger *slog.Logger
}

// Function is the operations on contacts and messages. Make it with New.
type Function struct {
	opts   Options
	ways   []gatepost.ContactKind
	asking *host.Limiter // codes by user
}

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	f := &Function{opts: opts, asking: host.NewLimiter(5, 2*time.Minute)}
	for kind := range opts.Carriers {
		f.ways = append(f.ways, kind)
	}
	slices.Sort(f.ways)
	return f
}

// Reaches tells whether messages to a kind of contact are sent.
func (f *Function) Reaches(kind gatepost.ContactKind) bool { return slices.Contains(f.ways, kind) }

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"contact"}
	huma.Register(api, huma.Operation{OperationID: "get-contact", Method: http.MethodGet, Path: "/v1/me/contact",
		Summary: "My e-mail address or phone number, and whether notifications come there", Tags: tags}, f.own)
	huma.Register(api, huma.Operation{OperationID: "set-contact", Method: http.MethodPut, Path: "/v1/me/contact",
		Summary: "Have a code sent to a contact, to show that it is mine", Tags: tags, DefaultStatus: http.StatusAccepted}, f.ask)
	huma.Register(api, huma.Operation{OperationID: "verify-contact", Method: http.MethodPost, Path: "/v1/me/contact/verify",
		Summary: "Give the code back: the contact is mine from then on", Tags: tags}, f.verify)
	huma.Register(api, huma.Operation{OperationID: "update-contact", Method: http.MethodPatch, Path: "/v1/me/contact",
		Summary: "Have my organisation's notifications come by e-mail, or no longer", Tags: tags}, f.update)
	huma.Register(api, huma.Operation{OperationID: "list-messages", Method: http.MethodGet, Path: "/v1/messages",
		Summary: "Messages to people, newest first: all of them for administrators, with the codes that have to be passed on by hand; for owners and supervisors their organisation's", Tags: tags}, f.list)
	huma.Register(api, huma.Operation{OperationID: "retry-message", Method: http.MethodPost, Path: "/v1/messages/{id}/retry",
		Summary: "Send a message that was given up once more (administrators)", Tags: tags, DefaultStatus: http.StatusNoContent}, f.retry)
}
