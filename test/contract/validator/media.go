package validator

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost/test/contract/fragment"
	"github.com/gatepost-video/gatepost/test/contract/playlist"
)

// fetchNew fetches the parts and segments of the newest playlist that were not
// fetched yet. hinted is what the hint before it gave, if it gave anything.
func (v *Validator) fetchNew(ctx context.Context, hintedURI string, hinted *answer) error {
	for i := range v.last.Segments {
		s := &v.last.Segments[i]
		k := v.known[s.MSN]
		if k == nil {
			continue
		}
		init, err := v.init(ctx, s.Map)
		if err != nil {
			return err
		}
		for k.fetched < len(k.Parts) {
			part := &k.Parts[k.fetched]
			var given *answer
			if part.URI == hintedURI {
				given = hinted
			}
			if err := v.fetchPart(ctx, k, part, init, given); err != nil {
				return err
			}
		}
		if k.whole && !k.checked {
			k.checked = true
			if err := v.fetchSegment(ctx, k, init); err != nil {
				return err
			}
		}
	}
	return nil
}

// init fetches and reads an init segment, once. It is nil when that is not
// possible.
func (v *Validator) init(ctx context.Context, uri string) (*fragment.Init, error) {
	if uri == "" {
		return nil, nil
	}
	if init, ok := v.inits[uri]; ok {
		return init, nil
	}
	a, err := v.getMedia(ctx, resolve(v.mediaURL, uri), "init")
	if err != nil {
		return nil, err
	}
	v.inits[uri] = nil
	if a == nil {
		return nil, nil
	}
	v.count(func(c *Counts) { c.Inits++ })
	init, err := fragment.ReadInit(a.body)
	if err != nil {
		v.report("init", "%s: %v", uri, err)
		return nil, nil
	}
	v.inits[uri] = init
	return init, v.checkFormats(ctx)
}

// fetchPart fetches the next part of k, unless it is given, and looks into it.
func (v *Validator) fetchPart(ctx context.Context, k *segment, part *playlist.Part, init *fragment.Init, given *answer) error {
	first := k.fetched == 0
	k.fetched++
	a := given
	if a == nil {
		var err error
		if a, err = v.getMedia(ctx, resolve(v.mediaURL, part.URI), "part-available"); err != nil || a == nil {
			k.lacking = true
			return err
		}
	}
	v.count(func(c *Counts) { c.Parts++ })
	v.sums[part.URI] = a.sum
	k.joined.Write(a.body)
	k.sum += part.Duration
	if first && k.Discontinuity {
		clear(v.ends)
	}
	if init == nil {
		return nil
	}
	m, err := fragment.Read(a.body, init)
	if err != nil {
		v.report("media-fits-init", "%s under %s: %v", part.URI, k.Map, err)
		clear(v.ends)
		return nil
	}
	v.checkPart(k, part, m, init, first)
	return nil
}

// checkPart checks what is in a part against what the playlist says of it.
func (v *Validator) checkPart(k *segment, part *playlist.Part, m *fragment.Media, init *fragment.Init, first bool) {
	lead := m.Lead()
	if d := lead.Time(lead.Duration); (d - part.Duration).Abs() > rounding {
		v.report("part-duration", "%s lasts %v, its samples %v", part.URI, part.Duration, d)
	}
	video := slices.ContainsFunc(init.Tracks, func(t fragment.Track) bool { return t.Video })
	sync, anySync, broken := !video, false, false
	for i := range m.Stretches {
		s := &m.Stretches[i]
		if s.Track.Video {
			sync, anySync = sync || s.Sync, anySync || s.AnySync
		}
		begin := s.Time(s.Start)
		if end, ok := v.ends[s.Track.ID]; ok {
			off := begin - end
			if off < -drift || off > drift && !v.options.Disturbed(time.Now().Add(-time.Minute)) {
				broken = true
				v.report("timestamps", "%s: track %d goes on %v after its end", part.URI, s.Track.ID, off)
			}
		}
		v.ends[s.Track.ID] = s.Time(s.End())
	}
	if part.Independent && !sync {
		v.report("independent", "%s does not begin with a sync sample", part.URI)
	}
	if !part.Independent && anySync {
		v.report("independent-unmarked", "%s has a sync sample", part.URI)
	}
	if !first {
		return
	}
	if v.last.Independent && !sync {
		v.report("independent-segments", "segment %d does not begin with a sync sample", k.MSN)
	}
	k.lead, k.begin = lead.Track, lead.Time(lead.Start)
	before := v.known[k.MSN-1]
	if before != nil && before.lead != nil && before.lead.ID == k.lead.ID && !k.Discontinuity && !broken {
		if off := before.Duration - (k.begin - before.begin); off.Abs() > drift {
			v.report("extinf-media", "segment %d lasts %v, the next one begins %v after it", before.MSN, before.Duration, k.begin-before.begin)
		}
	}
}

