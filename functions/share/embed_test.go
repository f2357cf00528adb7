package share

import (
	"strings"
	"testing"
)

// FuzzOrigin holds that nothing but an origin gets into a policy, and that one that is
// kept stays itself.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"https://www.example.org", "http://[::1]:8080", "https://a;b", "https://a b", "HTTPS://A", "https://a/", "https://a/b", "//a", "https://:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		origin, ok := parseOrigin(raw)
		if !ok {
			return
		}
		if strings.ContainsAny(origin, " ;,'\"*\r\n\\?#@") || !strings.HasPrefix(origin, "http") {
			t.Errorf("%q became %q", raw, origin)
		}
		if again, ok := parseOrigin(origin); !ok || again != origin {
			t.Errorf("%q is not kept: %q %v", origin, again, ok)
		}
	})
}
