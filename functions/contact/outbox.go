package contact

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/courier"
)

const (
	page   = 50              // messages of one round
	atOnce = 4               // connections to a carrier
	lease  = 5 * time.Minute // over any round
)

// pauses are between tries. Whoever waits for a code waits for minutes.
var pauses = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}

// Run does one round of the timed work: it sends the messages that are due and
// gives up those whose time is over. Run by several processes, each is sent by
// one. Call it every few seconds.
func (f *Function) Run(ctx context.Context) error {
	now := time.Now()
	if err := f.opts.Store.ExpireMessages(ctx, now); err != nil {
		return err
	}
	if len(f.ways) == 0 {
		return nil
	}
	due, err := f.opts.Store.DueMessages(ctx, f.ways, now, lease, page)
	if err != nil {
		return fmt.Errorf("take messages: %w", err)
	}
	var (
		work  sync.WaitGroup
		slots = make(chan struct{}, atOnce)
		errs  = make([]error, len(due))
	)
	for i, m := range due {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			errs[i] = f.send(ctx, m)
		})
	}
	work.Wait()
	return errors.Join(errs...)
}

// send makes one try and stores what became of it.
func (f *Function) send(ctx context.Context, m gatepost.Message) error {
	subject, text := words(m, f.opts.Portal)
	err := f.opts.Carriers[m.To.Kind].Send(ctx, courier.Letter{ID: m.ID, To: m.To.Value, Subject: subject, Text: text})
	if ctx.Err() != nil {
		return nil // the next process tries when the lease is over
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	m.Attempts++
	switch {
	case err == nil:
		m.State, m.LastError, m.SentAt = gatepost.DeliveryDelivered, "", &now
	case m.Attempts > len(pauses):
		m.State, m.LastError = gatepost.DeliveryDead, err.Error()
		f.opts.Logger.Warn("a message was given up", "message", m.ID, "to", m.To.Masked(), "err", err)
	default:
		m.LastError, m.NextAt = err.Error(), now.Add(pauses[m.Attempts-1])
	}
	return f.opts.Store.FinishMessage(ctx, m, outcome(m))
}

// outcome is what the ledger keeps of a try: nil while it is not the last, and of
// notifications. The length of the ledger is public, and is not to tell how many
// owners a request or an incident reached.
func outcome(m gatepost.Message) *gatepost.LedgerEntry {
	if m.State == gatepost.DeliveryWaiting || m.Purpose == gatepost.MessageNotification {
		return nil
	}
	return &gatepost.LedgerEntry{Kind: gatepost.LedgerNotification, Actor: "system", Organisation: m.Organisation,
		Allowed: m.State == gatepost.DeliveryDelivered,
		Detail:  map[string]string{"act": "message", "message": m.ID, "purpose": string(m.Purpose), "about": m.About, "to": m.To.Masked(), "state": string(m.State)}}
}

// Message is a message as the API shows one.
type Message struct {
	ID        string                  `json:"id"`
	Purpose   gatepost.MessagePurpose `json:"purpose" enum:"signup,signup_exists,contact,invitation,notification"`
	To        string                  `json:"to" doc:"Where it goes: masked, unless it is to be passed on by hand"`
	Kind      gatepost.ContactKind    `json:"kind" enum:"email,phone"`
	About     string                  `json:"about" doc:"Id of the sign-up, the user, the invitation or the notification"`
	Code      string                  `json:"code,omitempty" doc:"To pass on by hand, where nothing is sent that way; for administrators"`
	State     gatepost.DeliveryState  `json:"state" enum:"waiting,delivered,dead"`
	ByHand    bool                    `json:"by_hand" doc:"Nothing is sent that way here"`
	Attempts  int                     `json:"attempts"`
	LastError string                  `json:"last_error,omitempty"`
	CreatedAt time.Time               `json:"created_at"`
	ExpiresAt time.Time               `json:"expires_at"`
	NextAt    *time.Time              `json:"next_at,omitempty" doc:"Of the next try, while it waits for one"`
	SentAt    *time.Time              `json:"sent_at,omitempty"`
}

func (f *Function) view(administrator bool) func(gatepost.Message) Message {
	return func(m gatepost.Message) Message {
		v := Message{ID: m.ID, Purpose: m.Purpose, To: m.To.Masked(), Kind: m.To.Kind, About: m.About, State: m.State, ByHand: !f.Reaches(m.To.Kind),
			Attempts: m.Attempts, LastError: m.LastError, CreatedAt: m.CreatedAt, ExpiresAt: m.ExpiresAt, SentAt: m.SentAt}
		switch {
		case m.State != gatepost.DeliveryWaiting:
		case !v.ByHand:
			v.NextAt = &m.NextAt
		case administrator:
			v.To, v.Code = m.To.Value, m.Secret
		}
		return v
	}
}

type (
	listInput struct {
		host.Page
		State gatepost.DeliveryState `query:"state" enum:"waiting,delivered,dead" doc:"Only those; absent: all"`
	}
	listOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         host.List[Message]
	}
	idInput struct {
		ID string `path:"id" maxLength:"64"`
	}
)

// leader returns the subject if his organisation's messages are for him.
func leader(ctx context.Context) (gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err == nil && !s.Leads() && !s.Admin() {
		err = &gatepost.Error{Code: gatepost.Forbidden, Message: "messages and notifications are for the owners and supervisors of an organisation"}
	}
	return s, err
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	s, err := leader(ctx)
	if err != nil {
		return nil, err
	}
	organisation := s.Organisation
	if s.Admin() {
		organisation = ""
	}
	list, err := f.opts.Store.Messages(ctx, organisation, in.State, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &listOutput{CacheControl: "no-store", Body: host.Paged(list, in.Limit, func(m gatepost.Message) string { return m.ID }, f.view(s.Admin()))}, nil
}

func (f *Function) retry(ctx context.Context, in *idInput) (*struct{}, error) {
	if _, err := auth.Admin(ctx); err != nil {
		return nil, err
	}
	err := f.opts.Store.RetryMessage(ctx, in.ID, time.Now())
	if gatepost.CodeOf(err) == gatepost.NotFound {
		err = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no message with this id that was given up and is still of use"}
	}
	return nil, err
}
