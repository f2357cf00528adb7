package hls

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Multivariant returns the multivariant playlist, which names uri as the one
// media playlist. It fails with ErrNoMedia as long as there is nothing to play,
// and with ErrClosed.
func (r *Ring) Multivariant(uri string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ask()
	if r.closed {
		return nil, ErrClosed
	}
	if len(r.segments) == 0 {
		return nil, ErrNoMedia
	}
	b := append([]byte(nil), "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-STREAM-INF:BANDWIDTH="...)
	b = strconv.AppendInt(b, r.bandwidth(), 10)
	init := r.segments[len(r.segments)-1].init
	if codecs := r.codecs(); codecs != "" {
		b = append(b, `,CODECS="`...)
		b = append(b, codecs...)
		b = append(b, '"')
	}
	if init.Width > 0 && init.Height > 0 {
		b = append(b, ",RESOLUTION="...)
		b = strconv.AppendInt(b, int64(init.Width), 10)
		b = append(b, 'x')
		b = strconv.AppendInt(b, int64(init.Height), 10)
	}
	b = append(b, '\n')
	b = append(b, uri...)
	return append(b, '\n'), nil
}

// codecs names each format from where players start on (RFC 8216bis §6.2.4), the
// newest first. Older ones, which no player comes to see, would only keep away who
// cannot play them.
func (r *Ring) codecs() string {
	start, _, _ := r.startPart()
	var names []string
	for i := len(r.segments) - 1; i >= r.listed; i-- {
		for name := range strings.SplitSeq(r.segments[i].init.Codecs, ",") {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if r.segments[i] == start {
			break
		}
	}
	return strings.Join(names, ",")
}

// bandwidth returns the peak segment bit rate (RFC 8216bis §4.4.6.2) as well as
// it is known yet.
func (r *Ring) bandwidth() int64 {
	if r.peak > 0 {
		return r.peak
	}
	var bytes int64
	for _, s := range r.segments {
		bytes += s.bytes
	}
	if d := r.shown(); d > 0 && bytes > 0 {
		return max(1, bytes*8*int64(time.Second)/int64(d))
	}
	return 1
}
