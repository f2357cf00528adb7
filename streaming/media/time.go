package media

import (
	"math/bits"
	"time"
)

// Duration converts ticks of a clock of rate ticks per second into a duration,
// rounded towards zero. It does not overflow for any stream shorter than 292
// years. A rate below one gives zero.
func Duration(ticks int64, rate int) time.Duration {
	return time.Duration(Rescale(ticks, rate, int(time.Second)))
}

// Ticks converts a duration into ticks of a clock of rate ticks per second,
// rounded towards zero.
func Ticks(d time.Duration, rate int) int64 {
	return Rescale(int64(d), int(time.Second), rate)
}

// Rescale converts ticks of one clock rate into ticks of another, rounded
// towards zero, with a 128-bit product. It saturates instead of overflowing.
func Rescale(ticks int64, from, to int) int64 {
	if from < 1 || to < 1 {
		return 0
	}
	if from == to {
		return ticks
	}
	const top = 1<<63 - 1
	negative := ticks < 0
	magnitude := uint64(ticks)
	if negative {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, uint64(to))
	quotient := uint64(top)
	if hi < uint64(from) {
		quotient, _ = bits.Div64(hi, lo, uint64(from))
	}
	quotient = min(quotient, top)
	if negative {
		return -int64(quotient)
	}
	return int64(quotient)
}
