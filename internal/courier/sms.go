package courier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
)

const maxAnswer = 64 << 10 // bytes of an answer that are read, so that the connection can be used again

// SMS sends text messages by posting them to a webhook that the deployment's
// operator runs. Make it with NewSMS. It may be used from several goroutines.
type SMS struct {
	url, secret string
	client      *http.Client
}

// NewSMS makes a sender; secret signs each post. It fails with Invalid, naming
// the flag.
func NewSMS(rawURL, secret string) (*SMS, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, gatepost.InvalidField("--sms-webhook", "give a whole URL, such as https://sms.example.org/send")
	}
	if len(secret) < 16 {
		return nil, gatepost.InvalidField("--sms-secret", "give a secret of at least 16 characters, which the webhook checks signatures with")
	}
	return &SMS{url: rawURL, secret: secret, client: &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Send posts a letter.
func (s *SMS) Send(ctx context.Context, l Letter) error {
	body, err := json.Marshal(struct {
		ID    string `json:"id"`
		Phone string `json:"phone"`
		Text  string `json:"text"`
	}{l.ID, l.To, l.Text})
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address is not a URL")
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "gatepost")
	req.Header.Set("Gatepost-Delivery", l.ID)
	req.Header.Set("Gatepost-Timestamp", stamp)
	req.Header.Set("Gatepost-Signature", "v1="+gatepost.SignPost(s.secret, stamp, body))
	res, err := s.client.Do(req)
	if err != nil {
		var failed *url.Error // repeats the URL, which may hold a secret
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return reason("post", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
	if err := res.Body.Close(); err != nil {
		return reason("post", err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("it answered %d", res.StatusCode)
	}
	return nil
}
