package grant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// running is what somebody may look at by grants that go on: cameras, each live and
// played back. A look that is asked for again counts once.
type running struct {
	looks []gatepost.RunningLook
	most  int
}

// running reads it.
func (f *Function) running(ctx context.Context, s gatepost.Subject) (*running, error) {
	looks, err := f.opts.Store.RunningLooks(ctx, s.UserID, time.Now(), f.opts.Looks+1)
	return &running{looks, f.opts.Looks}, err
}

// add counts a grant that is about to be made. It fails with Conflict when there is no
// room for it.
func (r *running) add(g gatepost.Grant) error {
	l := gatepost.RunningLook{CameraID: g.CameraID, Action: g.Action}
	if slices.Contains(r.looks, l) {
		return nil
	}
	if len(r.looks) >= r.most {
		return tooMany(r.most)
	}
	r.looks = append(r.looks, l)
	return nil
}

func tooMany(most int) error {
	return &gatepost.Error{Code: gatepost.Conflict, Field: "camera_id",
		Message: fmt.Sprintf("one person looks at %d cameras at a time; revoke a grant that is not needed any more (DELETE /v1/grants/{id}), or wait until one ends", most)}
}

// bounded holds, after looks were written down, that there are not too many of them:
// requests at the same moment do not see one another before. The looks of the one that
// sees too many are revoked; nobody has seen their tokens.
func (f *Function) bounded(ctx context.Context, s gatepost.Subject, looks ...look) error {
	now, err := f.running(ctx, s)
	if err == nil && len(now.looks) <= now.most {
		return nil
	}
	if err == nil {
		err = tooMany(now.most)
	}
	ctx = context.WithoutCancel(ctx) // also when the one who asks has left
	for _, l := range looks {
		entry := access.Entry(gatepost.LedgerRevoke, s, l.grant.CameraID, map[string]string{"grant": l.grant.ID, "act": "too many"})
		err = errors.Join(err, f.opts.Store.RevokeGrant(ctx, l.grant.ID, time.Now(), entry))
	}
	return err
}
