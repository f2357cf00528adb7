// Package control is the control plane as a gateway sees it that runs in a
// process of its own: the operations below /v1/node by HTTP.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Client asks a control plane. Its methods are those that gateway/admission and
// gateway/archive want; they fail with the codes that the control plane
// answers, and with Unavailable when it cannot be reached.
type Client struct {
	base string
	key  string
	http *http.Client
}

// maxReply bounds what is read of a reply, in bytes.
const maxReply = 16 << 20

// New makes a client. base is the URL of the functions without a path, key the
// node key (GATEPOST_NODE_KEY). It fails with Invalid.
func New(base, key string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--control", Message: "must be the http or https URL of the functions"}
	}
	if key == "" {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--node-key", Message: "is needed to speak to the functions; set GATEPOST_NODE_KEY to the same secret on both sides"}
	}
	return &Client{base: strings.TrimSuffix(base, "/"), key: key, http: &http.Client{Timeout: 15 * time.Second}}, nil
}

// AuthorisePublish asks whether a camera may publish.
func (c *Client) AuthorisePublish(ctx context.Context, req gatepost.PublishRequest) (p gatepost.PublishPermit, err error) {
	err = c.call(ctx, http.MethodPost, "/v1/node/publish", req, &p)
	return p, err
}

// SRTPassphrase asks what an SRT caller for a camera must prove.
func (c *Client) SRTPassphrase(ctx context.Context, cameraID string) (string, error) {
	if !gatepost.ValidID(cameraID) { // anything else is no path
		return "", &gatepost.Error{Code: gatepost.NotFound, Message: "no such camera"}
	}
	var out struct {
		Passphrase string `json:"passphrase"`
	}
	err := c.call(ctx, http.MethodGet, "/v1/node/cameras/"+url.PathEscape(cameraID)+"/srt", nil, &out)
	return out.Passphrase, err
}

// syncChunk is how many statuses one request holds: at under a kilobyte each,
// half of what the functions read of a body.
const syncChunk = 500

// Sync tells how cameras are and learns what was revoked. A gateway of many
// cameras asks in parts; when one fails, so does the whole, and what was told
// is told again.
func (c *Client) Sync(ctx context.Context, req gatepost.SyncRequest) (gatepost.SyncReply, error) {
	all := gatepost.SyncReply{Cursor: req.Cursor, LooksHeard: true}
	for first := true; first || len(req.Cameras) > 0 || len(req.Looks) > 0; first = false {
		n, looks := min(len(req.Cameras), syncChunk), min(len(req.Looks), syncChunk)
		part := gatepost.SyncRequest{Node: req.Node, Cursor: all.Cursor, Cameras: req.Cameras[:n], Looks: req.Looks[:looks]}
		req.Cameras, req.Looks = req.Cameras[n:], req.Looks[looks:]
		if part.Cameras == nil {
			part.Cameras = []gatepost.CameraStatus{}
		}
		var reply gatepost.SyncReply
		if err := c.call(ctx, http.MethodPost, "/v1/node/sync", part, &reply); err != nil {
			return gatepost.SyncReply{}, err
		}
		all.Cursor, all.LooksHeard = reply.Cursor, all.LooksHeard && reply.LooksHeard
		all.RevokedGrants = append(all.RevokedGrants, reply.RevokedGrants...)
		all.WithdrawnKeys = reply.WithdrawnKeys
		all.StoppedCameras = append(all.StoppedCameras, reply.StoppedCameras...)
		all.Measure = append(all.Measure, reply.Measure...)
		all.Missing = append(all.Missing, reply.Missing...)
	}
	return all, nil
}

// ReportMeasurement hands over a camera's measurement.
func (c *Client) ReportMeasurement(ctx context.Context, cameraID string, m gatepost.Measurement) error {
	return c.call(ctx, http.MethodPost, "/v1/node/acceptance", map[string]any{"camera_id": cameraID, "measurement": m}, nil)
}

// RecordingClosed tells that an object is stored.
func (c *Client) RecordingClosed(ctx context.Context, r gatepost.Recording) error {
	if r.Segments == nil {
		r.Segments = []gatepost.Segment{} // a list, never null
	}
	return c.call(ctx, http.MethodPost, "/v1/node/recordings", r, nil)
}

// Check tells whether the control plane is ready.
func (c *Client) Check(ctx context.Context) error {
	return c.call(ctx, http.MethodGet, "/readyz", nil, nil)
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode %s: %w", path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "the control plane cannot be reached", Err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "the control plane's answer broke off", Err: err}
	}
	if res.StatusCode >= http.StatusBadRequest {
		return refusal(path, res, b)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "the control plane's answer cannot be read", Err: err}
	}
	return nil
}

// refusal turns a problem document back into the error that it was made of. A
// refused node key is no camera's fault: it counts as the control plane being
// away, which is logged and tried again.
//
// The node key is refused with the challenge of RFC 6750 §3; a camera's key,
// which only /v1/node/publish looks at, without.
func refusal(path string, res *http.Response, body []byte) error {
	var p struct {
		Code   gatepost.Code `json:"code"`
		Detail string        `json:"detail"`
		Field  string        `json:"field"`
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		return &gatepost.Error{Code: gatepost.Unavailable, Message: fmt.Sprintf("the control plane answers %s with status %d", path, res.StatusCode)}
	}
	if res.StatusCode == http.StatusUnauthorized && res.Header.Get("WWW-Authenticate") != "" {
		return &gatepost.Error{Code: gatepost.Unavailable, Message: "the control plane refuses this gateway's node key; set the same GATEPOST_NODE_KEY on both sides"}
	}
	if p.Code == gatepost.Internal {
		p.Code = gatepost.Unavailable
	}
	return &gatepost.Error{Code: p.Code, Message: p.Detail, Field: p.Field}
}
