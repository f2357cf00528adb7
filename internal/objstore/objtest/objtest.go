// Package objtest is the suite that every object store must pass, and a real S3
// server to run it on.
package objtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// Run puts a store through the contract of objstore.Store. factory opens an
// empty one whose presigned URLs can be fetched by http.DefaultClient.
func Run(t *testing.T, factory func(t *testing.T) objstore.Store) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, objstore.Store)
	}{
		{"check", testCheck},
		{"put and get", testPutGet},
		{"ranges", testRanges},
		{"put is all or nothing", testAllOrNothing},
		{"put from the middle of a reader", testPutMiddle},
		{"missing", testMissing},
		{"copy", testCopy},
		{"delete", testDelete},
		{"list", testList},
		{"keys", testKeys},
		{"presign", testPresign},
		{"presign options", testPresignOptions},
		{"concurrent", testConcurrent},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, factory(t)) })
	}
}

func testCheck(t *testing.T, s objstore.Store) {
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func testPutGet(t *testing.T, s objstore.Store) {
	for _, size := range []int{0, 1, 4096, 5_000_001} {
		key := fmt.Sprintf("rec/30/cam/%d.mp4", size)
		data := random(size)
		before := time.Now().Add(-2 * time.Second)
		put(t, s, key, data)
		if got := get(t, s, key, 0, -1); !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back as %d other ones", size, len(got))
		}
		info, err := s.Stat(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if info.Key != key || info.Size != int64(size) || info.Modified.Before(before) || time.Until(info.Modified) > 2*time.Second {
			t.Errorf("stat of %s: %+v", key, info)
		}
	}
	put(t, s, "again", []byte("first, the longer one"))
	put(t, s, "again", []byte("second"))
	if got := get(t, s, "again", 0, -1); string(got) != "second" {
		t.Errorf("after replacing: %q", got)
	}
}

func testCopy(t *testing.T, s objstore.Store) {
	data, other := random(100_000), random(10)
	const from, to, odd = "rec/30/cam/a.mp4", "hold/cam/a.mp4", "rec/30/摄像机/a b+c%20.mp4"
	put(t, s, from, data)
	copied := func(from, to string) {
		t.Helper()
		if err := s.Copy(t.Context(), from, to); err != nil {
			t.Fatalf("copy %s to %s: %v", from, to, err)
		}
		if got := get(t, s, to, 0, -1); !bytes.Equal(got, data) {
			t.Errorf("the copy %s has %d other bytes", to, len(got))
		}
	}
	copied(from, to)
	copied(from, to) // as after a crash
	copied(from, from)
	copied(to, odd)
	copied(odd, "rec/30/x/y.mp4")
	// What is put in the place of one does not change the other.
	put(t, s, from, other)
	if got := get(t, s, to, 0, -1); !bytes.Equal(got, data) {
		t.Error("the copy changed with what it was made of")
	}
	put(t, s, to, other)
	copied(odd, to)
	if err := s.Delete(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	if got := get(t, s, to, 0, -1); !bytes.Equal(got, data) {
		t.Error("the copy went with what it was made of")
	}
	for _, missing := range []string{odd, "nothing/here"} {
		if err := s.Copy(t.Context(), missing, "z"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("copy of nothing: %v", err)
		}
	}
	if _, err := s.Stat(t.Context(), "z"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing was copied to something: %v", err)
	}
	for _, keys := range [][2]string{{from, "../x"}, {"../x", to}} {
		if err := s.Copy(t.Context(), keys[0], keys[1]); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("copy %q: %v", keys, err)
		}
	}
}

func testRanges(t *testing.T, s objstore.Store) {
	data := random(1000)
	put(t, s, "o", data)
	for _, c := range []struct{ off, length, from, to int64 }{
		{0, -1, 0, 1000}, {0, 1, 0, 1}, {0, 1000, 0, 1000}, {0, 2000, 0, 1000}, {500, -1, 500, 1000},
		{999, 1, 999, 1000}, {999, 50, 999, 1000}, {100, 200, 100, 300},
	} {
		if got := get(t, s, "o", c.off, c.length); !bytes.Equal(got, data[c.from:c.to]) {
			t.Errorf("get %d+%d: %d bytes, not [%d,%d)", c.off, c.length, len(got), c.from, c.to)
		}
	}
	for _, off := range []int64{1000, 5000} {
		for _, length := range []int64{-1, 1} {
			if _, err := s.Get(t.Context(), "o", off, length); !errors.Is(err, objstore.ErrRange) {
				t.Errorf("get %d+%d of 1000 bytes: %v, not ErrRange", off, length, err)
			}
		}
	}
	for _, c := range [][2]int64{{-1, 5}, {0, 0}, {10, 0}} {
		if _, err := s.Get(t.Context(), "o", c[0], c[1]); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("get %d+%d: %v, not invalid", c[0], c[1], err)
		}
	}
}

