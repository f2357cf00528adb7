package identity

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/internal/token"
)

const (
	cookieName = "gatepost_refresh"
	cookiePath = "/v1/session"

	// graceTime is how long the secret before the present one is forgiven.
	graceTime = 10 * time.Second
)

// User is a user as the API shows one.
type User struct {
	ID           string          `json:"id"`
	Login        string          `json:"login"`
	Name         string          `json:"name"`
	Role         gatepost.Role   `json:"role" enum:"watcher,responder,maintainer,supervisor,owner,admin"`
	Disabled     bool            `json:"disabled,omitempty"`
	Organisation OrganisationRef `json:"organisation"`
}

// OrganisationRef names an organisation.
type OrganisationRef struct {
	ID       string                    `json:"id"`
	Name     string                    `json:"name"`
	Kind     gatepost.OrganisationKind `json:"kind" enum:"government,police,department,sub_control,business,community,operator,third_party"`
	Division string                    `json:"division,omitempty" doc:"Code of its division"`
}

func viewUser(a gatepost.Account) User {
	return User{
		ID: a.User.ID, Login: a.User.Login, Name: a.User.Name, Role: a.User.Role, Disabled: a.User.Disabled,
		Organisation: OrganisationRef{ID: a.Organisation.ID, Name: a.Organisation.Name, Kind: a.Organisation.Kind, Division: a.Organisation.Division},
	}
}

// Session is what signing in and refreshing answer.
type Session struct {
	AccessToken string    `json:"access_token" doc:"Sent on as Authorization: Bearer"`
	ExpiresAt   time.Time `json:"expires_at" doc:"When the access token dies; refresh before"`
	User        User      `json:"user"`
}

type sessionOutput struct {
	SetCookie    string `header:"Set-Cookie" doc:"The refresh cookie"`
	CacheControl string `header:"Cache-Control"`
	Body         Session
}

type loginInput struct {
	Body struct {
		Login    string `json:"login" minLength:"1" maxLength:"254" doc:"A login, or the e-mail address or phone number that serves as one"`
		Password string `json:"password" minLength:"1" maxLength:"256" format:"password"`
	}
}

func (s *Service) login(ctx context.Context, in *loginInput) (*sessionOutput, error) {
	now := s.opts.Now()
	login := gatepost.LoginOf(in.Body.Login)
	source := host.Source(ctx)
	if wait := s.addresses.Take(source, now); wait > 0 {
		return nil, host.TooMany(wait)
	}
	if wait := s.logins.Take(login, now); wait > 0 {
		s.addresses.GiveBack(source, now)
		return nil, host.TooMany(wait)
	}

	account, err := s.opts.Store.AccountByLogin(ctx, login)
	if err != nil && gatepost.CodeOf(err) != gatepost.NotFound {
		return nil, err
	}
	known := err == nil
	ok, err := s.passwords.matches(ctx, in.Body.Password, account.User.PasswordHash)
	if err != nil {
		return nil, fmt.Errorf("compare password of user %s: %w", account.User.ID, err)
	}
	entry := gatepost.LedgerEntry{
		Kind: gatepost.LedgerSession, Actor: account.User.ID, Organisation: account.Organisation.ID,
		Detail: map[string]string{"act": "sign_in", "address": host.Remote(ctx).String()},
	}
	if !ok || account.User.Disabled {
		if known { // an unknown login may be a password typed into the wrong field
			if err := s.opts.Store.AppendLedger(ctx, entry); err != nil {
				return nil, err
			}
		}
		if ok {
			return nil, &gatepost.Error{Code: gatepost.Forbidden, Message: "this account is disabled; ask an administrator"}
		}
		return nil, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "the login or the password is wrong"}
	}
	s.addresses.GiveBack(source, now)
	s.logins.GiveBack(login, now)

	secret := gatepost.NewSecret(20)
	n := gatepost.Session{
		ID: gatepost.NewID(), UserID: account.User.ID, SecretHash: gatepost.HashKey(secret),
		CreatedAt: now, RotatedAt: now, ExpiresAt: now.Add(s.opts.SessionLife),
	}
	entry.Allowed = true
	if err := s.opts.Store.AppendLedger(ctx, entry); err != nil {
		return nil, err
	}
	if err := s.opts.Store.CreateSession(ctx, n); err != nil {
		return nil, err
	}
	return s.answer(ctx, account, s.cookie(n, secret))
}

type refreshInput struct {
	Cookie string `cookie:"gatepost_refresh" maxLength:"256" doc:"The refresh cookie"`
}

