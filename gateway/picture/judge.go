package picture

import (
	"crypto/sha256"
	"time"

	"github.com/gatepost-video/gatepost"
)

const (
	// dark is the brightness, of 16 (black) to 235 (white), above which next to nothing of a
	// black picture is; one in brightShare of its pixels may be.
	dark        = 32
	brightShare = 200

	blackSamples = 2 // running, that make a camera's picture black
	sameSamples  = 4 // running, that make it frozen
)

// history is what is known of a camera's pictures.
type history struct {
	unit   key // that was looked at last
	looked bool
	hash   [sha256.Size]byte

	black, same           int // samples running; the first of equal ones is one
	blackSince, sameSince time.Time

	state gatepost.PictureState
	since time.Time
}

// add judges another picture and returns what it is by itself, in the words of the
// metrics.
func (h *history) add(at time.Time, luma []byte) string {
	result := "good"
	hash, another := sha256.Sum256(luma), h.looked
	if another && hash == h.hash {
		h.same++
		result = "same"
	} else {
		h.same, h.sameSince = 1, at
	}
	h.hash, h.looked = hash, true
	if isBlack(luma) {
		if h.black == 0 {
			h.blackSince = at
		}
		h.black++
		result = "black"
	} else {
		h.black = 0
	}
	switch {
	case h.black >= blackSamples:
		h.settle(gatepost.PictureBlack, h.blackSince)
	case h.black > 0: // wait for another
	case h.same >= sameSamples:
		h.settle(gatepost.PictureFrozen, h.sameSince)
	case another && h.same == 1:
		h.settle(gatepost.PictureGood, at)
	}
	return result
}

func (h *history) settle(state gatepost.PictureState, since time.Time) {
	if state != h.state {
		h.state, h.since = state, since
	}
}

// isBlack tells whether next to nothing of a picture is brighter than black.
func isBlack(luma []byte) bool {
	bright := 0
	for _, y := range luma {
		if y > dark {
			bright++
		}
	}
	return bright*brightShare <= len(luma)
}
