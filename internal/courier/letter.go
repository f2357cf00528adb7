package courier

import (
	"bytes"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// compose makes the message that a mail server is given (RFC 5322): plain text in
// UTF-8. Nothing in a letter can add a header: line breaks become spaces.
func compose(from *mail.Address, l Letter, now time.Time) []byte {
	_, domain, _ := strings.Cut(from.Address, "@")
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", from.String())
	header("To", (&mail.Address{Address: l.To}).String())
	// Encoded words stand on lines of their own (RFC 2047 §2).
	header("Subject", strings.ReplaceAll(mime.BEncoding.Encode("utf-8", oneLine(l.Subject)), "?= =?", "?=\r\n =?"))
	header("Date", now.Format(time.RFC1123Z))
	header("Message-ID", "<"+l.ID+"@"+domain+">")
	header("Auto-Submitted", "auto-generated") // RFC 3834 §5: no replies from machines
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	// Writing to a buffer does not fail.
	_, _ = w.Write([]byte(l.Text))
	_ = w.Close()
	return b.Bytes()
}

const maxSubject = 200 // characters

// oneLine is a subject without line breaks, cut where it is too long for a header.
func oneLine(s string) string {
	runes := []rune(strings.Join(strings.Fields(s), " "))
	return string(runes[:min(len(runes), maxSubject)])
}
