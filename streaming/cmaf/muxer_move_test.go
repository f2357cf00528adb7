package cmaf_test

import (
	"bytes"
	"testing"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// TestMoved: each unit of video is told of once, the same but for its bytes,
// which lie in the part.
func TestMoved(t *testing.T) {
	for _, tracks := range [][]*media.Track{{smallTrack}, {smallTrack, aacTrack}} {
		var got collector
		m := newMuxer(&got)
		m.StartRun(&media.Run{ID: "run", Tracks: tracks})
		moved := map[*media.Unit]*media.Unit{}
		note := func(before, now *media.Unit) {
			if moved[before] != nil {
				t.Error("a unit moved twice")
			}
			moved[before] = now
		}
		var sent []*media.Unit
		for i := range 60 {
			u := picture(int64(i)*3600, i%25 == 0)
			u.Data = append(u.Data, bytes.Repeat([]byte{0x41, byte(i)}, 1+i*7%40))
			sent = append(sent, u)
			m.WriteUnit(u)
			m.Moved(note)
			if len(tracks) > 1 {
				m.WriteUnit(sound(int64(i)*1920, 2))
				m.Moved(note)
			}
		}
		m.EndRun("publisher_closed")
		m.Moved(note)
		for i, u := range sent {
			now := moved[u]
			if now == nil || now.PTS != u.PTS || now.DTS != u.DTS || now.Key != u.Key || now.NTP != u.NTP || len(now.Data) != len(u.Data) {
				t.Fatalf("unit %d became %+v", i, now)
			}
			for k, d := range now.Data {
				if !bytes.Equal(d, u.Data[k]) || !within(d, got.parts) {
					t.Fatalf("unit %d: NAL unit %d is not what it was, or in no part", i, k)
				}
			}
		}
		if len(moved) != len(sent) {
			t.Errorf("%d units moved, %d of video were sent", len(moved), len(sent))
		}
	}
}

// within tells whether d lies in the memory of one of the parts.
func within(d []byte, parts []*cmaf.Part) bool {
	for _, p := range parts {
		for at := 0; ; at++ {
			next := bytes.Index(p.Data[at:], d)
			if next < 0 {
				break
			}
			if at += next; &p.Data[at] == &d[0] {
				return true
			}
		}
	}
	return false
}

// BenchmarkPart is one 2 Mbit/s camera: pictures of 10 kB, 25 in a second.
func BenchmarkPart(b *testing.B) {
	m := newMuxer(&counter{})
	m.StartRun(&media.Run{ID: "run", Tracks: []*media.Track{smallTrack}})
	data := make([]byte, 10_000)
	at := int64(0)
	b.ReportAllocs()
	for b.Loop() { // a second of the camera
		for i := range 25 {
			at += 3600
			data[0] = 0x41
			m.WriteUnit(&media.Unit{PTS: at, DTS: at, Key: i == 0, Data: [][]byte{data}})
			m.Moved(func(_, _ *media.Unit) {})
		}
	}
}

// counter counts parts.
type counter struct{ parts int }

func (*counter) Start(string, *cmaf.Init) {}
func (c *counter) Part(*cmaf.Part)        { c.parts++ }
func (*counter) End(string)               {}
