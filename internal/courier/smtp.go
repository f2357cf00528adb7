package courier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Security is how the connection to a mail server is protected.
type Security string

// The ways to protect a connection.
const (
	StartTLS Security = "starttls" // RFC 3207: TLS after a greeting, and nothing without it
	TLS      Security = "tls"      // from the first byte (RFC 8314 §3.3)
	Plain    Security = "none"     // for a relay on this machine
)

// SMTPOptions name a mail server.
type SMTPOptions struct {
	Address  string   // host:port
	Security Security // default StartTLS
	User     string   // "" for a server that asks for none
	Password string
	From     string // "Gatepost <noreply@example.org>" or the address alone

	TLS *tls.Config // its certificates; default: the system's, for the host of Address
}

// SMTP sends e-mail through a mail server, each on a connection of its own. Make
// it with NewSMTP. It may be used from several goroutines.
type SMTP struct {
	opts SMTPOptions
	host string
	from *mail.Address
}

// NewSMTP checks the options and connects to nothing. It fails with Invalid,
// naming the flag.
func NewSMTP(opts SMTPOptions) (*SMTP, error) {
	host, _, err := net.SplitHostPort(opts.Address)
	if err != nil || host == "" {
		return nil, gatepost.InvalidField("--smtp-address", "give the mail server's host and port, such as mail.example.org:587")
	}
	from, err := mail.ParseAddress(opts.From)
	if err != nil {
		return nil, gatepost.InvalidField("--smtp-from", `give the sender, such as noreply@example.org or "Gatepost <noreply@example.org>"`)
	}
	switch opts.Security {
	case "":
		opts.Security = StartTLS
	case StartTLS, TLS, Plain:
	default:
		return nil, gatepost.InvalidField("--smtp-security", "it is one of starttls, tls and none")
	}
	config := opts.TLS.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	opts.TLS = config
	return &SMTP{opts: opts, host: host, from: from}, nil
}

// Send hands a letter to the mail server. What that does with it is its own
// business. Several tries of one letter have the same Message-ID.
func (s *SMTP) Send(ctx context.Context, l Letter) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.opts.Address)
	if err != nil {
		return reason("connect", err)
	}
	defer conn.Close()
	// A deadline of the connection ends what the protocol waits for.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if s.opts.Security == TLS {
		conn = tls.Client(conn, s.opts.TLS)
	}
	return s.converse(conn, l)
}

// converse is one SMTP session (RFC 5321 §3).
func (s *SMTP) converse(conn net.Conn, l Letter) error {
	c, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return reason("greeting", err)
	}
	if s.opts.Security == StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New("the mail server offers no STARTTLS; use --smtp-security tls, or none for a relay on this machine")
		}
		if err := c.StartTLS(s.opts.TLS); err != nil {
			return reason("STARTTLS", err)
		}
	}
	if s.opts.User != "" {
		if err := c.Auth(smtp.PlainAuth("", s.opts.User, s.opts.Password, s.host)); err != nil {
			return reason("sign in", err)
		}
	}
	if err := c.Mail(s.from.Address); err != nil {
		return reason("sender", err)
	}
	if err := c.Rcpt(l.To); err != nil {
		return reason("recipient", err)
	}
	w, err := c.Data()
	if err != nil {
		return reason("data", err)
	}
	if _, err := w.Write(compose(s.from, l, time.Now())); err != nil {
		return reason("data", err)
	}
	if err := w.Close(); err != nil {
		return reason("data", err)
	}
	_ = c.Quit() // the letter is taken, whatever the server says to a farewell
	return nil
}

// reason is what went wrong at a step, without what a server may have repeated
// of the letter.
func reason(step string, err error) error {
	var protocol *textproto.Error
	var timeout net.Error
	var op *net.OpError
	switch {
	case errors.As(err, &protocol):
		return fmt.Errorf("%s: it answered %d", step, protocol.Code)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%s: it did not answer in time", step)
	case errors.As(err, &op):
		return fmt.Errorf("%s: %w", step, op.Err)
	}
	return fmt.Errorf("%s: %w", step, err)
}
