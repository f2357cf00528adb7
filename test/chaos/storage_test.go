package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// short are the objects of the short form, so that many of them meet a fault.
var short = []string{"--object-duration", "3s"}

// lasting is how long a fault lasts, in the short form and in the long one.
func lasting(short, long time.Duration) time.Duration {
	if harness.Long {
		return long
	}
	return short
}

// TestStorageFaults lets the object store answer badly in every way, one after
// the other, and wants nothing lost.
func TestStorageFaults(t *testing.T) {
	t.Parallel()
	b := harness.NewBackends(t)
	proxy := newStorageProxy(t, b)
	s := b.Server(t, short...)
	cams := []*camera{newCamera(t, s, "plain", cameraOptions{}), newCamera(t, s, "with sound", cameraOptions{audio: true})}
	for _, c := range cams {
		s.Online(c.ID)
	}
	harness.Eventually(t, 30*time.Second, "objects are stored", func() error {
		for _, c := range cams {
			if len(s.Objects(c.ID)) == 0 {
				return errors.New("none yet")
			}
		}
		return nil
	})
	before := loadOf(t, s)
	for _, f := range []storageFault{answer500, answer503, trickle, cutUpload, answer403, answer507, answer400, lostAnswer} {
		proxy.set(f)
		harness.Until(time.Now().Add(lasting(5*time.Second, 90*time.Second)))
		harness.Eventually(t, time.Minute, "the fault is met", func() error {
			if proxy.count(f) == 0 {
				return errors.New("no request since")
			}
			return nil
		})
		if harness.Long { // else the next one finds the spool as this one leaves it
			proxy.set(healthy)
			harness.Eventually(t, 90*time.Second, "the spool is drained after "+string(f), func() error { return drained(s) })
		}
	}
	proxy.set(healthy)
	harness.Eventually(t, 90*time.Second, "the spool is drained", func() error { return drained(s) })
	back(t, s, before)
	for _, c := range cams {
		c.account(t, bounds{})
	}
	clean(t, s)
}

// drained tells whether no finished file waits in the spool of a server.
func drained(s *harness.Server) error {
	n, err := s.Metric("gatepost_archive_spool_files")
	if err == nil && n > 0 {
		err = fmt.Errorf("%.0f files wait", n)
	}
	return err
}

// TestStorageAway kills the S3 server under recording cameras, and starts it again.
func TestStorageAway(t *testing.T) {
	t.Parallel()
	b := harness.NewBackends(t)
	s := b.Server(t, short...)
	c := newCamera(t, s, "outage", cameraOptions{})
	s.Online(c.ID)
	harness.Until(time.Now().Add(4 * time.Second))
	before := loadOf(t, s)
	b.StopS3()
	harness.Until(time.Now().Add(lasting(15*time.Second, 3*time.Minute)))
	b.StartS3(t)
	harness.Eventually(t, 90*time.Second, "the spool is drained", func() error { return drained(s) })
	back(t, s, before)
	c.account(t, bounds{})
	clean(t, s)
}

// TestStorageFull fills the disk under the S3 server, and empties it again.
func TestStorageFull(t *testing.T) {
	t.Parallel()
	b := harness.NewBackends(t)
	disk := smallDisk(t, filepath.Join(b.S3Dir, harness.Bucket), "32m") // what the long form records has room once it is freed
	s := b.Server(t, short...)
	c := newCamera(t, s, "full bucket", cameraOptions{})
	s.Online(c.ID)
	harness.Until(time.Now().Add(4 * time.Second))
	before := loadOf(t, s)
	disk.fill()
	refused := func() error {
		n, err := s.Metric("gatepost_archive_failures_total")
		if err == nil && n == 0 {
			err = errors.New("no upload has failed")
		}
		return err
	}
	harness.Eventually(t, 30*time.Second, "an upload fails", refused)
	harness.Until(time.Now().Add(lasting(5*time.Second, time.Minute)))
	disk.free()
	harness.Eventually(t, 90*time.Second, "the spool is drained", func() error { return drained(s) })
	back(t, s, before)
	c.account(t, bounds{})
	clean(t, s)
}

// TestSpoolFull fills the disk of the spool under a recording camera, and
// empties it again: what could not be written is a gap for the storage's sake,
// and recording goes on by itself.
func TestSpoolFull(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	spool := filepath.Join(data, "spool")
	if err := os.Mkdir(spool, 0o750); err != nil {
		t.Fatal(err)
	}
	disk := smallDisk(t, spool, "3m")
	s := harness.NewServer(t, append(short, "--data", data)...)
	s.Data = data
	c := newCamera(t, s, "full spool", cameraOptions{audio: true})
	s.Online(c.ID)
	harness.Until(time.Now().Add(4 * time.Second))
	before := loadOf(t, s)
	for range 2 {
		from := c.count()
		disk.fill()
		harness.Eventually(t, 30*time.Second, "the camera is online and not recording", func() error {
			if now := s.Camera(c.ID); !now.Online || now.Recording {
				return fmt.Errorf("online %v, recording %v", now.Online, now.Recording)
			}
			return nil
		})
		harness.Until(time.Now().Add(lasting(2*time.Second, 30*time.Second)))
		disk.free()
		harness.Eventually(t, 30*time.Second, "the camera records again", func() error {
			if now := s.Camera(c.ID); !now.Recording {
				return errors.New("it does not")
			}
			return nil
		})
		harness.Until(time.Now().Add(3 * time.Second))
		if c.count()-from < 100 {
			t.Error("the camera was held up by the full disk")
		}
	}
	back(t, s, before)
	c.account(t, bounds{reasons: []string{"storage"}})
	clean(t, s)
}

// disk is a file system of its own.
type disk struct {
	t    *testing.T
	dir  string
	stop chan struct{}
	done chan struct{}
}

// smallDisk mounts one on a directory, for as long as the test runs.
func smallDisk(t *testing.T, dir, size string) *disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a small tmpfs that can be filled")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("cannot mount a small tmpfs that could be filled: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return &disk{t: t, dir: dir}
}

// fill leaves no room, and takes what others give back, until free is called.
func (d *disk) fill() {
	d.t.Helper()
	f, err := os.Create(filepath.Join(d.dir, ".filler"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.stop, d.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(d.done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		block := make([]byte, 4096)
		for {
			_, err := f.Write(block)
			if err != nil && !errors.Is(err, syscall.ENOSPC) {
				d.t.Error(err)
			}
			if err == nil {
				continue
			}
			select {
			case <-d.stop:
				if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
					d.t.Error(err)
				}
				return
			case <-tick.C:
			}
		}
	}()
}

// free gives the room back.
func (d *disk) free() {
	close(d.stop)
	<-d.done
}
