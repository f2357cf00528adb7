package playlist

import (
	"strings"
	"testing"
	"time"
)

const live = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0,CAN-SKIP-UNTIL=24.0,HOLD-BACK=12
#EXT-X-PART-INF:PART-TARGET=0.33334
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-START:TIME-OFFSET=-1.5
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2019-02-14T02:13:36.106Z
#EXTINF:4.00008,
fileSequence266.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="other,init.mp4"
#EXT-X-PART:DURATION=0.33334,URI="filePart267.0.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.2,URI="filePart267.1.mp4"
#EXTINF:0.53334,a title, with a comma
fileSequence267.mp4
#EXT-X-GAP
#EXTINF:4,
fileSequence268.mp4
#EXT-X-PART:DURATION=0.33334,URI="filePart269.0.mp4",GAP=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="filePart269.1.mp4"
`

const multivariant = `#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=1280x720
low.m3u8
`

const delta = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-SKIP:SKIPPED-SEGMENTS=2
#EXTINF:4,
fileSequence268.mp4
#EXTINF:4,
fileSequence269.mp4
`

func TestParse(t *testing.T) {
	p, faults := Parse([]byte(live))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if p.TargetDuration != 4*time.Second || p.PartTarget != 333340*time.Microsecond || p.HoldBack != 12*time.Second || p.CanSkipUntil != 24*time.Second || !p.CanBlockReload || *p.Start != -1500*time.Millisecond {
		t.Errorf("%+v", p)
	}
	if len(p.Segments) != 4 || p.Open() == nil || p.Duration() != 8533420*time.Microsecond {
		t.Fatalf("%d segments of %v", len(p.Segments), p.Duration())
	}
	s := p.Segments[1]
	if s.MSN != 267 || s.Sequence != 4 || s.Map != "other,init.mp4" || len(s.Parts) != 2 || !s.Parts[0].Independent || s.Parts[1].Independent {
		t.Errorf("%+v", s)
	}
	if msn, part := p.Next(); msn != 269 || part != 1 || p.Holds(269, 1) || !p.Holds(269, 0) || p.Holds(269, -1) || !p.Holds(268, 99) {
		t.Errorf("next is part %d of %d", part, msn)
	}
	m, faults := Parse([]byte(multivariant))
	if len(faults) > 0 || len(m.Variants) != 1 || m.Variants[0].Width != 1280 || len(m.Variants[0].Codecs) != 2 || m.Variants[0].URI != "low.m3u8" {
		t.Errorf("%+v, %v", m, faults)
	}
}

func TestMerge(t *testing.T) {
	full, _ := Parse([]byte(live))
	update, faults := Parse([]byte(delta))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	merged, err := Merge(full, update)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(merged.Segments); n != 4 || merged.Segments[0].URI != "fileSequence266.mp4" || merged.Segments[3].MSN != 269 || merged.Segments[3].Map != "other,init.mp4" || merged.Segments[3].Sequence != 4 {
		t.Errorf("%+v", merged.Segments)
	}
	full.Segments = full.Segments[1:]
	if _, err := Merge(full, update); err == nil {
		t.Error("a skipped segment was not known before")
	}
}

// FuzzParse reads anything: faults lie in the text, and what is read holds together.
func FuzzParse(f *testing.F) {
	for _, s := range []string{live, multivariant, delta, "", "#EXTM3U", "\ufeff#EXTM3U\n#EXTINF:1\nx", strings.Repeat("#EXT-X-DISCONTINUITY\n", 3)} {
		f.Add([]byte(s))
	}
	earlier, _ := Parse([]byte(live))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, faults := Parse(body)
		lines := strings.Count(string(body), "\n") + 1
		for _, fault := range faults {
			if fault.Line < 0 || fault.Line > lines || fault.Text == "" {
				t.Fatalf("%+v in %d lines", fault, lines)
			}
		}
		for i, s := range p.Segments {
			if s.URI == "" && i != len(p.Segments)-1 {
				t.Fatalf("segment %d is open", i)
			}
			if s.Duration < 0 || i > 0 && s.MSN != p.Segments[i-1].MSN+1 {
				t.Fatalf("%+v", s)
			}
		}
		if msn, part := p.Next(); p.Holds(msn, part) {
			t.Fatal("the next part is there already")
		}
		if m, err := Merge(earlier, p); err == nil && int64(len(m.Segments)) != p.Skipped+int64(len(p.Segments)) {
			t.Fatalf("%d segments of %d and %d", len(m.Segments), p.Skipped, len(p.Segments))
		}
	})
}
