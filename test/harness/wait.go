package harness

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"
)

// Eventually waits for cond to return nil.
func Eventually(t testing.TB, limit time.Duration, what string, cond func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := cond()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s in vain: %s: %v", limit, what, err)
		case <-tick.C:
		}
	}
}

// Until waits for a moment of the clock: for tests about elapsed time itself.
func Until(t time.Time) {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	<-timer.C
}

// Dial tells whether something listens on a port.
func Dial(port int) error {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return err
	}
	return c.Close()
}
