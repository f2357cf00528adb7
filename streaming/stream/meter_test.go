package stream_test

import (
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/streaming/media"
)

func TestMeter(t *testing.T) {
	b := newBench(t)
	m := b.s.Meter()
	defer m.Close()
	if got := m.Snapshot(); got.FramesReceived != 0 || got.FPS != 0 || got.BitsPerSecond != 0 || got.VideoCodec != "" {
		t.Errorf("nothing measured as %+v", got)
	}
	begin := b.now
	p := b.publish(videoTrack, audioTrack)
	b.pictures(p, 0, 26)
	for i := 26; i < 100; i++ { // a GOP of 74
		b.write(p, inter(int64(i)*frame))
		b.now = b.now.Add(40 * time.Millisecond)
	}
	b.write(p, key(100*frame, smallSPS))
	p.Lost(3, 97)
	p.Lost(0, 100)
	got := m.Reset()
	if !got.From.Equal(begin) || !got.To.Equal(b.now) {
		t.Errorf("from %v to %v", got.From, got.To)
	}
	got.From, got.To = time.Time{}, time.Time{}
	bits := int64(float64(5*3*8+96*3*8) / 4) // five key frames, the others
	if got.BitsPerSecond < bits-30 || got.BitsPerSecond > bits+30 {
		t.Errorf("%d bits a second, want about %d", got.BitsPerSecond, bits)
	}
	got.BitsPerSecond = 0
	want := got
	want.VideoCodec, want.AudioCodec, want.Width, want.Height = "h264", "opus", 320, 180
	want.FPS, want.KeyInterval, want.FramesReceived = 25, 3*time.Second, 101
	want.PacketsLost, want.PacketsReceived = 3, 197
	want.ClockSkewPPM, want.TimestampJumps, want.HasBFrames, want.ParameterChanges = 0, 0, false, 0
	if got != want {
		t.Errorf("measured\n%+v, want\n%+v", got, want)
	}

	for i := 101; i < 126; i++ { // the next interval, at half the rate
		b.write(p, inter(int64(2*i-100)*frame))
		b.now = b.now.Add(80 * time.Millisecond)
	}
	if got := m.Snapshot(); got.FPS != 12.5 || got.FramesReceived != 25 || got.KeyInterval != 0 || got.PacketsLost != 0 {
		t.Errorf("measured %+v", got)
	}
	other := b.s.Meter()
	m.Close()
	b.write(p, key(300*frame, smallSPS))
	if got := m.Snapshot().FramesReceived; got != 25 {
		t.Errorf("a closed meter went on to %d", got)
	}
	if got := other.Snapshot().FramesReceived; got != 1 {
		t.Errorf("the other meter counts %d", got)
	}
	other.Close()
}

func TestMeterSeesBFrames(t *testing.T) {
	b := newBench(t)
	m := b.s.Meter()
	defer m.Close()
	p := b.publish(videoTrack)
	for i, n := range []int64{0, 3, 1, 2} {
		u := inter(n * frame)
		if i == 0 {
			u = key(0, smallSPS)
		}
		u.DTS = int64(i-2) * frame
		b.write(p, u)
		b.now = b.now.Add(40 * time.Millisecond)
	}
	if !m.Snapshot().HasBFrames || !b.s.Stats().HasBFrames {
		t.Error("B-frames were not seen")
	}
	b.publish(videoTrack)
	if b.s.Stats().HasBFrames {
		t.Error("B-frames of the publisher before")
	}
}

func TestMeterOfAudioAlone(t *testing.T) {
	b := newBench(t)
	m := b.s.Meter()
	defer m.Close()
	p := b.publish(audioTrack)
	for i := range int64(50) {
		b.write(p, &media.Unit{PTS: i * 960, DTS: i * 960, Data: [][]byte{{0xfc, 1}}})
		b.now = b.now.Add(20 * time.Millisecond)
	}
	if got := m.Snapshot(); got.FramesReceived != 50 || got.AudioCodec != "opus" || got.KeyInterval != 0 || got.FPS != 50 {
		t.Errorf("measured %+v", got)
	}
}
