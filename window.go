package gatepost

import "time"

// MaxWindow is the longest window that may be asked for at once.
const MaxWindow = 31 * 24 * time.Hour

// windowLeeway is how far a window's end may lie ahead of our clock: the
// asker's may be fast. Such an end is moved back to now.
const windowLeeway = time.Minute

// CheckWindow returns a playback window in UTC, cut to microseconds. It fails
// with Invalid, naming from or to, unless both are given, from is before to,
// neither lies in the future, and they are at most MaxWindow apart.
func CheckWindow(from, to, now time.Time) (time.Time, time.Time, error) {
	fail := func(field, message string) (time.Time, time.Time, error) {
		return time.Time{}, time.Time{}, InvalidField(field, message)
	}
	from, to, now = from.UTC().Truncate(time.Microsecond), to.UTC().Truncate(time.Microsecond), now.UTC().Truncate(time.Microsecond)
	switch {
	case from.IsZero():
		return fail("from", "playback needs a window: say from when, in RFC 3339, e.g. 2026-01-31T08:00:00Z")
	case to.IsZero():
		return fail("to", "playback needs a window: say until when, in RFC 3339, e.g. 2026-01-31T09:00:00Z")
	case !from.Before(to):
		return fail("from", "from must lie before to")
	case from.Year() < 1970:
		return fail("from", "there is no footage from before 1970")
	case to.After(now.Add(windowLeeway)):
		return fail("to", "the window must not lie in the future; there is no footage yet")
	case to.Sub(from) > MaxWindow:
		return fail("from", "the window may be 31 days long at most; ask for it in parts")
	}
	if to.After(now) {
		to = now
	}
	if !from.Before(to) {
		return fail("from", "the window must not lie in the future; there is no footage yet")
	}
	return from, to, nil
}
