package playback

import (
	"cmp"
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/token"
)

// Recordings are the rows of what is stored. Lists are in order of start and leave
// garbage out; RecordingTimes leaves the segments out as well.
type Recordings interface {
	// Recording fails with NotFound.
	Recording(ctx context.Context, id string) (gatepost.Recording, error)
	Recordings(ctx context.Context, cameraID string, from, to time.Time, limit int) ([]gatepost.Recording, error)
	RecordingTimes(ctx context.Context, cameraID string, from, to time.Time, limit int) ([]gatepost.Recording, error)
	RecordingBounds(ctx context.Context, cameraID string) (first, last time.Time, ok bool, err error)
	// PackHours packs hours that were over at a time, at most limit, and returns how many it tried. Where recordings
	// changed since they were packed, nothing must have changed since another time.
	PackHours(ctx context.Context, over, still time.Time, limit int) (tried int, err error)
}

// Cameras is what there is to know of a camera. Camera fails with NotFound.
type Cameras interface {
	Camera(ctx context.Context, id string) (gatepost.Camera, error)
	CameraStatuses(ctx context.Context, ids []string) (map[string]gatepost.CameraStatus, error)
	ActiveHolds(ctx context.Context, cameraID string, from, to, now time.Time) ([]gatepost.Hold, error)
	RetentionPolicy(ctx context.Context) (gatepost.RetentionPolicy, error)
}

// Grants tells whether a look is still allowed. Grant fails with NotFound.
type Grants interface {
	Grant(ctx context.Context, id string) (gatepost.Grant, error)
}

// Store is all that the function keeps; internal/sqlstore has it.
type Store interface {
	Recordings
	Cameras
	Grants
	Looks
	access.Store
	// RegisterExport writes an entry and tells the camera's owner.
	RegisterExport(ctx context.Context, e gatepost.LedgerEntry) error
}

// Objects is where media lie; an objstore.Store has it.
type Objects interface {
	Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error
	Get(ctx context.Context, key string, off, length int64) (io.ReadCloser, error)
	Presign(ctx context.Context, key string, opts objstore.PresignOptions) (string, error)
	List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error]
	Delete(ctx context.Context, keys ...string) error
}

// Tokens verifies media tokens; a token.Verifier has it. Media fails with
// Unauthenticated.
type Tokens interface {
	Media(ctx context.Context, raw string) (token.Media, error)
}

// Options are what a function works with.
type Options struct {
	Store   Store
	Objects Objects
	Tokens  Tokens

	// SegmentURL is how long a presigned URL of a segment holds. Default: 30 s.
	SegmentURL time.Duration
	// ClipURL is how long a presigned URL of a clip holds. Default: 1 h.
	ClipURL time.Duration
	// ClipLife is how long after it was made a clip is deleted. Default: 24 h.
	ClipLife time.Duration
	// Clips is how many clips are made at a time; more wait. Default: 2.
	Clips int
	// FFmpeg makes pictures of moments. Default: "ffmpeg", from PATH; where there is
	// none, they are refused.
	FFmpeg string
	// Pictures is how many of those are made at a time, each for another grant; more are refused for a second. Default: 2.
	Pictures int
	// TempDir takes clips while they are made: an hour may have gigabytes.
	// Default: that of the system.
	TempDir string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Logger: default slog.Default().
	Logger *slog.Logger
}

// Function is the operations of playback. Make it with New.
type Function struct {
	opts     Options
	clips    chan struct{}
	pictures chan struct{}
	turns    turns
	looks    looks
}

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	opts.SegmentURL = cmp.Or(opts.SegmentURL, 30*time.Second)
	opts.ClipURL = cmp.Or(opts.ClipURL, time.Hour)
	opts.ClipLife = max(opts.ClipURL, cmp.Or(opts.ClipLife, 24*time.Hour))
	opts.FFmpeg = cmp.Or(opts.FFmpeg, "ffmpeg")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Function{opts: opts, clips: make(chan struct{}, cmp.Or(opts.Clips, 2)), pictures: make(chan struct{}, cmp.Or(opts.Pictures, 2))}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"playback"}
	huma.Register(api, huma.Operation{OperationID: "get-timeline", Method: http.MethodGet, Path: "/v1/cameras/{id}/timeline",
		Summary: "What is recorded of a camera, and why something is not", Tags: tags}, f.timeline)
	huma.Register(api, huma.Operation{OperationID: "get-playlist", Method: http.MethodGet, Path: "/v1/playback/{token}/index.m3u8",
		Summary: "The HLS playlist of a token's window", Tags: tags, Security: auth.Public,
		Responses: map[string]*huma.Response{"200": {Description: "A media playlist of type VOD",
			Content: map[string]*huma.MediaType{"application/vnd.apple.mpegurl": {Schema: &huma.Schema{Type: huma.TypeString}}}}}}, f.playlist)
	huma.Register(api, huma.Operation{OperationID: "get-segment", Method: http.MethodGet, Path: "/v1/playback/{token}/{recording}.mp4",
		Summary: "Redirects to the bytes of a recording that Range names, within a token's window", Tags: tags, Security: auth.Public,
		DefaultStatus: http.StatusFound}, f.segment)
	huma.Register(api, huma.Operation{OperationID: "head-segment", Method: http.MethodHead, Path: "/v1/playback/{token}/{recording}.mp4",
		Summary: "The size of a recording, within a token's window", Tags: tags, Security: auth.Public}, f.segment)
	huma.Register(api, huma.Operation{OperationID: "get-picture", Method: http.MethodGet, Path: "/v1/playback/{token}/picture",
		Summary: "A small picture of a moment within a token's window, made on demand", Tags: tags, Security: auth.Public,
		Responses: map[string]*huma.Response{"200": {Description: "The key frame at or before the moment",
			Content: map[string]*huma.MediaType{"image/jpeg": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}}, f.picture)
	huma.Register(api, huma.Operation{OperationID: "create-clip", Method: http.MethodPost, Path: "/v1/clips",
		Summary: "Make an MP4 file of up to an hour", Tags: tags, DefaultStatus: http.StatusCreated}, f.clip)
}

// camera returns a camera that the caller may do something with.
func (f *Function) camera(ctx context.Context, id string, action access.Action, detail map[string]string) (gatepost.Camera, gatepost.Subject, access.Decision, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.Camera{}, subject, access.Decision{}, err
	}
	c, d, err := access.Gate{Store: f.opts.Store}.Camera(ctx, subject, id, action, detail)
	return c, subject, d, err
}

// window checks the window of a request; words say most.
func window(from, to, now time.Time, most time.Duration, words string) error {
	switch {
	case !from.Before(to):
		return gatepost.InvalidField("to", "a window must end after it begins")
	case !from.Before(now):
		return gatepost.InvalidField("from", "a window must begin in the past")
	case to.Sub(from) > most:
		return &gatepost.Error{Code: gatepost.TooLarge, Field: "to", Message: "a window may last " + words + " at most"}
	}
	return nil
}
