package playback

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

// maxClip is the longest window of a clip.
const maxClip = time.Hour

// maxClipObjects bounds the objects of a clip: an hour has 60, more when its
// camera came and went.
const maxClipObjects = 1000

// ClipRequest asks for a clip.
type ClipRequest struct {
	CameraID string    `json:"camera_id" maxLength:"64"`
	From     time.Time `json:"from" doc:"The clip begins at the key frame at or before"`
	To       time.Time `json:"to" doc:"Up to an hour later"`
	Purpose  string    `json:"purpose" minLength:"1" maxLength:"200" doc:"What the clip is for; goes into the ledger"`
	Reason   string    `json:"reason" minLength:"1" maxLength:"500" doc:"Why; goes into the ledger"`
}

// Clip is a file that was made.
type Clip struct {
	ID        string    `json:"id"`
	URL       string    `json:"url" doc:"Where to fetch the file; a secret"`
	From      time.Time `json:"from" doc:"Wall time of the first frame"`
	To        time.Time `json:"to" doc:"Wall time of the end of the last frame"`
	Bytes     int64     `json:"bytes"`
	ExpiresAt time.Time `json:"expires_at" doc:"When the URL ends"`
}

type clipInput struct{ Body ClipRequest }
type clipOutput struct{ Body Clip }

func (f *Function) clip(ctx context.Context, in *clipInput) (*clipOutput, error) {
	q := in.Body
	now := f.opts.Now()
	if err := window(q.From, q.To, now, maxClip, "an hour"); err != nil {
		return nil, err
	}
	id := gatepost.NewID()
	detail := map[string]string{
		"clip": id, "action": string(access.Export), "purpose": q.Purpose, "reason": q.Reason,
		"from": q.From.UTC().Format(time.RFC3339Nano), "to": q.To.UTC().Format(time.RFC3339Nano),
	}
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	c, decision, err := access.Gate{Store: f.opts.Store}.Window(ctx, subject, q.CameraID, access.Export, q.From, q.To, detail)
	if err != nil {
		return nil, err
	}
	detail["rule"] = decision.Rule
	if decision.CaseNumber != "" {
		detail["case_number"] = decision.CaseNumber
	}
	stretches, err := f.stretches(ctx, c.ID, q.From, q.To)
	if err != nil {
		return nil, err
	}
	// Before anybody has the file (Order 799 art. 16).
	if err := f.opts.Store.RegisterExport(ctx, access.Entry(gatepost.LedgerExport, subject, c.ID, detail)); err != nil {
		return nil, err
	}
	select {
	case f.clips <- struct{}{}:
		defer func() { <-f.clips }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	key := clipPrefix + c.ID + "/" + id + ".mp4"
	made, err := f.make(ctx, key, stretches, q.To)
	if err != nil {
		return nil, fmt.Errorf("make clip %s: %w", id, err)
	}
	made.ID, made.ExpiresAt = id, f.opts.Now().Add(f.opts.ClipURL).UTC().Truncate(time.Second)
	made.URL, err = f.opts.Objects.Presign(ctx, key, objstore.PresignOptions{
		Expires: f.opts.ClipURL, Filename: "gatepost-" + made.From.Format("20060102T150405Z") + ".mp4",
	})
	if err != nil {
		return nil, err
	}
	return &clipOutput{Body: made}, nil
}

// stretch is one row's share of a clip.
type stretch struct {
	row    gatepost.Recording
	extent extent
	joined bool // goes on where the stretch before ends
}

// cut chooses what a clip is made of. It fails with NotFound when there is
// nothing, and with Conflict when it would need two init segments.
func cut(rows []gatepost.Recording, from, to time.Time) ([]stretch, error) {
	if len(rows) > maxClipObjects {
		return nil, &gatepost.Error{Code: gatepost.TooLarge, Message: "this window is in too many pieces for one clip; ask for a shorter one"}
	}
	var list []stretch
	for i := range rows {
		r := &rows[i]
		// A recording that lies in the window whole must still have segments
		// here: the first one says where its media begins.
		e, ok := extentOf(r, from, to)
		if !ok {
			continue
		}
		s := stretch{row: *r, extent: e}
		if n := len(list); n > 0 {
			if list[0].row.InitSHA256 != r.InitSHA256 {
				at := wall(r, e.start).UTC().Format(time.RFC3339Nano)
				return nil, &gatepost.Error{Code: gatepost.Conflict, Message: "the camera's picture format changed at " + at + "; make one clip up to then and one from then on"}
			}
			s.joined = follows(&list[n-1].row, r)
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, &gatepost.Error{Code: gatepost.NotFound, Message: "nothing is recorded in this window"}
	}
	return list, nil
}

// make assembles a clip in a temporary file and stores it.
func (f *Function) make(ctx context.Context, key string, stretches []stretch, to time.Time) (clip Clip, err error) {
	file, err := os.CreateTemp(f.opts.TempDir, "gatepost-clip-*.mp4")
	if err != nil {
		return Clip{}, &gatepost.Error{Code: gatepost.Unavailable, Message: "there is no room to make the clip at the moment", Err: err}
	}
	defer func() {
		_ = file.Close() // it is read to the end, or of no use
		if gone := os.Remove(file.Name()); err == nil && gone != nil {
			err = fmt.Errorf("remove temporary clip: %w", gone)
		}
	}()
	a := assembler{file: file, objects: f.opts.Objects}
	if err := a.gather(ctx, stretches); err != nil {
		return Clip{}, err
	}
	if clip, err = a.join(stretches, to); err != nil {
		return Clip{}, err
	}
	if _, err := file.Seek(0, 0); err != nil {
		return Clip{}, fmt.Errorf("rewind: %w", err)
	}
	return clip, f.opts.Objects.Put(ctx, key, file, clip.Bytes)
}

// clipPrefix begins the key of every clip.
const clipPrefix = "clip/"

// Run deletes the clips that have had their time, once. It is safe to run
// twice at once.
func (f *Function) Run(ctx context.Context) error {
	before := f.opts.Now().Add(-f.opts.ClipLife)
	var errs []error
	for o, err := range f.opts.Objects.List(ctx, clipPrefix, "") {
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("list clips: %w", err))...)
		}
		if o.Modified.Before(before) {
			if err := f.opts.Objects.Delete(ctx, o.Key); err != nil {
				errs = append(errs, fmt.Errorf("delete clip %s: %w", o.Key, err))
				continue
			}
			host.Did(ctx, "clips_deleted", 1)
		}
	}
	return errors.Join(errs...)
}