func (s *Service) refresh(ctx context.Context, in *refreshInput) (*sessionOutput, error) {
	id, secret, ok := strings.Cut(in.Cookie, ".")
	if !ok || !gatepost.ValidID(id) {
		return nil, errNoSession
	}
	now := time.Now()
	secretHash := gatepost.HashKey(secret)
	// A second round when another request rotated in between.
	for range 2 {
		n, err := s.opts.Store.Session(ctx, id)
		switch {
		case gatepost.CodeOf(err) == gatepost.NotFound:
			return nil, errNoSession
		case err != nil:
			return nil, err
		case n.RevokedAt != nil || !now.Before(n.ExpiresAt):
			return nil, errNoSession
		}
		account, err := s.opts.Store.Account(ctx, n.UserID)
		if err != nil {
			return nil, err
		}
		switch {
		case account.User.Disabled:
			return nil, s.end(ctx, n, account, "disabled", now)
		case n.SecretHash == secretHash:
			next := gatepost.NewSecret(20)
			err := s.opts.Store.RotateSession(ctx, id, secretHash, gatepost.HashKey(next), now)
			if gatepost.CodeOf(err) == gatepost.NotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			return s.answer(ctx, account, s.cookie(n, next))
		case n.PreviousHash == secretHash && now.Sub(n.RotatedAt) < graceTime:
			return s.answer(ctx, account, "") // the other tab's cookie is the one
		default:
			return nil, s.end(ctx, n, account, "replayed", now)
		}
	}
	return nil, errNoSession
}

var errNoSession = &gatepost.Error{Code: gatepost.Unauthenticated, Message: "there is no session, or it is over; sign in"}

// end revokes a session that must not go on and returns the refusal.
func (s *Service) end(ctx context.Context, n gatepost.Session, account gatepost.Account, why string, now time.Time) error {
	if err := s.opts.Store.RevokeSession(ctx, n.ID, now); err != nil {
		return err
	}
	if err := s.opts.Store.AppendLedger(ctx, gatepost.LedgerEntry{
		Kind: gatepost.LedgerSession, Actor: n.UserID, Organisation: account.Organisation.ID,
		Detail: map[string]string{"act": "refresh", "address": host.Remote(ctx).String(), "why": why},
	}); err != nil {
		return err
	}
	s.opts.Logger.WarnContext(ctx, "session revoked", "session", n.ID, "why", why)
	return errNoSession
}

// answer signs an access token. cookie is "" when the client has a good one.
func (s *Service) answer(ctx context.Context, account gatepost.Account, cookie string) (*sessionOutput, error) {
	expires := time.Now().Add(s.opts.AccessLife).UTC().Truncate(time.Second)
	access, err := s.opts.Issuer.Access(ctx, token.Access{Subject: account.Subject(), ExpiresAt: expires})
	if err != nil {
		return nil, fmt.Errorf("sign access token: %w", err)
	}
	return &sessionOutput{
		SetCookie: cookie, CacheControl: "no-store",
		Body: Session{AccessToken: access, ExpiresAt: expires, User: viewUser(account)},
	}, nil
}

func (s *Service) cookie(n gatepost.Session, secret string) string {
	c := http.Cookie{
		Name: cookieName, Value: n.ID + "." + secret, Path: cookiePath, Expires: n.ExpiresAt,
		HttpOnly: true, Secure: s.opts.SecureCookies, SameSite: http.SameSiteStrictMode,
	}
	return c.String()
}

type logoutOutput struct {
	SetCookie string `header:"Set-Cookie" doc:"Removes the refresh cookie"`
}

func (s *Service) logout(ctx context.Context, in *refreshInput) (*logoutOutput, error) {
	gone := http.Cookie{Name: cookieName, Path: cookiePath, MaxAge: -1,
		HttpOnly: true, Secure: s.opts.SecureCookies, SameSite: http.SameSiteStrictMode}
	out := &logoutOutput{SetCookie: gone.String()}
	id, secret, _ := strings.Cut(in.Cookie, ".")
	if !gatepost.ValidID(id) {
		return out, nil
	}
	n, err := s.opts.Store.Session(ctx, id)
	switch {
	case gatepost.CodeOf(err) == gatepost.NotFound:
		return out, nil
	case err != nil:
		return nil, err
	case n.RevokedAt != nil || !gatepost.KeyMatches(secret, n.SecretHash) && !gatepost.KeyMatches(secret, n.PreviousHash):
		return out, nil
	}
	if err := s.opts.Store.RevokeSession(ctx, id, time.Now()); err != nil {
		return nil, err
	}
	if err := s.opts.Store.AppendLedger(ctx, gatepost.LedgerEntry{
		Kind: gatepost.LedgerSession, Actor: n.UserID, Allowed: true, Detail: map[string]string{"act": "sign_out"},
	}); err != nil {
		return nil, err
	}
	return out, nil
}

type userOutput struct{ Body User }

func (s *Service) me(ctx context.Context, _ *struct{}) (*meOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.opts.Store.Account(ctx, subject.UserID)
	if gatepost.CodeOf(err) == gatepost.NotFound {
		return nil, &gatepost.Error{Code: gatepost.Unauthenticated, Message: "this account no longer exists"}
	}
	if err != nil {
		return nil, err
	}
	accepted, err := s.opts.Store.AcceptedUndertaking(ctx, account.User.ID)
	if err != nil {
		return nil, err
	}
	return &meOutput{Body: Me{User: viewUser(account), Undertaking: accepted}}, nil
}
