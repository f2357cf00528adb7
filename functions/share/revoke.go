package share

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// ByID is how a request names a link.
type ByID struct {
	ID string `path:"id" maxLength:"64"`
}

func (f *Function) revoke(ctx context.Context, in *ByID) (*struct{}, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	sh, err := f.share(ctx, subject, in.ID, "revoke")
	if err != nil {
		return nil, err
	}
	return nil, f.opts.Store.RevokeShare(ctx, sh.ID, time.Now(), revoked(subject, sh))
}

// share returns a link that the subject may deal with as if he had made it.
func (f *Function) share(ctx context.Context, subject gatepost.Subject, id, act string) (gatepost.Share, error) {
	if !gatepost.ValidID(id) {
		return gatepost.Share{}, errNoShare
	}
	sh, err := f.opts.Store.Share(ctx, id)
	if err == nil {
		err = access.Gate{Store: f.opts.Store}.Beside(ctx, subject, sh.CameraID, access.Share, map[string]string{"act": act, "share": sh.ID}, errNoShare)
	}
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return gatepost.Share{}, errNoShare
	}
	return sh, err
}

func revoked(subject gatepost.Subject, sh gatepost.Share) gatepost.LedgerEntry {
	return access.Entry(gatepost.LedgerRevoke, subject, sh.CameraID, map[string]string{"act": "revoke", "share": sh.ID})
}

type revokeAllInput struct {
	Body struct {
		CameraID       string `json:"camera_id,omitempty" maxLength:"64" doc:"Every link to this camera"`
		OrganisationID string `json:"organisation_id,omitempty" maxLength:"64" doc:"Every link to a camera of this organisation"`
	}
}

// RevokedShares says how many links were revoked.
type RevokedShares struct {
	Revoked int `json:"revoked"`
}

type revokeAllOutput struct{ Body RevokedShares }

func (f *Function) revokeAll(ctx context.Context, in *revokeAllInput) (*revokeAllOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	owner, err := f.ownerOfAll(ctx, subject, in)
	if err != nil {
		return nil, err
	}
	n, err := f.opts.Store.RevokeShares(ctx, owner, in.Body.CameraID, time.Now(),
		func(sh gatepost.Share) gatepost.LedgerEntry { return revoked(subject, sh) })
	return &revokeAllOutput{Body: RevokedShares{Revoked: n}}, err
}

// ownerOfAll returns the organisation at whose cameras links are to be revoked, if
// the subject may do that.
func (f *Function) ownerOfAll(ctx context.Context, subject gatepost.Subject, in *revokeAllInput) (string, error) {
	b := in.Body
	switch {
	case (b.CameraID == "") == (b.OrganisationID == ""):
		return "", gatepost.InvalidField("camera_id", "name a camera or an organisation, one of the two")
	case b.CameraID != "":
		c, _, err := access.Gate{Store: f.opts.Store}.Camera(ctx, subject, b.CameraID, access.Share, map[string]string{"act": "revoke_all"})
		return c.Owner, err
	case subject.Admin():
		return b.OrganisationID, nil
	case b.OrganisationID != subject.Organisation:
		return "", &gatepost.Error{Code: gatepost.Forbidden, Field: "organisation_id", Message: "it must be your own organisation"}
	}
	return b.OrganisationID, mayShareAny(subject)
}

// mayShareAny fails unless the subject's role lets him share his organisation's cameras.
func mayShareAny(subject gatepost.Subject) error {
	d := access.Decide(access.Request{Subject: subject, Action: access.Share, Camera: gatepost.Camera{Owner: subject.Organisation}})
	if !d.Allowed {
		return d.Err()
	}
	return nil
}
