package hls

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"sync"
	"time"
)

// MIME is the type of playlists (RFC 8216bis §4).
const MIME = "application/vnd.apple.mpegurl"

// Playlist is a rendered playlist, shared by everybody who asks for it.
type Playlist struct {
	Body   []byte
	Length []string // of Body, as the value of Content-Length

	once       sync.Once
	gzip       []byte
	gzipLength []string
}

func newPlaylist(body []byte) *Playlist {
	return &Playlist{Body: body, Length: []string{strconv.Itoa(len(body))}}
}

// Gzip returns the body compressed, which is done once, and its length.
func (p *Playlist) Gzip() (body []byte, length []string) {
	p.once.Do(func() {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		_, _ = w.Write(p.Body) // a bytes.Buffer does not fail
		_ = w.Close()
		p.gzip, p.gzipLength = b.Bytes(), []string{strconv.Itoa(b.Len())}
	})
	return p.gzip, p.gzipLength
}

// rendered holds the newest playlists.
type rendered struct {
	version     int64
	full, delta *Playlist
}

// skipBoundary is CAN-SKIP-UNTIL: at least six target durations (RFC 8216bis
// §4.4.3.8).
const skipBoundary = 6 * TargetDuration

// startMargin is how far behind a key frame EXT-X-START points.
const startMargin = 20 * time.Millisecond

// deltaUpdates tells whether playlists are long enough for delta updates to leave
// anything out.
func (r *Ring) deltaUpdates() bool { return r.options.Window >= skipBoundary+2*TargetDuration }

// render returns the playlist of the present version.
func (r *Ring) render(delta bool) *Playlist {
	if r.rendered.version != r.version {
		r.rendered = rendered{version: r.version}
	}
	skipped := 0
	if delta && r.deltaUpdates() {
		for r.listed+skipped < len(r.segments) && r.segments[r.listed+skipped].end() < r.whole()-skipBoundary {
			skipped++
		}
	}
	cached := &r.rendered.full
	if skipped > 0 {
		cached = &r.rendered.delta
	}
	if *cached == nil {
		*cached = newPlaylist(r.appendPlaylist(nil, skipped))
	}
	return *cached
}

// appendPlaylist writes the media playlist, leaving out the first skipped
// segments.
func (r *Ring) appendPlaylist(b []byte, skipped int) []byte {
	shown := r.segments[r.listed:]
	first := shown[0]
	discs := first.discs
	if first.discontinuity {
		discs-- // its own tag still stands in the playlist
	}
	if b == nil {
		b = make([]byte, 0, 8<<10)
	}
	b = append(b, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:"...)
	b = strconv.AppendInt(b, int64(TargetDuration/time.Second), 10)
	b = append(b, "\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK="...)
	b = appendSeconds(b, r.options.PartHoldBack)
	if r.deltaUpdates() {
		b = append(b, ",CAN-SKIP-UNTIL="...)
		b = appendSeconds(b, skipBoundary)
	}
	b = append(b, "\n#EXT-X-PART-INF:PART-TARGET="...)
	b = appendSeconds(b, r.options.PartTarget)
	b = append(b, "\n#EXT-X-MEDIA-SEQUENCE:"...)
	b = strconv.AppendInt(b, first.msn, 10)
	b = append(b, "\n#EXT-X-DISCONTINUITY-SEQUENCE:"...)
	b = strconv.AppendInt(b, discs, 10)
	b = append(b, '\n')
	if _, at, ok := r.startPart(); ok {
		// Without it, players would begin PART-HOLD-BACK before the edge and
		// show nothing until the next key frame. It points a little behind the
		// key frame, lest rounding makes them choose the segment before.
		b = append(b, "#EXT-X-START:TIME-OFFSET=-"...)
		b = appendSeconds(b, max(r.clock-at-startMargin, startMargin))
		b = append(b, '\n')
	}
	if skipped > 0 {
		b = append(b, "#EXT-X-SKIP:SKIPPED-SEGMENTS="...)
		b = strconv.AppendInt(b, int64(skipped), 10)
		b = append(b, '\n')
	}
	var init *initSegment
	for i, s := range shown {
		if i >= skipped {
			b = r.appendSegment(b, s, init)
		}
		init = s.init
	}
	b = append(b, `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="`...)
	b = r.appendURI(b, r.hint())
	return append(b, "\"\n"...)
}

// appendSegment writes one segment; before is the init segment in force.
func (r *Ring) appendSegment(b []byte, s *segment, before *initSegment) []byte {
	if s.discontinuity {
		b = append(b, "#EXT-X-DISCONTINUITY\n"...)
	}
	if s.discontinuity || s.init != before {
		b = append(b, `#EXT-X-MAP:URI="`...)
		b = r.appendURI(b, r.initName(s.init))
		b = append(b, "\"\n"...)
	}
	b = appendDateTime(b, s.wall)
	if s.hidden == 0 {
		for i, p := range s.parts {
			b = append(b, "#EXT-X-PART:DURATION="...)
			b = appendSeconds(b, p.Duration)
			b = append(b, `,URI="`...)
			b = r.appendURI(b, r.partName(s, i))
			b = append(b, '"')
			if p.Independent {
				b = append(b, ",INDEPENDENT=YES"...)
			}
			b = append(b, '\n')
		}
	}
	if !s.closed {
		return b
	}
	b = append(b, "#EXTINF:"...)
	b = appendSeconds(b, s.duration)
	b = append(b, ",\n"...)
	b = r.appendURI(b, r.segmentName(s))
	return append(b, '\n')
}

func (r *Ring) appendURI(b []byte, name string) []byte {
	b = append(b, "/part/"...)
	b = append(b, r.capability...)
	b = append(b, '/')
	b = append(b, name...)
	if secret := r.epochs[0].secret; kind(name[0]) != kindInit && secret != "" {
		b = append(b, "?"+EpochParameter+"="...)
		b = append(b, secret...)
	}
	return b
}

// appendSeconds writes a duration as decimal seconds, to 10 µs.
func appendSeconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, d.Round(10*time.Microsecond).Seconds(), 'f', 5, 64)
}

// appendDateTime writes EXT-X-PROGRAM-DATE-TIME (RFC 8216bis §4.4.4.6).
func appendDateTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b = append(b, "#EXT-X-PROGRAM-DATE-TIME:"...)
	b = t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	return append(b, '\n')
}
