package dir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/objtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "objects"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	mux := http.NewServeMux()
	mux.Handle(Prefix, s.Handler())
	srv := httptest.NewServer(mux)
	t.Cleanup(func() { http.DefaultClient.CloseIdleConnections(); srv.Close() })
	s.base = srv.URL
	return s
}

func TestConformance(t *testing.T) {
	objtest.Run(t, func(t *testing.T) objstore.Store { return newStore(t) })
}

func TestSecret(t *testing.T) {
	s := newStore(t)
	info, err := os.Stat(filepath.Join(s.path, secretFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	again, err := Open(s.path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if string(again.secret) != string(s.secret) || len(s.secret) != secretLen {
		t.Error("the secret changed between two openings")
	}
	for info, err := range s.List(t.Context(), "", "") {
		t.Errorf("an empty store lists %v, %v", info, err)
	}
}

// A deleted object leaves no directories behind, an opening no old temporary files.
func TestTidy(t *testing.T) {
	s := newStore(t)
	if err := s.Put(t.Context(), "rec/30/c/o", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "rec/30/c/o"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(s.path, "rec")); !os.IsNotExist(err) {
		t.Errorf("rec is still there: %v", err)
	}
	old, young := filepath.Join(s.path, tempDir, "old"), filepath.Join(s.path, tempDir, "young")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-staleTemp-time.Minute)); err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("an old temporary file is still there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("a young temporary file is gone: %v", err)
	}
}

// Puts survive that deletes beside them remove the directory which they need.
func TestTidyWhilePutting(t *testing.T) {
	s := newStore(t)
	errs := make(chan error, 4)
	for w := range 4 {
		go func() {
			key := fmt.Sprintf("rec/30/c/%d", w)
			var err error
			for i := 0; i < 30 && err == nil; i++ {
				if err = s.Put(t.Context(), key, strings.NewReader("x"), 1); err == nil {
					err = s.Delete(t.Context(), key)
				}
			}
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestSymlinkOutside(t *testing.T) {
	s := newStore(t)
	outside := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(s.path, "link")); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Get(t.Context(), "link", 0, -1); err == nil {
		b, _ := io.ReadAll(r)
		t.Errorf("a link out of the store reads %q", b)
	}
}

func TestOpenAndCheckFailures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(filepath.Join(file, "objects"), Options{})
	if gatepost.CodeOf(err) != gatepost.Unavailable || !strings.Contains(err.Error(), "--objects") {
		t.Errorf("open below a file: %v", err)
	}
	s := newStore(t)
	if err := os.RemoveAll(s.path); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); gatepost.CodeOf(err) != gatepost.NotFound {
		t.Errorf("check of a directory that was removed: %v", err)
	}
}

func TestHandler(t *testing.T) {
	s := newStore(t)
	if err := s.Put(t.Context(), "o.mp4", strings.NewReader("0123456789"), 10); err != nil {
		t.Fatal(err)
	}
	u, err := s.Presign(t.Context(), "o.mp4", objstore.PresignOptions{Range: &[2]int64{2, 7}})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := s.Presign(t.Context(), "o.mp4", objstore.PresignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	edit := func(name, value string) string {
		p, _ := url.Parse(u)
		q := p.Query()
		q.Set(name, value)
		p.RawQuery = q.Encode()
		return p.String()
	}
	for _, c := range []struct {
		name, method, url string
		header            [2]string
		status            int
		body              string
	}{
		{"range within", "GET", u, [2]string{"Range", "bytes=3-4"}, 206, "34"},
		{"HEAD", "HEAD", u, [2]string{"Range", "bytes=2-7"}, 206, ""},
		{"If-Range does not widen", "GET", u, [2]string{"Range", "bytes=2-7"}, 206, "234567"},
		{"whole", "GET", whole, [2]string{}, 200, "0123456789"},
		{"behind the end", "GET", whole, [2]string{"Range", "bytes=20-30"}, 416, ""},
		{"preflight", "OPTIONS", u, [2]string{"Access-Control-Request-Headers", "range"}, 204, ""},
		{"preflight needs no signature", "OPTIONS", s.base + "/objects/x", [2]string{}, 204, ""},
		{"POST", "POST", u, [2]string{}, 405, ""},
		{"longer life", "GET", edit("expires", "99999999999"), [2]string{"Range", "bytes=2-7"}, 403, ""},
		{"wider range", "GET", edit("range", "0-9"), [2]string{"Range", "bytes=0-9"}, 403, ""},
		{"no range in the query", "GET", edit("range", ""), [2]string{}, 403, ""},
		{"file name added", "GET", edit("filename", "x"), [2]string{"Range", "bytes=2-7"}, 403, ""},
		{"climbing", "GET", s.base + "/objects/..%2f..%2fetc/passwd?expires=9999999999&sig=x", [2]string{}, 403, ""},
		{"the secret", "GET", s.base + "/objects/.gatepost/secret?expires=9999999999&sig=x", [2]string{}, 403, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.header[0] != "" {
			req.Header.Set(c.header[0], c.header[1])
		}
		if strings.HasPrefix(c.name, "If-Range") {
			req.Header.Set("If-Range", `"other"`)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.status || (c.body != "" && string(body) != c.body) {
			t.Errorf("%s: %d %q, want %d %q", c.name, res.StatusCode, body, c.status, c.body)
		}
		if res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: no CORS", c.name)
		}
		if c.method == "OPTIONS" && res.Header.Get("Access-Control-Allow-Headers") != "Range" {
			t.Errorf("%s: %v", c.name, res.Header)
		}
		if c.status == 206 && !strings.Contains(res.Header.Get("Access-Control-Expose-Headers"), "Content-Range") {
			t.Errorf("%s: Content-Range is not exposed", c.name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	s, err := Open(filepath.Join(f.TempDir(), "objects"), Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	good, err := s.Presign(f.Context(), "rec/30/c/o.mp4", objstore.PresignOptions{Range: &[2]int64{1, 2}, Filename: "a b"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "bytes=1-2")
	f.Add("/objects/a?expires=1&sig=", "bytes=-1")
	f.Add("/objects/a?expires=9999999999&range=1-2%0a&sig=x", "bytes=1-")
	f.Fuzz(func(t *testing.T, raw, header string) {
		u, err := url.Parse(raw)
		if err != nil {
			return
		}
		c, ok := s.verify(u)
		if ok && (c.key != "rec/30/c/o.mp4" || c.span != "1-2" || c.filename != "a b") {
			t.Fatalf("%q passes as %+v", raw, c)
		}
		if within([]string{header}, "5-9") {
			first, last, ok := parseSpan(strings.TrimSpace(strings.TrimPrefix(header, "bytes=")))
			if !ok || first < 5 || last > 9 {
				t.Fatalf("%q counts as within 5-9", header)
			}
		}
	})
}

// TestAdopt: a file becomes an object as a whole, again and again, and outlives
// its other name; what is not as promised leaves nothing behind.
func TestAdopt(t *testing.T) {
	for _, other := range []bool{false, true} { // the file lies on another disk
		s := newStore(t)
		spool := t.TempDir()
		if other {
			var err error
			if spool, err = os.MkdirTemp("/dev/shm", "adopt"); err != nil {
				t.Skip("no other disk here: ", err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(spool) })
		}
		file := filepath.Join(spool, "a.mp4")
		if err := os.WriteFile(file, []byte("whole"), 0o640); err != nil {
			t.Fatal(err)
		}
		long := time.Now().Add(-24 * time.Hour)
		if err := os.Chtimes(file, long, long); err != nil {
			t.Fatal(err)
		}
		const key = "rec/30/cam/2026/01/02/run-00000.mp4"
		if err := s.Put(t.Context(), key, strings.NewReader("before"), 6); err != nil {
			t.Fatal(err)
		}
		if err := s.Adopt(t.Context(), key, file, 6); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("a file of another size: %v", err)
		}
		if err := s.Adopt(t.Context(), key, file+"x", 5); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file that is not there: %v", err)
		}
		if got := read(t, s, key); got != "before" {
			t.Errorf("after failures the object holds %q", got)
		}
		for range 2 {
			if err := s.Adopt(t.Context(), key, file, 5); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, key); got != "whole" {
			t.Errorf("the object holds %q", got)
		}
		if info, err := s.Stat(t.Context(), key); err != nil || time.Since(info.Modified) > time.Minute {
			t.Errorf("%+v, %v: an object is as old as its putting", info, err)
		}
		if left, err := os.ReadDir(filepath.Join(s.path, tempDir)); err != nil || len(left) > 0 {
			t.Errorf("%d temporary files are left, %v", len(left), err)
		}
	}
}

func read(t *testing.T, s *Store, key string) string {
	t.Helper()
	r, err := s.Get(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
