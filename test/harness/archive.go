package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Fsck runs bin/gatepost fsck on the stopped or running server's stores.
func (s *Server) Fsck(extra ...string) (string, error) {
	if s.Backends != nil {
		extra = append(s.Backends.Flags(), extra...)
	}
	args := append([]string{"fsck", "--data", s.Data}, extra...)
	cmd := exec.Command(filepath.Join(Root(s.T), "bin", "gatepost"), args...)
	cmd.Env = append(os.Environ(), s.Env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Spool lists the spool files that are left.
func (s *Server) Spool() []string {
	files, _ := filepath.Glob(filepath.Join(s.Data, "spool", "*"))
	return files
}

// SpoolOf lists the spool files of one camera.
func (s *Server) SpoolOf(id string) []string {
	var out []string
	_ = filepath.WalkDir(filepath.Join(s.Data, "spool"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, id) {
			out = append(out, path)
		}
		return nil
	})
	return out
}

// Objects lists the recordings of a camera as files, oldest first: those of the
// directory store, or those that the S3 server keeps.
func (s *Server) Objects(id string) []string {
	s.T.Helper()
	if s.Backends != nil {
		return s.Backends.Download(s.T, id)
	}
	files, err := filepath.Glob(filepath.Join(s.Data, "objects", "rec", "*", id, "*", "*", "*", "*.mp4"))
	if err != nil {
		s.T.Fatal(err)
	}
	return files
}

// Stored waits until a camera has at least n objects, whether it goes on or not.
func (s *Server) Stored(id string, n int) {
	s.T.Helper()
	Eventually(s.T, time.Minute, "objects are stored", func() error {
		if got := len(s.Objects(id)); got < n {
			return fmt.Errorf("%d of %d", got, n)
		}
		return nil
	})
}

// Archived waits until a camera is offline, its spool is empty and at least n
// objects are stored.
func (s *Server) Archived(id string, n int) {
	s.T.Helper()
	Eventually(s.T, 40*time.Second, "the recording is archived", func() error {
		if s.Camera(id).Online {
			return errors.New("still online")
		}
		if left := s.SpoolOf(id); len(left) > 0 {
			return fmt.Errorf("%d spool files left", len(left))
		}
		if got := len(s.Objects(id)); got < n {
			return fmt.Errorf("%d objects", got)
		}
		return nil
	})
}
