package hls

import (
	"strconv"
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
	if init.Codecs != "" {
		b = append(b, `,CODECS="`...)
		b = append(b, init.Codecs...)
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
