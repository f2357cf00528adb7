package host

import (
	"slices"
	"testing"

	"github.com/gatepost-video/gatepost"
)

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
