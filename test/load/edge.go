package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/gatepost-video/gatepost/test/harness/nginx"
)

const (
	edgeKey  = "only the cache knows"
	edgeSite = "infra/nginx/gatepost.conf" // seen from the root of the project, where make load runs

	// edgeConnections are enough for a thousand viewers with two each, and their
	// requests to the origin.
	edgeConnections = 8192
)

// edge is nginx between viewers and a server.
type edge struct {
	*nginx.Server
	dir string
}

// newEdge starts nginx with a directory of its own below dir.
func newEdge(origin, dir string) (*edge, error) {
	dir, err := os.MkdirTemp(dir, "gatepost-load-nginx-")
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	n, err := nginx.Start(nginx.Options{Site: edgeSite, Origin: origin, Key: edgeKey, Dir: dir, Plain: true, Connections: edgeConnections})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &edge{Server: n, dir: dir}, nil
}

func (e *edge) close() error { return errors.Join(e.Close(), os.RemoveAll(e.dir)) }
