package backend

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/dir"
	"github.com/gatepost-video/gatepost/internal/objstore/s3"
)

func TestOpen(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "k")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	path := filepath.Join(t.TempDir(), "a b")
	s, err := Open(t.Context(), "dir://"+strings.ReplaceAll(path, " ", "%20"), Options{BaseURL: "http://host:1/"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, ok := s.(*dir.Store); !ok {
		t.Errorf("%T", s)
	}
	if u, err := s.Presign(t.Context(), "k", objstore.PresignOptions{}); err != nil || !strings.HasPrefix(u, "http://host:1/objects/k?") {
		t.Errorf("%v", err)
	}
	b, err := Open(t.Context(), "s3://bucket?endpoint=http://127.0.0.1:9000&region=cn-1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, ok := b.(*s3.Store); !ok {
		t.Errorf("%T", b)
	}
	for _, u := range []string{
		"", "dir://", "dir://path/x", "/path", "file:///x", "s3://", "s3://b/path", "s3://b?endpont=x", "s3://b?endpoint=host:1",
		"s3://key:secret@b", "dir:///x?y=1", "s3://b?%zz", ":",
	} {
		if s, err := Open(t.Context(), u, Options{}); gatepost.CodeOf(err) != gatepost.Invalid || s != nil {
			t.Errorf("%q: %v, %v", u, s, err)
		} else if strings.Contains(err.Error(), "secret@") {
			t.Errorf("%q: the error holds the secret", u)
		}
	}
}
