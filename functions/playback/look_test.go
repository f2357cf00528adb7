package playback

import (
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/internal/token"
)

// TestLooks: a row is written with the first segment and every ten seconds from then
// on; a pause ends the look, and another begins.
func TestLooks(t *testing.T) {
	var l looks
	m := token.Media{GrantID: "g", CameraID: "c"}
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	first := l.count(m, 100, at(0))
	if len(first) != 1 || first[0].Bytes != 100 || first[0].Transport != "playback" || !first[0].Start.Equal(noon) || first[0].Ended {
		t.Fatalf("the first segment: %+v", first)
	}
	if told := l.count(m, 100, at(4)); len(told) != 0 {
		t.Errorf("too early: %+v", told)
	}
	if told := l.due(at(8)); len(told) != 0 {
		t.Errorf("not due: %+v", told)
	}
	if told := l.count(m, 100, at(12)); len(told) != 1 || told[0].Bytes != 300 || told[0].ID != first[0].ID || !told[0].End.Equal(at(12)) {
		t.Errorf("after ten seconds: %+v", told)
	}
	if told := l.count(m, 50, at(16)); len(told) != 0 {
		t.Errorf("too early: %+v", told)
	}
	if told := l.due(at(30)); len(told) != 1 || told[0].Bytes != 350 || told[0].Ended {
		t.Errorf("due: %+v", told)
	}
	if told := l.due(at(40)); len(told) != 0 {
		t.Errorf("nothing new: %+v", told)
	}
	again := l.count(m, 7, at(100))
	if len(again) != 2 || !again[0].Ended || again[0].ID != first[0].ID || !again[0].End.Equal(at(16)) || again[0].Bytes != 350 ||
		again[1].ID == first[0].ID || again[1].Bytes != 7 || !again[1].Start.Equal(at(100)) {
		t.Errorf("after a pause: %+v", again)
	}
	if told := l.due(at(200)); len(told) != 1 || !told[0].Ended || told[0].ID != again[1].ID {
		t.Errorf("over: %+v", told)
	}
	if told := l.due(at(300)); len(told) != 0 || len(l.byGrant) != 0 {
		t.Errorf("told again: %+v", told)
	}
}
