package stream_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// next fails the test when the reader has nothing at hand.
func next(t testing.TB, r *stream.Reader) *media.Unit {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	u, err := r.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// idle expects that the reader has nothing at hand.
func idle(t testing.TB, r *stream.Reader) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if u, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %+v, %v", u, err)
	}
}

func TestReaderBeginsWithTheCachedGOP(t *testing.T) {
	b := newBench(t)
	p := b.publish(videoTrack)
	b.pictures(p, 0, 60)
	r := b.s.Subscribe(stream.SubscribeOptions{})
	defer r.Close()
	late := b.s.Subscribe(stream.SubscribeOptions{SkipCache: true})
	defer late.Close()
	if r.Run() != nil {
		t.Error("a run before the first unit")
	}
	for i := range 10 {
		if u := next(t, r); u.PTS != int64(50+i)*frame || u.Key != (i == 0) {
			t.Fatalf("unit %d: %+v", i, u)
		}
	}
	idle(t, r)
	if run := r.Run(); run.ID != "run1" || run.Tracks[0].SPS == nil {
		t.Errorf("run %+v", run)
	}
	b.pictures(p, 60, 20)
	if u := next(t, late); u.PTS != 75*frame || !u.Key || late.Dropped() != 0 {
		t.Errorf("late reader begins with %+v, %d dropped", u, late.Dropped())
	}
}

func TestReaderSurvivesPublishers(t *testing.T) {
	b := newBench(t)
	r := b.s.Subscribe(stream.SubscribeOptions{})
	defer r.Close()
	idle(t, r)
	first := b.publish(videoTrack)
	b.pictures(first, 0, 2)
	if u := next(t, r); u.PTS != 0 || r.Run().ID != "run1" {
		t.Errorf("first unit at %d of %s", u.PTS, r.Run().ID)
	}
	first.Close("network")
	stale := b.s.Subscribe(stream.SubscribeOptions{})
	defer stale.Close()
	idle(t, stale) // what ended is not cached for those who come later
	b.publish(videoTrack)
	second := b.publish(videoTrack)
	b.pictures(second, 100, 2)
	b.write(second, key(102*frame, largeSPS))
	want := []struct {
		pts   int64
		run   string
		width int
	}{{1, "run1", 320}, {100, "run2", 320}, {101, "run2", 320}, {102, "run2", 640}}
	for _, w := range want {
		u := next(t, r)
		width, _, _ := r.Run().Tracks[0].PictureSize()
		if u.PTS != w.pts*frame || r.Run().ID != w.run || width != w.width {
			t.Errorf("unit at %d of %s, %d wide; want %+v", u.PTS/frame, r.Run().ID, width, w)
		}
	}
	if u := next(t, stale); u.PTS != 102*frame { // the newest key frame
		t.Errorf("the other reader begins at %d", u.PTS/frame)
	}
	if r.Dropped() != 0 {
		t.Errorf("%d dropped", r.Dropped())
	}
}

func TestSlowReaderIsMovedToAKeyFrame(t *testing.T) {
	b := newBench(t)
	p := b.publish(videoTrack)
	slow := b.s.Subscribe(stream.SubscribeOptions{})
	defer slow.Close()
	fast := b.s.Subscribe(stream.SubscribeOptions{})
	defer fast.Close()
	for i := range 1000 {
		b.pictures(p, i, 1)
		if u := next(t, fast); u.PTS != int64(i)*frame {
			t.Fatalf("the fast reader is at %d", u.PTS/frame)
		}
		if i == 0 {
			next(t, slow)
		}
	}
	if u := next(t, slow); u.PTS != 975*frame || !u.Key {
		t.Errorf("moved to %+v", u)
	}
	if slow.Dropped() != 974 || fast.Dropped() != 0 || b.s.Stats().Dropped != 974 {
		t.Errorf("dropped %d, %d, %d", slow.Dropped(), fast.Dropped(), b.s.Stats().Dropped)
	}
}

// mover is a sink that moves each unit with the one after it, and the last at the end.
type mover struct {
	sink
	told  int
	ended bool
}

func (m *mover) EndRun(reason string) {
	m.sink.EndRun(reason)
	m.ended = true
}

