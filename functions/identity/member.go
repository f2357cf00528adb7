package identity

import (
	"context"
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

const maxName = 100 // characters

var errMembers = &gatepost.Error{Code: gatepost.Forbidden, Message: "members are managed by the owners of their organisation, and seen by its supervisors"}

// mayManage tells whether a subject may give somebody of an organisation a role:
// an administrator any, an owner those of his own organisation but an
// administrator's.
func mayManage(s gatepost.Subject, organisation string, role gatepost.Role) error {
	switch {
	case s.Admin():
		return nil
	case s.Role != gatepost.RoleOwner:
		return errMembers
	case s.Organisation != organisation:
		return &gatepost.Error{Code: gatepost.Forbidden, Field: "organisation_id", Message: "an owner manages the members of his own organisation"}
	case role == gatepost.RoleAdmin:
		return &gatepost.Error{Code: gatepost.Forbidden, Field: "role", Message: "only an administrator makes administrators"}
	}
	return nil
}

type updateUserInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Name     *string        `json:"name,omitempty" maxLength:"100"`
		Role     *gatepost.Role `json:"role,omitempty" enum:"watcher,responder,maintainer,supervisor,owner,admin"`
		Disabled *bool          `json:"disabled,omitempty" doc:"true ends the user's sessions, API keys and running looks at once"`
	}
}

var errNoUser = &gatepost.Error{Code: gatepost.NotFound, Message: "there is no such user, or none that you may know of"}

func (s *Service) updateUser(ctx context.Context, in *updateUserInput) (*userOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !gatepost.ValidID(in.ID) {
		return nil, errNoUser
	}
	account, err := s.opts.Store.Account(ctx, in.ID)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && !subject.Admin() && account.User.Organisation != subject.Organisation {
		return nil, errNoUser
	}
	if err != nil {
		return nil, err
	}
	if err := s.mayChange(subject, account.User, in); err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	err = s.opts.Store.UpdateUser(ctx, in.ID, now, func(u *gatepost.User) (gatepost.LedgerEntry, error) {
		act := "change"
		if in.Body.Name != nil {
			name, err := gatepost.CheckText("name", *in.Body.Name, 0, maxName)
			if err != nil {
				return gatepost.LedgerEntry{}, err
			}
			u.Name = name
		}
		if in.Body.Role != nil {
			u.Role = *in.Body.Role
		}
		if in.Body.Disabled != nil && *in.Body.Disabled != u.Disabled {
			u.Disabled, act = *in.Body.Disabled, "reactivate"
			if u.Disabled {
				act = "deactivate"
			}
		}
		return memberEntry(subject, *u, act), nil
	})
	if err != nil {
		return nil, err
	}
	if account, err = s.opts.Store.Account(ctx, in.ID); err != nil {
		return nil, err
	}
	return &userOutput{Body: viewUser(account)}, nil
}

// mayChange refuses what a subject may not do to a user; nobody locks himself out.
func (s *Service) mayChange(subject gatepost.Subject, u gatepost.User, in *updateUserInput) error {
	role := u.Role
	if in.Body.Role != nil {
		if role = *in.Body.Role; !slices.Contains(gatepost.Roles, role) {
			return gatepost.InvalidField("role", "there is no such role")
		}
	}
	if err := mayManage(subject, u.Organisation, role); err != nil {
		return err
	}
	if u.Role == gatepost.RoleAdmin && !subject.Admin() {
		return &gatepost.Error{Code: gatepost.Forbidden, Message: "only an administrator changes administrators"}
	}
	if u.ID == subject.UserID && (role != u.Role || in.Body.Disabled != nil && *in.Body.Disabled) {
		return &gatepost.Error{Code: gatepost.Conflict, Message: "nobody takes his own role away; ask another owner or administrator"}
	}
	return nil
}

func memberEntry(s gatepost.Subject, u gatepost.User, act string) gatepost.LedgerEntry {
	return gatepost.LedgerEntry{Kind: gatepost.LedgerMember, Actor: s.UserID, Organisation: s.Organisation, Allowed: true,
		Detail: map[string]string{"act": act, "user": u.ID, "organisation": u.Organisation, "role": string(u.Role)}}
}

// Present implements auth.People.
func (s *Service) Present(ctx context.Context, userID string) (gatepost.Subject, error) {
	account, err := s.opts.Store.Account(ctx, userID)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && account.User.Disabled {
		return gatepost.Subject{}, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "this account no longer exists, or was deactivated; ask your organisation's owner"}
	}
	return account.Subject(), err
}
