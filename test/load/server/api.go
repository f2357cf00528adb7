package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var client = &http.Client{Timeout: 30 * time.Second}

// Camera is a camera as enrolled.
type Camera struct {
	ID        string `json:"id"`
	StreamKey string `json:"stream_key"`
	Online    bool   `json:"online"`
	Publish   struct {
		RTSP string `json:"rtsp"`
		RTMP string `json:"rtmp"`
		SRT  string `json:"srt"`
		WHIP string `json:"whip"`
	} `json:"publish"`
}

// Grant is a look that was granted.
type Grant struct {
	Token string `json:"token"`
	URLs  struct {
		HLS      string `json:"hls"`
		WHEP     string `json:"whep"`
		Playlist string `json:"playlist"`
	} `json:"urls"`
}

// Enrol makes n cameras.
func (s *Server) Enrol(ctx context.Context, n int) ([]Camera, error) {
	cameras := make([]Camera, n)
	for i := range cameras {
		if err := s.call(ctx, "/v1/cameras", map[string]string{"name": "load " + strconv.Itoa(i)}, &cameras[i]); err != nil {
			return nil, err
		}
	}
	return cameras, nil
}

// Live asks to watch a camera.
func (s *Server) Live(ctx context.Context, camera string) (Grant, error) {
	var g Grant
	err := s.call(ctx, "/v1/grants", map[string]string{"camera_id": camera, "action": "live", "purpose": "maintenance", "reason": "load"}, &g)
	return g, err
}

// Playback asks for what a camera recorded.
func (s *Server) Playback(ctx context.Context, camera string, from, to time.Time) (Grant, error) {
	var g Grant
	err := s.call(ctx, "/v1/grants", map[string]string{"camera_id": camera, "action": "playback", "purpose": "maintenance", "reason": "load",
		"from": from.UTC().Format(time.RFC3339Nano), "to": to.UTC().Format(time.RFC3339Nano)}, &g)
	return g, err
}

// call posts as the administrator, whose access token lasts a quarter of an hour.
func (s *Server) call(ctx context.Context, path string, in, out any) error {
	status, err := s.post(ctx, path, in, out)
	if status == http.StatusUnauthorized {
		var session struct {
			AccessToken string `json:"access_token"`
		}
		s.token = ""
		if _, err := s.post(ctx, "/v1/session", map[string]string{"login": "admin", "password": adminPassword}, &session); err != nil {
			return err
		}
		s.token = session.AccessToken
		_, err = s.post(ctx, path, in, out)
	}
	return err
}

func (s *Server) post(ctx context.Context, path string, in, out any) (int, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.http+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	reply, err := io.ReadAll(res.Body)
	if err != nil {
		return res.StatusCode, fmt.Errorf("%s: %w", path, err)
	}
	if res.StatusCode/100 != 2 {
		return res.StatusCode, fmt.Errorf("%s: %s: %.300s", path, res.Status, reply)
	}
	if err := json.Unmarshal(reply, out); err != nil {
		return res.StatusCode, fmt.Errorf("%s: %w", path, err)
	}
	return res.StatusCode, nil
}

// Gauges are what the server says of itself.
type Gauges struct {
	Goroutines int
	Heap       int64 // bytes in use, garbage included
}

// Gauges are the server's now.
func (s *Server) Gauges(ctx context.Context) (Gauges, error) { return ReadGauges(ctx, s.media) }

// ReadGauges reads the /metrics of a media address.
func ReadGauges(ctx context.Context, media string) (Gauges, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+media+"/metrics", nil)
	if err != nil {
		return Gauges{}, err
	}
	res, err := client.Do(req)
	if err != nil {
		return Gauges{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return Gauges{}, fmt.Errorf("metrics: %w", err)
	}
	read := func(name string) float64 {
		_, rest, _ := strings.Cut("\n"+string(text), "\n"+name+" ")
		value, _, _ := strings.Cut(rest, "\n")
		f, err2 := strconv.ParseFloat(value, 64)
		err = errors.Join(err, err2)
		return f
	}
	g := Gauges{Goroutines: int(read("go_goroutines")), Heap: int64(read("go_memstats_heap_alloc_bytes"))}
	return g, err
}
