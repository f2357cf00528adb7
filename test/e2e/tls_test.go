package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestTLS serves everything under TLS: the API, LL-HLS by HTTP/2 (which Safari
// needs), RTSPS and RTMPS.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	addr := func() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(harness.FreePort(t))) }
	s := harness.NewServer(t, "--tls-cert", cert, "--tls-key", key, "--rtsps", addr(), "--rtmps", addr())
	var c struct {
		harness.Camera
		Publish struct{ RTSPS, RTMPS string } `json:"publish"`
	}
	s.Call("POST", "/v1/cameras", map[string]string{"name": "under TLS"}, &c, 201)
	if !strings.HasPrefix(c.Publish.RTSPS, "rtsps://") || !strings.HasPrefix(c.Publish.RTMPS, "rtmps://") {
		t.Fatalf("publish URLs under TLS are missing")
	}
	for _, door := range []string{"rtsps", "rtmps"} {
		t.Run(door, func(t *testing.T) {
			s := s.In(t)
			target := c.Camera
			target.Publish.RTSP, target.Publish.RTMP = c.Publish.RTSPS, c.Publish.RTMPS
			by := map[string]string{"rtsps": "rtsp-tcp", "rtmps": "rtmp"}[door]
			ff := harness.Push(t, target, by, harness.Source{Audio: "aac"})
			s.Online(c.ID)
			g := s.Live(c.ID)
			if !strings.HasPrefix(g.URLs.HLS, "https://") {
				t.Fatalf("the playlist is not under TLS")
			}
			res, err := harness.Client.Get(g.URLs.HLS)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.ProtoMajor != 2 || res.StatusCode != 200 {
				t.Errorf("LL-HLS answers %s %s, want HTTP/2 and 200", res.Proto, res.Status)
			}
			harness.Until(time.Now().Add(3 * time.Second))
			ff.Kill()
			s.Archived(c.ID, 1)
		})
	}
}

// certificate makes a certificate for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", pkcs8)
}