// brokenReader fails after n bytes.
type brokenReader struct {
	*bytes.Reader
	n int64
}

var errBroken = errors.New("the reader broke")

func (b *brokenReader) Read(p []byte) (int, error) {
	at, _ := b.Reader.Seek(0, io.SeekCurrent)
	if at >= b.n {
		return 0, errBroken
	}
	return b.Reader.Read(p[:min(int64(len(p)), b.n-at)])
}

func testAllOrNothing(t *testing.T, s objstore.Store) {
	put(t, s, "kept", []byte("old"))
	data := random(100_000)
	for _, key := range []string{"kept", "never"} {
		err := s.Put(t.Context(), key, &brokenReader{bytes.NewReader(data), 50_000}, int64(len(data)))
		if !errors.Is(err, errBroken) {
			t.Errorf("put of a broken reader: %v", err)
		}
		for _, size := range []int64{int64(len(data)) - 1, int64(len(data)) + 1} {
			if err := s.Put(t.Context(), key, bytes.NewReader(data), size); gatepost.CodeOf(err) != gatepost.Invalid {
				t.Errorf("put of %d bytes as %d: %v, not invalid", len(data), size, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Put(ctx, key, bytes.NewReader(data), int64(len(data))); !errors.Is(err, context.Canceled) {
			t.Errorf("put with a context that is done: %v", err)
		}
	}
	if got := get(t, s, "kept", 0, -1); string(got) != "old" {
		t.Errorf("a failed put changed the object to %d bytes", len(got))
	}
	if _, err := s.Stat(t.Context(), "never"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed put left an object: %v", err)
	}
	if got := list(t, s, "", ""); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("after failed puts: %q", got)
	}
}

func testPutMiddle(t *testing.T, s objstore.Store) {
	r := strings.NewReader("skip this, keep that")
	if _, err := r.Seek(11, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "o", r, int64(r.Len())); err != nil {
		t.Fatal(err)
	}
	if got := get(t, s, "o", 0, -1); string(got) != "keep that" {
		t.Errorf("%q", got)
	}
}

func testMissing(t *testing.T, s objstore.Store) {
	put(t, s, "a/b", []byte("x"))
	for _, key := range []string{"nothing", "a", "a/b/c", "a/c"} {
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("stat %s: %v", key, err)
		}
		if _, err := s.Get(t.Context(), key, 0, -1); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("get %s: %v", key, err)
		}
		if _, err := s.Get(t.Context(), key, 5, 5); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("get %s from 5: %v", key, err)
		}
	}
}

