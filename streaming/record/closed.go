package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Reasons that this package gives for the end of a run, beside those that it is
// told. They are EndReasons of the root package.
const (
	EndCrash    = "gateway_crash"
	EndShutdown = "gateway_shutdown"
	EndStorage  = "storage"
	endReplaced = "replaced"
)

const (
	mediaExt       = ".mp4"
	descriptionExt = ".json"
	tempExt        = ".tmp"
)

// Closed describes a finished spool file.
type Closed struct {
	Path   string `json:"-"`
	Camera string `json:"camera"`
	Run    string `json:"run"`
	Seq    int    `json:"seq"` // 0, 1, 2 … within the run

	Start     time.Time     `json:"start"`         // wall time of the first frame, UTC µs
	End       time.Time     `json:"end"`           // wall time of the end of the last frame, UTC µs
	Duration  time.Duration `json:"duration_ns"`   // media time from the first frame to the end of the last
	MediaTime time.Duration `json:"media_time_ns"` // media time of the first frame since the publisher's run began

	Bytes      int64     `json:"bytes"`
	Frames     int64     `json:"frames"` // video frames, or audio frames when there is no video
	SHA256     string    `json:"sha256"` // hex, of the whole file
	Codecs     string    `json:"codecs"` // RFC 6381
	Width      int       `json:"width"`
	Height     int       `json:"height"`
	InitLen    int64     `json:"init_len"` // bytes of the init segment at the front
	InitSHA256 string    `json:"init_sha256"`
	Segments   []Segment `json:"segments"`

	PriorEnd      string `json:"prior_end"` // why the run before ended; "" unless Seq is 0, or not known
	RunEnd        string `json:"run_end"`   // why the run ended; "" unless this is its last file
	RetentionDays int    `json:"retention_days"`
}

// Segment is one independently decodable stretch of a file.
type Segment struct {
	Offset   int64         `json:"offset"` // from the file's first byte
	Length   int64         `json:"length"`
	Start    time.Duration `json:"start_ns"` // media time since the file's first frame
	Duration time.Duration `json:"duration_ns"`
}

// description is the content of the file beside a spool file.
type description struct {
	Version  int  `json:"version"`
	Complete bool `json:"complete"` // closed; otherwise only what was known at the start is set
	Closed
}

const descriptionVersion = 1

// name is the base of the names of a file and its description.
func name(camera, run string, seq int) string { return fmt.Sprintf("%s_%s_%05d", camera, run, seq) }

// plain tells whether an id may be part of a file name.
func plain(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func descriptionPath(path string) string { return strings.TrimSuffix(path, mediaExt) + descriptionExt }

// writeDescription replaces the description of the spool file at d.Path, all or
// nothing, with its content on the disk. Its name is durable once the directory is synced.
func writeDescription(d description) error {
	d.Version = descriptionVersion
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	to := descriptionPath(d.Path)
	temp := to + tempExt
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(temp, to)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	return nil
}

func readDescription(path string) (description, error) {
	b, err := os.ReadFile(descriptionPath(path))
	if err != nil {
		return description{}, err
	}
	var d description
	if err := json.Unmarshal(b, &d); err != nil {
		return description{}, fmt.Errorf("%s: %w", descriptionPath(path), err)
	}
	if d.Version != descriptionVersion {
		return description{}, fmt.Errorf("%s: version %d is not known", descriptionPath(path), d.Version)
	}
	if filepath.Base(path) != name(d.Camera, d.Run, d.Seq)+mediaExt || !plain(d.Camera) || !plain(d.Run) {
		return description{}, fmt.Errorf("%s describes another file", descriptionPath(path))
	}
	d.Path = path
	return d, nil
}

// Remove deletes a spool file whose object and row are safe, and its
// description. Removing it twice succeeds.
func Remove(path string) error {
	if err := removeIfThere(path); err != nil {
		return err
	}
	return removeIfThere(descriptionPath(path))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
