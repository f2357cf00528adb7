package host

import (
	"net/netip"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	l := NewLimiter(3, 10*time.Second)
	for i := range 3 {
		if wait := l.Take("a", now); wait != 0 {
			t.Fatalf("attempt %d: wait %s", i, wait)
		}
	}
	if wait := l.Take("a", now); wait != 10*time.Second {
		t.Errorf("the fourth: wait %s, want 10s", wait)
	}
	if wait := l.Take("b", now); wait != 0 {
		t.Errorf("another key: wait %s", wait)
	}
	if wait := l.Take("a", now.Add(4*time.Second)); wait != 6*time.Second {
		t.Errorf("after 4 s: wait %s, want 6s", wait)
	}
	if wait := l.Take("a", now.Add(10*time.Second)); wait != 0 {
		t.Errorf("after 10 s: wait %s", wait)
	}
	l.GiveBack("a", now.Add(10*time.Second))
	if wait := l.Take("a", now.Add(10*time.Second)); wait != 0 {
		t.Errorf("after giving back: wait %s", wait)
	}
	for i := range maxBuckets + 100 {
		l.Take(string(rune('一'+i)), now)
	}
	if n := len(l.buckets); n > maxBuckets {
		t.Errorf("%d buckets, want at most %d", n, maxBuckets)
	}
}

// TestSource: whoever has an IPv6 network is one sender, not 2^64.
func TestSource(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7",
		"2001:db8:1:2::1": "2001:db8:1:2::/64", "2001:db8:1:2:ffff::9": "2001:db8:1:2::/64", "2001:db8:1:3::1": "2001:db8:1:3::/64",
		"fe80::1%eth0": "fe80::/64",
	} {
		if got := Source(WithRemote(t.Context(), netip.MustParseAddr(address))); got != want {
			t.Errorf("%s is counted under %s, want %s", address, got, want)
		}
	}
}
