package notification

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	page        = 100 // notifications and deliveries of one round
	atOnce      = 8   // posts under way
	postTimeout = 10 * time.Second
	lease       = 2 * time.Minute // over any round of posts
	maxAnswer   = 64 << 10        // bytes of an answer that are read, so that the connection can be used again
)

// pauses are between tries.
var pauses = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour}

// Run does one round of the timed work: it makes deliveries of new notifications
// and posts those that are due. Run by several processes, each post is made by
// one. Call it every few seconds.
func (f *Function) Run(ctx context.Context) error {
	now := time.Now()
	if _, err := f.opts.Store.Dispatch(ctx, now, f.opts.Mail, page); err != nil {
		return fmt.Errorf("dispatch notifications: %w", err)
	}
	due, err := f.opts.Store.DueDeliveries(ctx, now, lease, page)
	if err != nil {
		return fmt.Errorf("take deliveries: %w", err)
	}
	var (
		work  sync.WaitGroup
		slots = make(chan struct{}, atOnce)
		errs  = make([]error, len(due))
	)
	for i, d := range due {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			errs[i] = f.deliver(ctx, d)
		})
	}
	work.Wait()
	return errors.Join(errs...)
}

// deliver makes one try and stores what became of it.
func (f *Function) deliver(ctx context.Context, d gatepost.Delivery) error {
	err := f.post(ctx, d)
	if ctx.Err() != nil {
		return nil // the next process tries when the lease is over
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	d.Attempts++
	switch {
	case err == nil:
		d.State, d.LastError, d.DeliveredAt = gatepost.DeliveryDelivered, "", &now
	case d.Attempts > len(pauses):
		d.State, d.LastError = gatepost.DeliveryDead, err.Error()
		f.opts.Logger.Warn("a notification was given up", "delivery", d.ID, "address", address(d.Webhook.URL), "err", err)
	default:
		d.LastError, d.NextAt = err.Error(), now.Add(pauses[d.Attempts-1])
	}
	return f.opts.Store.FinishDelivery(ctx, d)
}

// post sends a delivery. Its errors name no path: that may hold a secret.
func (f *Function) post(ctx context.Context, d gatepost.Delivery) error {
	body, err := json.Marshal(view(d.Notification))
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Webhook.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address is not a URL")
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "gatepost")
	req.Header.Set("Gatepost-Delivery", d.ID)
	req.Header.Set("Gatepost-Timestamp", stamp)
	req.Header.Set("Gatepost-Signature", "v1="+gatepost.SignPost(d.Webhook.Secret, stamp, body))
	res, err := f.client.Do(req)
	if err != nil {
		return reason(err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
	if err := res.Body.Close(); err != nil {
		return reason(err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("it answered %d", res.StatusCode)
	}
	return nil
}

// reason is an error of a client without the URL that it puts in front.
func reason(err error) error {
	var timeout interface{ Timeout() bool }
	var op *net.OpError
	switch {
	case errors.Is(err, errPrivate):
		return errPrivate
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("it did not answer in time")
	case errors.As(err, &op):
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return errors.New("the connection failed")
}

var errPrivate = errors.New("the address is not a public one")

// newClient posts to public addresses only, whatever their names resolve to, and
// follows no redirect.
func newClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		dialer.Control = func(_, addr string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(addr)
			if err != nil || !public(at.Addr().Unmap()) {
				return errPrivate
			}
			return nil
		}
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// carrierGrade is the shared address space of RFC 6598.
var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !carrierGrade.Contains(a)
}
