package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

const bucket = "gatepost-test"

// backends are a real PostgreSQL database and a real S3 server with a bucket.
type backends struct {
	database string
	s3dir    string
	port     int
	s3       *process
}

func newBackends(t *testing.T) *backends {
	t.Helper()
	b := &backends{database: storetest.Postgres(t), s3dir: t.TempDir(), port: freePort(t)}
	if err := os.MkdirAll(filepath.Join(b.s3dir, bucket), 0o755); err != nil {
		t.Fatal(err)
	}
	b.startS3(t)
	return b
}

func (b *backends) objects() string {
	return fmt.Sprintf("s3://%s?endpoint=http://127.0.0.1:%d&region=us-east-1", bucket, b.port)
}

func (b *backends) flags() []string {
	return []string{"--database", b.database, "--objects", b.objects()}
}

func (b *backends) env() []string {
	return []string{"AWS_ACCESS_KEY_ID=gatepost", "AWS_SECRET_ACCESS_KEY=gatepost-secret", "AWS_EC2_METADATA_DISABLED=true"}
}

func (b *backends) server(t *testing.T) *server {
	t.Helper()
	for _, kv := range b.env() {
		name, value, _ := strings.Cut(kv, "=")
		os.Setenv(name, value) // the same for every test of this package
	}
	return newServer(t, b.flags()...)
}

func (b *backends) startS3(t *testing.T) {
	t.Helper()
	bin := filepath.Join(root(t), ".tools", "versitygw")
	if _, err := os.Stat(bin); err != nil {
		t.Fatalf("no S3 server: run make setup (%v)", err)
	}
	b.s3 = startProcess(t, bin, "--access", "gatepost", "--secret", "gatepost-secret", "--region", "us-east-1", "--cors-allow-origin", "*",
		"--port", fmt.Sprintf("127.0.0.1:%d", b.port), "--quiet", "posix", "--nometa", b.s3dir)
	eventually(t, 20*time.Second, "the S3 server answers", func() error { return dial(b.port) })
}

func (b *backends) stopS3() { b.s3.kill() }

// download returns the objects of a camera as local files, oldest first. The
// server keeps them as plain files.
func (b *backends) download(t *testing.T, camera string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(b.s3dir, bucket, "rec", "*", camera, "*", "*", "*", "*.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(files)
	return files
}
