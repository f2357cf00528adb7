package harness

import (
	"time"
)

// Camera is a camera as the API shows it; the key and the addresses only when it
// was enrolled.
type Camera struct {
	ID         string `json:"id"`
	NationalID string `json:"national_id"`
	StreamKey  string `json:"stream_key"`
	State      string `json:"state"`
	Online     bool   `json:"online"`
	Recording  bool   `json:"recording"`
	Publish    struct {
		RTSP string `json:"rtsp"`
		RTMP string `json:"rtmp"`
		SRT  string `json:"srt"`
		WHIP string `json:"whip"`
	} `json:"publish"`
	Acceptance *struct {
		Passed  bool `json:"passed"`
		Reasons []struct {
			Code string `json:"code"`
		} `json:"reasons"`
	} `json:"acceptance"`
}

// Enrol makes a camera.
func (s *Server) Enrol(name string) Camera {
	s.T.Helper()
	var c Camera
	s.Call("POST", "/v1/cameras", map[string]any{"name": name}, &c, 201)
	return c
}

// Camera reads a camera.
func (s *Server) Camera(id string) Camera {
	s.T.Helper()
	var c Camera
	s.Call("GET", "/v1/cameras/"+id, nil, &c, 200)
	return c
}

// Grant is the right to one look.
type Grant struct {
	ID    string `json:"id"`
	Token string `json:"token"`
	URLs  struct {
		HLS      string `json:"hls,omitempty"`
		WHEP     string `json:"whep,omitempty"`
		Playlist string `json:"playlist,omitempty"`
	} `json:"urls"`
}

// Live asks to watch a camera.
func (s *Server) Live(id string) Grant {
	s.T.Helper()
	var g Grant
	s.Call("POST", "/v1/grants", map[string]string{"camera_id": id, "action": "live", "purpose": "maintenance", "reason": "end-to-end test"}, &g, 201)
	return g
}

// Playback asks to see a window of the archive.
func (s *Server) Playback(id string, from, to time.Time) Grant {
	s.T.Helper()
	var g Grant
	s.Call("POST", "/v1/grants", map[string]string{"camera_id": id, "action": "playback", "purpose": "maintenance", "reason": "end-to-end test",
		"from": Stamp(from), "to": Stamp(to)}, &g, 201)
	return g
}

// Stamp is a moment as the API takes it, to the microsecond.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Span is a piece of a timeline: "recorded", "gap" with its reason, "expired" or
// "held".
type Span struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	State  string    `json:"state"`
	Reason string    `json:"reason"`
}

// Timeline reads what is recorded of a camera.
func (s *Server) Timeline(id string, from, to time.Time) []Span {
	s.T.Helper()
	var out struct {
		Spans []Span `json:"spans"`
	}
	s.Call("GET", "/v1/cameras/"+id+"/timeline?from="+Stamp(from)+"&to="+Stamp(to), nil, &out, 200)
	return out.Spans
}
