package admission

import (
	"context"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost"
)

// stall is the silence of a session after which its open part is sent as it is.
const stall = 500 * time.Millisecond

// syncTimeout bounds one sync: a revocation is heard within SyncEvery and this.
const syncTimeout = 3 * time.Second

// controlTimeout bounds one question to the control plane.
const controlTimeout = 10 * time.Second

// Run keeps the control plane informed until ctx ends; then it ends every
// session with gateway_shutdown, says so, and closes every channel.
func (a *Admission) Run(ctx context.Context) error {
	tick := time.NewTicker(a.options.SyncEvery)
	defer tick.Stop()
	a.work.Go(func() { a.flushStalled(ctx) })
	a.work.Go(func() { a.reconcile(ctx) })
	full := time.Now()
	away := false
	for {
		all := !time.Now().Before(full)
		err := a.sync(ctx, all)
		if all && err == nil { // a control plane that is back hears all at once
			full = time.Now().Add(a.options.FullEvery)
		}
		if (err != nil) != away && ctx.Err() == nil {
			if away = err != nil; away {
				a.options.Logger.Warn("the control plane cannot be reached; media goes on", "err", err)
			} else {
				a.options.Logger.Info("the control plane is back")
			}
		}
		a.sweep()
		select {
		case <-ctx.Done():
			return a.shutdown(context.WithoutCancel(ctx))
		case <-tick.C:
		}
	}
}

func (a *Admission) flushStalled(ctx context.Context) {
	tick := time.NewTicker(stall / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, c := range a.list() {
			c.flush()
		}
	}
}

// sync tells what changed and does what it is told.
func (a *Admission) sync(ctx context.Context, all bool) error {
	ctx, cancel := context.WithTimeout(ctx, syncTimeout)
	defer cancel()
	req := gatepost.SyncRequest{Node: a.options.Node, Cursor: a.revoked.cursor()}
	var told []*channel
	for _, c := range a.list() {
		if s, ok := c.report(all); ok {
			req.Cameras = append(req.Cameras, s)
			told = append(told, c)
		}
	}
	if a.options.Looks != nil {
		req.Looks = a.options.Looks.tell()
	}
	reply, err := a.options.Control.Sync(ctx, req)
	if err != nil {
		for _, c := range told {
			c.unheard()
		}
		return err
	}
	now := time.Now()
	a.heard.Store(&now)
	if reply.LooksHeard && a.options.Looks != nil {
		a.options.Looks.heard(req.Looks)
	}
	if fresh := a.revoked.add(reply.Cursor, reply.RevokedGrants, time.Now()); len(fresh) > 0 {
		if a.options.OnRevoked != nil {
			a.options.OnRevoked(fresh)
		}
		if a.options.Looks != nil {
			a.options.Looks.Revoked(fresh)
		}
	}
	if len(reply.WithdrawnKeys) > 0 && a.options.OnWithdrawn != nil {
		a.options.OnWithdrawn(reply.WithdrawnKeys)
	}
	if len(reply.Missing) > 0 && a.options.OnMissing != nil {
		a.options.OnMissing(reply.Missing)
	}
	for _, id := range reply.StoppedCameras {
		a.stop(id)
	}
	for _, id := range reply.Measure {
		if s := a.session(id); s != nil && s.first.Load() {
			s.measure()
		}
	}
	return nil
}

// stop forgets what a camera proved and ends its session. It does not wait for
// that: a recorder that takes nothing holds its own camera up, not the
// revocations of everybody.
func (a *Admission) stop(cameraID string) {
	a.mu.Lock()
	delete(a.proofs, cameraID)
	delete(a.passphrases, cameraID)
	a.mu.Unlock()
	if s := a.session(cameraID); s != nil {
		a.work.Go(func() { s.finish(gatepost.EndSuspended) })
	}
}

func (a *Admission) session(cameraID string) *session {
	a.mu.Lock()
	c := a.channels[cameraID]
	a.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.present()
}

func (a *Admission) list() []*channel {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]*channel, 0, len(a.channels))
	for _, c := range a.channels {
		out = append(out, c)
	}
	return out
}

// sweep drops channels that nobody needs, and old revocations.
func (a *Admission) sweep() {
	a.revoked.forget(time.Now())
	a.failed.forget(time.Now())
	for _, c := range a.list() {
		if c.retire(a.options.Linger) {
			a.drop(c)
			c.close(gatepost.EndClosed)
		}
	}
}

func (a *Admission) shutdown(ctx context.Context) error {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	for _, c := range a.list() {
		if s := c.present(); s != nil {
			s.finish(gatepost.EndShutdown)
		}
	}
	a.work.Wait()
	if a.options.Looks != nil {
		a.options.Looks.endAll(time.Now())
	}
	if err := a.sync(ctx, true); err != nil {
		a.options.Logger.Warn("the control plane was not told of the shutdown; it will see the cameras go silent", "err", err)
	}
	for _, c := range a.list() {
		c.close(gatepost.EndShutdown)
	}
	a.work.Wait()
	return nil
}

// revocations are the grants that were revoked lately.
type revocations struct {
	mu     sync.RWMutex
	last   int64
	grants map[string]time.Time // when it was heard
}

// keepRevoked is longer than any grant lasts.
const keepRevoked = 25 * time.Hour

func (r *revocations) cursor() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.last
}

func (r *revocations) has(grantID string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, ok := r.grants[grantID]
	return ok
}

// add returns those that are new. The cursor is the control plane's: after a
// restored backup it steps back.
func (r *revocations) add(cursor int64, ids []string, now time.Time) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = cursor
	var fresh []string
	for _, id := range ids {
		if _, ok := r.grants[id]; !ok {
			if r.grants == nil {
				r.grants = map[string]time.Time{}
			}
			r.grants[id] = now
			fresh = append(fresh, id)
		}
	}
	return fresh
}

func (r *revocations) forget(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, at := range r.grants {
		if now.Sub(at) > keepRevoked {
			delete(r.grants, id)
		}
	}
}
