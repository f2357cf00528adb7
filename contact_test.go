package gatepost

import (
	"strings"
	"testing"
)

var contacts = []struct {
	in   string
	want Contact // zero: refused
}{
	{"Wang.Wu+shop@Example.ORG ", Contact{ContactEmail, "wang.wu+shop@example.org"}},
	{"138 1234 5678", Contact{ContactPhone, "13812345678"}},
	{"+86 138-1234-5678", Contact{ContactPhone, "13812345678"}},
	{"8613812345678", Contact{ContactPhone, "13812345678"}},
	{"+44 20 7946 0958", Contact{ContactPhone, "+442079460958"}},
	{"", Contact{}}, {"@", Contact{}}, {"a@b", Contact{}}, {"a@b@c.org", Contact{}}, {"A Name <a@example.org>", Contact{}}, {`"a b"@example.org`, Contact{}},
	{"a@exa mple.org", Contact{}}, {"a@example.org\r\nBcc: b@example.org", Contact{}}, {"王@example.org", Contact{}}, {".a@example.org", Contact{}},
	{strings.Repeat("a", 65) + "@example.org", Contact{}}, {"a@" + strings.Repeat("b.", 130) + "org", Contact{}},
	{"12345678901", Contact{}}, {"+0123456789", Contact{}}, {"+1234567890123456", Contact{}}, {"1381234567", Contact{}}, {"13812345678;rm", Contact{}},
}

func TestParseContact(t *testing.T) {
	for _, c := range contacts {
		got, err := ParseContact("contact", c.in)
		if got != c.want || (err == nil) != (c.want != Contact{}) {
			t.Errorf("%q: %+v %v, want %+v", c.in, got, err, c.want)
		}
		if err != nil && CodeOf(err) != Invalid {
			t.Errorf("%q: %v, want invalid", c.in, err)
		}
	}
}

func TestMasked(t *testing.T) {
	for c, want := range map[Contact]string{
		{ContactEmail, "wang@example.org"}: "w***@example.org",
		{ContactPhone, "13812345678"}:      "138****5678",
		{ContactPhone, "+4420794"}:         "+44****0794",
		{ContactPhone, "110"}:              "****",
	} {
		if got := c.Masked(); got != want {
			t.Errorf("%v: %s, want %s", c, got, want)
		}
	}
}

// FuzzParseContact holds that what is accepted is in its one spelling, on one
// line, and fits a header and a database.
func FuzzParseContact(f *testing.F) {
	for _, c := range contacts {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseContact("contact", s)
		if err != nil {
			return
		}
		if again, err := ParseContact("contact", c.Value); err != nil || again != c {
			t.Errorf("%q is %+v, which is %+v %v", s, c, again, err)
		}
		if len(c.Value) > maxEmail || strings.ContainsAny(c.Value, " \r\n\t<>,;\"") {
			t.Errorf("%q is %+v", s, c)
		}
		if masked := c.Masked(); masked == c.Value {
			t.Errorf("%q is not masked", masked)
		}
	})
}
