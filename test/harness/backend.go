package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// Bucket is the bucket of Backends.
const Bucket = "gatepost-test"

// Backends are a real PostgreSQL database and a real S3 server with a bucket.
type Backends struct {
	Database string // URL; may be changed before Server, to something in between
	Endpoint string // of the S3 server, likewise
	S3Dir    string // buckets are its directories
	Port     int    // of the S3 server
	S3       *Process
}

// NewBackends makes a database and starts an S3 server, both gone when t ends.
func NewBackends(t testing.TB) *Backends {
	t.Helper()
	b := &Backends{Database: storetest.EmptyPostgres(t), S3Dir: t.TempDir(), Port: FreePort(t)}
	b.Endpoint = fmt.Sprintf("http://127.0.0.1:%d", b.Port)
	if err := os.MkdirAll(filepath.Join(b.S3Dir, Bucket), 0o755); err != nil {
		t.Fatal(err)
	}
	b.StartS3(t)
	return b
}

// Objects is the address of the bucket, as --objects takes it.
func (b *Backends) Objects() string {
	return fmt.Sprintf("s3://%s?endpoint=%s&region=us-east-1", Bucket, b.Endpoint)
}

// Flags make a server use them.
func (b *Backends) Flags() []string {
	return []string{"--database", b.Database, "--objects", b.Objects()}
}

// Env are the credentials of the S3 server.
func (b *Backends) Env() []string {
	return []string{"AWS_ACCESS_KEY_ID=gatepost", "AWS_SECRET_ACCESS_KEY=gatepost-secret", "AWS_EC2_METADATA_DISABLED=true"}
}

// Server starts a server on them.
func (b *Backends) Server(t testing.TB, extra ...string) *Server {
	t.Helper()
	s := NewServerWith(t, b.Env(), append(b.Flags(), extra...)...)
	s.Backends = b
	return s
}

// Apart starts gateway and functions as two processes on them; extra are flags of
// the gateway. The gateway has the functions' API for its own.
func (b *Backends) Apart(t testing.TB, extra ...string) (gateway, functions *Server) {
	t.Helper()
	api, media := address(t), address(t)
	url := "http://" + api
	common := b.common(t, url, media)
	functions = &Server{T: t, Data: t.TempDir(), Log: &LogTail{}, Env: b.Env(), Scheme: "http", HTTP: api, Media: api, Backends: b}
	functions.Args = append([]string{"functions", "--data", functions.Data, "--database", b.Database, "--http", api}, common...)
	functions.begin(t)
	return b.gateway(t, url, api, media, slices.Concat(common, extra)), functions
}

// OnLambda starts a gateway beside functions that run on Lambda, in two instances.
func (b *Backends) OnLambda(t testing.TB) (gateway *Server, l *Lambda) {
	t.Helper()
	l = NewLambda(t)
	media := address(t)
	common := b.common(t, l.URL, media)
	for range 2 {
		p := l.Instance(t, b.Env(), slices.Concat([]string{"--database", b.Database, "--admin-password", AdminPassword}, common)...)
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("log of an instance:\n%s", p.Log.String())
			}
		})
	}
	return b.gateway(t, l.URL, strings.TrimPrefix(l.URL, "http://"), media, common), l
}

// common are the flags that gateways and functions which belong together share.
func (b *Backends) common(t testing.TB, url, media string) []string {
	return append([]string{"--media-url", "http://" + media, "--public-url", url, "--node-key", "a secret of both planes", "--objects", b.Objects()}, doors(t)...)
}

// gateway starts a gateway of a control plane.
func (b *Backends) gateway(t testing.TB, url, api, media string, flags []string) *Server {
	t.Helper()
	s := &Server{T: t, Data: t.TempDir(), Log: &LogTail{}, Env: b.Env(), Scheme: "http", HTTP: api, Media: media, Backends: b}
	s.Args = append([]string{"gateway", "--data", s.Data, "--media", media, "--control", url, "--pprof", address(t)}, flags...)
	s.begin(t)
	return s
}

// StartS3 starts the S3 server again, on the same port and data.
func (b *Backends) StartS3(t testing.TB) {
	t.Helper()
	bin := filepath.Join(Root(t), ".tools", "versitygw")
	if _, err := os.Stat(bin); err != nil {
		t.Fatalf("no S3 server: run make setup (%v)", err)
	}
	b.S3 = StartProcess(t, bin, "--access", "gatepost", "--secret", "gatepost-secret", "--region", "us-east-1", "--cors-allow-origin", "*",
		"--port", fmt.Sprintf("127.0.0.1:%d", b.Port), "--quiet", "posix", "--nometa", b.S3Dir)
	Eventually(t, 20*time.Second, "the S3 server answers", func() error { return Dial(b.Port) })
}

// StopS3 kills the S3 server.
func (b *Backends) StopS3() { b.S3.Kill() }

// Download returns the objects of a camera as local files, oldest first. The
// server keeps them as plain files.
func (b *Backends) Download(t testing.TB, camera string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(b.S3Dir, Bucket, "rec", "*", camera, "*", "*", "*", "*.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(files)
	return files
}
