package cmaf_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
	"github.com/gatepost-video/gatepost/streaming/media/mediatest"
)

// TestRebaseJoinsObjects cuts a run into objects at key frames, as a recorder
// does, joins the last two into a clip that begins at zero, and has ffmpeg
// decode it.
func TestRebaseJoinsObjects(t *testing.T) {
	t.Parallel()
	clip := mediatest.TS(t, append(mediatest.Source("320x180", "25", "6", true),
		"-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-bf", "2", "-c:a", "aac")...)
	var got collector
	feed(t, clip, &got)
	var objects [][]byte
	for _, p := range got.parts {
		if p.Independent {
			objects = append(objects, bytes.Clone(got.inits[0].Data))
		}
		objects[len(objects)-1] = append(objects[len(objects)-1], p.Data...)
	}
	if len(objects) != 3 {
		t.Fatalf("%d objects", len(objects))
	}
	out := bytes.Clone(got.inits[0].Data)
	sequence := uint32(1)
	var first time.Duration
	for i, object := range objects[1:] {
		scan, err := cmaf.ScanFragments(bytes.NewReader(object), int64(len(object)))
		if err != nil || scan.Torn {
			t.Fatal(err)
		}
		if i == 0 {
			first = scan.Fragments[0].First
			if start := scan.Fragments[0].Start; start != 2*time.Second || first > start {
				t.Errorf("the object begins at %v, its first sample at %v", start, first)
			}
		}
		body := object[scan.InitLen:]
		if sequence, err = cmaf.Rebase(body, sequence, cmaf.Shift(scan.Tracks, -first)); err != nil {
			t.Fatal(err)
		}
		out = append(out, body...)
	}
	scan, err := cmaf.ScanFragments(bytes.NewReader(out), int64(len(out)))
	if err != nil || scan.Torn || scan.Fragments[0].First > 50*time.Microsecond {
		t.Fatalf("%v, torn %v, first %v", err, scan.Torn, scan.Fragments[0].First)
	}
	for i, f := range scan.Fragments {
		if f.Sequence != uint32(i+1) {
			t.Errorf("fragment %d has number %d", i, f.Sequence)
		}
	}
	path := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	var video []packet
	for _, p := range probe(t, path) {
		if p.Codec == "video" {
			video = append(video, p)
		}
	}
	if len(video) != 100 {
		t.Errorf("%d pictures", len(video))
	}
	checkContinuous(t, "video", video, 0.04, 0.001)
	mediatest.FFmpeg(t, nil, "-xerror", "-err_detect", "explode", "-i", path, "-f", "null", "-")
}

func TestRebaseRefuses(t *testing.T) {
	var got collector
	m := newMuxer(&got)
	m.StartRun(runOf(smallTrack))
	for i := range int64(10) {
		m.WriteUnit(picture(i*3600, i == 0))
	}
	m.EndRun("network")
	whole := bytes.Clone(got.parts[1].Data)
	for name, test := range map[string]struct {
		data  []byte
		shift int64
	}{
		"before zero": {whole, -18001},
		"far beyond":  {whole, 1<<63 - 1},
		"far before":  {whole, -1 << 63},
		"cut off":     {whole[:len(whole)-1], 0},
		"garbage":     {[]byte("garbage garbage"), 0},
	} {
		before := bytes.Clone(test.data)
		if _, err := cmaf.Rebase(test.data, 7, map[uint32]int64{1: test.shift}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if !slices.Equal(before, test.data) {
			t.Errorf("%s: changed", name)
		}
	}
	if next, err := cmaf.Rebase(whole, 7, map[uint32]int64{1: -18000}); err != nil || next != 8 {
		t.Errorf("next %d, %v", next, err)
	}
}
