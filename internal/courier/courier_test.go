package courier

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/courier/couriertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var letter = Letter{ID: "01", To: "wang@example.org", Subject: "验证码 code 123456", Text: "您好,\n.\n验证码是 123456。\n" + strings.Repeat("很长的一行", 100) + "\n"}

func sender(t *testing.T, o SMTPOptions) *SMTP {
	t.Helper()
	o.From = "云视 Gatepost <noreply@example.org>"
	s, err := NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSMTP(t *testing.T) {
	for _, security := range []Security{StartTLS, TLS} {
		t.Run(string(security), func(t *testing.T) {
			server := couriertest.New(t, security == TLS)
			s := sender(t, SMTPOptions{Address: server.Address, Security: security, User: couriertest.User, Password: couriertest.Password, TLS: server.TLS})
			if err := s.Send(t.Context(), letter); err != nil {
				t.Fatal(err)
			}
			mails := server.Mails()
			if len(mails) != 1 {
				t.Fatalf("%d mails, want one", len(mails))
			}
			m := mails[0]
			if m.From != "noreply@example.org" || m.To != letter.To || m.Subject != letter.Subject || m.Text != letter.Text || !m.Secure || m.User != couriertest.User {
				t.Errorf("arrived: %+v", m)
			}
			if from, err := m.Header.AddressList("From"); err != nil || from[0].Name != "云视 Gatepost" || m.Header.Get("Message-ID") != "<01@example.org>" {
				t.Errorf("headers: %v %v", m.Header, err)
			}
			server.Refuse(true)
			if err := s.Send(t.Context(), letter); err == nil || err.Error() != "recipient: it answered 450" {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestSMTPFails(t *testing.T) {
	server := couriertest.New(t, false)
	plain := couriertest.NewPlain(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, c := range []struct {
		name string
		opts SMTPOptions
		says string
	}{
		{"wrong password", SMTPOptions{Address: server.Address, User: couriertest.User, Password: "hunter2", TLS: server.TLS}, "sign in: it answered 535"},
		{"a stranger's certificate", SMTPOptions{Address: server.Address}, "STARTTLS: "},
		{"no STARTTLS", SMTPOptions{Address: plain.Address}, "offers no STARTTLS"},
		{"nobody there", SMTPOptions{Address: closed.Addr().String()}, "connect: "},
		{"silence", SMTPOptions{Address: silent.Addr().String(), Security: Plain}, "did not answer in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			err := sender(t, c.opts).Send(ctx, letter)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "123456") {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
	if mails := append(server.Mails(), plain.Mails()...); len(mails) != 0 {
		t.Errorf("arrived: %+v", mails)
	}
	if err := sender(t, SMTPOptions{Address: plain.Address, Security: Plain}).Send(t.Context(), letter); err != nil || len(plain.Mails()) != 1 {
		t.Errorf("a relay of this machine: %v, %d mails", err, len(plain.Mails()))
	}
}

func TestOptions(t *testing.T) {
	for field, o := range map[string]SMTPOptions{
		"--smtp-address":  {Address: "mail.example.org", From: "a@example.org"},
		"--smtp-from":     {Address: "mail.example.org:25", From: "nobody"},
		"--smtp-security": {Address: "mail.example.org:25", From: "a@example.org", Security: "some"},
	} {
		if _, err := NewSMTP(o); gatepost.CodeOf(err) != gatepost.Invalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, c := range [][2]string{{"ftp://example.org", "a secret that is long"}, {"https://example.org", "short"}} {
		if _, err := NewSMS(c[0], c[1]); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestSMS(t *testing.T) {
	status := http.StatusNoContent
	var header http.Header
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
	}))
	defer srv.Close()
	const secret = "the secret of the webhook"
	s, err := NewSMS(srv.URL+"/sms?key=sesame", secret)
	if err != nil {
		t.Fatal(err)
	}
	defer s.client.CloseIdleConnections()
	l := Letter{ID: "02", To: "13812345678", Text: "验证码 123456"}
	if err := s.Send(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	var got struct{ ID, Phone, Text string }
	if err := json.Unmarshal(body, &got); err != nil || got.ID != "02" || got.Phone != l.To || got.Text != l.Text {
		t.Errorf("posted %s %v", body, err)
	}
	if want := "v1=" + gatepost.SignPost(secret, header.Get("Gatepost-Timestamp"), body); header.Get("Gatepost-Signature") != want || header.Get("Gatepost-Delivery") != "02" {
		t.Errorf("headers %v", header)
	}
	status = http.StatusBadGateway
	if err := s.Send(t.Context(), l); err == nil || err.Error() != "it answered 502" {
		t.Errorf("got %v", err)
	}
	srv.Close()
	if err := s.Send(t.Context(), l); err == nil || strings.Contains(err.Error(), "sesame") {
		t.Errorf("got %v", err)
	}
}

// FuzzCompose holds that whatever a letter says is read as it was written, and
// adds no header.
func FuzzCompose(f *testing.F) {
	f.Add(letter.Subject, letter.Text)
	f.Add("a\r\nBcc: eve@example.org", "\r\n.\r\nQUIT\r\n")
	f.Add(strings.Repeat("长", 300), "\x00=\t \n")
	f.Fuzz(func(t *testing.T, subject, text string) {
		raw := compose(&mail.Address{Address: "noreply@example.org"}, Letter{ID: "1", To: "a@example.org", Subject: subject, Text: text}, time.Unix(0, 0))
		m, err := couriertest.Read(raw)
		if err != nil {
			t.Fatalf("%v in %q", err, raw)
		}
		if len(m.Header) != 9 {
			t.Errorf("%d headers: %v", len(m.Header), m.Header)
		}
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if len(line) > 998 { // RFC 5322 §2.1.1
				t.Errorf("a line of %d bytes", len(line))
			}
		}
		if strings.ToValidUTF8(subject, "") == subject && printable(subject) && m.Subject != oneLine(subject) {
			t.Errorf("subject %q, want %q", m.Subject, oneLine(subject))
		}
	})
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
