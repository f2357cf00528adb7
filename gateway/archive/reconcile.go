package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/record"
)

// How often is looked for uploads that hang, and for spool files that nobody
// knows of. A file counts as a stray when two looks in a row found it.
const (
	requeueEvery = 5 * time.Second
	rescanEvery  = 10 * time.Second
)

// The repairs that are counted.
const (
	repairRecorder = "recorder_restarted"
	repairSpool    = "spool_rescanned"
	repairUpload   = "upload_requeued"
	repairRow      = "row_reported"
)

func (a *Archive) repaired(what string) { a.o.Metrics.repairs.WithLabelValues(what).Inc() }

// requeue gives the files of uploads that hang to new workers, which start
// makes. As many as there are workers may hang; beyond that the disk or the
// store is dead.
func (a *Archive) requeue(start func()) {
	n := a.jobs.requeue(a.o.Uploads - int(a.replaced.Load()))
	for range n {
		a.replaced.Add(1)
		a.repaired(repairUpload)
		start()
	}
	if n > 0 {
		a.o.Log.Error("uploads hang in spite of their time limits; they are tried again beside", "uploads", n)
	}
}

// forget drops cameras that nobody records any more.
func (a *Archive) forget(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	recorded := make(map[string]bool)
	for _, s := range a.open {
		recorded[s.camera] = true
	}
	for id, c := range a.cameras {
		if _, waits := a.jobs.camera(id); !recorded[id] && waits.IsZero() && now.Sub(c.left) > forgetAfter {
			delete(a.cameras, id)
		}
	}
}

// rescan takes up spool files that no recorder writes and no upload knows of.
func (a *Archive) rescan() {
	found, err := record.Spooled(a.o.Spool)
	if err != nil {
		a.o.Log.Error("the spool cannot be listed", "err", err)
		return
	}
	known := a.jobs.paths()
	a.mu.Lock()
	defer a.mu.Unlock()
	for w := range a.open {
		for _, p := range w.Paths() {
			known[p] = true
		}
	}
	before := a.strays
	a.strays = make(map[string]bool)
	for _, path := range found {
		camera := record.CameraOf(path)
		switch {
		case known[path] || camera == "":
		case !before[path]:
			a.strays[path] = true
		default:
			a.repaired(repairSpool)
			a.o.Log.Error("the spool holds a file that nobody knew of; it is taken up", "camera", camera, "path", path)
			a.jobs.add(&job{path: path, camera: camera, runEnd: record.EndStorage})
		}
	}
}

// Missing is told recordings whose rows the control plane does not have, by id;
// they are reported again if their objects are still there. Only the newest
// recording of each camera is remembered; others are passed over, and those that are past
// their days of retention.
func (a *Archive) Missing(ids []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for camera, c := range a.cameras {
		if c.kept(time.Now()) && slices.Contains(ids, c.newest.ID) {
			a.o.Log.Error("the row of a stored recording is gone; it is reported again", "camera", camera, "recording", c.newest.ID)
			a.jobs.add(&job{camera: camera, lost: c.newest})
			c.newest = nil // set again once it is there
		}
	}
}

// again makes the row of a stored recording again. One whose object is gone,
// too, is lost: that is logged, and nothing more can be done.
func (a *Archive) again(ctx context.Context, r gatepost.Recording) error {
	ctx, cancel := context.WithTimeout(ctx, objectTimeout)
	defer cancel()
	info, err := a.o.Objects.Stat(ctx, r.Key)
	if errors.Is(err, fs.ErrNotExist) {
		a.o.Log.Error("a recording is lost: its row and its object are gone", "camera", r.CameraID, "recording", r.ID)
		return nil
	}
	if err != nil {
		return err
	}
	if info.Size != r.Bytes {
		return fmt.Errorf("%s has %d bytes, its recording says %d", r.Key, info.Size, r.Bytes)
	}
	if err := a.row(ctx, r); err != nil {
		return err
	}
	a.repaired(repairRow)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.camera(r.CameraID).stored(&r)
	return nil
}
