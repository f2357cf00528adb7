package quantile

import (
	"testing"
	"time"
)

func TestSet(t *testing.T) {
	var s Samples
	if got := s.Set(); got != (Set{}) {
		t.Errorf("of nothing: %+v", got)
	}
	for i := range 200 {
		s.Add(time.Duration(199-i) * time.Millisecond)
	}
	if got, want := s.Set(), (Set{Count: 200, P50: 100, P99: 198, Max: 199}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
