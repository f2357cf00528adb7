package playback

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
)

// minute is a recording of a minute in three segments: bytes 600 to 1000, 1000 to
// 1500, 1500 to 2000.
func minute() gatepost.Recording {
	return gatepost.Recording{ID: "r", Start: noon, End: noon.Add(time.Minute), Duration: time.Minute, InitLen: 600, Bytes: 2000, Segments: []gatepost.Segment{
		{Offset: 600, Length: 400, Duration: 20 * time.Second},
		{Offset: 1000, Length: 500, Start: 20 * time.Second, Duration: 20 * time.Second},
		{Offset: 1500, Length: 500, Start: 40 * time.Second, Duration: 20 * time.Second},
	}}
}

func TestPermit(t *testing.T) {
	tests := []struct {
		from, to int // window, seconds
		header   string
		signed   string // "" refused, "any" no range signed
	}{
		{0, 60, "bytes=0-599", "0-599"},
		{0, 60, "bytes=600-999", "600-999"},
		{0, 60, "bytes=0-1999", "0-1999"},
		{0, 60, "bytes=600-5000", "600-5000"},
		{0, 60, "bytes=600-", "any"},
		{0, 60, "", "any"},
		{25, 30, "bytes=0-599", "0-599"},
		{25, 30, "bytes=1000-1499", "1000-1499"},
		{25, 30, "bytes=1100-1200", "1100-1200"},
		{25, 30, "bytes=999-1499", ""},
		{25, 30, "bytes=1000-1500", ""},
		{25, 30, "bytes=0-1499", ""},
		{25, 30, "bytes=0-600", ""},
		{25, 30, "bytes=1000-", ""},
		{25, 30, "bytes=-100", ""},
		{25, 30, "", ""},
		{25, 30, "bytes=0-599,1500-1600", ""},
		{25, 30, "bytes=0-599, 1000-1100", ""},
		{25, 30, "items=1000-1100", ""},
		{25, 30, "bytes=1499-1000", ""},
		{25, 30, "bytes=00001000-00001499", "1000-1499"},
		{25, 30, "bytes=+1000-1499", ""},
		{25, 30, "bytes=1000-99999999999999999999", ""},
		{25, 50, "bytes=1000-9000", "1000-9000"},
		{25, 50, "bytes=0-1999", ""},
		{5, 30, "bytes=0-1499", "0-1499"},
		{5, 30, "bytes=0-1500", ""},
	}
	for _, tt := range tests {
		r := minute()
		e, ok := extentOf(&r, noon.Add(time.Duration(tt.from)*time.Second), noon.Add(time.Duration(tt.to)*time.Second))
		if !ok {
			t.Fatal("nothing is open")
		}
		signed, err := permit(tt.header, &r, e)
		got := ""
		switch {
		case err != nil:
			if gatepost.CodeOf(err) != gatepost.Forbidden {
				t.Errorf("%+v: %v", tt, err)
			}
		case signed == nil:
			got = "any"
		default:
			got = fmt.Sprintf("%d-%d", signed[0], signed[1])
		}
		if got != tt.signed {
			t.Errorf("window %d to %d, %q: signed %q, want %q", tt.from, tt.to, tt.header, got, tt.signed)
		}
	}
	r := minute()
	for _, w := range [][2]int{{-10, 0}, {60, 70}} {
		if e, ok := extentOf(&r, noon.Add(time.Duration(w[0])*time.Second), noon.Add(time.Duration(w[1])*time.Second)); ok {
			t.Errorf("window %v opens %+v", w, e)
		}
	}
}

// FuzzRange: whatever the header and the window, no byte outside of the window's
// segments and the init segment is signed.
func FuzzRange(f *testing.F) {
	f.Add("bytes=0-599", 0, 60)
	f.Add("bytes=1000-", 25, 30)
	f.Add("bytes=-5", 25, 30)
	f.Add("bytes=1-2,3-4", 0, 10)
	f.Fuzz(func(t *testing.T, header string, from, length int) {
		from, length = from%100, length%100
		r := minute()
		begin, end := noon.Add(time.Duration(from)*time.Second), noon.Add(time.Duration(from+length)*time.Second)
		if !begin.Before(end) {
			return
		}
		e, ok := extentOf(&r, begin, end)
		if !ok {
			return
		}
		signed, err := permit(header, &r, e)
		if err != nil {
			return
		}
		first, last := int64(0), r.Bytes-1
		if signed != nil {
			first, last = signed[0], min(signed[1], r.Bytes-1)
		}
		for at := first; at <= last; at++ {
			open := at < r.InitLen
			for _, s := range r.Segments {
				overlaps := r.Start.Add(s.Start).Before(end) && r.Start.Add(s.Start+s.Duration).After(begin)
				open = open || overlaps && at >= s.Offset && at < s.Offset+s.Length
			}
			if !open {
				t.Fatalf("window %d+%d, %q: byte %d of %v is open", from, length, header, at, signed)
			}
		}
	})
}
