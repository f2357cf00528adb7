package gatepost

import (
	"strings"
	"testing"
	"unicode/utf8"
)

var texts = []struct {
	in, out string
	good    bool
}{
	{"前门", "前门", true},
	{"  gate 1 ", "gate 1", true},
	{strings.Repeat("门", 10), strings.Repeat("门", 10), true},
	{strings.Repeat("门", 11), "", false},
	{"", "", false},
	{" \t\n", "", false},
	{"a\x00b", "", false},
	{"a\nb", "", false},
	{"a\u202eb", "", false},
	{"a\u2028b", "", false},
	{"a\u0085b", "", false},
	{"a\xffb", "", false},
	{"🏠 <b>&", "🏠 <b>&", true},
}

func TestCheckText(t *testing.T) {
	for _, c := range texts {
		got, err := CheckText("name", c.in, 1, 10)
		if got != c.out || (err == nil) != c.good || !c.good && CodeOf(err) != Invalid {
			t.Errorf("%q: %q %v, want %q good=%v", c.in, got, err, c.out, c.good)
		}
	}
	if got, err := CheckText("reason", "  ", 0, 10); got != "" || err != nil {
		t.Errorf("optional: %q %v", got, err)
	}
}

func FuzzCheckText(f *testing.F) {
	for _, c := range texts {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out, err := CheckText("name", in, 1, 10)
		if err != nil {
			return
		}
		if n := utf8.RuneCountInString(out); n < 1 || n > 10 || !utf8.ValidString(out) || strings.ContainsAny(out, "\n\r\x00") {
			t.Fatalf("%q came through as %q", in, out)
		}
		if again, err := CheckText("name", out, 1, 10); err != nil || again != out {
			t.Fatalf("%q is not stable: %q %v", out, again, err)
		}
	})
}