func (m *mover) Moved(f func(before, now *media.Unit)) {
	for ; m.told < len(m.units) && (m.ended || m.told < len(m.units)-1); m.told++ {
		now := *m.units[m.told]
		now.Data = [][]byte{{0x41, 0x9a, 0xff}}
		f(m.units[m.told], &now)
	}
}

// TestCacheMoves: what a sink keeps in another place is read from there, by
// those who come later.
func TestCacheMoves(t *testing.T) {
	b := newBench(t)
	m := &mover{}
	b.s = stream.New(stream.Options{Sinks: []stream.Sink{m}, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)})
	p := b.publish(videoTrack)
	early := b.s.Subscribe(stream.SubscribeOptions{})
	defer early.Close()
	b.pictures(p, 0, 1)
	if u := next(t, early); u != m.units[0] {
		t.Error("a unit moved before its time")
	}
	b.pictures(p, 1, 9)
	late := b.s.Subscribe(stream.SubscribeOptions{})
	defer late.Close()
	for i := range 10 {
		u := next(t, late)
		if u.PTS != m.units[i].PTS || u.Key != (i == 0) {
			t.Fatalf("unit %d: %+v", i, u)
		}
		if moved := u.Data[0][2] == 0xff; moved != (i < 9) {
			t.Errorf("unit %d: moved is %v", i, moved)
		}
	}
	p.Close("publisher_closed")
	if m.told != len(m.units) {
		t.Errorf("at the end of the run %d of %d units have moved", m.told, len(m.units))
	}
}

func TestCacheIsBounded(t *testing.T) {
	b := newBench(t)
	b.s = stream.New(stream.Options{CacheBytes: 10_000, CacheUnits: 50, QueueUnits: 10, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)})
	p := b.publish(videoTrack)
	b.write(p, key(0, smallSPS))
	for i := range 200 { // a GOP of 200 pictures
		b.write(p, inter(int64(i+1)*frame))
	}
	if st := b.s.Stats(); st.CacheUnits > 50 {
		t.Errorf("%d units cached", st.CacheUnits)
	}
	r := b.s.Subscribe(stream.SubscribeOptions{})
	defer r.Close()
	idle(t, r) // the key frame is gone: nothing to begin with
	big := &media.Unit{PTS: 201 * frame, DTS: media.NoDTS, Data: [][]byte{make([]byte, 20_000)}}
	big.Data[0][0] = 0x41
	b.write(p, big)
	if st := b.s.Stats(); st.CacheBytes > 10_000 {
		t.Errorf("%d bytes cached", st.CacheBytes)
	}
	b.write(p, key(202*frame, smallSPS))
	if u := next(t, r); !u.Key {
		t.Error("not a key frame")
	}
}

func TestIdleCameraKeepsOneGOP(t *testing.T) {
	b := newBench(t)
	p := b.publish(videoTrack)
	b.pictures(p, 0, 60)
	if st := b.s.Stats(); st.CacheUnits != 10 || !st.Online || st.Runs != 1 || st.RunID != "run1" {
		t.Errorf("stats %+v", st)
	}
	p.Close("network")
	if st := b.s.Stats(); st.CacheUnits != 0 || st.CacheBytes != 0 || st.Online || st.Publisher {
		t.Errorf("stats %+v", st)
	}
}

func TestIdle(t *testing.T) {
	b := newBench(t)
	b.now = b.now.Add(time.Minute)
	if d := b.s.Idle(); d != time.Minute {
		t.Errorf("a new stream is idle for %v", d)
	}
	p := b.publish(videoTrack)
	r := b.s.Subscribe(stream.SubscribeOptions{})
	b.now = b.now.Add(time.Minute)
	p.Close("network")
	b.now = b.now.Add(time.Minute)
	if d := b.s.Idle(); d != 0 {
		t.Errorf("with a reader idle for %v", d)
	}
	r.Close()
	r.Close()
	b.now = b.now.Add(time.Second)
	if d := b.s.Idle(); d != time.Second {
		t.Errorf("idle for %v", d)
	}
}

