package playback

import (
	"context"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/internal/token"
	"github.com/gatepost-video/gatepost/streaming/hls"
)

const (
	// bySegments is the longest window whose playlist lists GOPs.
	bySegments = 2 * time.Hour
	// maxObjects is how many objects a playlist lists at most: 31 days of them,
	// and some that are short because their camera came and went.
	maxObjects = 60_000
)

// ByToken is how a request names its window.
type ByToken struct {
	Token string `path:"token" maxLength:"4096" doc:"A media token for playback"`
}

type playlistOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// admit verifies a token and that its grant still holds.
func (f *Function) admit(ctx context.Context, raw string) (token.Media, error) {
	m, err := f.opts.Tokens.Media(ctx, raw)
	if err != nil {
		return m, err
	}
	if m.Action != gatepost.ActionPlayback {
		return m, &gatepost.Error{Code: gatepost.Forbidden, Message: "this grant does not allow playback"}
	}
	if err := m.Networks.Admit(host.Remote(ctx)); err != nil {
		return m, err
	}
	g, err := f.opts.Store.Grant(ctx, m.GrantID)
	switch {
	case gatepost.CodeOf(err) == gatepost.NotFound:
		return m, &gatepost.Error{Code: gatepost.Gone, Message: "the grant does not exist any more; ask for a new one"}
	case err != nil:
		return m, err
	case g.RevokedAt != nil:
		return m, &gatepost.Error{Code: gatepost.Gone, Message: "the grant was revoked"}
	case !f.opts.Now().Before(g.ExpiresAt):
		return m, &gatepost.Error{Code: gatepost.Gone, Message: "the grant has expired; ask for a new one"}
	}
	return m, nil
}

func (f *Function) playlist(ctx context.Context, in *ByToken) (*playlistOutput, error) {
	m, err := f.admit(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	rows, err := f.rows(ctx, m)
	if err != nil {
		return nil, err
	}
	if err := readable(rows, f.opts.Now()); err != nil {
		return nil, err
	}
	items := items(rows, m.From, m.To, m.To.Sub(m.From) <= bySegments)
	if len(items) == 0 {
		return nil, &gatepost.Error{Code: gatepost.NotFound, Message: "nothing is recorded in this window"}
	}
	return &playlistOutput{ContentType: hls.MIME, CacheControl: "private, no-store", Body: hls.AppendVOD(make([]byte, 0, 128*len(items)), items)}, nil
}

// rows returns what a token's window overlaps. Those rows that are cut by it, or
// listed by segments, come with their segments.
func (f *Function) rows(ctx context.Context, m token.Media) ([]gatepost.Recording, error) {
	list := f.opts.Store.Recordings
	if m.To.Sub(m.From) > bySegments {
		list = f.opts.Store.RecordingTimes
	}
	rows, err := list(ctx, m.CameraID, m.From, m.To, maxObjects+1)
	if err != nil {
		return nil, err
	}
	if len(rows) > maxObjects {
		return nil, &gatepost.Error{Code: gatepost.TooLarge, Message: "this window has too much for one playlist; ask for a shorter one"}
	}
	for i := range rows {
		if len(rows[i].Segments) > 0 || inside(&rows[i], m.From, m.To) {
			continue
		}
		row, err := f.opts.Store.Recording(ctx, rows[i].ID)
		if err != nil && gatepost.CodeOf(err) != gatepost.NotFound {
			return nil, err
		}
		rows[i].Segments = row.Segments // none if it was deleted meanwhile
	}
	return rows, nil
}

// readable fails with Archived when something of the rows must be restored first.
func readable(rows []gatepost.Recording, now time.Time) error {
	from, to, n := time.Time{}, time.Time{}, 0
	for i := range rows {
		if !rows[i].Archived(now) {
			continue
		}
		if n++; n == 1 {
			from = rows[i].Start
		}
		to = rows[i].End
	}
	if n == 0 {
		return nil
	}
	return &gatepost.Error{Code: gatepost.Archived, Message: fmt.Sprintf("%d recordings from %s to %s lie in the deep archive; restore them first (POST /v1/restores), which takes up to two days, or ask for another window",
		n, from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))}
}

// items lists the segments of a playlist.
func items(rows []gatepost.Recording, from, to time.Time, bySegments bool) []hls.Item {
	list := make([]hls.Item, 0, len(rows))
	var before *gatepost.Recording
	var init string
	for i := range rows {
		r := &rows[i]
		e, ok := extentOf(r, from, to)
		if !ok {
			continue
		}
		head := hls.Item{URI: r.ID + ".mp4"}
		if before == nil || !follows(before, r) {
			head.Discontinuity = before != nil
			head.Wall = wall(r, e.start)
		}
		if r.InitSHA256 != init || head.Discontinuity {
			head.MapLength = r.InitLen
		}
		before, init = r, r.InitSHA256
		if !bySegments || len(e.segments) == 0 {
			head.Offset, head.Length, head.Duration = e.offset, e.end-e.offset, e.duration
			list = append(list, head)
			continue
		}
		for k, s := range e.segments {
			item := hls.Item{URI: head.URI}
			if k == 0 {
				item = head
			}
			item.Offset, item.Length, item.Duration = s.Offset, s.Length, s.Duration
			list = append(list, item)
		}
	}
	return list
}