func testDelete(t *testing.T, s objstore.Store) {
	if err := s.Delete(t.Context()); err != nil {
		t.Errorf("delete of nothing: %v", err)
	}
	if err := s.Delete(t.Context(), "missing", "rec/30/missing"); err != nil {
		t.Errorf("delete of missing objects: %v", err)
	}
	var all, gone []string
	for i := range 25 {
		key := fmt.Sprintf("rec/%d/o%02d", i%3, i)
		put(t, s, key, []byte(key))
		all = append(all, key)
		if i%2 == 0 {
			gone = append(gone, key)
		}
	}
	if err := s.Delete(t.Context(), append(gone, "missing")...); err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(slices.Clone(all), func(k string) bool { return slices.Contains(gone, k) })
	slices.Sort(want)
	if got := list(t, s, "rec/", ""); !slices.Equal(got, want) {
		t.Errorf("after delete: %q, want %q", got, want)
	}
	if err := s.Delete(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	put(t, s, all[0], []byte("back"))
	if got := get(t, s, all[0], 0, -1); string(got) != "back" {
		t.Errorf("%q", got)
	}
}

func testList(t *testing.T, s objstore.Store) {
	keys := []string{
		"clip/1.mp4", "rec.txt", "rec/180/c/1.mp4", "rec/30/a/2026/01/01/r-00000.mp4", "rec/30/a/2026/01/01/r-00001.mp4",
		"rec/30/a/2026/01/02/r-00002.mp4", "rec/30/a.b/x", "rec/30/a/z", "rec/30/ab/x", "rec/30/监控/一", "z",
	}
	for _, k := range keys {
		put(t, s, k, []byte(k))
	}
	slices.Sort(keys)
	for _, c := range []struct{ prefix, after string }{
		{"", ""}, {"rec/", ""}, {"rec", ""}, {"rec/30/a", ""}, {"rec/30/a/", ""}, {"rec/30/a/2026/01/0", ""}, {"nothing/", ""},
		{"", "rec/30/a"}, {"", "rec/30/a/2026/01/01/r-00000.mp4"}, {"rec/30/a/", "rec/30/a/2026/01/01/r-00001.mp4"},
		{"rec/30/", "rec/30/a/2026/"}, {"rec/30/", "rec/30/a/2026/01/01/r-00000.mp4x"}, {"", "zz"}, {"rec/30/a/", "rec/30/a/z"},
	} {
		want := slices.DeleteFunc(slices.Clone(keys), func(k string) bool {
			return !strings.HasPrefix(k, c.prefix) || k <= c.after
		})
		if got := list(t, s, c.prefix, c.after); !slices.Equal(got, want) {
			t.Errorf("list %q after %q:\n%q, want\n%q", c.prefix, c.after, got, want)
		}
	}
	n := 0
	for info, err := range s.List(t.Context(), "rec/", "") {
		if err != nil {
			t.Fatal(err)
		}
		if info.Size != int64(len(info.Key)) || info.Modified.IsZero() {
			t.Errorf("%+v", info)
		}
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("broke off after %d", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.List(ctx, "", "") {
		if err == nil {
			t.Error("a list with a context that is done goes on")
		}
		break
	}
}

func testKeys(t *testing.T, s objstore.Store) {
	for _, key := range []string{
		"", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", "a//b", "a/", ".", "./a", "a/./b", ".gatepost/secret", "a/.hidden",
		"a\x00b", "a\nb", "a\\b", "\xff", strings.Repeat("x", 256), strings.Repeat("x/", 600) + "x",
	} {
		if err := s.Put(t.Context(), key, strings.NewReader("x"), 1); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("put %q: %v", key, err)
		}
		if _, err := s.Get(t.Context(), key, 0, -1); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("get %q: %v", key, err)
		}
		if _, err := s.Stat(t.Context(), key); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("stat %q: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("delete %q: %v", key, err)
		}
		if _, err := s.Presign(t.Context(), key, objstore.PresignOptions{}); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("presign %q: %v", key, err)
		}
	}
	for _, key := range []string{"a b+c&d=e?f#g%h.mp4", "监控/一类点.mp4", "a..b/c", strings.Repeat("x", 200)} {
		put(t, s, key, []byte(key))
		if got := get(t, s, key, 0, -1); string(got) != key {
			t.Errorf("%q holds %q", key, got)
		}
		u, err := s.Presign(t.Context(), key, objstore.PresignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if status, body, _ := fetch(t, u, ""); status != http.StatusOK || string(body) != key {
			t.Errorf("presigned %q: %d %q", key, status, body)
		}
	}
}

func testPresign(t *testing.T, s objstore.Store) {
	data := random(10_000)
	put(t, s, "rec/30/c/o.mp4", data)
	whole, err := s.Presign(t.Context(), "rec/30/c/o.mp4", objstore.PresignOptions{Expires: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	ranged, err := s.Presign(t.Context(), "rec/30/c/o.mp4", objstore.PresignOptions{Expires: time.Minute, Range: &[2]int64{100, 299}})
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.Presign(t.Context(), "rec/30/c/other.mp4", objstore.PresignOptions{Expires: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, url, span string
		status          int
		body            []byte
	}{
		{"whole", whole, "", 200, data},
		{"part of the whole", whole, "bytes=5-9", 206, data[5:10]},
		{"suffix of the whole", whole, "bytes=-10", 206, data[9990:]},
		{"the signed range", ranged, "bytes=100-299", 206, data[100:300]},
		{"no range", ranged, "", 403, nil},
		{"another range", ranged, "bytes=100-300", 403, nil},
		{"a range before", ranged, "bytes=99-299", 403, nil},
		{"an open range", ranged, "bytes=100-", 403, nil},
		{"two ranges", ranged, "bytes=100-299,400-500", 403, nil},
		{"another key", strings.Replace(whole, "o.mp4", "x.mp4", 1), "", 403, nil},
		{"no signature", strings.SplitN(whole, "?", 2)[0], "", 403, nil},
		{"a forged signature", forge(t, whole), "", 403, nil},
		{"a missing object", other, "", 404, nil},
	} {
		status, body, header := fetch(t, c.url, c.span)
		if status != c.status {
			t.Errorf("%s: status %d, want %d: %.300s", c.name, status, c.status, body)
			continue
		}
		if c.body != nil && !bytes.Equal(body, c.body) {
			t.Errorf("%s: %d other bytes", c.name, len(body))
		}
		if c.body != nil && header.Get("Content-Type") != "video/mp4" {
			t.Errorf("%s: content type %q", c.name, header.Get("Content-Type"))
		}
		// Refusals have none on S3 servers; there it is the bucket's configuration.
		if got := header.Get("Access-Control-Allow-Origin"); c.body != nil && got != "*" {
			t.Errorf("%s: Access-Control-Allow-Origin is %q", c.name, got)
		}
	}
}

func testPresignOptions(t *testing.T, s objstore.Store) {
	put(t, s, "o.mp4", []byte("x"))
	u, err := s.Presign(t.Context(), "o.mp4", objstore.PresignOptions{Filename: "门口 1.mp4"})
	if err != nil {
		t.Fatal(err)
	}
	status, _, header := fetch(t, u, "")
	if status != 200 || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment; filename") {
		t.Errorf("%d, Content-Disposition %q", status, header.Get("Content-Disposition"))
	}
	for _, o := range []objstore.PresignOptions{
		{Expires: -time.Second}, {Expires: time.Millisecond}, {Expires: 25 * time.Hour},
		{Range: &[2]int64{-1, 5}}, {Range: &[2]int64{5, 4}}, {Filename: "a\nb"}, {Filename: `a"b`}, {Filename: "../a"},
	} {
		if _, err := s.Presign(t.Context(), "o.mp4", o); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("%+v: %v, not invalid", o, err)
		}
	}
	u, err = s.Presign(t.Context(), "o.mp4", objstore.PresignOptions{Expires: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	for status = 200; status == 200; {
		status, _, _ = fetch(t, u, "")
		select {
		case <-deadline:
			t.Fatal("a URL of one second still holds after ten")
		case <-time.After(100 * time.Millisecond):
		}
	}
	if status != http.StatusForbidden {
		t.Errorf("an expired URL answers %d", status)
	}
}

// testConcurrent writes and deletes side by side.
func testConcurrent(t *testing.T, s objstore.Store) {
	// versitygw loses a race of its own when a directory becomes empty, so one
	// object stays; dir has a test in which none does.
	put(t, s, "rec/30/c/2026/stays", nil)
	errs := make(chan error, 4)
	for w := range 4 {
		go func() {
			errs <- func() error {
				for i := range 15 {
					key := fmt.Sprintf("rec/30/c/2026/w%d-%d", w, i)
					if err := s.Put(t.Context(), key, strings.NewReader(key), int64(len(key))); err != nil {
						return err
					}
					info, err := s.Stat(t.Context(), key)
					if err != nil || info.Size != int64(len(key)) {
						return fmt.Errorf("stat %s: %+v, %w", key, info, err)
					}
					if err := s.Delete(t.Context(), key); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := list(t, s, "", ""); len(got) != 1 {
		t.Errorf("left: %q", got)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8(sha256.Sum256([]byte{byte(n)}))
	_, _ = r.Read(b)
	return b
}

func put(t *testing.T, s objstore.Store, key string, data []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s objstore.Store, key string, off, length int64) []byte {
	t.Helper()
	r, err := s.Get(t.Context(), key, off, length)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

func list(t *testing.T, s objstore.Store, prefix, after string) []string {
	t.Helper()
	var keys []string
	for info, err := range s.List(t.Context(), prefix, after) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

func fetch(t *testing.T, u, span string) (int, []byte, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://portal.example")
	if span != "" {
		req.Header.Set("Range", span)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body, res.Header
}

// forge changes one digit of a signature.
func forge(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for _, name := range []string{"sig", "X-Amz-Signature"} {
		if sig := q.Get(name); sig != "" {
			last := "0"
			if strings.HasPrefix(sig, "0") {
				last = "1"
			}
			q.Set(name, last+sig[1:])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
