package generator

import (
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/publish"
	"github.com/gatepost-video/gatepost/test/load/quantile"
	"github.com/gatepost-video/gatepost/test/load/view"
)

// Kind is how a viewer watches.
type Kind string

const (
	LLHLS Kind = "ll-hls"
	WHEP  Kind = "whep"
	VOD   Kind = "vod"
)

// Look is what a viewer may watch.
type Look struct {
	URL   string `json:"url"`
	Token string `json:"token"` // WHEP's bearer; the others carry it in the URL
}

// Spec says what a generator does. It has publishers or viewers.
type Spec struct {
	Ramp time.Duration `json:"ramp"` // over which publishers or viewers begin, evenly

	Protocol   publish.Protocol `json:"protocol,omitempty"`
	Clip       clip.Spec        `json:"clip,omitzero"`
	Publishers []publish.Target `json:"publishers,omitempty"`
	Stay       bool             `json:"stay,omitempty"` // see publish.Options

	Kind    Kind   `json:"kind,omitempty"`
	Viewers []Look `json:"viewers,omitempty"`
	// Flap has every viewer leave after a while, of which this is the longest,
	// and come back at once.
	Flap time.Duration `json:"flap,omitempty"`
}

// Status is how far a generator is.
type Status struct {
	Pictures int `json:"pictures"` // sent, or seen
	Visits   int `json:"visits"`   // of viewers, so far
}

// Result is what became of it.
type Result struct {
	Sent  []publish.Sent `json:"sent,omitempty"`
	Late  quantile.Set   `json:"late_ms"` // how much later than due publishers sent: more than a few ms is the generator's fault, not the server's
	Saw   view.Report    `json:"saw"`
	Error string         `json:"error,omitempty"` // the first that ended a publisher
}

// order is a line from parent to child.
type order string

const (
	orderMeasure order = "measure" // begin to count what viewers see
	orderPause   order = "pause"   // end it
	orderStatus  order = "status"
	orderEnd     order = "end"
)

// answer is a line from child to parent, one for each order and one when all have
// begun.
type answer struct {
	Status *Status `json:"status,omitempty"`
	Result *Result `json:"result,omitempty"`
	Error  string  `json:"error,omitempty"`
}
