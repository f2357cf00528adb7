package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// crashed lays out a spool file as a killed Writer leaves it: media up to a
// byte, and the first description.
func crashed(tb testing.TB, dir string, k *kept) (path string, data []byte, ends []int64) {
	tb.Helper()
	r := start(tb, Options{Dir: dir, RetentionDays: 30}, nil)
	k.replay(r)
	c := r.finish()[0]
	data, err := os.ReadFile(c.Path)
	if err != nil {
		tb.Fatal(err)
	}
	scan, err := cmaf.ScanFragments(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatal(err)
	}
	ends = []int64{scan.InitLen}
	for _, f := range scan.Fragments {
		ends = append(ends, f.Offset+f.Length)
	}
	return c.Path, data, ends
}

// open lays the first description beside a file cut to its first n bytes.
func open(tb testing.TB, path string, data []byte) {
	tb.Helper()
	d, err := readDescription(path)
	if err == nil {
		d.Complete = false
		d.End, d.Duration, d.Bytes, d.Frames, d.SHA256, d.Segments, d.RunEnd = time.Time{}, 0, 0, 0, "", nil, ""
		b, _ := json.Marshal(d)
		err = os.WriteFile(descriptionPath(path), b, 0o600)
	}
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func TestRecoverAtEveryOffset(t *testing.T) {
	dir := shm(t)
	k := clip(t, "1.2")
	path, data, ends := crashed(t, dir, k)
	whole, err := readDescription(path)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(descriptionPath(path))
	t.Logf("%d bytes, %d parts", len(data), len(ends)-1)
	for n := 0; n <= len(data); n++ {
		if err := os.WriteFile(descriptionPath(path), first, 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, path, data[:n])
		keep := 0
		for i, end := range ends {
			if end <= int64(n) {
				keep = i
			}
		}
		c, err := Recover(path, EndCrash)
		if keep == 0 {
			if !errors.Is(err, ErrEmpty) {
				t.Fatalf("cut at %d: %v, not ErrEmpty", n, err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
				t.Fatalf("cut at %d: an empty file leaves %q", n, left)
			}
			continue
		}
		if err != nil || c.Bytes != ends[keep] || c.RunEnd != EndCrash || !c.Start.Equal(whole.Start) || c.RetentionDays != 30 || c.Codecs != whole.Codecs {
			t.Fatalf("cut at %d: %+v %v, want %d bytes", n, c, err, ends[keep])
		}
		if got, _ := os.ReadFile(path); !bytes.Equal(got, data[:ends[keep]]) {
			t.Fatalf("cut at %d: the file has %d bytes", n, len(got))
		}
		if int64(n) == ends[keep] || n == len(data)-1 { // the rest is the same again
			check(t, c)
			again, err := Recover(path, "other")
			if err != nil || !reflect.DeepEqual(again, c) {
				t.Fatalf("cut at %d: recovered twice: %+v %v", n, again, err)
			}
		}
		if n == len(data) && (!reflect.DeepEqual(c.Segments, whole.Segments) || c.SHA256 != whole.SHA256 || c.Frames != whole.Frames ||
			c.Duration != whole.Duration || c.End.Sub(whole.End).Abs() > 2*time.Microsecond || c.MediaTime != whole.MediaTime) {
			t.Errorf("recovered whole: %+v, want %+v", c, whole.Closed)
		}
	}
}

func TestRecoverRefuses(t *testing.T) {
	dir := shm(t)
	path, data, _ := crashed(t, dir, clip(t, "1.2"))
	open(t, path, append(bytes.Clone(data[:len(data)/2]), make([]byte, maxTorn+1)...))
	if _, err := Recover(path, EndCrash); !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged in the middle: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() < maxTorn {
		t.Errorf("the damaged file was touched: %v %v", info, err)
	}
	garbage := bytes.Repeat([]byte{0xff}, len(data))
	open(t, path, garbage)
	if _, err := Recover(path, EndCrash); err == nil || errors.Is(err, ErrEmpty) {
		t.Errorf("garbage: %v", err)
	}
	if err := os.WriteFile(descriptionPath(path), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Recover(path, EndCrash); err == nil || errors.Is(err, ErrEmpty) {
		t.Errorf("broken description: %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	k := clip(t, "5")
	r := start(t, Options{Dir: dir, Target: 2 * time.Second}, nil)
	k.replay(r)
	closed := r.finish()
	data, _ := os.ReadFile(closed[1].Path)
	open(t, closed[1].Path, data)
	for _, name := range []string{"c_r_00001.json", "c_r_00001.json.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "stranger.mp4"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Leftovers(dir)
	if err != nil || len(all) != 4 {
		t.Fatalf("%+v %v", all, err)
	}
	for i, want := range []string{"", "", "gateway_crash", "publisher_closed"} {
		l := all[i]
		if l.RunEnd != want || (i > 0) != (l.Camera == camera) || i > 0 && (l.Seq != i-1 || l.Path != closed[i-1].Path || l.Bytes != closed[i-1].Bytes) {
			t.Errorf("%d: %+v", i, l)
		}
	}
	for _, c := range closed {
		for range 2 {
			if err := Remove(c.Path); err != nil {
				t.Error(err)
			}
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}

func FuzzRecover(f *testing.F) {
	dir := shm(f)
	path, data, _ := crashed(f, dir, clip(f, "1.2"))
	description, _ := os.ReadFile(descriptionPath(path))
	f.Add(data, description)
	f.Add(data[:len(data)/2], description)
	f.Add([]byte{}, []byte("{}"))
	f.Fuzz(func(t *testing.T, data, description []byte) {
		dir, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, filepath.Base(path))
		if err := errors.Join(os.WriteFile(path, data, 0o600), os.WriteFile(descriptionPath(path), description, 0o600)); err != nil {
			t.Fatal(err)
		}
		c, err := Recover(path, EndCrash)
		_, gone := os.Stat(path)
		switch {
		case errors.Is(err, ErrEmpty):
			if gone == nil {
				t.Fatal("empty, and still there")
			}
		case gone != nil:
			t.Fatalf("the file is gone after %v", err)
		case err == nil:
			again, err := Recover(path, EndCrash)
			if err != nil || again.Bytes != c.Bytes || again.SHA256 != c.SHA256 {
				t.Fatalf("recovered twice: %+v and %+v, %v", c, again, err)
			}
		}
	})
}
