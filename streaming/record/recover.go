package record

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

// ErrEmpty says that a spool file held no media; Recover has removed it.
var ErrEmpty = errors.New("the spool file holds no media")

// ErrDamaged says that a spool file is damaged in a way that no crash of a
// Writer leaves: cutting it would lose more than a torn part.
var ErrDamaged = errors.New("the spool file is damaged in its middle")

// maxTorn is the most that a torn part may have.
const maxTorn = 16 << 20

// Leftover is a spool file that an earlier process left.
type Leftover struct {
	Path   string
	Camera string
	Run    string
	Seq    int
	Bytes  int64
	RunEnd string // why the run ended; EndCrash for a file that was not closed, "" when the run went on
}

// Spooled lists the media files in dir. It changes nothing, and may run while
// Writers use dir.
func Spooled(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == mediaExt {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// CameraOf returns the camera of a spool file, as its name says; "" for a file
// that is none.
func CameraOf(path string) string {
	parts := strings.Split(strings.TrimSuffix(filepath.Base(path), mediaExt), "_")
	if len(parts) != 3 || !plain(parts[0]) {
		return ""
	}
	return parts[0]
}

// Leftovers lists the spool files in dir, by camera and time, and removes what
// is left of files that were removed or never begun. It must not run while a
// Writer uses dir. Files that are nobody's are listed with an empty Camera.
func Leftovers(dir string) ([]Leftover, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []Leftover
	starts := make(map[string]int64)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch filepath.Ext(path) {
		case tempExt:
			err = removeIfThere(path)
		case descriptionExt:
			_, err = os.Stat(strings.TrimSuffix(path, descriptionExt) + mediaExt)
			if errors.Is(err, fs.ErrNotExist) {
				err = removeIfThere(path)
			}
		case mediaExt:
			var info fs.FileInfo
			if info, err = e.Info(); err != nil {
				break
			}
			l := Leftover{Path: path, Bytes: info.Size()}
			if d, err := readDescription(path); err == nil {
				l.Camera, l.Run, l.Seq, l.RunEnd = d.Camera, d.Run, d.Seq, EndCrash
				if d.Complete {
					l.RunEnd = d.RunEnd
				}
				starts[path] = d.Start.UnixMicro()
			}
			all = append(all, l)
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b Leftover) int {
		return cmp.Or(strings.Compare(a.Camera, b.Camera), cmp.Compare(starts[a.Path], starts[b.Path]), cmp.Compare(a.Seq, b.Seq))
	})
	return all, nil
}

// Recover finishes a spool file that no Writer has open. A file that was closed
// in order is returned as it is. One that was not is cut at its last whole
// part, made durable, and described, as the end of its run for the given reason.
//
// It fails with ErrEmpty when there was no media; the file is gone then. With
// any other error the file stays, and Recover may be called again.
func Recover(path, reason string) (Closed, error) {
	c, err := recoverFile(path, reason)
	if errors.Is(err, ErrEmpty) {
		if err := Remove(path); err != nil {
			return Closed{}, fmt.Errorf("recover %s: %w", path, err)
		}
	}
	if err != nil {
		return Closed{}, fmt.Errorf("recover %s: %w", path, err)
	}
	return c, nil
}

func recoverFile(path, reason string) (c Closed, err error) {
	d, err := readDescription(path)
	if err != nil {
		return c, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return c, err
	}
	if d.Complete && info.Size() == d.Bytes {
		return d.Closed, nil
	}
	scan, err := cmaf.ScanFragments(f, info.Size())
	if errors.Is(err, cmaf.ErrNoInit) && info.Size() <= d.InitLen {
		return c, ErrEmpty
	}
	if err != nil {
		return c, err
	}
	if info.Size()-scan.Whole > maxTorn {
		return c, fmt.Errorf("%w: %d bytes behind the first %d", ErrDamaged, info.Size()-scan.Whole, scan.Whole)
	}
	if len(scan.Fragments) == 0 {
		return c, ErrEmpty
	}
	if scan.Whole < info.Size() {
		if err := f.Truncate(scan.Whole); err != nil {
			return c, err
		}
	}
	if err := f.Sync(); err != nil {
		return c, err
	}
	hash := sha256.New()
	if n, err := io.Copy(hash, io.NewSectionReader(f, 0, scan.Whole)); err != nil || n != scan.Whole {
		return c, errors.Join(err, short(int(n), int(scan.Whole)))
	}
	c = d.Closed
	c.RunEnd = reason
	c.Bytes = scan.Whole
	c.SHA256 = hex.EncodeToString(hash.Sum(nil))
	found(scan).describe(&c)
	if err := writeDescription(description{Complete: true, Closed: c}); err != nil {
		return Closed{}, err
	}
	return c, syncDir(filepath.Dir(path))
}

// found builds the index of a file from what a scan found in it.
func found(scan *cmaf.Scan) *index {
	x := &index{video: slices.ContainsFunc(scan.Tracks, func(t cmaf.TrackInfo) bool { return t.Video })}
	for _, f := range scan.Fragments {
		x.add(stretch{
			offset: f.Offset, length: f.Length,
			start: f.Start, duration: f.Duration, ntp: f.NTP,
			independent: f.Independent, frames: f.Frames,
		})
	}
	return x
}
