package ingest

import (
	"strings"
	"testing"
)

var targets = []struct {
	path, query string
	want        Target
	ok          bool
}{
	{"/cam", "", Target{"cam", ""}, true},
	{"cam", "", Target{"cam", ""}, true},
	{"/cam/", "", Target{"cam", ""}, true},
	{"/cam/k3y", "", Target{"cam", "k3y"}, true},
	{"/cam/k3y/", "", Target{"cam", "k3y"}, true},
	{"/cam", "key=k3y", Target{"cam", "k3y"}, true},
	{"/cam", "a=1&key=k3y", Target{"cam", "k3y"}, true},
	{"/cam", "key=k3y/trackID=0", Target{"cam", "k3y"}, true},
	{"/cam/path", "key=query", Target{"cam", "path"}, true},
	{"/cam", "key=%zz", Target{"cam", ""}, true},
	{"/cam", "key=a%20b", Target{}, false},
	{"", "", Target{}, false},
	{"/", "key=k", Target{}, false},
	{"/cam/k/x", "", Target{}, false},
	{"/../etc", "", Target{}, false},
	{"/cam\n", "", Target{}, false},
	{"/" + strings.Repeat("a", 129), "", Target{}, false},
	{"/cam/" + strings.Repeat("a", 129), "", Target{}, false},
}

func TestParseTarget(t *testing.T) {
	for _, c := range targets {
		got, ok := ParseTarget(c.path, c.query)
		if got != c.want || ok != c.ok {
			t.Errorf("ParseTarget(%q, %q) = %+v, %v; want %+v, %v", c.path, c.query, got, ok, c.want, c.ok)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, c := range targets {
		f.Add(c.path, c.query)
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		got, ok := ParseTarget(path, query)
		if !ok {
			if got != (Target{}) {
				t.Fatalf("refused, but %+v", got)
			}
			return
		}
		again := "/" + got.CameraID
		if got.Key != "" {
			again += "/" + got.Key
		}
		if back, ok := ParseTarget(again, ""); !ok || back != got {
			t.Fatalf("%+v does not survive its own path %q: %+v", got, again, back)
		}
		if strings.ContainsAny(got.CameraID+got.Key, "/?&\n\x00 ") {
			t.Fatalf("%+v holds a character that it must not", got)
		}
	})
}
