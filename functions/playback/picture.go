package playback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/internal/ffmpeg"
	"github.com/gatepost-video/gatepost/internal/token"
	"github.com/gatepost-video/gatepost/streaming/cmaf"
)

const (
	maxCoded   = 8 << 20          // bytes of a key frame and what comes with it
	maxPicture = 1 << 20          // bytes of a JPEG
	patience   = 20 * time.Second // with the object store and ffmpeg together
	atOnce     = 10               // recordings of a camera at one moment, at most
)

type pictureInput struct {
	ByToken
	At    time.Time `query:"at" required:"true" doc:"The moment, RFC 3339, within the token's window"`
	Width int       `query:"width" minimum:"16" maximum:"640" default:"320" doc:"How wide the picture may be, in pixels; none is enlarged"`
}

type pictureOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Time         string `header:"Gatepost-Picture-Time" doc:"When the picture was taken, RFC 3339: the key frame at or before the moment"`
	Body         []byte
}

// picture answers the key frame at or before a moment. It is made for the one who
// asks, and nothing is kept of it, here or on the way.
func (f *Function) picture(ctx context.Context, in *pictureInput) (*pictureOutput, error) {
	m, err := f.admit(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(m.Subject, token.SharePrefix) && m.Label != "" {
		return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "single pictures do not carry the watermark of this share link; play the window instead"}
	}
	program, err := exec.LookPath(f.opts.FFmpeg)
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Unsupported, Message: "this server makes no single pictures, because ffmpeg is not installed; play the window instead", Err: err}
	}
	r, s, err := f.moment(ctx, m, in.At)
	if err != nil {
		return nil, err
	}
	turn, over, err := f.turn(ctx, m.GrantID)
	if err != nil {
		return nil, err
	}
	defer over()
	jpeg, err := f.draw(turn, program, &r, s, in.Width)
	if err != nil && errors.Is(context.Cause(turn), errNewer) {
		return nil, huma.ErrorWithHeaders(errNewer, http.Header{"Retry-After": {"1"}})
	}
	if err != nil {
		return nil, err
	}
	// The grant may have been revoked while the picture was made.
	if m, err = f.admit(ctx, in.Token); err != nil {
		return nil, err
	}
	f.watched(ctx, m, int64(len(jpeg)))
	return &pictureOutput{ContentType: "image/jpeg", CacheControl: "private, no-store", Body: jpeg, Time: taken(&r, s).Format(time.RFC3339Nano)}, nil
}

// turn waits until what is under way for a grant has given up, and takes one of the places
// for pictures. The context ends with patience, and when a newer picture of the
// grant is asked for; over must be called. It fails when no place is free.
func (f *Function) turn(ctx context.Context, grant string) (_ context.Context, over func(), _ error) {
	ctx, done := f.turns.take(ctx, grant)
	select {
	case f.pictures <- struct{}{}:
	default:
		done()
		return nil, nil, host.TooMany(time.Second)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	return ctx, func() {
		cancel()
		<-f.pictures
		done()
	}, nil
}

// draw makes the JPEG of a segment's first picture.
func (f *Function) draw(ctx context.Context, program string, r *gatepost.Recording, s gatepost.Segment, width int) ([]byte, error) {
	coded, err := f.coded(ctx, r, s)
	if err != nil {
		return nil, err
	}
	jpeg, err := ffmpeg.Picture(ctx, program, ffmpeg.Job{Format: "mp4", In: coded, Out: small(width), Most: maxPicture, Nice: 5})
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Unavailable, Message: "the picture of this moment cannot be made; play the window instead, or try again", Err: err}
	}
	return jpeg, nil
}

// taken is when the first picture of a segment was taken, as precisely as it is told: whoever
// asks for that moment gets that picture.
func taken(r *gatepost.Recording, s gatepost.Segment) time.Time {
	return wall(r, s.Start).UTC().Truncate(time.Microsecond)
}

// moment returns the recording of a moment and the segment in it that begins at the moment
// or last before it. It fails with Invalid outside of the token's window, with NotFound
// when no picture is recorded, and with Archived.
func (f *Function) moment(ctx context.Context, m token.Media, at time.Time) (gatepost.Recording, gatepost.Segment, error) {
	none := func(err error) (gatepost.Recording, gatepost.Segment, error) {
		return gatepost.Recording{}, gatepost.Segment{}, err
	}
	if at.Before(m.From) || !at.Before(m.To) {
		return none(gatepost.InvalidField("at", fmt.Sprintf("this moment lies outside of the grant's window, %s to %s; ask for a grant that holds it",
			m.From.UTC().Format(time.RFC3339), m.To.UTC().Format(time.RFC3339))))
	}
	// Two recordings of a run need not touch to the microsecond.
	from := at.Add(-gatepost.Seam)
	if from.Before(m.From) {
		from = m.From
	}
	rows, err := f.opts.Store.Recordings(ctx, m.CameraID, from, at.Add(time.Microsecond), atOnce)
	if err != nil {
		return none(err)
	}
	for i := len(rows) - 1; i >= 0; i-- {
		r := &rows[i]
		e, ok := extentOf(r, m.From, m.To)
		if !ok {
			continue
		}
		for k := len(e.segments) - 1; k >= 0; k-- {
			if taken(r, e.segments[k]).After(at) {
				continue
			}
			if r.Width == 0 {
				return none(&gatepost.Error{Code: gatepost.NotFound, Message: "only sound is recorded at this moment"})
			}
			return *r, e.segments[k], readable(rows[i:i+1], f.opts.Now())
		}
	}
	return none(&gatepost.Error{Code: gatepost.NotFound, Message: "nothing is recorded at this moment, or it is not stored yet"})
}

// coded reads what decodes to the first picture of a segment: the init segment, and the
// fragment that begins with the key frame.
func (f *Function) coded(ctx context.Context, r *gatepost.Recording, s gatepost.Segment) ([]byte, error) {
	coded, err := f.read(ctx, r.Key, 0, r.InitLen, io.ReadAll)
	if err != nil {
		return nil, err
	}
	fragment, err := f.read(ctx, r.Key, s.Offset, s.Length, func(body io.Reader) ([]byte, error) { return cmaf.ReadFragment(body, maxCoded) })
	return append(coded, fragment...), err
}

func (f *Function) read(ctx context.Context, key string, offset, length int64, take func(io.Reader) ([]byte, error)) ([]byte, error) {
	body, err := f.opts.Objects.Get(ctx, key, offset, length)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errDeleted(err)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	defer body.Close()
	b, err := take(body)
	if err != nil {
		return nil, fmt.Errorf("read %d bytes of %s at %d: %w", length, key, offset, err)
	}
	return b, nil
}

// small is what ffmpeg is told of a JPEG up to a width, of the shape that the picture has
// where pixels are square.
func small(width int) []string {
	filter := fmt.Sprintf(`scale=w='max(2,trunc(min(%d,iw*sar)/2)*2)':h='max(2,trunc(ow/dar/2)*2)':flags=area,setsar=1`, width)
	return []string{"-vf", filter, "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe"}
}
