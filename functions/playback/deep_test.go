package playback_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
)

// TestDeepArchive has the second of three objects lie in the deep archive, be restored, and go there again.
func TestDeepArchive(t *testing.T) {
	w := newWorld(t)
	start := past()
	rows := w.record(t, encode(t, "320x180", "15"), start, 5*time.Second, nil)
	deep := rows[1]
	if err := w.store.SetRecordingClass(t.Context(), deep.ID, deep.Key, gatepost.ClassDeepArchive); err != nil {
		t.Fatal(err)
	}
	owner := w.signIn(w.shop, gatepost.RoleOwner)
	whole, first := w.grant(t, start, start.Add(time.Minute)), w.grant(t, start, deep.Start)
	clip := map[string]any{"camera_id": w.camera.ID, "purpose": "case", "reason": "theft", "from": start, "to": start.Add(time.Minute)}
	refused := func(method, path, who string, body any, archived bool, status int) {
		t.Helper()
		res, text := w.do(t, method, path, who, body)
		if archived {
			status = 409
		}
		if res.StatusCode != status || archived && (!strings.Contains(text, "urn:gatepost:problem:archived") || !strings.Contains(text, "POST /v1/restores")) {
			t.Errorf("%s %s: %d %s, want %d", method, path, res.StatusCode, text, status)
		}
	}
	look := func(archived bool) {
		t.Helper()
		refused("GET", "/v1/playback/"+whole+"/index.m3u8", "", nil, archived, 200)
		refused("GET", "/v1/playback/"+whole+"/"+deep.ID+".mp4", "", nil, archived, 302)
		refused("POST", "/v1/clips", owner, clip, archived, 201)
		// What does not lie there plays.
		refused("GET", "/v1/playback/"+first+"/index.m3u8", "", nil, false, 200)
		refused("GET", "/v1/playback/"+whole+"/"+rows[0].ID+".mp4", "", nil, false, 302)
		q := url.Values{"from": {start.Format(time.RFC3339)}, "to": {start.Add(time.Minute).Format(time.RFC3339)}}
		_, text := w.do(t, "GET", "/v1/cameras/"+w.camera.ID+"/timeline?"+q.Encode(), owner, nil)
		var timeline struct {
			Spans []struct {
				From, To time.Time
				State    string
				Archived bool
			}
		}
		if err := json.Unmarshal([]byte(text), &timeline); err != nil {
			t.Fatal(err)
		}
		marked := 0
		for _, s := range timeline.Spans {
			if s.Archived {
				marked++
				if s.State != "recorded" || s.From.Sub(deep.Start).Abs() > time.Millisecond || s.To.Sub(deep.End).Abs() > time.Millisecond {
					t.Errorf("marked: %+v, want %v to %v", s, deep.Start, deep.End)
				}
			}
		}
		if (marked == 1) != archived {
			t.Errorf("%d spans are marked: %s", marked, text)
		}
	}
	look(true)
	for _, c := range []struct {
		until    time.Duration
		archived bool
	}{{time.Hour, false}, {-time.Second, true}} {
		if err := w.store.SetRestored(t.Context(), deep.ID, deep.Key, time.Now().Add(c.until)); err != nil {
			t.Fatal(err)
		}
		look(c.archived)
	}
}
