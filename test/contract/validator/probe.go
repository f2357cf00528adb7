package validator

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost/test/contract/playlist"
)

// probe puts odd questions now and then.
func (v *Validator) probe(ctx context.Context) error {
	now := time.Now()
	if now.Sub(v.probed) < v.options.ProbeEvery || v.options.Disturbed(now.Add(-v.options.ProbeEvery)) || v.interrupted {
		return nil
	}
	v.probed = now
	for _, probe := range []func(context.Context) error{v.probeRefused, v.probePast, v.probeSkip, v.probeUnknown, v.probeBeyond} {
		if err := probe(ctx); err != nil {
			return err
		}
		v.count(func(c *Counts) { c.Probes++ })
	}
	return nil
}

// probeRefused asks for what must be refused.
func (v *Validator) probeRefused(ctx context.Context) error {
	now, _, err := v.getPlaylist(ctx, v.mediaURL)
	if err != nil || now == nil {
		return err
	}
	msn, index := now.Newest()
	for _, p := range []struct{ rule, query string }{
		{"reload-too-far", "_HLS_msn=" + strconv.FormatInt(msn+4, 10)},
		{"reload-too-far", "_HLS_msn=" + strconv.FormatInt(msn+4, 10) + "&_HLS_part=0"},
		{"reload-too-far", "_HLS_msn=" + strconv.FormatInt(msn, 10) + "&_HLS_part=" + strconv.Itoa(index+1000)},
		{"reload-part-alone", "_HLS_part=0"},
		{"reload-malformed", "_HLS_msn=x"},
		{"reload-malformed", "_HLS_msn=-1"},
	} {
		if v.last.PartTarget == 0 && strings.Contains(p.query, "part") {
			continue
		}
		a, err := v.get(ctx, withQuery(v.mediaURL, p.query))
		if err != nil {
			return err
		}
		if a.status != http.StatusBadRequest || a.at.Sub(a.asked) > v.options.Slack {
			v.report(p.rule, "%s: status %d after %v", p.query, a.status, a.at.Sub(a.asked))
		}
	}
	return nil
}

func withQuery(url, query string) string {
	if strings.Contains(url, "?") {
		return url + "&" + query
	}
	return url + "?" + query
}

// probePast asks for a segment that is long gone.
func (v *Validator) probePast(ctx context.Context) error {
	d := directives{block: true, msn: max(0, v.last.MediaSequence-1), part: -1}
	p, a, err := v.getPlaylist(ctx, d.url(v.mediaURL))
	if err != nil {
		return err
	}
	if took := a.at.Sub(a.asked); p == nil || p.Delta || took > v.options.Slack || p.MediaSequence < v.last.MediaSequence {
		v.report("reload-past", "status %d after %v", a.status, took)
	}
	return nil
}

// probeSkip compares a delta update with the full playlist of the same moment.
func (v *Validator) probeSkip(ctx context.Context) error {
	d := directives{skip: true}
	delta, _, err := v.getPlaylist(ctx, d.url(v.mediaURL))
	if err != nil || delta == nil {
		return err
	}
	full, _, err := v.getPlaylist(ctx, v.mediaURL)
	if err != nil || full == nil {
		return err
	}
	if full.Delta {
		v.report("delta-unasked", "%s without _HLS_skip", v.mediaURL)
		return nil
	}
	merged, err := v.whole(ctx, delta, d)
	if err != nil || merged == nil || !delta.Delta {
		return err
	}
	if a, b := position(merged), position(full); a != b {
		return nil // a part came in between
	}
	if len(merged.Segments) != len(full.Segments) {
		v.report("delta-merge", "%d segments instead of %d", len(merged.Segments), len(full.Segments))
		return nil
	}
	for i := range full.Segments {
		a, b := merged.Segments[i], full.Segments[i]
		if a.MSN != b.MSN || a.URI != b.URI || a.Duration != b.Duration || a.Map != b.Map || a.Sequence != b.Sequence || i >= int(delta.Skipped) && len(a.Parts) != len(b.Parts) {
			v.report("delta-merge", "segment %d is %+v, should be %+v", b.MSN, a, b)
		}
	}
	return nil
}

// position is where a playlist ends.
func position(p *playlist.Playlist) [2]int64 {
	msn, index := p.Newest()
	return [2]int64{msn, int64(index)}
}

// probeUnknown asks for parts and segments that do not exist.
func (v *Validator) probeUnknown(ctx context.Context) error {
	var uris []string
	for _, s := range v.last.Segments {
		if s.URI != "" {
			uris = append(uris, s.URI)
		}
		for _, part := range s.Parts {
			uris = append(uris, part.URI)
		}
	}
	if len(uris) == 0 {
		return nil
	}
	path, query, _ := strings.Cut(uris[len(uris)-1], "?")
	for _, uri := range []string{path + "x?" + query, path[:strings.LastIndexByte(path, '/')+1] + "nothing.mp4?" + query} {
		a, err := v.get(ctx, resolve(v.mediaURL, uri))
		if err != nil {
			return err
		}
		if a.status != http.StatusNotFound && a.status != http.StatusGone {
			v.report("not-found", "%s: status %d", uri, a.status)
		}
	}
	return nil
}

// beyond is how many parts behind the newest one probeBeyond asks for. It lies
// within the Advance Part Limit, which is three seconds' worth.
func beyond(p *playlist.Playlist) int {
	if p.PartTarget <= 0 || p.PartTarget > time.Second {
		return 2
	}
	return max(1, int(3*time.Second/p.PartTarget)-1)
}

// probeBeyond asks for a part that its segment may not have any more, which means
// the first of the next one. It does not wait for the answer.
func (v *Validator) probeBeyond(ctx context.Context) error {
	msn, index := v.last.Newest()
	if v.last.Open() == nil || v.last.PartTarget == 0 {
		return nil
	}
	d := directives{block: true, msn: msn, part: index + beyond(v.last)}
	v.asides.Go(func() {
		p, a, err := v.getPlaylist(ctx, d.url(v.mediaURL))
		if err != nil || v.options.Disturbed(a.asked) {
			return // Run fails by itself where the server cannot be reached
		}
		if p == nil || !p.Holds(d.msn, d.part) || len(p.Segments[len(p.Segments)-1].Parts) == 0 {
			v.report("reload-beyond", "part %d of segment %d: status %d after %v", d.part, d.msn, a.status, a.at.Sub(a.asked))
		}
	})
	return nil
}
