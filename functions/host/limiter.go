package host

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
)

// maxBuckets bounds the memory of a limiter. When it is full, buckets that have
// refilled go first, then any: an attacker with that many addresses is not
// stopped by counting addresses.
const maxBuckets = 10_000

// Limiter counts attempts per key, in memory: burst at once, then one per every.
// Each process counts for itself.
type Limiter struct {
	burst float64
	every time.Duration

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	level float64 // attempts left, at the time at
	at    time.Time
}

// NewLimiter makes a limiter.
func NewLimiter(burst int, every time.Duration) *Limiter {
	return &Limiter{burst: float64(burst), every: every, buckets: make(map[string]bucket)}
}

// Take uses up one attempt. When there is none left it returns how long until
// there is one; else 0.
func (l *Limiter) Take(key string, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	level := l.level(key, now)
	if level < 1 {
		return time.Duration(math.Ceil((1 - level) * float64(l.every)))
	}
	l.put(key, bucket{level: level - 1, at: now})
	return 0
}

// GiveBack returns an attempt that turned out not to count.
func (l *Limiter) GiveBack(key string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(key, bucket{level: l.level(key, now) + 1, at: now})
}

func (l *Limiter) level(key string, now time.Time) float64 {
	b, ok := l.buckets[key]
	if !ok {
		return l.burst
	}
	return min(l.burst, b.level+float64(now.Sub(b.at))/float64(l.every))
}

func (l *Limiter) put(key string, b bucket) {
	if b.level >= l.burst {
		delete(l.buckets, key)
		return
	}
	if _, ok := l.buckets[key]; !ok && len(l.buckets) >= maxBuckets {
		l.evict(b.at)
	}
	l.buckets[key] = b
}

func (l *Limiter) evict(now time.Time) {
	for key := range l.buckets {
		if l.level(key, now) >= l.burst {
			delete(l.buckets, key)
		}
	}
	for key := range l.buckets {
		if len(l.buckets) < maxBuckets {
			return
		}
		delete(l.buckets, key)
	}
}

// TooMany is the refusal of RFC 6585 §4 with Retry-After (RFC 9110 §10.2.3).
func TooMany(wait time.Duration) error {
	seconds := int(math.Ceil(wait.Seconds()))
	return huma.ErrorWithHeaders(
		&gatepost.Error{Code: gatepost.RateLimited, Message: fmt.Sprintf("too many attempts; try again in %d s", seconds)},
		http.Header{"Retry-After": {strconv.Itoa(seconds)}})
}
