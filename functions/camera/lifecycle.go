package camera

import (
	"context"
	"fmt"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

// CameraReason says why a camera's state is changed.
type CameraReason struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"For the ledger"`
}

type stateInput struct {
	ByID
	Body *CameraReason
}

// transition is one step of the life cycle. to fails with Conflict, saying from
// where it can be taken.
type transition struct {
	act   string
	fence bool // ends a running session
	to    func(c *gatepost.Camera) error
}

func (f *Function) suspend(ctx context.Context, in *stateInput) (*cameraOutput, error) {
	return f.move(ctx, in, transition{act: "suspend", fence: true, to: func(c *gatepost.Camera) error {
		if !c.State.MayPublish() {
			return conflict("only a camera that may push can be suspended; this one is %s", c.State)
		}
		c.State = gatepost.CameraSuspended
		return nil
	}})
}

func (f *Function) resume(ctx context.Context, in *stateInput) (*cameraOutput, error) {
	return f.move(ctx, in, transition{act: "resume", to: func(c *gatepost.Camera) error {
		if c.State != gatepost.CameraSuspended {
			return conflict("only a suspended camera can be resumed; this one is %s", c.State)
		}
		switch {
		case c.Acceptance != nil && c.Acceptance.Passed:
			c.State = gatepost.CameraInService
		case c.Epoch > 0: // it has pushed
			c.State = gatepost.CameraAcceptance
		default:
			c.State = gatepost.CameraEnrolled
		}
		return nil
	}})
}

func (f *Function) retire(ctx context.Context, in *stateInput) (*cameraOutput, error) {
	return f.move(ctx, in, transition{act: "retire", fence: true, to: func(c *gatepost.Camera) error {
		if c.State == gatepost.CameraRetired {
			return retired()
		}
		c.State = gatepost.CameraRetired
		return nil
	}})
}

func (f *Function) measure(ctx context.Context, in *stateInput) (*cameraOutput, error) {
	return f.move(ctx, in, transition{act: "measure", to: func(c *gatepost.Camera) error {
		if c.State != gatepost.CameraAcceptance && c.State != gatepost.CameraInService {
			return conflict("a camera is measured while it pushes; this one is %s", c.State)
		}
		c.State, c.Acceptance = gatepost.CameraAcceptance, nil
		return nil
	}})
}

// move takes a transition for somebody who may manage the camera.
func (f *Function) move(ctx context.Context, in *stateInput, t transition) (*cameraOutput, error) {
	_, subject, err := f.camera(ctx, in.ID, access.Manage)
	if err != nil {
		return nil, err
	}
	detail := map[string]string{"act": t.act}
	if in.Body != nil {
		reason, err := gatepost.CheckText("reason", in.Body.Reason, 0, maxReason)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			detail["reason"] = reason
		}
	}
	c, err := f.opts.Store.UpdateCamera(ctx, in.ID, t.fence, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		c.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
		return access.Entry(gatepost.LedgerCamera, subject, c.ID, detail), t.to(c)
	})
	if err != nil {
		return nil, err
	}
	return f.show(ctx, c)
}

func (f *Function) rotate(ctx context.Context, in *ByID) (*keyOutput, error) {
	_, subject, err := f.camera(ctx, in.ID, access.Manage)
	if err != nil {
		return nil, err
	}
	var key string
	c, err := f.opts.Store.UpdateCamera(ctx, in.ID, true, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		if c.State == gatepost.CameraRetired {
			return gatepost.LedgerEntry{}, retired()
		}
		key = newKey(c)
		c.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
		return access.Entry(gatepost.LedgerCamera, subject, c.ID, map[string]string{"act": "rotate_key"}), nil
	})
	if err != nil {
		return nil, err
	}
	return &keyOutput{CacheControl: "no-store", Body: StreamKey{StreamKey: key, Publish: f.opts.Addresses.Publish(c.ID, key)}}, nil
}

func retired() error {
	return conflict("this camera is retired for good; enrol a new one in its place")
}

func conflict(format string, args ...any) error {
	return &gatepost.Error{Code: gatepost.Conflict, Message: fmt.Sprintf(format, args...)}
}
