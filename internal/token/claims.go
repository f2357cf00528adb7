package token

import (
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gatepost-video/gatepost"
)

// IssuerName is the iss of every token.
const IssuerName = "gatepost"

// The audiences.
const (
	AudienceAPI   = "api"
	AudienceMedia = "media"
	AudienceShare = "share"
)

// Access is what an access token says.
type Access struct {
	gatepost.Subject
	ExpiresAt time.Time // whole seconds
}

// SharePrefix begins the subject of media tokens that a share link opened; its id follows.
const SharePrefix = "share:"

// Media is what a media token says.
type Media struct {
	GrantID   string // jti
	CameraID  string
	Action    gatepost.Action
	From, To  time.Time // playback window, µs; zero for live
	Label     string    // watermark
	Subject   string    // user id, or SharePrefix and the id of a share link
	Networks  gatepost.Networks
	ExpiresAt time.Time // whole seconds
	KeyID     string    // of the key that signed it; set by the verifier
}

// Share is what a share token says.
type Share struct {
	ShareID   string // jti
	ExpiresAt time.Time
}

// claims is the payload of every kind of token; aud tells which of its fields
// are there. Audience is one string: a list of audiences does not parse.
type claims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub,omitempty"`
	ID        string `json:"jti,omitempty"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf,omitempty"`
	ExpiresAt int64  `json:"exp"`

	Login        string `json:"login,omitempty"`
	Organisation string `json:"org,omitempty"`
	Kind         string `json:"kind,omitempty"`
	Division     string `json:"div,omitempty"`
	Role         string `json:"role,omitempty"`

	Camera string `json:"cam,omitempty"`
	Action string `json:"act,omitempty"`
	From   int64  `json:"from,omitempty"`
	To     int64  `json:"to,omitempty"`
	Label  string `json:"lbl,omitempty"`

	// Address ranges with a space between: a list is not flat.
	Networks string `json:"net,omitempty"`

	keyID string // of the header
}

// The methods of jwt.Claims.

func numeric(seconds int64) *jwt.NumericDate {
	if seconds == 0 {
		return nil
	}
	return jwt.NewNumericDate(time.Unix(seconds, 0))
}

func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return numeric(c.ExpiresAt), nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return numeric(c.IssuedAt), nil }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return numeric(c.NotBefore), nil }
func (c *claims) GetIssuer() (string, error)                   { return c.Issuer, nil }
func (c *claims) GetSubject() (string, error)                  { return c.Subject, nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error) {
	return jwt.ClaimStrings{c.Audience}, nil
}

func (c *claims) expiry() time.Time { return time.Unix(c.ExpiresAt, 0).UTC() }

func (c *claims) access() (Access, error) {
	if c.Subject == "" || c.Organisation == "" || c.Role == "" {
		return Access{}, errForeign
	}
	return Access{
		Subject: gatepost.Subject{
			UserID: c.Subject, Login: c.Login, Organisation: c.Organisation,
			Kind: gatepost.OrganisationKind(c.Kind), Division: c.Division, Role: gatepost.Role(c.Role),
		},
		ExpiresAt: c.expiry(),
	}, nil
}

func (c *claims) media() (Media, error) {
	m := Media{
		GrantID: c.ID, CameraID: c.Camera, Action: gatepost.Action(c.Action),
		Label: c.Label, Subject: c.Subject, Networks: gatepost.Networks(c.Networks), ExpiresAt: c.expiry(), KeyID: c.keyID,
	}
	if m.GrantID == "" || m.CameraID == "" || m.Subject == "" {
		return Media{}, errForeign
	}
	switch {
	case m.Action == gatepost.ActionLive && c.From == 0 && c.To == 0:
	case m.Action == gatepost.ActionPlayback && c.From < c.To:
		m.From, m.To = time.UnixMicro(c.From).UTC(), time.UnixMicro(c.To).UTC()
	default:
		return Media{}, errForeign
	}
	return m, nil
}

func (c *claims) share() (Share, error) {
	if c.ID == "" {
		return Share{}, errForeign
	}
	return Share{ShareID: c.ID, ExpiresAt: c.expiry()}, nil
}