// fetchSegment fetches a whole segment and compares it with its parts.
func (v *Validator) fetchSegment(ctx context.Context, k *segment, init *fragment.Init) error {
	if k.Gap {
		return nil
	}
	a, err := v.getMedia(ctx, resolve(v.mediaURL, k.URI), "segment-available")
	if err != nil || a == nil {
		return err
	}
	v.count(func(c *Counts) { c.Segments++ })
	v.sums[k.URI] = a.sum
	if len(k.Parts) == 0 {
		if init != nil {
			if _, err := fragment.Read(a.body, init); err != nil {
				v.report("media-fits-init", "%s under %s: %v", k.URI, k.Map, err)
			}
		}
		return nil
	}
	if !k.lacking && !bytes.Equal(k.joined.Sum(nil), a.sum[:]) {
		v.report("parts-segment", "%s is not its %d parts", k.URI, len(k.Parts))
	}
	if k.sum > k.Duration+rounding {
		v.report("extinf-parts", "%s lasts %v, its parts %v", k.URI, k.Duration, k.sum)
	}
	return nil
}

// checkFormats compares the multivariant playlist with the init segments in force
// from where players start on. (The text asks for all formats of a playlist. A
// player that starts where it is told to never sees the older ones, and to name
// them would keep away those who cannot play what is no more.)
func (v *Validator) checkFormats(ctx context.Context) error {
	p, a, err := v.getPlaylist(ctx, v.options.URL)
	if err != nil {
		return err
	}
	if p == nil {
		if !v.options.Disturbed(a.asked) {
			v.report("playlist-available", "%s: status %d", v.options.URL, a.status)
		}
		return nil
	}
	v.multivariant = p
	if v.last == nil || len(p.Variants) == 0 {
		return nil
	}
	variant := p.Variants[0]
	fits := variant.Width == 0
	for _, s := range fromStart(v.last) {
		init := v.inits[s.Map]
		if init == nil {
			continue
		}
		for _, t := range init.Tracks {
			if !slices.ContainsFunc(variant.Codecs, func(c string) bool { return strings.EqualFold(c, t.Codec) }) {
				v.report("codecs", "CODECS %q, segment %d has %s", variant.Codecs, s.MSN, t.Codec)
			}
			fits = fits || t.Video && t.Width == variant.Width && t.Height == variant.Height
		}
	}
	if !fits {
		v.report("resolution", "RESOLUTION %dx%d is none of the pictures'", variant.Width, variant.Height)
	}
	return nil
}

// fromStart returns the segments from the one on at which players start.
func fromStart(p *playlist.Playlist) []playlist.Segment {
	if p.Start == nil || *p.Start >= 0 {
		return p.Segments
	}
	left := -*p.Start
	for i := len(p.Segments) - 1; i >= 0; i-- {
		d := p.Segments[i].Duration
		if p.Segments[i].URI == "" {
			for _, part := range p.Segments[i].Parts {
				d += part.Duration
			}
		}
		if left -= d; left <= 0 {
			return p.Segments[i:]
		}
	}
	return p.Segments
}

// laterCheck is something to be asked for again.
type laterCheck struct {
	rule, uri string
	at        time.Time // just before it for availability, from then on for not-found
}

func (v *Validator) askLater(rule, uri string, at time.Time) {
	v.later = append(v.later, laterCheck{rule, uri, at})
}

// margin is how long before the end of its time something is asked for again.
const margin = time.Second

// askAgain asks for what is due.
func (v *Validator) askAgain(ctx context.Context) error {
	now := time.Now()
	var errs error
	v.later = slices.DeleteFunc(v.later, func(l laterCheck) bool {
		switch {
		case errs != nil || ctx.Err() != nil:
			return false
		case l.rule == "not-found":
			if now.Before(l.at) {
				return false
			}
		case now.Before(l.at.Add(-margin)):
			return false
		case now.After(l.at):
			return true // nobody looked in time
		}
		errs = errors.Join(errs, v.ask(ctx, l))
		return true
	})
	return errs
}

func (v *Validator) ask(ctx context.Context, l laterCheck) error {
	a, err := v.get(ctx, resolve(v.mediaURL, l.uri))
	if err != nil {
		return err
	}
	v.count(func(c *Counts) { c.Later++ })
	was, ok := v.sums[l.uri]
	switch {
	case a.status == http.StatusOK:
		if ok && was != a.sum {
			v.report("media-changed", "%s", l.uri)
		}
	case l.rule != "not-found":
		v.report(l.rule, "%s: status %d, %v before its time", l.uri, a.status, time.Until(l.at))
	case a.status != http.StatusNotFound && a.status != http.StatusGone:
		v.report("not-found", "%s: status %d", l.uri, a.status)
	}
	return nil
}
