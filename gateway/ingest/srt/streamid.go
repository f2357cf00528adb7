package srt

import (
	"errors"
	"strings"

	"github.com/gatepost-video/gatepost/gateway/ingest"
)

var (
	errMode     = errors.New("mode is not publish")
	errStreamID = errors.New("malformed stream id")
)

// parseStreamID reads camera and key. It fails with errMode for readers and with
// errStreamID for what it does not understand.
func parseStreamID(id string) (ingest.Target, error) {
	var camera, key string
	if list, ok := strings.CutPrefix(id, "#!::"); ok { // SRT access control guidelines, "Syntax"
		mode := "request"
		for pair := range strings.SplitSeq(list, ",") {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				return ingest.Target{}, errStreamID
			}
			switch name {
			case "m":
				mode = value
			case "r":
				camera = value
			case "s":
				key = value
			}
		}
		if mode != "publish" {
			return ingest.Target{}, errMode
		}
	} else {
		mode, rest, ok := strings.Cut(id, ":")
		if !ok {
			return ingest.Target{}, errStreamID
		}
		if mode != "publish" {
			return ingest.Target{}, errMode
		}
		camera, key, _ = strings.Cut(rest, ":")
	}
	path := camera
	if key != "" {
		path += "/" + key
	}
	t, ok := ingest.ParseTarget(path, "")
	if !ok || t.CameraID != camera || t.Key != key {
		return ingest.Target{}, errStreamID
	}
	return t, nil
}
