package publish

import (
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
)

func TestMissing(t *testing.T) {
	s := Sent{Begin: time.Unix(100, 0), Runs: []Run{{First: 0, End: 3}, {First: 50, End: 52}}}
	if got := s.Pictures(); got != 5 {
		t.Errorf("%d pictures", got)
	}
	found := []clip.Mark{{Number: 0}, {Number: 2}, {Number: 2}, {Number: 10}, {Number: 51}}
	missing, repeated := s.Missing(found)
	if repeated != 1 {
		t.Errorf("%d repeated", repeated)
	}
	if len(missing) != 2 || missing[0].Number != 1 || missing[1].Number != 50 {
		t.Fatalf("missing: %v", missing)
	}
	if m := missing[1]; m.Run != s.Runs[1] || !m.Due.Equal(time.Unix(102, 0)) {
		t.Errorf("picture 50 belongs to %v and was due at %s", m.Run, m.Due)
	}
	if missing, _ := s.Missing(nil); len(missing) != 5 {
		t.Errorf("nothing was found, and only %d are missing", len(missing))
	}
}
