package sqlstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
)

// anHour is sixty recordings of a minute at 2 Mbit/s, with a key frame every two seconds.
func anHour() []gatepost.Recording {
	list := make([]gatepost.Recording, 60)
	run, begin := gatepost.NewID(), time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)
	for i := range list {
		hash := sha256.Sum256([]byte{byte(i)})
		start := begin.Add(time.Duration(i)*time.Minute + time.Duration(hash[0])*time.Microsecond)
		r := gatepost.Recording{ID: gatepost.NewID(), CameraID: "c", Run: run, Seq: i, Start: start, End: start.Add(time.Minute), Duration: time.Minute, MediaTime: start.Sub(begin),
			Frames: 1500, SHA256: hex.EncodeToString(hash[:]), Codecs: "avc1.4d401f,mp4a.40.2", Width: 1280, Height: 720, InitLen: 700, InitSHA256: run, RetentionDays: 30}
		r.Bytes = r.InitLen
		for k := range 30 {
			length := 400_000 + int64(hash[k])*500
			r.Segments = append(r.Segments, gatepost.Segment{Offset: r.Bytes, Length: length, Start: time.Duration(k) * 2 * time.Second, Duration: 2 * time.Second})
			r.Bytes += length
		}
		r.Key = gatepost.RecordingKey(30, r.CameraID, r.Start, run, i)
		list[i] = r
	}
	list[7].PriorEnd, list[7].RunEnd, list[8].Class, list[8].RestoredUntil = gatepost.EndCrash, gatepost.EndNetwork, gatepost.ClassDeepArchive, begin
	list[9].OtherKey, list[9].OtherAt, list[9].Segments = "hold/x", begin, []gatepost.Segment{}
	return list
}

func TestPackedHour(t *testing.T) {
	list := anHour()
	times := encodeHour(list)
	segments, err := encodeHourSegments(list)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, and %d of segments", len(times), len(segments))
	got, err := packedHour{times: times, segments: segments}.recordings("c")
	if err != nil || !reflect.DeepEqual(got, list) {
		t.Fatalf("unpacked: %v\n%+v", err, got)
	}
	for n := range len(times) {
		if _, err := decodeHour("c", times[:n]); err == nil {
			t.Fatalf("cut off at %d", n)
		}
	}
	for n := range len(segments) {
		if err := decodeHourSegments(segments[:n], got); err == nil {
			t.Fatalf("segments cut off at %d", n)
		}
	}
	if _, err := decodeHour("c", append(times, 0)); err == nil {
		t.Error("a byte too many")
	}
	if err := decodeHourSegments(append(segments, 0), got); err == nil {
		t.Error("a byte of segments too many")
	}
}

func FuzzPackedHour(f *testing.F) {
	list := anHour()[:3]
	segments, err := encodeHourSegments(list)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encodeHour(list), segments)
	f.Fuzz(func(t *testing.T, times, segments []byte) {
		got, err := packedHour{times: times, segments: segments}.recordings("c")
		if err != nil {
			return
		}
		again, err := decodeHour("c", encodeHour(got))
		for i := range got {
			got[i].Segments = nil
		}
		if err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
			t.Errorf("%v: %+v became %+v", err, got, again)
		}
	})
}

func BenchmarkPackedHour(b *testing.B) {
	list := anHour()
	times := encodeHour(list)
	segments, err := encodeHourSegments(list)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("pack", func(b *testing.B) {
		for b.Loop() {
			encodeHour(list)
			if _, err := encodeHourSegments(list); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, h := range map[string]packedHour{"unpack": {times: times, segments: segments}, "unpack times": {times: times}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := h.recordings("c"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
