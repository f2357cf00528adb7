package llhls

import (
	"testing"
	"time"
)

// A viewer who comes back just before he is forgotten is not: his request goes on
// under a ticket that a revocation finds.
func TestTicketIsNotForgottenInUse(t *testing.T) {
	v := newViewers()
	began := time.Unix(1000, 0)
	admit := func(token string, after time.Duration) *ticket {
		t.Helper()
		now := began.Add(after)
		tk, err := v.admit(token, Viewer{GrantID: "grant of " + token, CameraID: "camera"}, now, now.Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		return tk
	}
	first := admit("a", 0)
	first.enter(began)
	first.leave(began)
	last := activeFor + forgetAfter
	admit("b", last-time.Second) // sweeps, and not again within activeFor
	again := admit("a", last+time.Second)
	admit("c", last+activeFor) // sweeps
	v.mu.RLock()
	defer v.mu.RUnlock()
	if s := v.grants["grant of a"]; s == nil || s != again.session {
		t.Error("the session is forgotten between its admission and its request")
	}
}
