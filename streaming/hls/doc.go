// Package hls serves the parts of one camera as Low-Latency HLS (RFC 8216bis)
// from memory, and writes playlists of archived recordings.
//
// A Ring is a cmaf.Sink. It outlives the runs of its camera: when a publisher
// comes back, the next run follows behind an EXT-X-DISCONTINUITY, and viewers go
// on without reloading. Media sequence numbers never go back while it lives, nor
// (because they begin at the clock) from one ring of a camera to the next.
//
// States: empty (no part yet: ErrNoMedia) → live → ended (the playlist stands
// still, for Linger) → empty again, or live. Closed is the end of it.
//
// Invariants:
//
//   - A playlist shows only what can be fetched, except for the one preload hint.
//     What it no longer shows can be fetched for one more target duration.
//   - A segment begins at a part. It is cut before a key frame once it lasts
//     MinSegment, and at any part where it would outlast TargetDuration. So
//     segments need not be independent, and EXT-X-INDEPENDENT-SEGMENTS is never
//     claimed; EXT-X-START leads a player to a key frame.
//   - Parts are numbered through the ring's life whatever segment they fall into,
//     so that the URI of a preload hint holds even if a key frame opens a new
//     segment there.
//   - A playlist is rendered once per part at most, and only if somebody asks.
//   - A ring that nobody has asked for a while (Options.Idle) keeps the GOP at which
//     a player would start, and nothing before it: nobody has seen what goes. From
//     the first request on the window grows to its full length.
//
// # Who may fetch
//
// Media are reached by /part/<capability>/<name>?e=<epoch>. The capability says
// which ring. A name carries a MAC of the ring's secret, so it cannot be guessed
// from another: who was last handed a playlist at some instant can fetch nothing
// that was made more than one part after that instant, whatever he remembers.
// Withdraw takes from him what he knows already: it begins a new epoch, and the
// old ones end after a grace in which the other viewers fetch their next playlist.
package hls
