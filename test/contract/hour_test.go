package contract

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatepost-video/gatepost/streaming/hls"
	"github.com/gatepost-video/gatepost/test/contract/validator"
)

// clips is what the simulated camera sends.
type clips struct {
	usual, large, long, hevc, mute, reordered *clip
}

// makeClips encodes them once.
var makeClips = sync.OnceValue(func() func(tb testing.TB) *clips {
	var c *clips
	return func(tb testing.TB) *clips {
		if c == nil {
			c = &clips{
				usual:     newClip(tb, "160x90", "25", "6.4", true, h264("40")...),
				large:     newClip(tb, "320x180", "25", "6.4", true, h264("40", "-profile:v", "high", "-coder", "1")...),
				long:      newClip(tb, "160x90", "25", "12.8", true, h264("320")...),
				hevc:      newClip(tb, "160x90", "25", "6.4", true, "-c:v", "libx265", "-preset", "ultrafast", "-b:v", "100k", "-x265-params", "log-level=error:keyint=40:min-keyint=40:scenecut=0:bframes=0"),
				mute:      newClip(tb, "160x90", "30", "4", false, h264("60")...),
				reordered: newClip(tb, "160x90", "25", "6.4", true, "-c:v", "libx264", "-preset", "veryfast", "-b:v", "100k", "-g", "40", "-keyint_min", "40", "-sc_threshold", "0", "-bf", "2"),
			}
		}
		return c
	}
})

// hour is how long a validator follows which ring.
type hour struct {
	options hls.Options
	length  time.Duration
}

// TestHour lets a validator follow an hour of a difficult camera: its resolution
// and codec change, its GOPs are short and long, pictures are lost, it falls
// silent, its timestamps jump, it goes away for seconds and for a minute.
func TestHour(t *testing.T) {
	tests := map[string]hour{
		"as served":     {length: time.Hour},
		"delta updates": {options: hls.Options{Window: 12 * hls.TargetDuration}, length: 20 * time.Minute},
	}
	if raceDetector { // which takes ten times as long; make test does both
		tests = map[string]hour{"a day": {length: 11 * time.Minute}}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k := makeClips()(t)
			began := time.Now()
			counts := validate(t, tt.options, 0, nil, func(ctx context.Context, c *origin) {
				for ctx.Err() == nil {
					day(ctx, t, c, k)
				}
			}, tt.length, func(found []validator.Violation) {
				for i, v := range found {
					if i == 20 {
						t.Errorf("and %d more", len(found)-i)
						break
					}
					t.Error(v)
				}
			})
			t.Logf("%v took %v: %+v", tt.length, time.Since(began), counts)
			if want := int(tt.length / time.Second * 4); counts.Parts < want || counts.Hints < want || counts.Discontinuities < want/600 {
				t.Errorf("looked at too little: %+v", counts)
			}
			if tt.options.Window > 0 && counts.Deltas < 100 {
				t.Errorf("%d delta updates", counts.Deltas)
			}
		})
	}
}

// day is some minutes in the life of a camera.
func day(ctx context.Context, t *testing.T, c *origin, k *clips) {
	away := func(a *connection, d time.Duration) {
		c.disturb(func() {
			a.close()
			sleepUntil(ctx, time.Now().Add(d))
		})
	}
	a := c.connect(t, k.usual)
	a.play(ctx, t, k.usual, time.Minute, nil)
	a.play(ctx, t, k.large, time.Minute, nil) // the resolution changes in mid-run
	a.play(ctx, t, k.usual, 20*time.Second, nil)
	c.disturb(func() { // pictures are lost, then all of it for a while
		a.play(ctx, t, k.usual, 19*time.Second, func(since time.Duration) bool {
			return since > 4*time.Second && since < 4800*time.Millisecond || since > 10*time.Second && since < 12*time.Second
		})
	})
	a.silent(ctx, 8*time.Second)
	a.play(ctx, t, k.usual, 20*time.Second, nil)
	a.play(ctx, t, k.long, time.Minute, nil)
	c.disturb(func() { // timestamps jump
		a.skew += time.Hour
		a.play(ctx, t, k.usual, time.Second, nil)
	})
	a.play(ctx, t, k.usual, 30*time.Second, nil)
	away(a, 8*time.Second)
	for _, next := range []*clip{k.usual, k.hevc, k.mute, k.reordered, k.long} {
		b := c.connect(t, next)
		b.play(ctx, t, next, 40*time.Second, nil)
		away(b, 4*time.Second)
	}
	b := c.connect(t, k.usual)
	b.play(ctx, t, k.usual, 10*time.Second, nil)
	away(b, time.Minute) // longer than playlists linger
}

// validate lets a validator follow an origin in a bubble while camera runs, and
// tells found what it found. wrap, if any, stands between the two.
func validate(t *testing.T, o hls.Options, slack time.Duration, wrap func(http.Handler) http.Handler, camera func(context.Context, *origin), length time.Duration, found func([]validator.Violation)) (counts validator.Counts) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newOrigin(o)
		handler := c.handler
		if wrap != nil {
			handler = wrap(handler)
		}
		client, stop := serve(t, handler)
		defer stop()
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() { camera(ctx, c) })
		v := validator.New(validator.Options{URL: "http://origin/hls/viewer/index.m3u8", Client: client, Slack: slack, Disturbed: c.wasDisturbed})
		if err := v.Run(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		all.Wait()
		c.ring.Close()
		found(v.Violations())
		counts = v.Counts()
	})
	return counts
}
