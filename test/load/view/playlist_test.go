package view

import (
	"slices"
	"testing"
	"time"
)

const live = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6,CAN-SKIP-UNTIL=24
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PART:DURATION=0.2,URI="a,b.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.2,URI="c.mp4"
#EXTINF:0.4,
seven.mp4
#EXT-X-PART:INDEPENDENT=YES,URI="d.mp4",DURATION=0.2
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="e.mp4"
`

const delta = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-SKIP:SKIPPED-SEGMENTS=3
#EXTINF:4,
ten.mp4
#EXT-X-PART:DURATION=0.2,URI="f.mp4"
`

func TestParse(t *testing.T) {
	p := parse([]byte(live))
	want := []part{{place{7, 0}, "a,b.mp4", true}, {place{7, 1}, "c.mp4", false}, {place{8, 0}, "d.mp4", true}}
	if !slices.Equal(p.parts, want) {
		t.Errorf("parts %v, want %v", p.parts, want)
	}
	if p.next != (place{8, 1}) || p.init != "init.mp4" || !p.canSkip || p.target != 4*time.Second || p.ended {
		t.Errorf("got %+v", p)
	}
	if p := parse([]byte(delta)); p.next != (place{11, 1}) || len(p.parts) != 1 || p.parts[0].place != (place{11, 0}) {
		t.Errorf("a delta update is read as %+v", p)
	}
	if p := parse([]byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\nlow.m3u8\r\n#EXT-X-STREAM-INF:BANDWIDTH=2\nhigh.m3u8\n")); p.variant != "low.m3u8" {
		t.Errorf("the first variant is %q", p.variant)
	}
}

func TestSegments(t *testing.T) {
	got := segments([]byte("#EXTM3U\n#EXT-X-MAP:URI=\"x.mp4\",BYTERANGE=\"9@0\"\n#EXTINF:2.5,\n#EXT-X-BYTERANGE:100@9\nx.mp4\n#EXTINF:1,\n#EXT-X-BYTERANGE:50@109\nx.mp4\n#EXT-X-ENDLIST\n"))
	want := []segment{{"x.mp4", 9, 100, 2500 * time.Millisecond}, {"x.mp4", 109, 50, time.Second}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(live))
	f.Add([]byte(delta))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := parse(b)
		for i := 1; i < len(p.parts); i++ {
			if p.parts[i].place == p.parts[i-1].place {
				t.Errorf("two parts at %v", p.parts[i].place)
			}
		}
		segments(b)
	})
}
