package gatepost

import (
	"errors"
	"testing"
	"time"
)

func TestCheckWindow(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 1500, time.UTC)
	at := func(d time.Duration) time.Time { return now.Add(d).In(time.FixedZone("CST", 8*3600)) }
	for _, c := range []struct {
		name     string
		from, to time.Time
		field    string
	}{
		{"an hour", at(-2 * time.Hour), at(-time.Hour), ""},
		{"up to now", at(-time.Hour), at(0), ""},
		{"a fast clock", at(-time.Hour), at(50 * time.Second), ""},
		{"31 days", at(-31 * 24 * time.Hour), at(0), ""},
		{"31 days and a second", at(-31*24*time.Hour - time.Second), at(0), "from"},
		{"a year", at(-365 * 24 * time.Hour), at(0), "from"},
		{"no from", time.Time{}, at(0), "from"},
		{"no to", at(-time.Hour), time.Time{}, "to"},
		{"neither", time.Time{}, time.Time{}, "from"},
		{"equal", at(-time.Hour), at(-time.Hour), "from"},
		{"less than a microsecond", at(-time.Hour), at(-time.Hour + 100*time.Nanosecond), "from"},
		{"backwards", at(-time.Hour), at(-2 * time.Hour), "from"},
		{"future", at(time.Hour), at(2 * time.Hour), "to"},
		{"reaching into the future", at(-time.Hour), at(time.Hour), "to"},
		{"just ahead", at(10 * time.Second), at(20 * time.Second), "from"},
		{"year 1", time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), at(0), "from"},
		{"year 9999", at(0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "to"},
	} {
		from, to, err := CheckWindow(c.from, c.to, now)
		if c.field != "" {
			var e *Error
			if !errors.As(err, &e) || e.Code != Invalid || e.Field != c.field {
				t.Errorf("%s: %v, want a problem with %s", c.name, err, c.field)
			}
			continue
		}
		if err != nil || !from.Before(to) || to.After(now) || from.Location() != time.UTC || from.Nanosecond()%1000 != 0 || to.Nanosecond()%1000 != 0 {
			t.Errorf("%s: %v to %v, %v", c.name, from, to, err)
		}
	}
}
