package playback

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/token"
)

// ByRecording is how a request names an object.
type ByRecording struct {
	ByToken
	Recording string `path:"recording" maxLength:"64" doc:"Id of a recording"`
}

type segmentInput struct {
	ByRecording
	method string
	Range  string `header:"Range" maxLength:"100" doc:"The bytes of one segment, as the playlist names it; needed unless the window holds the whole recording"`
}

// Resolve implements huma.Resolver: net/http hands HEAD to GET's operation.
func (in *segmentInput) Resolve(ctx huma.Context) []error {
	in.method = ctx.Method()
	return nil
}

type segmentOutput struct {
	Status       int
	Location     string `header:"Location"`
	CacheControl string `header:"Cache-Control"`

	// For HEAD.
	ContentType   string `header:"Content-Type"`
	ContentLength string `header:"Content-Length"`
	AcceptRanges  string `header:"Accept-Ranges"`
}

// recording returns a recording of a token's camera and what its window opens.
func (f *Function) recording(ctx context.Context, in *ByRecording) (token.Media, gatepost.Recording, extent, error) {
	m, err := f.admit(ctx, in.Token)
	if err != nil {
		return m, gatepost.Recording{}, extent{}, err
	}
	none := &gatepost.Error{Code: gatepost.NotFound, Message: "no such recording in this window"}
	if !gatepost.ValidID(in.Recording) {
		return m, gatepost.Recording{}, extent{}, none
	}
	r, err := f.opts.Store.Recording(ctx, in.Recording)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && (r.CameraID != m.CameraID || r.Garbage) {
		return m, r, extent{}, none
	}
	if err != nil {
		return m, r, extent{}, err
	}
	e, ok := extentOf(&r, m.From, m.To)
	if !ok {
		return m, r, extent{}, none
	}
	return m, r, e, nil
}

func (f *Function) segment(ctx context.Context, in *segmentInput) (*segmentOutput, error) {
	m, r, e, err := f.recording(ctx, &in.ByRecording)
	if err != nil {
		return nil, err
	}
	if in.method == http.MethodHead {
		return &segmentOutput{Status: http.StatusOK, ContentType: "video/mp4", ContentLength: strconv.FormatInt(r.Bytes, 10),
			AcceptRanges: "bytes", CacheControl: "private, no-store"}, nil
	}
	if err := readable([]gatepost.Recording{r}, f.opts.Now()); err != nil {
		return nil, err
	}
	opts := objstore.PresignOptions{Expires: f.opts.SegmentURL}
	if opts.Range, err = permit(in.Range, &r, e); err != nil {
		return nil, err
	}
	url, err := f.opts.Objects.Presign(ctx, r.Key, opts)
	if err != nil {
		return nil, err
	}
	bytes := r.Bytes
	if opts.Range != nil {
		bytes = max(0, min(opts.Range[1], r.Bytes-1)-opts.Range[0]+1)
	}
	f.watched(ctx, m, bytes)
	return &segmentOutput{Status: http.StatusFound, Location: url, CacheControl: "private, no-store"}, nil
}

// permit decides whether a Range header asks for nothing but the init segment and
// what the window opens, and returns the range to sign. That is nil where the
// window opens the whole recording and the header names no end: a signed range
// must be the one that is sent, and a redirect cannot change it.
func permit(header string, r *gatepost.Recording, e extent) (*[2]int64, error) {
	if first, last, ok := parseRange(header); ok {
		// The bytes that are open: [0, InitLen) and [offset, end), to
		// infinity where the object ends there.
		tail := last < e.end || e.end == r.Bytes
		if last < r.InitLen || tail && (first >= e.offset || e.offset == r.InitLen) {
			return &[2]int64{first, last}, nil
		}
	} else if e.whole {
		return nil, nil
	}
	return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "ask for a range of bytes that the playlist names; the rest of this recording lies outside of the window"}
}

// parseRange reads a Range header (RFC 9110 §14.2) with one range that has both
// ends.
func parseRange(header string) (first, last int64, ok bool) {
	unit, spec, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(unit, "bytes") {
		return 0, 0, false
	}
	a, b, ok := strings.Cut(strings.Trim(spec, " \t"), "-")
	if !ok {
		return 0, 0, false
	}
	x, err := strconv.ParseUint(a, 10, 63)
	if err != nil {
		return 0, 0, false
	}
	y, err := strconv.ParseUint(b, 10, 63)
	if err != nil || y < x {
		return 0, 0, false
	}
	return int64(x), int64(y), true
}
