package admission

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatepost-video/gatepost"
)

// TestLooks: what is over and what has begun is told until it was heard, what goes
// on now and then.
func TestLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent int64
		l := &Looks{Sent: func(string) int64 { return sent }}
		sent = 1000
		left := l.Begin("g1", "c", "whep")
		began := time.Now().UTC()
		for range 2 { // it is told again until it was heard
			if told := l.tell(); len(told) != 1 || told[0].Ended || told[0].GrantID != "g1" {
				t.Errorf("begun: %+v", told)
			}
		}
		l.heard(l.tell())
		if told := l.tell(); len(told) != 0 {
			t.Errorf("nothing is new: %+v", told)
		}
		time.Sleep(retell - time.Second)
		if told := l.tell(); len(told) != 0 {
			t.Errorf("told too soon: %+v", told)
		}
		time.Sleep(time.Second)
		sent = 5000
		if told := l.tell(); len(told) != 1 || told[0].Ended || told[0].Bytes != 4000 || !told[0].Start.Equal(began) || !told[0].End.Equal(began.Add(retell)) {
			t.Errorf("under way: %+v", told)
		}
		time.Sleep(time.Second)
		left()
		left()
		told := l.tell()
		if len(told) != 1 || !told[0].Ended || told[0].GrantID != "g1" || told[0].Transport != "whep" || !told[0].End.Equal(began.Add(retell+time.Second)) {
			t.Errorf("over: %+v", told)
		}
		if again := l.tell(); len(again) != 1 || again[0] != told[0] {
			t.Errorf("not heard yet: %+v", again)
		}
		l.heard(told)
		if again := l.tell(); len(again) != 0 {
			t.Errorf("heard: %+v", again)
		}
	})
}

// TestLooksByHLS: a viewer who asks no more has left when he was seen last.
func TestLooksByHLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Looks{}
		for range 100 {
			l.Seen("g", "c")
			time.Sleep(time.Second)
		}
		l.Seen("g", "c")
		last := time.Now().UTC()
		time.Sleep(unseen)
		if told := l.tell(); len(told) != 1 || told[0].Ended || !told[0].End.Equal(last) {
			t.Errorf("he may come back: %+v", told)
		}
		time.Sleep(time.Second)
		told := l.tell()
		if len(told) != 1 || !told[0].Ended || !told[0].End.Equal(last) || told[0].Transport != "hls" {
			t.Errorf("he left: %+v", told)
		}
		l.heard(told)
		if more := l.tell(); len(more) != 0 {
			t.Errorf("heard: %+v", more)
		}
		l.Seen("g", "c")
		l.Begin("g", "c", "whep")
		l.endAll(time.Now())
		if more := l.tell(); len(more) != 2 || more[0].ID == told[0].ID {
			t.Errorf("at the shutdown: %+v", more)
		}
	})
}

// TestLooksAreBounded: while the control plane is away, the oldest go.
func TestLooksAreBounded(t *testing.T) {
	l := &Looks{}
	for range maxEnded + 5 {
		l.Begin("g", "c", "whep")()
	}
	if told := l.tell(); len(told) != maxEnded {
		t.Errorf("%d looks are kept", len(told))
	}
	l.heard([]gatepost.Look{})
	if told := l.tell(); len(told) != maxEnded {
		t.Errorf("%d looks are kept after nothing was heard", len(told))
	}
}

// TestLooksRevoked: a revoked look by HLS is over when it was seen last, and said to
// be over at once.
func TestLooksRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Looks{}
		l.Seen("g", "c")
		l.Seen("other", "c")
		l.heard(l.tell())
		last := time.Now().UTC()
		time.Sleep(time.Second)
		l.Revoked([]string{"g", "of nobody here"})
		if told := l.tell(); len(told) != 1 || told[0].GrantID != "g" || !told[0].Ended || !told[0].End.Equal(last) {
			t.Errorf("got %+v", told)
		}
	})
}
