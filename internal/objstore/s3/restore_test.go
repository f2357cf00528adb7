package s3

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/objtest"
)

// TestRestore goes by a stand-in for the deep archive: the server has no such class.
func TestRestore(t *testing.T) {
	server := objtest.StartS3(t)
	bucket, classes := server.BucketWithClasses(t, "deep")
	s := open(t, bucket)
	ctx := t.Context()
	if err := s.Put(ctx, "rec/30/a", strings.NewReader("film"), 4); err != nil {
		t.Fatal(err)
	}
	if err := s.CopyInto(ctx, "rec/30/a", "hold/a b+c", gatepost.ClassDeepArchive); err != nil {
		t.Fatal(err)
	}
	if class := classes.Of()["/deep/hold/a b+c"]; class != "DEEP_ARCHIVE" {
		t.Fatalf("the copy is in %q", class)
	}
	if _, err := s.Get(ctx, "hold/a b+c", 0, -1); err == nil {
		t.Error("what lies in the deep archive was read")
	}
	if err := s.Copy(ctx, "hold/a b+c", "rec/30/b"); err == nil {
		t.Error("what lies in the deep archive was copied")
	}
	for range 2 { // again is safe
		if err := s.Restore(ctx, "hold/a b+c", 7); err != nil {
			t.Fatal(err)
		}
	}
	if until, err := s.Restored(ctx, "hold/a b+c"); err != nil || !until.IsZero() {
		t.Errorf("before it is there: %v %v", until, err)
	}
	want := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	classes.Thaw("hold/a b+c", want)
	if until, err := s.Restored(ctx, "hold/a b+c"); err != nil || !until.Equal(want) {
		t.Errorf("%v %v, want %v", until, err, want)
	}
	r, err := s.Get(ctx, "hold/a b+c", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	if err := s.Restore(ctx, "nothing", 7); err == nil {
		t.Error("nothing was restored")
	}
	if _, err := s.Restored(ctx, "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	if err := s.CopyInto(ctx, "nothing", "b", gatepost.ClassDeepArchive); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}

	without := open(t, server.Bucket(t, "without"))
	if err := without.Put(ctx, "a", strings.NewReader("film"), 4); err != nil {
		t.Fatal(err)
	}
	if err := without.CopyInto(ctx, "a", "b", gatepost.ClassDeepArchive); !errors.Is(err, objstore.ErrClass) {
		t.Errorf("a server without classes: %v", err)
	}
	if _, err := without.Stat(ctx, "b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy is left: %v", err)
	}
	if err := without.Restore(ctx, "a", 7); err == nil {
		t.Error("a server without a deep archive restored something")
	}
}

var restoreHeaders = map[string]time.Time{
	"":                        {},
	`ongoing-request="true"`:  {},
	`ongoing-request="false"`: {},
	`expiry-date="`:           {},
	`ongoing-request="false", expiry-date="tomorrow"`:                      {},
	`ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT`:  {},
	`ongoing-request="true", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`:  {},
	`ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`: time.Date(2012, 12, 21, 0, 0, 0, 0, time.UTC),
}

func FuzzRestoredUntil(f *testing.F) {
	for header, want := range restoreHeaders {
		if got := restoredUntil(header); !got.Equal(want) {
			f.Errorf("%s: %v, want %v", header, got, want)
		}
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if until := restoredUntil(header); !until.IsZero() && !strings.Contains(header, `ongoing-request="false"`) {
			t.Errorf("%q is there until %v", header, until)
		}
	})
}
