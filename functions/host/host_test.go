package host

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/gatepost-video/gatepost"
)

func TestRemote(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		name, connection, forwarded, want string
		trusted                           []netip.Prefix
	}{
		{"no proxy", "203.0.113.9:4711", "", "203.0.113.9", proxies},
		{"a client pretends", "203.0.113.9:4711", "1.1.1.1", "203.0.113.9", proxies},
		{"nobody is trusted", "10.0.0.1:80", "1.1.1.1", "10.0.0.1", nil},
		{"one proxy", "10.0.0.1:80", "203.0.113.9", "203.0.113.9", proxies},
		{"the client wrote a line of its own", "10.0.0.1:80", "8.8.8.8, 203.0.113.9", "203.0.113.9", proxies},
		{"two proxies", "10.0.0.1:80", "203.0.113.9, 10.0.0.2", "203.0.113.9", proxies},
		{"proxies alone", "10.0.0.1:80", "10.0.0.3, 10.0.0.2", "10.0.0.3", proxies},
		{"garbage", "10.0.0.1:80", "203.0.113.9, unknown", "10.0.0.1", proxies},
		{"IPv6", "[fd00::1]:80", "2001:db8::1", "2001:db8::1", proxies},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:80", "203.0.113.9", "203.0.113.9", proxies},
		{"address without port", "203.0.113.9", "", "203.0.113.9", nil},
		{"Unix socket", "@", "", "invalid IP", nil},
	} {
		if got := remote(tt.connection, tt.forwarded, tt.trusted).String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestPaged(t *testing.T) {
	same := func(s string) string { return s }
	for _, tt := range []struct {
		rows  []string
		limit int
		want  []string
		next  string
	}{
		{nil, 2, []string{}, ""},
		{[]string{"a"}, 2, []string{"a"}, ""},
		{[]string{"a", "b"}, 2, []string{"a", "b"}, ""},
		{[]string{"a", "b", "c"}, 2, []string{"a", "b"}, "b"},
	} {
		got := Paged(tt.rows, tt.limit, same, same)
		if got.Items == nil || !slices.Equal(got.Items, tt.want) || got.Next != tt.next {
			t.Errorf("%v of %d: %+v", tt.rows, tt.limit, got)
		}
	}
}

func TestRequestID(t *testing.T) {
	for given, keep := range map[string]bool{"abc-1_Z": true, "": false, "a b": false, "a\nb": false, string(make([]byte, 65)): false} {
		if got := RequestID(given); (got == given) != keep || !keep && !gatepost.ValidID(got) {
			t.Errorf("%q: %q", given, got)
		}
	}
}
