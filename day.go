package gatepost

import "time"

// Zone is the time zone of days and months: China has one, without summer time.
var Zone = time.FixedZone("CST", 8*60*60)

// Day is a calendar day in Zone, as the number of days since 1970-01-01.
type Day int

// DayOf returns the day of a time.
func DayOf(t time.Time) Day {
	_, offset := t.In(Zone).Zone()
	seconds := t.Unix() + int64(offset)
	const perDay = 24 * 60 * 60
	return Day((seconds - (seconds%perDay+perDay)%perDay) / perDay)
}

// Start is when the day begins.
func (d Day) Start() time.Time { return time.Date(1970, 1, 1+int(d), 0, 0, 0, 0, Zone) }

// End is when the day after it begins.
func (d Day) End() time.Time { return (d + 1).Start() }

// String returns the day as 2026-01-31.
func (d Day) String() string { return d.Start().Format(time.DateOnly) }

// ParseDay reads a day as String writes it. It fails with Invalid, naming field.
func ParseDay(field, s string) (Day, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, Zone)
	if err != nil {
		return 0, InvalidField(field, "give a day as YYYY-MM-DD, e.g. 2026-01-31")
	}
	return DayOf(t), nil
}

// Month is a calendar month in Zone, as the number of months since January of
// the year 0.
type Month int

// MonthOf returns the month of a time.
func MonthOf(t time.Time) Month {
	t = t.In(Zone)
	return Month(t.Year()*12 + int(t.Month()) - 1)
}

// First is the month's first day.
func (m Month) First() Day { return DayOf(time.Date(0, 1+time.Month(m), 1, 0, 0, 0, 0, Zone)) }

// Last is the month's last day.
func (m Month) Last() Day { return (m + 1).First() - 1 }

// Days is how many days the month has.
func (m Month) Days() int { return int(m.Last()-m.First()) + 1 }

// String returns the month as 2026-01.
func (m Month) String() string { return m.First().Start().Format("2006-01") }

// ParseMonth reads a month as String writes it. It fails with Invalid, naming field.
func ParseMonth(field, s string) (Month, error) {
	t, err := time.ParseInLocation("2006-01", s, Zone)
	if err != nil {
		return 0, InvalidField(field, "give a month as YYYY-MM, e.g. 2026-01")
	}
	return MonthOf(t), nil
}
