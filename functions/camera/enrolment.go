package camera

import (
	"context"
	"errors"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// streamKeyBytes is 160 random bits, 32 characters.
const streamKeyBytes = 20

type enrolInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100"`
		Description
	}
}

// StreamKey is a new stream key with where to push.
type StreamKey struct {
	StreamKey string               `json:"stream_key" doc:"Shown this once; keep it"`
	Publish   gatepost.PublishURLs `json:"publish" doc:"Complete URLs to push to; they hold the key, except whip, which takes it as bearer token"`
}

// EnrolledCamera is a camera that has just been enrolled.
type EnrolledCamera struct {
	Camera
	StreamKey
}

// ByID is the input of operations on one camera.
type ByID struct {
	ID string `path:"id" maxLength:"64"`
}

type (
	enrolOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         EnrolledCamera
	}
	keyOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         StreamKey
	}
	cameraOutput struct{ Body Camera }
	listOutput   struct{ Body host.List[Camera] }
	listInput    struct {
		host.Page
		OwnerID string  `query:"owner_id" maxLength:"36" doc:"Only this organisation's"`
		West    float64 `query:"west" minimum:"-180" maximum:"180" default:"-180" doc:"Only cameras east of it, degrees; those without a position are listed only when no side is given"`
		South   float64 `query:"south" minimum:"-90" maximum:"90" default:"-90" doc:"Only cameras north of it"`
		East    float64 `query:"east" minimum:"-180" maximum:"180" default:"180" doc:"Only cameras west of it; not less than west"`
		North   float64 `query:"north" minimum:"-90" maximum:"90" default:"90" doc:"Only cameras south of it; not less than south"`
		Class   int     `query:"class" minimum:"1" maximum:"3" doc:"Only cameras of this watch class"`
	}
	patchInput struct {
		ByID
		Body struct {
			Name *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
			Description
		}
	}
)

func (f *Function) enrol(ctx context.Context, in *enrolInput) (*enrolOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if d := access.Enrol(subject); !d.Allowed {
		return nil, d.Err()
	}
	name, err := gatepost.CheckText("name", in.Body.Name, 1, maxName)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	c := gatepost.Camera{
		ID: gatepost.NewID(), Name: name, Place: gatepost.PlaceUnclassified, Class: 3, Owner: subject.Organisation,
		Category: gatepost.CategoryGeneral, SignPosted: subject.Admin(), NotBannedPlace: subject.Admin(),
		State: gatepost.CameraEnrolled, CreatedAt: now, UpdatedAt: now,
	}
	policy, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	if err := apply(policy, subject, &c, in.Body.Description); err != nil {
		return nil, err
	}
	if err := f.lookUp(ctx, in.Body.Description); err != nil {
		return nil, err
	}
	for _, id := range []*string{&c.Responsible, &c.Funder, &c.Beneficiary} {
		if *id == "" {
			*id = c.Owner
		}
	}
	key := newKey(&c)
	entry := access.Entry(gatepost.LedgerCamera, subject, c.ID, map[string]string{"act": "enrol"})
	if c, err = f.opts.Store.CreateCamera(ctx, c, entry); err != nil {
		return nil, f.refused(ctx, subject, err)
	}
	return &enrolOutput{CacheControl: "no-store", Body: EnrolledCamera{
		Camera:    view(c, gatepost.CameraStatus{}, now),
		StreamKey: StreamKey{StreamKey: key, Publish: f.opts.Addresses.Publish(c.ID, key)},
	}}, nil
}

// refused writes down that a plan had no room for a camera, and returns why.
func (f *Function) refused(ctx context.Context, s gatepost.Subject, why error) error {
	var e *gatepost.Error
	if !errors.As(why, &e) || e.Field != "plan" && e.Field != "retention_days" {
		return why
	}
	entry := access.Entry(gatepost.LedgerCamera, s, "", map[string]string{"act": "enrol", "rule": "plan", "field": e.Field})
	entry.Allowed = false
	if err := f.opts.Store.AppendLedger(ctx, entry); err != nil {
		return err
	}
	return why
}

// newKey gives a camera a new stream key and returns it.
func newKey(c *gatepost.Camera) string {
	key := gatepost.NewSecret(streamKeyBytes)
	c.KeyHash, c.SRTSecret = gatepost.HashKey(key), gatepost.SRTPassphrase(key)
	return key
}

func (f *Function) get(ctx context.Context, in *ByID) (*cameraOutput, error) {
	c, _, err := f.camera(ctx, in.ID, access.Know)
	if err != nil {
		return nil, err
	}
	return f.show(ctx, c)
}

func (f *Function) patch(ctx context.Context, in *patchInput) (*cameraOutput, error) {
	c, subject, err := f.camera(ctx, in.ID, access.Manage)
	if err != nil {
		return nil, err
	}
	policy, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	// The rules first, on a copy: in the transaction nothing else is read.
	if err := change(policy, subject, &c, in); err != nil {
		return nil, err
	}
	if err := f.lookUp(ctx, in.Body.Description); err != nil {
		return nil, err
	}
	c, err = f.opts.Store.UpdateCamera(ctx, in.ID, false, func(c *gatepost.Camera) (gatepost.LedgerEntry, error) {
		return access.Entry(gatepost.LedgerCamera, subject, c.ID, map[string]string{"act": "change"}), change(policy, subject, c, in)
	})
	if err != nil {
		return nil, err
	}
	return f.show(ctx, c)
}

func change(p gatepost.RetentionPolicy, subject gatepost.Subject, c *gatepost.Camera, in *patchInput) error {
	if c.State == gatepost.CameraRetired {
		return retired()
	}
	if d := access.Decide(access.Request{Subject: subject, Action: access.Manage, Camera: *c}); !d.Allowed {
		return d.Err() // its owner changed since
	}
	if in.Body.Name != nil {
		name, err := gatepost.CheckText("name", *in.Body.Name, 1, maxName)
		if err != nil {
			return err
		}
		c.Name = name
	}
	c.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
	return apply(p, subject, c, in.Body.Description)
}
