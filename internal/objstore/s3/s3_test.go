package s3

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/objtest"
)

func open(t *testing.T, rawURL string) *Store {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{Bucket: u.Host, Endpoint: u.Query().Get("endpoint"), Region: u.Query().Get("region")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	server := objtest.StartS3(t)
	n := 0
	objtest.Run(t, func(t *testing.T) objstore.Store {
		n++
		return open(t, server.Bucket(t, fmt.Sprintf("bucket-%d", n)))
	})
}

func TestCheck(t *testing.T) {
	server := objtest.StartS3(t)
	missing := open(t, "s3://nowhere?region=us-east-1&endpoint="+server.Endpoint)
	err := missing.Check(t.Context())
	if gatepost.CodeOf(err) != gatepost.NotFound || !strings.Contains(err.Error(),
		"bucket nowhere at endpoint "+server.Endpoint+" does not exist; create it or correct --objects") {
		t.Errorf("missing bucket: %v", err)
	}
	err = missing.Put(t.Context(), "k", strings.NewReader("x"), 1)
	if gatepost.CodeOf(err) != gatepost.NotFound || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("put into a missing bucket: %v", err)
	}

	u := server.Bucket(t, "there")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
	err = open(t, u).Check(t.Context())
	if gatepost.CodeOf(err) != gatepost.Forbidden || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("wrong credentials: %v", err)
	}
	if err := os.Setenv("AWS_SECRET_ACCESS_KEY", objtest.SecretKey); err != nil {
		t.Fatal(err)
	}

	s := open(t, u)
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if err := s.Check(t.Context()); gatepost.CodeOf(err) != gatepost.Unavailable || !strings.Contains(err.Error(), "there at "+server.Endpoint) {
		t.Errorf("a server that is down: %v", err)
	}
	if err := s.Put(t.Context(), "k", strings.NewReader("x"), 1); gatepost.CodeOf(err) != gatepost.Unavailable {
		t.Errorf("put while the server is down: %v", err)
	}
	server.Start(t)
	if err := s.Put(t.Context(), "k", strings.NewReader("x"), 1); err != nil {
		t.Errorf("put after the outage: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, o := range []Options{
		{}, {Bucket: "b", Endpoint: "minio:9000"}, {Bucket: "b", Endpoint: "ftp://x"}, {Bucket: "b", Endpoint: "http://"},
		{Bucket: "b", Endpoint: "http://key:secret@host"}, {Bucket: "b", PublicEndpoint: "nowhere"},
	} {
		if _, err := Open(t.Context(), o); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "k")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	s := open(t, "s3://b?region=us-east-1&endpoint=http://127.0.0.1:1")
	if err := s.Put(t.Context(), "k", strings.NewReader(""), maxPut+1); gatepost.CodeOf(err) != gatepost.TooLarge {
		t.Error(err)
	}
}

func TestPublicEndpoint(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "k")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	s, err := Open(t.Context(), Options{Bucket: "b", Endpoint: "http://10.0.0.1:9000", PublicEndpoint: "https://objects.example"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Presign(t.Context(), "a/b", objstore.PresignOptions{})
	if err != nil || !strings.HasPrefix(u, "https://objects.example/b/a/b?") {
		t.Errorf("%v", err)
	}
}

func TestSetClass(t *testing.T) {
	server := objtest.StartS3(t)
	const key = "rec/30/摄像机/a b+c%20.mp4"
	film := func(s *Store) {
		t.Helper()
		if err := s.Put(t.Context(), key, strings.NewReader("film"), 4); err != nil {
			t.Fatal(err)
		}
	}
	bucket, classes := server.BucketWithClasses(t, "classes")
	s := open(t, bucket)
	film(s)
	for _, c := range []struct {
		class gatepost.StorageClass
		name  string
	}{{gatepost.ClassHot, ""}, {gatepost.ClassInfrequent, "STANDARD_IA"}, {gatepost.ClassInfrequent, "STANDARD_IA"}, {gatepost.ClassArchive, "GLACIER_IR"}, {gatepost.ClassHot, "STANDARD"}} {
		if err := s.SetClass(t.Context(), key, c.class); err != nil {
			t.Fatalf("%q: %v", c.class, err)
		}
		if got := classes.Of()["/classes/"+key]; got != c.name {
			t.Errorf("%q: the server was told %q, want %q", c.class, got, c.name)
		}
		if info, err := s.Stat(t.Context(), key); err != nil || info.Size != 4 {
			t.Errorf("%q: %+v %v", c.class, info, err)
		}
	}
	if err := s.SetClass(t.Context(), "nothing", gatepost.ClassArchive); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	if err := s.SetClass(t.Context(), key, "lukewarm"); gatepost.CodeOf(err) != gatepost.Invalid {
		t.Errorf("a class that is none: %v", err)
	}

	without := open(t, server.Bucket(t, "without"))
	film(without)
	if err := without.SetClass(t.Context(), key, gatepost.ClassHot); err != nil {
		t.Errorf("the class that it is in: %v", err)
	}
	if err := without.SetClass(t.Context(), key, gatepost.ClassArchive); !errors.Is(err, objstore.ErrClass) {
		t.Errorf("a server without classes: %v", err)
	}
}
