package harness

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Client takes the certificates that tests make for themselves.
var Client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}

// Call sends a JSON request as the administrator (or as token, when given) and
// decodes the answer into out. It fails the test unless the status is want.
func (s *Server) Call(method, path string, in, out any, want int, token ...string) {
	s.T.Helper()
	status, body := s.Raw(method, path, in, token...)
	if status != want {
		s.T.Fatalf("%s %s: status %d, want %d: %s", method, path, status, want, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			s.T.Fatalf("%s %s: %v in %s", method, path, err, body)
		}
	}
}

// Raw sends a request as Call does; in may also be a string, sent as it is. An
// empty token sends none, and a path that is a URL goes to another server.
func (s *Server) Raw(method, path string, in any, token ...string) (int, []byte) {
	s.T.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		b, err := json.Marshal(in)
		if err != nil {
			s.T.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	url := path
	if strings.HasPrefix(path, "/") {
		url = s.Scheme + "://" + s.HTTP + path
	}
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		s.T.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	bearer := ""
	if len(token) > 0 {
		bearer = token[0]
	} else {
		bearer = s.Admin()
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := Client.Do(req)
	if err != nil {
		s.T.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	return res.StatusCode, b
}

// Admin returns a token of the administrator.
func (s *Server) Admin() string {
	if s.Token == "" {
		s.Token = s.Login("admin", AdminPassword)
	}
	return s.Token
}

// Login signs in and returns an access token.
func (s *Server) Login(login, password string) string {
	s.T.Helper()
	var out struct {
		AccessToken string `json:"access_token"`
	}
	s.Call("POST", "/v1/session", map[string]string{"login": login, "password": password}, &out, 200, "")
	return out.AccessToken
}
