package sqlstore

import (
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
)

// minute is an index as a gateway makes it: a segment every two seconds.
func minute() []gatepost.Segment {
	var out []gatepost.Segment
	offset := int64(1234)
	for i := range 30 {
		length := int64(500_000 + i*17)
		out = append(out, gatepost.Segment{Offset: offset, Length: length, Start: time.Duration(i) * 2 * time.Second, Duration: 2 * time.Second})
		offset += length
	}
	return out
}

func TestSegments(t *testing.T) {
	for _, segments := range [][]gatepost.Segment{
		{},
		minute(),
		{{Offset: 10, Length: 5, Start: 0, Duration: time.Second}, {Offset: 100, Length: 0, Start: 3 * time.Second, Duration: 0}},
	} {
		text, err := encodeSegments(segments)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeSegments(text)
		if err != nil || !reflect.DeepEqual(got, segments) {
			t.Errorf("%v came back as %v, %v", segments, got, err)
		}
	}
	text, _ := encodeSegments(minute())
	if len(text) > 30*14 {
		t.Errorf("30 segments take %d bytes", len(text))
	}

	// Thirds of a second are cut to microseconds and touch still.
	third := time.Second / 3
	text, err := encodeSegments([]gatepost.Segment{{Duration: third}, {Start: third, Duration: third}, {Start: 2 * third, Duration: third + 1}})
	got, err2 := decodeSegments(text)
	if err = errors.Join(err, err2); err != nil || got[0].Duration != got[1].Start || got[1].Start+got[1].Duration != got[2].Start ||
		got[2].Start+got[2].Duration != time.Second {
		t.Errorf("thirds: %v %v", got, err)
	}

	for _, bad := range [][]gatepost.Segment{
		{{Offset: -1}}, {{Length: -1}}, {{Start: -time.Second}}, {{Duration: -time.Second}},
		{{Offset: 0, Length: 10}, {Offset: 9}}, {{Duration: time.Second}, {Start: time.Millisecond}},
	} {
		if _, err := encodeSegments(bad); !errors.Is(err, errSegments) {
			t.Errorf("%v passes: %v", bad, err)
		}
	}
}

func FuzzDecodeSegments(f *testing.F) {
	good, err := encodeSegments(minute())
	if err != nil {
		f.Fatal(err)
	}
	raw := func(b ...byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	for _, s := range []string{
		"", good, good[:len(good)-1], good + "AA", "!", raw(2, 0), raw(1), raw(1, 0), raw(1, 1, 0, 0, 0, 0), raw(1, 1, 0, 0, 0),
		raw(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), raw(1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0),
		strings.Repeat("A", 1000),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		segments, err := decodeSegments(text)
		if err != nil {
			if !errors.Is(err, errSegments) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		again, err := encodeSegments(segments)
		if err != nil {
			t.Fatalf("%v cannot be encoded: %v", segments, err)
		}
		back, err := decodeSegments(again)
		if err != nil || !reflect.DeepEqual(back, segments) {
			t.Fatalf("%v came back as %v, %v", segments, back, err)
		}
	})
}
