package harness

import (
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// nodeKey is what the processes of a Cluster share.
const nodeKey = "the node key of a test"

// Cluster is a deployment of several processes: control planes and gateways, on one
// PostgreSQL database and one directory of objects. Gateway i asks control plane i,
// modulo their number.
type Cluster struct {
	Functions []*Server
	Gateways  []*Gateway
}

// Gateway is a media plane that runs alone.
type Gateway struct {
	*Server
	RTSP string // host:port
}

// NewCluster starts a cluster, which is gone when t ends.
func NewCluster(t testing.TB, functions, gateways int) *Cluster {
	t.Helper()
	c := &Cluster{}
	database, objects := storetest.EmptyPostgres(t), "dir://"+t.TempDir()
	for range gateways {
		c.Gateways = append(c.Gateways, &Gateway{Server: &Server{T: t, Data: t.TempDir(), Log: &LogTail{}, Scheme: "http", Media: address(t)}, RTSP: address(t)})
	}
	first := c.Gateways[0]
	for range functions {
		s := &Server{T: t, Data: t.TempDir(), Log: &LogTail{}, Scheme: "http", HTTP: address(t)}
		s.Media = s.HTTP // it has one address
		s.Args = []string{"functions", "--data", s.Data, "--database", database, "--objects", objects, "--node-key", nodeKey,
			"--http", s.HTTP, "--public-url", "http://" + s.HTTP, "--media-url", "http://" + first.Media, "--rtsp", first.RTSP}
		s.begin(t)
		c.Functions = append(c.Functions, s)
	}
	for i, g := range c.Gateways {
		g.HTTP = g.Media
		g.Args = []string{"gateway", "--data", g.Data, "--objects", objects, "--node-key", nodeKey, "--control", "http://" + c.Functions[i%functions].HTTP,
			"--media", g.Media, "--public-url", "http://" + g.Media, "--rtsp", g.RTSP, "--rtmp", address(t), "--srt", address(t), "--webrtc-udp", address(t)}
		g.begin(t)
	}
	return c
}

// Push makes ffmpeg a camera that pushes to this gateway.
func (g *Gateway) Push(t testing.TB, c Camera, src Source) *Process {
	t.Helper()
	_, path, _ := strings.Cut(strings.TrimPrefix(c.Publish.RTSP, "rtsp://"), "/")
	c.Publish.RTSP = "rtsp://" + g.RTSP + "/" + path
	return Push(t, c, "rtsp-tcp", src)
}
