package admission

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
)

func TestSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		s := r.admitted(nil)
		r.feed(s)
		time.Sleep(2100 * time.Millisecond)
		st, times := r.control.last(r.camera)
		if !st.Online || !st.Recording || st.Epoch != 1 || st.Protocol != "rtsp" || st.Node != "node" || times == 0 {
			t.Errorf("%d statuses, the last %+v", times, st)
		}
		time.Sleep(20 * time.Second)
		again, more := r.control.last(r.camera)
		if more < times+2 || more > times+4 || again.Measurement.AudioCodec != "opus" || again.Measurement.BitsPerSecond == 0 {
			t.Errorf("%d statuses in 20 s, the last %+v", more-times, again)
		}
		r.control.set(func() {
			r.control.reply = gatepost.SyncReply{Cursor: 7, RevokedGrants: []string{"g1", "g2"}, StoppedCameras: []string{r.camera}}
			r.control.suspended[r.camera] = true
		})
		time.Sleep(2100 * time.Millisecond)
		if !isDone(s) || !r.Revoked("g1") || r.Revoked("g3") || !slices.Equal(r.revoked, []string{"g1", "g2"}) {
			t.Errorf("done %v, revoked %v", isDone(s), r.revoked)
		}
		time.Sleep(2100 * time.Millisecond)
		if st, _ := r.control.last(r.camera); st.Online || st.EndReason != gatepost.EndSuspended {
			t.Errorf("%+v", st)
		}
		if got := r.control.syncs[len(r.control.syncs)-1].Cursor; got != 7 {
			t.Errorf("cursor %d", got)
		}
		r.refused(gatepost.Forbidden, nil)
		r.control.set(func() { r.control.away = true })
		r.refused(gatepost.Unavailable, nil) // stopped: what it proved counts no more
		r.control.set(func() {
			r.control.away = false
			r.control.reply = gatepost.SyncReply{Cursor: 7, RevokedGrants: []string{"g2"}}
		})
		time.Sleep(keepRevoked + time.Minute)
		if len(r.revoked) != 2 || r.Revoked("g1") {
			t.Errorf("revoked %v; remembered for ever: %v", r.revoked, r.Revoked("g1"))
		}
	})
}

// After a restored backup the numbers begin lower: a gateway that kept its own
// would pass over the revocation that reaches it.
func TestCursorFollowsRestoredBackup(t *testing.T) {
	var r revocations
	r.add(100, nil, time.Now())
	r.add(90, nil, time.Now())
	if got := r.cursor(); got != 90 {
		t.Errorf("cursor %d, want 90", got)
	}
}

func TestControlPlaneAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		if _, err := r.SRTPassphrase(t.Context(), r.camera); err != nil {
			t.Fatal(err)
		}
		r.admitted(nil).End(gatepost.EndClosed)
		r.control.set(func() { r.control.away = true })
		s := r.admitted(nil)
		r.feed(s)
		if p, err := r.SRTPassphrase(t.Context(), r.camera); err != nil || p != gatepost.SRTPassphrase(r.key) {
			t.Errorf("passphrase: %v", err)
		}
		r.refused(gatepost.Unavailable, func(q *ingest.Request) { q.Key = gatepost.NewSecret(20) })
		whole := func(m gatepost.Measurement) bool {
			length := m.To.Sub(m.From)
			return length >= r.options.FullEvery && length <= r.options.FullEvery+r.options.SyncEvery && m.FPS > 45
		}
		s.Lost(3, 500)
		for second := range 60 {
			time.Sleep(time.Second)
			seen := r.list()[0].observe()
			if m := seen.status.Measurement; second > 2*int(r.options.FullEvery.Seconds()) && !whole(m) {
				t.Errorf("after %d s of failed tries %s are measured, %v frames a second", second+1, m.To.Sub(m.From), m.FPS)
			}
			if seen.lost != 3 || seen.received != 500 {
				t.Errorf("after %d s %d packets lost, %d received, want 3 and 500", second+1, seen.lost, seen.received)
			}
		}
		if isDone(s) {
			t.Error("media waits for the control plane")
		}
		r.control.set(func() { r.control.away = false })
		time.Sleep(3 * time.Second)
		if st, _ := r.control.last(r.camera); !st.Online || !whole(st.Measurement) {
			t.Errorf("what happened meanwhile was not told: %+v", st)
		}
	})
}

// A control plane that takes questions and answers none must not hold up cameras
// that are known: some give up after three seconds.
func TestControlPlaneSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		if _, err := r.SRTPassphrase(t.Context(), r.camera); err != nil {
			t.Fatal(err)
		}
		r.admitted(nil).End(gatepost.EndClosed)
		r.control.set(func() { r.control.silent = true })
		defer r.control.set(func() { r.control.silent = false })
		begin := time.Now()
		if p, err := r.SRTPassphrase(t.Context(), r.camera); err != nil || p != gatepost.SRTPassphrase(r.key) {
			t.Errorf("passphrase: %v", err)
		}
		r.feed(r.admitted(nil))
		if took := time.Since(begin); took > 2500*time.Millisecond {
			t.Errorf("a known camera waited %s", took)
		}
	})
}
