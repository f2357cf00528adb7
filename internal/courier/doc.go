// Package courier carries messages to people: e-mail by SMTP, text messages by a
// post to a webhook of the deployment's choice.
//
// # Text messages
//
// A text message is posted as JSON, {"id","phone","text"}, with the headers
//
//	Gatepost-Delivery: <message id>, the same for every try
//	Gatepost-Timestamp: <Unix seconds>
//	Gatepost-Signature: v1=<hex HMAC-SHA256 of "<timestamp>.<body>" under the webhook's secret>
//
// as notifications are to webhooks. Any 2xx means that it is on its way.
//
// # Errors
//
// They are short, for lists and logs, and hold neither text nor secret of a
// message nor the password of a server.
package courier

import "time"

// timeout bounds one message, from dialling to the last word.
const timeout = 30 * time.Second

// Letter is one message to one person.
type Letter struct {
	ID      string
	To      string // an e-mail address or a phone number as of gatepost.Contact
	Subject string // of e-mails
	Text    string // lines end in \n
}
