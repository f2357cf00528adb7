package cmaf_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media"
)

func runOf(tracks ...*media.Track) *media.Run { return &media.Run{ID: "run", Tracks: tracks} }

func sampleFile() (file []byte, init int) {
	var got collector
	m := newMuxer(&got)
	m.StartRun(runOf(smallTrack, aacTrack))
	for i := range int64(8) {
		m.WriteUnit(picture(i*3600, i == 0))
		m.WriteUnit(sound(i*1920, 2))
	}
	m.EndRun("network")
	return got.file(), len(got.inits[0].Data)
}

// FuzzScanFragments: whatever a file holds, the scan ends, and what it reports
// is in the file, in order; a file cut to Whole scans the same and is not torn.
func FuzzScanFragments(f *testing.F) {
	file, init := sampleFile()
	f.Add(file)
	f.Add(file[:init])
	f.Add(file[:len(file)-5])
	f.Add(append(bytes.Clone(file), make([]byte, 100)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		scan, err := cmaf.ScanFragments(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, cmaf.ErrNoInit) {
				t.Fatal(err)
			}
			return
		}
		at := scan.InitLen
		for _, fragment := range scan.Fragments {
			if fragment.Offset != at || fragment.Length <= 0 || fragment.Frames < 0 || fragment.First > fragment.Start || fragment.First < 0 {
				t.Fatalf("fragment %+v at %d", fragment, at)
			}
			at += fragment.Length
		}
		if scan.Whole != at || at > int64(len(b)) || scan.Torn != (at < int64(len(b))) {
			t.Fatalf("whole %d of %d, last fragment ends at %d, torn %v", scan.Whole, len(b), at, scan.Torn)
		}
		again, err := cmaf.ScanFragments(bytes.NewReader(b[:at]), at)
		if err != nil || again.Torn || len(again.Fragments) != len(scan.Fragments) {
			t.Fatalf("cut: %v, %+v", err, again)
		}
		if tracks, err := cmaf.ParseInit(b[:scan.InitLen]); err != nil || len(tracks) != len(scan.Tracks) {
			t.Fatalf("init: %v, %v", tracks, err)
		}
	})
}

// FuzzRebase: what can be shifted can be shifted back, to the same bytes but
// for the sequence numbers; what cannot is left alone.
// FuzzReadFragment: what is read is what the bytes begin with, no more than may be, and
// reads again.
func FuzzReadFragment(f *testing.F) {
	file, init := sampleFile()
	f.Add(file[init:], int64(1<<20))
	f.Add(file[init:], int64(50))
	f.Add(file[init:len(file)-5], int64(1<<20))
	f.Add(file, int64(1<<20))
	f.Fuzz(func(t *testing.T, b []byte, most int64) {
		got, err := cmaf.ReadFragment(bytes.NewReader(b), most)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(b, got) || int64(len(got)) > most || len(got) < 8 {
			t.Fatalf("%d bytes of %d, at most %d", len(got), len(b), most)
		}
		if again, err := cmaf.ReadFragment(bytes.NewReader(got), int64(len(got))); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("again %d bytes of %d, %v", len(again), len(got), err)
		}
	})
}

// TestReadFragment reads the fragment that ScanFragments finds, whole and cut off.
func TestReadFragment(t *testing.T) {
	file, init := sampleFile()
	scan, err := cmaf.ScanFragments(bytes.NewReader(file), int64(len(file)))
	if err != nil || len(scan.Fragments) < 2 {
		t.Fatalf("%+v, %v", scan, err)
	}
	length := scan.Fragments[0].Length
	for _, c := range []struct {
		bytes []byte
		most  int64
		ok    bool
	}{
		{file[init:], 1 << 20, true},
		{file[init:], length, true},
		{file[init:], length - 1, false},
		{file[init : int64(init)+length-1], 1 << 20, false},
		{file, 1 << 20, false},
		{nil, 1 << 20, false},
	} {
		got, err := cmaf.ReadFragment(bytes.NewReader(c.bytes), c.most)
		if (err == nil) != c.ok || c.ok && !bytes.Equal(got, file[init:int64(init)+length]) {
			t.Errorf("%d bytes, at most %d: %d bytes and %v, want %d", len(c.bytes), c.most, len(got), err, length)
		}
	}
}

func FuzzRebase(f *testing.F) {
	file, init := sampleFile()
	f.Add(file[init:], int64(90000))
	f.Add(file[init:], int64(-1))
	f.Add(file[init:len(file)-1], int64(5))
	f.Fuzz(func(t *testing.T, b []byte, shift int64) {
		if shift == -1<<63 {
			return
		}
		there := map[uint32]int64{0: shift, 1: shift, 2: shift}
		back := map[uint32]int64{0: -shift, 1: -shift, 2: -shift}
		first := bytes.Clone(b)
		if _, err := cmaf.Rebase(first, 1, nil); err != nil {
			if !bytes.Equal(first, b) {
				t.Fatal("changed in spite of the error")
			}
			return
		}
		moved := bytes.Clone(first)
		if _, err := cmaf.Rebase(moved, 1, there); err != nil {
			return
		}
		if _, err := cmaf.Rebase(moved, 1, back); err != nil {
			t.Fatalf("not the way back: %v", err)
		}
		if !bytes.Equal(moved, first) {
			t.Fatal("there and back is not the same")
		}
	})
}
