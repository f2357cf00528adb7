package gatepost

import (
	"net/netip"
	"strings"
	"testing"
)

func TestCheckNetworks(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Networks
		ok   bool
	}{
		{"", "", true},
		{"203.0.113.9/24", "203.0.113.0/24", true},
		{"203.0.113.7 , 2001:db8::1/32,203.0.113.7/32", "203.0.113.7/32 2001:db8::/32", true},
		{"0.0.0.0/0", "0.0.0.0/0", true},
		{"203.0.113.0/33", "", false},
		{"::ffff:203.0.113.0/120", "", false},
		{"fe80::1%eth0", "", false},
		{"example.org", "", false},
		{"203.0.113", "", false},
		{strings.TrimSuffix(strings.Repeat("203.0.113.7,", MaxNetworks+1), ","), "", false},
	} {
		var in []string
		if c.in != "" {
			in = strings.Split(c.in, ",")
		}
		got, err := CheckNetworks("networks", in)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %q, %v", c.in, got, err)
		}
		if err != nil && CodeOf(err) != Invalid {
			t.Errorf("%q: %v", c.in, err)
		}
	}
}

func TestNetworksAdmit(t *testing.T) {
	n := Networks("203.0.113.0/24 2001:db8::/32")
	for addr, want := range map[string]bool{
		"203.0.113.1": true, "203.0.113.255:4711": true, "[2001:db8::9]:1": true, "::ffff:203.0.113.1": true,
		"203.0.114.1": false, "2001:db9::1": false, "": false, "203.0.113.1, 10.0.0.1": false,
	} {
		if err := n.Admit(ParseAddr(addr)); (err == nil) != want || err != nil && CodeOf(err) != Forbidden {
			t.Errorf("%q: %v", addr, err)
		}
	}
	if err := Networks("").Admit(netip.Addr{}); err != nil {
		t.Errorf("open to all: %v", err)
	}
	if err := Networks("nonsense").Admit(ParseAddr("203.0.113.1")); err == nil {
		t.Error("ranges that cannot be read let somebody in")
	}
}

func TestRemoteAddr(t *testing.T) {
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
		{"not known to the proxy", "10.0.0.1:80", "203.0.113.9, unknown", "invalid IP", proxies},
		{"an obfuscated name", "10.0.0.1:80", "_hidden", "invalid IP", proxies},
		{"nobody forwarded", "10.0.0.1:80", "", "10.0.0.1", proxies},
		{"IPv6", "[fd00::1]:80", "2001:db8::1", "2001:db8::1", proxies},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:80", "203.0.113.9", "203.0.113.9", proxies},
		{"address without port", "203.0.113.9", "", "203.0.113.9", nil},
		{"Unix socket", "@", "", "invalid IP", nil},
	} {
		if got := RemoteAddr(tt.connection, []string{tt.forwarded}, tt.trusted).String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	// A proxy that adds a header of its own, after the client's.
	if got := RemoteAddr("10.0.0.1:80", []string{"8.8.8.8", "203.0.113.9"}, proxies).String(); got != "203.0.113.9" {
		t.Errorf("two headers: %s", got)
	}
}

func FuzzRemoteAddr(f *testing.F) {
	f.Add("10.0.0.1:99", "192.0.2.1, 198.51.100.1, 10.0.0.2")
	f.Add("nowhere", ",,,")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, connection, forwarded string) {
		got := RemoteAddr(connection, []string{forwarded}, trusted)
		if direct := ParseAddr(connection); !contains(trusted, direct) && got != direct {
			t.Errorf("a stranger was believed: %s for %s", got, direct)
		}
	})
}