func TestReaderEnds(t *testing.T) {
	for name, end := range map[string]func(*stream.Stream, *stream.Reader, context.CancelFunc){
		"reader closed":   func(_ *stream.Stream, r *stream.Reader, _ context.CancelFunc) { r.Close() },
		"stream closed":   func(s *stream.Stream, _ *stream.Reader, _ context.CancelFunc) { s.Close("gateway_shutdown") },
		"context is done": func(_ *stream.Stream, _ *stream.Reader, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			r := b.s.Subscribe(stream.SubscribeOptions{})
			defer r.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error)
			go func() {
				_, err := r.Next(ctx)
				done <- err
			}()
			end(b.s, r, cancel)
			if err := <-done; !errors.Is(err, stream.ErrClosed) && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestManyReaders: two tracks written from two goroutines, readers that come,
// read and go. Each sees whole GOPs in order.
func TestManyReaders(t *testing.T) {
	b := newBench(t)
	b.s = stream.New(stream.Options{QueueUnits: 64, Log: slog.New(slog.DiscardHandler)})
	p := b.publish(videoTrack, audioTrack)
	const n = 2000
	var writers, readers sync.WaitGroup
	for i := range 50 {
		r := b.s.Subscribe(stream.SubscribeOptions{})
		readers.Go(func() {
			defer r.Close()
			last, lossless := int64(-1), uint64(0)
			for {
				u, err := r.Next(context.Background())
				if err != nil {
					return
				}
				if u.Track != 0 {
					continue
				}
				if last < 0 && !u.Key || u.PTS <= last || u.PTS != last+frame && last >= 0 && !u.Key {
					t.Errorf("picture at %d after %d", u.PTS, last)
				}
				if last >= 0 && u.PTS != last+frame && r.Dropped() == lossless {
					t.Error("pictures are missing and not counted")
				}
				last, lossless = u.PTS, r.Dropped()
				if i%7 == 0 && u.PTS > n/2*frame {
					return
				}
			}
		})
	}
	writers.Go(func() {
		for i := range int64(n) {
			u := inter(i * frame)
			if i%25 == 0 {
				u = key(i*frame, smallSPS)
			}
			if err := p.Write(u); err != nil {
				t.Error(err)
			}
		}
	})
	writers.Go(func() {
		for i := range int64(n) {
			if err := p.Write(audio(i * 1920)); err != nil {
				t.Error(err)
			}
		}
	})
	writers.Wait()
	b.s.Close("gateway_shutdown")
	readers.Wait()
}

func BenchmarkWrite(b *testing.B) {
	for _, readers := range []int{0, 1, 200} {
		b.Run(map[int]string{0: "no reader", 1: "one reader", 200: "200 readers"}[readers], func(b *testing.B) {
			s := stream.New(stream.Options{Log: slog.New(slog.DiscardHandler)})
			p, err := s.Publish([]*media.Track{videoTrack})
			if err != nil {
				b.Fatal(err)
			}
			var group sync.WaitGroup
			for range readers {
				r := s.Subscribe(stream.SubscribeOptions{})
				group.Go(func() {
					defer r.Close()
					for {
						if _, err := r.Next(context.Background()); err != nil {
							return
						}
					}
				})
			}
			data := [][]byte{make([]byte, 5000)}
			data[0][0] = 0x41
			if err := p.Write(key(0, smallSPS)); err != nil {
				b.Fatal(err)
			}
			i := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				i++
				u := &media.Unit{PTS: i * frame, DTS: i * frame, Data: data}
				if i%50 == 0 {
					u.Data = [][]byte{smallSPS, pps, {0x65, 0x88, 1}}
				}
				if err := p.Write(u); err != nil {
					b.Fatal(err)
				}
			}
			s.Close("publisher_closed")
			group.Wait()
		})
	}
}

// TestKeyFrame holds that the newest key frame is there while its run is.
func TestKeyFrame(t *testing.T) {
	b := newBench(t)
	if unit, run := b.s.KeyFrame(); unit != nil || run != nil {
		t.Errorf("before the first: %+v of %+v", unit, run)
	}
	p := b.publish(videoTrack)
	for n, want := range []int{0, 25, 50} {
		b.pictures(p, 25*n, 20)
		unit, run := b.s.KeyFrame()
		if unit == nil || !unit.Key || unit != b.sink.units[20*n] || run.ID != "run1" {
			t.Errorf("of picture %d: %+v of %+v", want, unit, run)
		}
		if n < 2 {
			b.now = b.now.Add(5 * 40 * time.Millisecond)
		}
	}
	p.Close("gone")
	if unit, _ := b.s.KeyFrame(); unit != nil {
		t.Errorf("after the run: %+v", unit)
	}
}
