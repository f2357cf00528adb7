package validator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gatepost-video/gatepost/test/contract/playlist"
)

// patience is how long to wait before a playlist that is not there is asked for
// again.
const patience = time.Second

// Run follows the stream until ctx ends. It fails when the server cannot be
// reached, or when its multivariant playlist names nothing.
func (v *Validator) Run(ctx context.Context) error {
	defer v.asides.Wait()
	err := v.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (v *Validator) run(ctx context.Context) error {
	if err := v.begin(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := v.step(ctx); err != nil {
			return err
		}
		if err := v.askAgain(ctx); err != nil {
			return err
		}
		if err := v.probe(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin loads the multivariant playlist and the first media playlist.
func (v *Validator) begin(ctx context.Context) error {
	asked := time.Now()
	for v.last == nil && ctx.Err() == nil {
		var err error
		var a *answer
		if v.multivariant == nil {
			if v.multivariant, a, err = v.getPlaylist(ctx, v.options.URL); err != nil {
				return err
			}
			if v.multivariant != nil && len(v.multivariant.Variants) == 0 {
				return fmt.Errorf("%s names no media playlist", v.options.URL)
			}
		}
		if v.multivariant != nil {
			v.mediaURL = resolve(v.options.URL, v.multivariant.Variants[0].URI)
			var p *playlist.Playlist
			if p, a, err = v.getPlaylist(ctx, v.mediaURL); err != nil {
				return err
			}
			if p != nil {
				if p.Delta {
					v.report("delta-unasked", "%s without _HLS_skip", v.mediaURL)
				}
				v.checkAlone(p)
				v.checkAfter(p, a.at)
				return v.fetchNew(ctx, "", nil)
			}
		}
		if time.Since(asked) > time.Minute {
			return fmt.Errorf("%s: status %d for a minute", v.options.URL, a.status)
		}
		wait(ctx, patience)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// hint asks for the part that the newest playlist hints at; the answer comes
// through the channel, nil when there is none.
func (v *Validator) hint(ctx context.Context) (uri string, answered <-chan *answer) {
	c := make(chan *answer, 1)
	for _, h := range v.last.Hints {
		if h.Type == "PART" {
			uri = h.URI
		}
	}
	if uri == "" {
		c <- nil
		return "", c
	}
	url := resolve(v.mediaURL, uri)
	go func() {
		a, err := v.get(ctx, url)
		if err != nil {
			a = nil
		}
		c <- a
	}()
	return uri, c
}

// step makes one blocking reload, and looks at what is new.
func (v *Validator) step(ctx context.Context) error {
	d := directives{block: true, skip: v.last.CanSkipUntil > 0}
	d.msn, d.part = v.last.Next()
	if v.last.PartTarget == 0 {
		d.part = -1
	}
	uri, hinted := v.hint(ctx)
	p, a, err := v.getPlaylist(ctx, d.url(v.mediaURL))
	h := <-hinted
	if err = errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	if took := a.at.Sub(a.asked); took > 3*v.last.TargetDuration+v.options.Slack {
		v.report("reload-timeout", "answered after %v with status %d", took, a.status)
	}
	if p == nil {
		v.checkRefusal(a)
		wait(ctx, patience)
		return nil
	}
	full, err := v.whole(ctx, p, d)
	if err != nil || full == nil {
		return err
	}
	came := full.Holds(d.msn, d.part)
	if !came && !v.options.Disturbed(a.asked) {
		v.report("reload-early", "asked for part %d of segment %d, answered after %v without it", d.part, d.msn, a.at.Sub(a.asked))
	}
	v.checkAlone(p)
	v.checkAfter(full, a.at)
	h = v.checkHint(uri, h, a, came)
	if !came && h == nil {
		wait(ctx, cmp.Or(v.last.PartTarget, patience))
	}
	return v.fetchNew(ctx, uri, h)
}

// checkRefusal looks at a playlist request that was refused.
func (v *Validator) checkRefusal(a *answer) {
	v.interrupted = true
	switch {
	case a.status == http.StatusServiceUnavailable, a.status == http.StatusNotFound, a.status == http.StatusGone:
		if !v.options.Disturbed(a.asked) {
			v.report("playlist-available", "status %d after %v", a.status, a.at.Sub(a.asked))
		}
	default:
		v.report("reload-status", "status %d after %v", a.status, a.at.Sub(a.asked))
	}
}

// whole returns the full playlist of which p may be a delta update.
func (v *Validator) whole(ctx context.Context, p *playlist.Playlist, d directives) (*playlist.Playlist, error) {
	if !p.Delta {
		if d.skip && v.skippable(p) {
			v.report("delta-missing", "%d segments from %d on, and no EXT-X-SKIP", len(p.Segments), p.MediaSequence)
		}
		return p, nil
	}
	v.count(func(c *Counts) { c.Deltas++ })
	if !d.skip || p.CanSkipUntil == 0 {
		v.report("delta-unasked", "EXT-X-SKIP for %+v", d)
	}
	full, err := playlist.Merge(v.last, p)
	if err == nil {
		if d.skip && left(full, int(p.Skipped)) < p.CanSkipUntil-rounding {
			v.report("delta-boundary", "%d segments are skipped, after which %v are left", p.Skipped, left(full, int(p.Skipped)))
		}
		return full, nil
	}
	if !v.interrupted {
		v.report("delta-merge", "%v", err)
	}
	full, _, err = v.getPlaylist(ctx, v.mediaURL)
	return full, err
}

// left returns the media time of the whole segments of p behind its first n.
func left(p *playlist.Playlist, n int) time.Duration {
	var d time.Duration
	for _, s := range p.Whole()[min(n, len(p.Whole())):] {
		d += s.Duration
	}
	return d
}

// skippable tells whether the first segment of a full playlist lies beyond the
// skip boundary.
func (v *Validator) skippable(p *playlist.Playlist) bool {
	return p.CanSkipUntil > 0 && left(p, 1) > p.CanSkipUntil+rounding
}

// checkHint compares the answers for the hinted part and for the playlist that
// shows it. It returns what the hint gave, or nil.
func (v *Validator) checkHint(uri string, h, a *answer, came bool) *answer {
	if h == nil || uri == "" {
		return nil
	}
	if h.status != http.StatusOK {
		// The server may choose not to publish it, if the source ended (§6.2.6).
		if !v.options.Disturbed(h.asked) {
			v.report("hint-blocks", "%s: status %d after %v", uri, h.status, h.at.Sub(h.asked))
		}
		return nil
	}
	v.count(func(c *Counts) { c.Hints++ })
	if !came {
		return h
	}
	switch off := a.at.Sub(h.at); {
	case off > v.options.Slack:
		v.report("reload-late", "answered %v after the part came", off)
	case off < -v.options.Slack:
		v.report("hint-blocks", "%s came %v after the playlist that shows it", uri, -off)
	}
	return h
}
