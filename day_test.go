package gatepost_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost"
)

func TestDay(t *testing.T) {
	for _, tt := range []struct{ at, day, month string }{
		{"2026-01-31T15:59:59.999Z", "2026-01-31", "2026-01"},
		{"2026-01-31T16:00:00Z", "2026-02-01", "2026-02"},
		{"1969-12-31T15:59:59Z", "1969-12-31", "1969-12"},
		{"2024-02-29T00:00:00+08:00", "2024-02-29", "2024-02"},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if d, m := gatepost.DayOf(at), gatepost.MonthOf(at); d.String() != tt.day || m.String() != tt.month {
			t.Errorf("%s is %s in %s, want %s in %s", tt.at, d, m, tt.day, tt.month)
		}
	}
	for _, s := range []string{"", "2026-13-01", "2026-02-29", "2026-1-1", "2026-01-01T00:00:00Z"} {
		if _, err := gatepost.ParseDay("from", s); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("%q is no day: %v", s, err)
		}
		if _, err := gatepost.ParseMonth("month", s); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("%q is no month: %v", s, err)
		}
	}
}

func TestDayProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(-1e12, 1e13).Draw(t, "at"))
		d, m := gatepost.DayOf(at), gatepost.MonthOf(at)
		if at.Before(d.Start()) || !at.Before(d.End()) || d.End().Sub(d.Start()) != 24*time.Hour {
			t.Errorf("%s lies outside of its day %s", at, d)
		}
		if d < m.First() || d > m.Last() || m.Days() < 28 || m.Days() > 31 || m.First().Start().Day() != 1 {
			t.Errorf("%s lies outside of its month %s", d, m)
		}
		if back, err := gatepost.ParseDay("", d.String()); err != nil || back != d {
			t.Errorf("%s is read as %s: %v", d, back, err)
		}
		if back, err := gatepost.ParseMonth("", m.String()); err != nil || back != m {
			t.Errorf("%s is read as %s: %v", m, back, err)
		}
	})
}
