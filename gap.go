package gatepost

import "time"

// Seam is the most that may lie between two objects of a run without counting as
// a gap: clocks are smoothed.
const Seam = time.Second

// gaps maps why a run ended to why there is a gap after it.
var gaps = map[EndReason]GapReason{
	EndTimeout:   GapNetwork,
	EndNetwork:   GapNetwork,
	EndReplaced:  GapNetwork,
	EndSuspended: GapSuspended,
	EndShutdown:  GapGateway,
	EndCrash:     GapGateway,
	EndStorage:   GapStorage,
}

// GapAfter says why there is no footage after a run that ended for a reason; ""
// when that is not known.
func GapAfter(end EndReason) GapReason {
	if reason, ok := gaps[end]; ok {
		return reason
	}
	return GapCameraOffline // it said goodbye, jumped, changed or broke its protocol
}

// GapBetween says why nothing lies between two recordings of a camera that follow
// each other. Before is nil when nothing, or nothing any more, lies before the gap.
func GapBetween(before, next *Recording) GapReason {
	switch {
	case next.Seq == 0 && next.PriorEnd != "":
		return GapAfter(next.PriorEnd)
	case before != nil && before.RunEnd != "":
		return GapAfter(before.RunEnd)
	case before != nil && before.Precedes(next):
		return GapNetwork // its publisher stalled
	case next.Seq > 0:
		return GapStorage // an object of its run is not there
	}
	return GapCameraOffline
}

// Precedes tells whether next is the object that comes after r in the same run.
func (r *Recording) Precedes(next *Recording) bool {
	return r.Run == next.Run && next.Seq == r.Seq+1
}
