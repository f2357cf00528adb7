package view

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
)

// LLHLS watches a camera from the multivariant playlist at address until ctx ends,
// or fails when there is nothing to see. What goes wrong later is counted, and the
// viewer goes on, as players do.
func LLHLS(ctx context.Context, address string, m *Meter) error {
	at, err := url.Parse(address)
	if err != nil || at.Scheme != "http" {
		return errors.New("the playlist has no http address")
	}
	playlists := &viewer{conn: conn{address: at.Host}, eye: newEye(m)}
	defer playlists.close()
	first, err := playlists.begin(ctx, at)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}

	// Parts are fetched on a connection of their own, one after the other.
	media := &viewer{conn: conn{address: at.Host}, eye: newEye(m)}
	media.eye.since = playlists.eye.since
	queue := make(chan string, 64)
	var fetching sync.WaitGroup
	fetching.Go(func() {
		defer media.close()
		for uri := range queue {
			media.fetch(ctx, at, uri)
		}
	})
	playlists.follow(ctx, at, first, queue)
	close(queue)
	fetching.Wait()
	return nil
}

// viewer is one of a viewer's connections.
type viewer struct {
	conn conn
	eye  *eye
}

func (v *viewer) close() {
	v.conn.close()
	v.eye.close()
}

// get asks and counts; a status other than 200 is an error.
func (v *viewer) get(ctx context.Context, u *url.URL) ([]byte, error) {
	status, body, err := v.conn.get(ctx, u)
	if err == nil && status != 200 {
		err = fmt.Errorf("status %d", status)
	}
	if v.eye.meter.on.Load() {
		v.eye.report.Requests++
		v.eye.report.Bytes += len(body)
	}
	return body, err
}

// begin reads the multivariant playlist, moves at to the media playlist and reads
// that.
func (v *viewer) begin(ctx context.Context, at *url.URL) (playlist, error) {
	body, err := v.get(ctx, at)
	if err != nil {
		return playlist{}, fmt.Errorf("multivariant playlist: %w", err)
	}
	variant := parse(body).variant
	next, err := at.Parse(variant)
	if err != nil || variant == "" {
		return playlist{}, errors.New("the multivariant playlist names no media playlist")
	}
	*at = *next
	if body, err = v.get(ctx, at); err != nil {
		return playlist{}, fmt.Errorf("media playlist: %w", err)
	}
	p := parse(body)
	if p.target == 0 {
		return playlist{}, errors.New("the media playlist has no target duration")
	}
	return p, nil
}

// follow queues the parts of p from the newest key frame on, and then each new one.
func (v *viewer) follow(ctx context.Context, at *url.URL, p playlist, queue chan<- string) {
	var seen place // the part that is to come next
	for _, part := range p.parts {
		if part.independent || seen == (place{}) {
			seen = part.place
		}
	}
	init := ""
	for {
		if p.init != "" && p.init != init {
			init = p.init
			v.queue(queue, init)
		}
		for _, part := range p.parts {
			if !part.before(seen) {
				v.queue(queue, part.uri)
				seen = place{part.segment, part.part + 1}
			}
		}
		if p.ended {
			return
		}
		var err error
		for p, err = v.reload(ctx, at, p); err != nil; p, err = v.rejoin(ctx, at) {
			if ctx.Err() != nil {
				return
			}
			v.eye.refuse(err)
			if !pause(ctx, 500*time.Millisecond) {
				return
			}
		}
	}
}

// queue hands a URI on; a viewer that is 64 parts behind skips it.
func (v *viewer) queue(queue chan<- string, uri string) {
	select {
	case queue <- uri:
	default:
		v.eye.refuse(errors.New("the viewer is too slow for its parts"))
	}
}

// reload waits for the part after p (RFC 8216bis §6.2.5.2).
func (v *viewer) reload(ctx context.Context, at *url.URL, p playlist) (playlist, error) {
	u := *at
	query := "_HLS_msn=" + strconv.Itoa(p.next.segment) + "&_HLS_part=" + strconv.Itoa(p.next.part)
	if p.canSkip {
		query += "&_HLS_skip=YES"
	}
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery = query
	asked := time.Now()
	body, err := v.get(ctx, &u)
	if err != nil {
		return playlist{}, fmt.Errorf("playlist: %w", err)
	}
	if v.eye.meter.on.Load() {
		v.eye.playlist.Add(time.Since(asked))
	}
	return parse(body), nil
}

// rejoin reads the playlist without waiting.
func (v *viewer) rejoin(ctx context.Context, at *url.URL) (playlist, error) {
	body, err := v.get(ctx, at)
	if err != nil {
		return playlist{}, fmt.Errorf("playlist: %w", err)
	}
	return parse(body), nil
}

// fetch reads a part and looks for its pictures.
func (v *viewer) fetch(ctx context.Context, at *url.URL, uri string) {
	u, err := at.Parse(uri)
	if err == nil {
		var body []byte
		if body, err = v.get(ctx, u); err == nil {
			v.look(body, time.Now())
			return
		}
	}
	if ctx.Err() == nil {
		v.eye.refuse(fmt.Errorf("part: %w", err))
	}
}

func (v *viewer) look(body []byte, now time.Time) {
	var oldest, newest time.Time
	clip.Scan(body, func(m clip.Mark) {
		v.eye.see(m)
		if oldest.IsZero() {
			oldest = m.At
		}
		newest = m.At
	})
	if !newest.IsZero() && v.eye.meter.on.Load() {
		v.eye.oldest.Add(now.Sub(oldest))
		v.eye.newest.Add(now.Sub(newest))
	}
}

// pause returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
