package fiberhost_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost/functions/host/fiberhost"
)

// TestRefusalOverUpload has a client that reads nothing before it has written all,
// which is more than the sockets hold.
func TestRefusalOverUpload(t *testing.T) {
	s := start(t, fiberhost.Options{})
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const size = 32 << 20
	if _, err := fmt.Fprintf(conn, "POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", size); err != nil {
		t.Fatal(err)
	}
	chunk := strings.Repeat("x", 1<<20)
	for range size / len(chunk) {
		if _, err := conn.Write([]byte(chunk)); err != nil {
			t.Fatalf("the upload was cut: %v", err)
		}
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %s, want 413", resp.Status)
	}
}
