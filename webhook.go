package gatepost

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Webhook is an address of an organisation that its notifications are posted to.
type Webhook struct {
	ID           string
	Organisation string
	URL          string
	Secret       string // with which each delivery is signed; shown once
	CreatedBy    string // user id
	CreatedAt    time.Time
	RemovedAt    *time.Time
}

// DeliveryState is where the delivery of a notification stands.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryWaiting   DeliveryState = "waiting" // for its first try, or its next
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryDead      DeliveryState = "dead" // given up; it can be sent again by hand
)

// Delivery is one notification on its way to one webhook.
type Delivery struct {
	ID           string
	Webhook      Webhook
	Notification Notification
	State        DeliveryState
	Attempts     int
	NextAt       time.Time // of the next try, while it waits
	LastError    string    // of the last try; "" when there was none
	DeliveredAt  *time.Time
}

// SignPost returns the hex HMAC-SHA256 of "<timestamp>.<body>" under a secret, with
// which whoever receives a post of ours knows that it is ours.
func SignPost(secret, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(timestamp))
	m.Write([]byte{'.'})
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}
