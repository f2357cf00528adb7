package chaos

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestApart runs gateway and functions as two processes, and kills and halts
// the functions while cameras record and one comes back in the middle. Nothing may be
// lost: what is recorded waits in the spool.
func TestApart(t *testing.T) {
	t.Parallel()
	gateway, functions := harness.NewBackends(t).Apart(t, short...)
	steady, restless := newCamera(t, gateway, "steady", cameraOptions{}), newCamera(t, gateway, "restless", cameraOptions{audio: true})
	gateway.Online(steady.ID)
	gateway.Online(restless.ID)
	harness.Until(time.Now().Add(4 * time.Second))
	before := loadOf(t, gateway)
	hold := lasting(8*time.Second, 4*time.Minute)
	signal := func(s syscall.Signal) {
		if err := functions.Cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, fault := range []struct {
		name        string
		begin, over func()
	}{
		{"killed", func() { functions.Kill() }, functions.Start},
		{"halted", func() { signal(syscall.SIGSTOP) }, func() { signal(syscall.SIGCONT) }},
	} {
		fault.begin()
		harness.Until(time.Now().Add(hold / 2))
		sent, end := restless.count(), time.Now().Add(hold/2)
		restless.disconnect(false)
		harness.Eventually(t, 30*time.Second, "the camera that left is let in again while the functions are "+fault.name, func() error {
			if n := restless.count() - sent; n < 25 { // one or two were under way when it left
				return fmt.Errorf("%d frames since", n)
			}
			return nil
		})
		harness.Until(end)
		fault.over()
		harness.Eventually(t, 2*time.Minute, "the spool is drained after the functions were "+fault.name, func() error { return drained(gateway) })
	}
	back(t, gateway, before)
	for _, c := range []*camera{steady, restless} {
		c.account(t, bounds{})
	}
	clean(t, gateway)
}
