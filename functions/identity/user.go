package identity

import (
	"context"
	"crypto/rand"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// AdminLogin is the login of the first administrator.
const AdminLogin = "admin"

// minPassword is the least length of a user's password in characters.
const minPassword = 8

type createUserInput struct {
	Body struct {
		Login          string        `json:"login" maxLength:"64" doc:"2 to 64 of a–z, 0–9 and . _ @ -, whatever their case"`
		Name           string        `json:"name" maxLength:"100"`
		Password       string        `json:"password" maxLength:"256" format:"password" doc:"At least 8 characters"`
		OrganisationID string        `json:"organisation_id"`
		Role           gatepost.Role `json:"role" enum:"watcher,responder,maintainer,supervisor,owner,admin"`
	}
}

func (s *Service) createUser(ctx context.Context, in *createUserInput) (*userOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if err := mayManage(subject, in.Body.OrganisationID, in.Body.Role); err != nil {
		return nil, err
	}
	account, err := s.add(ctx, NewUser{
		Login: in.Body.Login, Name: in.Body.Name, Password: in.Body.Password,
		Organisation: in.Body.OrganisationID, Role: in.Body.Role, By: subject,
	})
	if err != nil {
		return nil, err
	}
	return &userOutput{Body: viewUser(account)}, nil
}

// add makes a user for somebody. Logins are one for all organisations, and many are a
// phone number or an address: that one is taken tells that its holder has an account here.
// So an organisation other than an administrator's is told so a few times only, and each
// time is in the ledger.
func (s *Service) add(ctx context.Context, n NewUser) (gatepost.Account, error) {
	if n.By.Admin() {
		return s.CreateUser(ctx, n)
	}
	now := s.opts.Now()
	if wait := s.taken.Take(n.By.Organisation, now); wait > 0 {
		return gatepost.Account{}, host.TooMany(wait)
	}
	account, err := s.CreateUser(ctx, n)
	if gatepost.CodeOf(err) != gatepost.Conflict {
		s.taken.GiveBack(n.By.Organisation, now)
		return account, err
	}
	e := memberEntry(n.By, gatepost.User{Organisation: n.Organisation, Role: n.Role}, "login_taken")
	delete(e.Detail, "user") // there is none
	e.Allowed = false
	if failed := s.opts.Store.AppendLedger(ctx, e); failed != nil {
		return account, failed
	}
	return account, err
}

// NewUser describes a user to be made.
type NewUser struct {
	Login        string
	Name         string
	Password     string
	Organisation string // organisation id
	Role         gatepost.Role
	By           gatepost.Subject // who adds him, for the ledger; zero for the program itself, which writes nothing down
}

// CreateUser makes a user. It fails with Invalid, naming the field, and with
// Conflict when the login is taken.
func (s *Service) CreateUser(ctx context.Context, n NewUser) (gatepost.Account, error) {
	login, err := gatepost.CheckLogin(n.Login)
	if err != nil {
		return gatepost.Account{}, err
	}
	if !gatepost.ValidID(n.Organisation) {
		return gatepost.Account{}, gatepost.InvalidField("organisation_id", "this is not an organisation's id; GET /v1/organisations lists them")
	}
	hash, err := s.HashPassword(ctx, n.Password)
	if err != nil {
		return gatepost.Account{}, err
	}
	u := gatepost.User{
		ID: gatepost.NewID(), Login: login, Name: strings.TrimSpace(n.Name), Organisation: n.Organisation, Role: n.Role,
		PasswordHash: hash, CreatedAt: time.Now().UTC(),
	}
	var entries []gatepost.LedgerEntry
	if n.By.UserID != "" {
		entries = append(entries, memberEntry(n.By, u, "join"))
	}
	switch err := s.opts.Store.CreateUser(ctx, u, entries...); gatepost.CodeOf(err) {
	case "":
	case gatepost.Conflict:
		return gatepost.Account{}, &gatepost.Error{Code: gatepost.Conflict, Field: "login", Message: "this login is taken; choose another", Err: err}
	case gatepost.Invalid:
		return gatepost.Account{}, &gatepost.Error{Code: gatepost.Invalid, Field: "organisation_id",
			Message: "there is no such organisation; GET /v1/organisations lists them", Err: err}
	default:
		return gatepost.Account{}, err
	}
	return s.opts.Store.Account(ctx, u.ID)
}

// HashPassword returns what is stored of a password (argon2id, PHC string format).
// It fails with Invalid, naming the field, for one that is too short.
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	if utf8.RuneCountInString(password) < minPassword {
		return "", gatepost.InvalidField("password", "a password has at least 8 characters")
	}
	return s.passwords.hash(ctx, password)
}

type listUsersOutput struct{ Body host.List[User] }

func (s *Service) listUsers(ctx context.Context, in *struct{ host.Page }) (*listUsersOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	organisation := subject.Organisation
	switch {
	case subject.Admin():
		organisation = ""
	case !subject.Leads():
		return nil, errMembers
	}
	accounts, err := s.opts.Store.Accounts(ctx, organisation, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	cursor := func(a gatepost.Account) string { return a.User.ID }
	return &listUsersOutput{Body: host.Paged(accounts, in.Limit, cursor, viewUser)}, nil
}

// EnsureAdmin makes the first administrator, with his organisation of kind
// operator, unless there is one; his login is AdminLogin. With an empty
// password it generates one and returns it, to be shown once; else, or when
// there was nothing to do, generated is empty. An administrator's password is never
// changed by it.
func (s *Service) EnsureAdmin(ctx context.Context, password string) (generated string, err error) {
	has, err := s.opts.Store.HasAdmin(ctx)
	if err != nil || has {
		return "", err
	}
	if password == "" {
		password = strings.ToLower(rand.Text()) // 26 characters, 130 bits
		generated = password
	}
	if utf8.RuneCountInString(password) < minPassword {
		s.opts.Logger.WarnContext(ctx, "the administrator's password is short; choose at least 8 characters")
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return "", err
	}
	now := time.Now().UTC()
	operator := gatepost.Organisation{ID: gatepost.NewID(), Name: "Operator", Kind: gatepost.KindOperator, CreatedAt: now}
	admin := gatepost.User{
		ID: gatepost.NewID(), Login: AdminLogin, Name: "Administrator", Organisation: operator.ID, Role: gatepost.RoleAdmin,
		PasswordHash: hash, CreatedAt: now,
	}
	created, err := s.opts.Store.CreateFirstAdmin(ctx, operator, admin)
	if err != nil || !created {
		return "", err // another process was first, with its own password
	}
	return generated, nil
}
