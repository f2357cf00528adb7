package e2e

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/test/harness"
)

// attack is one bad request and how it must be refused.
type attack struct {
	name   string
	method string
	url    string // a path of the API, or a whole URL
	token  string // bearer; "-" for none
	body   string
	ctype  string
	want   int
	code   string // problem code; "" where the reply is not a problem document
}

// TestAttacks runs the attacker's table against the real binary: each request
// is refused with the right status and problem type, none is a 500, nothing
// reaches another tenant's data, and no secret shows in the log.
func TestAttacks(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	mine, other := s.Enrol("mine"), s.Enrol("theirs")
	_ = mine
	// Two owners, each with a camera.
	alice := newTenant(s, "alice")
	bob := newTenant(s, "bob")
	bobs := bob.enrol("bob's shop")
	ff := harness.Push(t, bobs, "rtsp-tcp", harness.Source{})
	defer ff.Kill()
	s.Online(bobs.ID)
	from, to := harness.Stamp(time.Now().Add(-time.Hour)), harness.Stamp(time.Now().Add(-time.Minute))
	var bobLive harness.Grant
	s.Call("POST", "/v1/grants", map[string]string{"camera_id": bobs.ID, "action": "live"}, &bobLive, 201, bob.token)
	var bobShare struct{ ID, URL, Token string }
	s.Call("POST", "/v1/shares", map[string]any{"camera_id": bobs.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(time.Now().Add(time.Hour))}, &bobShare, 201, bob.token)

	header, claims := decodeToken(t, alice.token)
	now := time.Now().Unix()
	forge := func(h, c map[string]any, sign func(signing string) []byte) string {
		a, _ := json.Marshal(h)
		b, _ := json.Marshal(c)
		signing := b64(a) + "." + b64(b)
		var sig []byte
		if sign != nil {
			sig = sign(signing)
		}
		return signing + "." + b64(sig)
	}
	with := func(m map[string]any, kv ...any) map[string]any {
		out := map[string]any{}
		for k, v := range m {
			out[k] = v
		}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i].(string)] = kv[i+1]
		}
		return out
	}
	_, evil, _ := ed25519.GenerateKey(nil)
	jwks := publicKeys(s)
	hs := func(key []byte) func(string) []byte {
		return func(signing string) []byte {
			m := hmac.New(sha256.New, key)
			m.Write([]byte(signing))
			return m.Sum(nil)
		}
	}
	parts := strings.Split(alice.token, ".")
	own := func(signing string) []byte { return ed25519.Sign(evil, []byte(signing)) }
	mediaURL := "http://" + s.Media
	zero := "00000000-0000-7000-8000-000000000000"
	name := func(n string) string { return `{"name":` + n + `}` }
	window := func(f, to string) string {
		return fmt.Sprintf(`{"camera_id":%q,"action":"playback","from":%q,"to":%q}`, bobs.ID, f, to)
	}

	table := []attack{
		// Tokens.
		{"no token", "GET", "/v1/cameras", "-", "", "", 401, "unauthenticated"},
		{"garbage token", "GET", "/v1/cameras", "garbage", "", "", 401, "unauthenticated"},
		{"three dots", "GET", "/v1/cameras", "a.b.c", "", "", 401, "unauthenticated"},
		{"alg none", "GET", "/v1/cameras", forge(with(header, "alg", "none"), claims, nil), "", "", 401, "unauthenticated"},
		{"alg None", "GET", "/v1/cameras", forge(with(header, "alg", "None"), claims, nil), "", "", 401, "unauthenticated"},
		{"alg none keeping the signature", "GET", "/v1/cameras", strings.Split(forge(with(header, "alg", "none"), claims, nil), ".")[0] + "." + parts[1] + "." + parts[2], "", "", 401, "unauthenticated"},
		{"HS256 with the public key", "GET", "/v1/cameras", forge(with(header, "alg", "HS256"), claims, hs(jwks)), "", "", 401, "unauthenticated"},
		{"HS256 with an empty key", "GET", "/v1/cameras", forge(with(header, "alg", "HS256"), claims, hs(nil)), "", "", 401, "unauthenticated"},
		{"somebody else's key", "GET", "/v1/cameras", forge(header, claims, own), "", "", 401, "unauthenticated"},
		{"unknown kid", "GET", "/v1/cameras", forge(with(header, "kid", "other"), claims, own), "", "", 401, "unauthenticated"},
		{"kid with a path", "GET", "/v1/cameras", forge(with(header, "kid", "../../etc/passwd"), claims, own), "", "", 401, "unauthenticated"},
		{"jwk in the header", "GET", "/v1/cameras", forge(with(header, "jwk", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(evil.Public().(ed25519.PublicKey))}), claims, own), "", "", 401, "unauthenticated"},
		{"jku in the header", "GET", "/v1/cameras", forge(with(header, "jku", "http://127.0.0.1:1/jwks"), claims, own), "", "", 401, "unauthenticated"},
		{"expired", "GET", "/v1/cameras", forge(header, with(claims, "exp", now-3600), own), "", "", 401, "unauthenticated"},
		{"role raised in the payload", "GET", "/v1/users", parts[0] + "." + raised(t, parts[1]) + "." + parts[2], "", "", 401, "unauthenticated"},
		{"truncated signature", "GET", "/v1/cameras", alice.token[:len(alice.token)-10], "", "", 401, "unauthenticated"},
		{"64 KiB token", "GET", "/v1/cameras", strings.Repeat("A", 3000) + "." + strings.Repeat("B", 3000) + ".C", "", "", 401, "unauthenticated"},
		{"media token at the API", "GET", "/v1/cameras", bobLive.Token, "", "", 401, "unauthenticated"},
		{"share token at the API", "GET", "/v1/cameras", bobShare.Token, "", "", 401, "unauthenticated"},
		{"API token at the media plane", "GET", mediaURL + "/hls/" + alice.token + "/index.m3u8", "-", "", "", 401, "unauthenticated"},
		{"share token at the media plane", "GET", mediaURL + "/hls/" + bobShare.Token + "/index.m3u8", "-", "", "", 401, "unauthenticated"},
		{"garbage at the media plane", "GET", mediaURL + "/hls/x/index.m3u8", "-", "", "", 401, "unauthenticated"},
		{"live token for playback", "GET", "/v1/playback/" + bobLive.Token + "/index.m3u8", "-", "", "", 403, "forbidden"},
		{"live token for another camera by WHEP", "POST", mediaURL + "/whep/" + mine.ID, bobLive.Token, "v=0\r\n", "application/sdp", 403, "forbidden"},
		{"API token by WHEP", "POST", mediaURL + "/whep/" + bobs.ID, alice.token, "v=0\r\n", "application/sdp", 401, "unauthenticated"},
		{"forged share token", "POST", "/v1/shares/open", "-", fmt.Sprintf(`{"token":%q}`, forge(header, map[string]any{"iss": "gatepost", "aud": "share", "jti": bobShare.ID, "exp": now + 3600}, own)), "", 401, "unauthenticated"},
		{"API token as share token", "POST", "/v1/shares/open", "-", fmt.Sprintf(`{"token":%q}`, alice.token), "", 401, "unauthenticated"},
		{"guessed capability", "GET", mediaURL + "/part/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/init-1.mp4", "-", "", "", 404, "not_found"},
		{"unsigned object", "GET", mediaURL + "/objects/rec/30/" + bobs.ID + "/x.mp4", "-", "", "", 403, "forbidden"},
		{"forged object signature", "GET", mediaURL + "/objects/rec/30/" + bobs.ID + "/x.mp4?expires=9999999999&sig=AAAA", "-", "", "", 403, "forbidden"},
		{"object path with dots", "GET", mediaURL + "/objects/%2e%2e/gatepost.db?expires=9999999999&sig=AAAA", "-", "", "", 403, "forbidden"},
		// Passwords.
		{"wrong password", "POST", "/v1/session", "-", `{"login":"admin","password":"guess"}`, "", 401, "unauthenticated"},
		{"unknown login", "POST", "/v1/session", "-", `{"login":"nobody","password":"guess"}`, "", 401, "unauthenticated"},
		{"SQL in the login", "POST", "/v1/session", "-", `{"login":"' OR 1=1 --","password":"x"}`, "", 401, "unauthenticated"},
		{"refresh without a cookie", "POST", "/v1/session/refresh", "-", "", "", 401, "unauthenticated"},
		// Other tenants' things.
		{"another's camera", "GET", "/v1/cameras/" + bobs.ID, alice.token, "", "", 404, "not_found"},
		{"the administrator's camera", "GET", "/v1/cameras/" + other.ID, alice.token, "", "", 404, "not_found"},
		{"changing another's camera", "PATCH", "/v1/cameras/" + bobs.ID, alice.token, `{"name":"mine now"}`, "", 404, "not_found"},
		{"another's key", "POST", "/v1/cameras/" + bobs.ID + "/key", alice.token, "", "", 404, "not_found"},
		{"suspending another's", "POST", "/v1/cameras/" + bobs.ID + "/suspend", alice.token, "{}", "", 404, "not_found"},
		{"another's timeline", "GET", "/v1/cameras/" + bobs.ID + "/timeline?from=" + from + "&to=" + to, alice.token, "", "", 404, "not_found"},
		{"watching another's", "POST", "/v1/grants", alice.token, fmt.Sprintf(`{"camera_id":%q,"action":"live"}`, bobs.ID), "", 404, "not_found"},
		{"clipping another's", "POST", "/v1/clips", alice.token, fmt.Sprintf(`{"camera_id":%q,"from":%q,"to":%q,"purpose":"own","reason":"x"}`, bobs.ID, harness.Stamp(time.Now().Add(-time.Minute*5)), to), "", 404, "not_found"},
		{"sharing another's", "POST", "/v1/shares", alice.token, fmt.Sprintf(`{"camera_id":%q,"actions":["live"],"expires_at":%q}`, bobs.ID, harness.Stamp(time.Now().Add(time.Hour))), "", 404, "not_found"},
		{"revoking another's share", "DELETE", "/v1/shares/" + bobShare.ID, alice.token, "", "", 404, "not_found"},
		{"revoking another's grant", "DELETE", "/v1/grants/" + bobLive.ID, alice.token, "", "", 404, "not_found"},
		{"looks at another's", "GET", "/v1/grants?camera_id=" + bobs.ID, alice.token, "", "", 404, "not_found"},
		{"an administrator made by an owner", "POST", "/v1/users", alice.token, `{"login":"eve","name":"Eve","password":"eve has a long one","organisation_id":"` + alice.organisation + `","role":"admin"}`, "", 403, "forbidden"},
		{"a user of another organisation", "POST", "/v1/users", alice.token, `{"login":"eve","name":"Eve","password":"eve has a long one","organisation_id":"` + gatepost.NewID() + `","role":"watcher"}`, "", 403, "forbidden"},
		{"making a user as an owner", "POST", "/v1/users", alice.token, `{"login":"x","name":"x","password":"long enough pw","organisation_id":"` + zero + `","role":"admin"}`, "", 403, "forbidden"},
		{"enrolling for another organisation", "POST", "/v1/cameras", alice.token, fmt.Sprintf(`{"name":"x","owner_id":%q,"sign_posted":true,"not_banned_place":true}`, bob.organisation), "", 403, "forbidden"},
		// Ids and paths.
		{"unknown camera", "GET", "/v1/cameras/" + zero, "", "", "", 404, "not_found"},
		{"id with dots", "GET", "/v1/cameras/..%2f..%2fetc%2fpasswd", "", "", "", 404, "not_found"},
		{"id with a quote", "GET", "/v1/cameras/%27%20OR%201=1", "", "", "", 404, "not_found"},
		{"id with NUL", "GET", "/v1/cameras/%00", "", "", "", 404, "not_found"},
		{"unknown route", "GET", "/v1/nothing", "", "", "", 404, "not_found"},
		{"wrong method", "PUT", "/v1/cameras", "", "{}", "", 405, ""},
		// Bodies.
		{"not JSON", "POST", "/v1/cameras", "", "{", "", 400, "invalid"},
		{"empty body", "POST", "/v1/cameras", "", "", "", 400, "invalid"},
		{"an array", "POST", "/v1/cameras", "", "[]", "", 422, "invalid"},
		{"unknown field", "POST", "/v1/cameras", "", `{"name":"x","nmae":"y"}`, "", 422, "invalid"},
		{"no name", "POST", "/v1/cameras", "", `{}`, "", 422, "invalid"},
		{"empty name", "POST", "/v1/cameras", "", name(`""`), "", 422, "invalid"},
		{"name of spaces", "POST", "/v1/cameras", "", name(`"   "`), "", 422, "invalid"},
		{"name with a control character", "POST", "/v1/cameras", "", name(`"a\u0000b"`), "", 422, "invalid"},
		{"name of 10,000 characters", "POST", "/v1/cameras", "", name(`"` + strings.Repeat("x", 10000) + `"`), "", 422, "invalid"},
		{"name as a number", "POST", "/v1/cameras", "", name(`5`), "", 422, "invalid"},
		{"latitude 91", "POST", "/v1/cameras", "", `{"name":"x","position":{"longitude":0,"latitude":91}}`, "", 422, "invalid"},
		{"longitude -181", "POST", "/v1/cameras", "", `{"name":"x","position":{"longitude":-181,"latitude":0}}`, "", 422, "invalid"},
		{"half a position", "POST", "/v1/cameras", "", `{"name":"x","position":{"longitude":120}}`, "", 422, "invalid"},
		{"unknown division", "POST", "/v1/cameras", "", `{"name":"x","division":"999999"}`, "", 422, "invalid"},
		{"unknown place", "POST", "/v1/cameras", "", `{"name":"x","place":"moon"}`, "", 422, "invalid"},
		{"class 9", "POST", "/v1/cameras", "", `{"name":"x","class":9}`, "", 422, "invalid"},
		{"retention of a day", "POST", "/v1/cameras", alice.token, `{"name":"x","retention_days":1,"sign_posted":true,"not_banned_place":true}`, "", 422, "invalid"},
		{"banned place", "POST", "/v1/cameras", alice.token, `{"name":"x","sign_posted":true,"not_banned_place":false}`, "", 422, "invalid"},
		{"no sign", "POST", "/v1/cameras", alice.token, `{"name":"x","sign_posted":false,"not_banned_place":true}`, "", 422, "invalid"},
		{"2 MiB body", "POST", "/v1/cameras", "", name(`"` + strings.Repeat("x", 2<<20) + `"`), "", 413, "too_large"},
		{"form body", "POST", "/v1/cameras", "", "name=x", "application/x-www-form-urlencoded", 415, "invalid"},
		// Windows.
		{"from after to", "POST", "/v1/grants", bob.token, window(to, from), "", 422, "invalid"},
		{"from equal to", "POST", "/v1/grants", bob.token, window(from, from), "", 422, "invalid"},
		{"window in the future", "POST", "/v1/grants", bob.token, window(harness.Stamp(time.Now().Add(time.Hour)), harness.Stamp(time.Now().Add(2*time.Hour))), "", 422, "invalid"},
		{"window of a year", "POST", "/v1/grants", bob.token, window(harness.Stamp(time.Now().AddDate(-1, 0, 0)), to), "", 422, "invalid"},
		{"window without from", "POST", "/v1/grants", bob.token, fmt.Sprintf(`{"camera_id":%q,"action":"playback","to":%q}`, bobs.ID, to), "", 422, "invalid"},
		{"nonsense time", "POST", "/v1/grants", bob.token, window("yesterday", to), "", 422, "invalid"},
		{"unknown action", "POST", "/v1/grants", bob.token, fmt.Sprintf(`{"camera_id":%q,"action":"steer"}`, bobs.ID), "", 422, "invalid"},
		{"timeline from after to", "GET", "/v1/cameras/" + bobs.ID + "/timeline?from=" + to + "&to=" + from, bob.token, "", "", 422, "invalid"},
		{"timeline without from", "GET", "/v1/cameras/" + bobs.ID + "/timeline?to=" + to, bob.token, "", "", 422, "invalid"},
		{"clip of a day", "POST", "/v1/clips", bob.token, fmt.Sprintf(`{"camera_id":%q,"from":%q,"to":%q,"purpose":"own","reason":"x"}`, bobs.ID, harness.Stamp(time.Now().Add(-24*time.Hour)), to), "", 413, "too_large"},
		{"share that has expired", "POST", "/v1/shares", bob.token, fmt.Sprintf(`{"camera_id":%q,"actions":["live"],"expires_at":%q}`, bobs.ID, from), "", 422, "invalid"},
		{"share for 100 years", "POST", "/v1/shares", bob.token, fmt.Sprintf(`{"camera_id":%q,"actions":["live"],"expires_at":"2199-01-01T00:00:00Z"}`, bobs.ID), "", 422, "invalid"},
		{"share of nothing", "POST", "/v1/shares", bob.token, fmt.Sprintf(`{"camera_id":%q,"actions":[],"expires_at":%q}`, bobs.ID, harness.Stamp(time.Now().Add(time.Hour))), "", 422, "invalid"},
		{"share with -1 uses", "POST", "/v1/shares", bob.token, fmt.Sprintf(`{"camera_id":%q,"actions":["live"],"max_uses":-1,"expires_at":%q}`, bobs.ID, harness.Stamp(time.Now().Add(time.Hour))), "", 422, "invalid"},
		{"limit of a million", "GET", "/v1/cameras?limit=1000000", "", "", "", 422, "invalid"},
		{"negative limit", "GET", "/v1/cameras?limit=-1", "", "", "", 422, "invalid"},
		// Publishing.
		{"WHIP with a wrong key", "POST", mediaURL + "/whip/" + bobs.ID, "wrong", "v=0\r\n", "application/sdp", 401, "unauthenticated"},
		{"WHIP without a key", "POST", mediaURL + "/whip/" + bobs.ID, "-", "v=0\r\n", "application/sdp", 401, "unauthenticated"},
		{"WHIP to an unknown camera", "POST", mediaURL + "/whip/" + zero, "wrong", "v=0\r\n", "application/sdp", 404, "not_found"},
		{"WHIP with another's key", "POST", mediaURL + "/whip/" + bobs.ID, mine.StreamKey, "v=0\r\n", "application/sdp", 401, "unauthenticated"},
		{"WHIP garbage SDP", "POST", mediaURL + "/whip/" + mine.ID, mine.StreamKey, strings.Repeat("\xff\xfe", 500), "application/sdp", 400, "invalid"},
		{"WHIP as JSON", "POST", mediaURL + "/whip/" + mine.ID, mine.StreamKey, "{}", "application/json", 415, "invalid"},
		{"WHIP huge SDP", "POST", mediaURL + "/whip/" + mine.ID, mine.StreamKey, "v=0\r\n" + strings.Repeat("a=x\r\n", 100000), "application/sdp", 413, "too_large"},
		{"WHEP garbage SDP", "POST", mediaURL + "/whep/" + bobs.ID, bobLive.Token, "\x00\x01\x02", "application/sdp", 400, "invalid"},
	}
	if len(table) < 60 {
		t.Fatalf("only %d attacks", len(table))
	}
	bobBefore := s.Camera(bobs.ID)
	for _, a := range table {
		t.Run(a.name, func(t *testing.T) {
			status, ctype, body := strike(s, t, a)
			if status != a.want {
				t.Fatalf("%s %s: status %d, want %d: %.300s", a.method, mask(a.url), status, a.want, body)
			}
			if a.code == "" {
				return
			}
			var p struct {
				Type, Code string
				Status     int
			}
			if !strings.HasPrefix(ctype, "application/problem+json") {
				t.Fatalf("content type %q, want application/problem+json: %.200s", ctype, body)
			}
			if err := json.Unmarshal(body, &p); err != nil {
				t.Fatalf("%v in %.200s", err, body)
			}
			if p.Code != a.code || p.Status != a.want || p.Type != "urn:gatepost:problem:"+a.code {
				t.Errorf("problem type %q code %q status %d, want %q %d", p.Type, p.Code, p.Status, a.code, a.want)
			}
			if a.token != "" && a.token != "-" && len(a.token) > 20 && bytes.Contains(body, []byte(a.token)) {
				t.Errorf("the reply repeats the token")
			}
		})
	}
	if after := s.Camera(bobs.ID); after.State != bobBefore.State || !after.Online {
		t.Errorf("bob's camera was touched: %+v", after)
	}

	t.Run("raw sockets", func(t *testing.T) { rawAttacks(s, t) })

	ff.Kill()
	log := s.Log.String()
	for what, secret := range map[string]string{
		"a stream key": bobs.StreamKey, "a stream key of mine": mine.StreamKey, "an access token": alice.token, "a media token": bobLive.Token,
		"a share token": bobShare.Token, "a password": harness.AdminPassword, "a guess": "guess",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s", what)
		}
	}
	if strings.Contains(log, "panic") {
		t.Errorf("the log tells of a panic")
	}
}

// strike sends one bad request and returns status, content type and body of
// the answer.
func strike(s *harness.Server, t *testing.T, a attack) (int, string, []byte) {
	t.Helper()
	url := a.url
	if strings.HasPrefix(url, "/") {
		url = "http://" + s.HTTP + url
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var body io.Reader
	if a.body != "" {
		body = strings.NewReader(a.body)
	}
	req, err := http.NewRequestWithContext(ctx, a.method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case a.ctype != "":
		req.Header.Set("Content-Type", a.ctype)
	case a.body != "" || a.method == "POST":
		req.Header.Set("Content-Type", "application/json")
	}
	switch a.token {
	case "-":
	case "":
		req.Header.Set("Authorization", "Bearer "+s.Admin())
	default:
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), b
}

// rawAttacks sends bytes that no client library would, and wants the server to
// be there afterwards.
func rawAttacks(s *harness.Server, t *testing.T) {
	garbage := bytes.Repeat([]byte{0xde, 0xad, 0xbe, 0xef, 0x00, 0xff}, 400)
	for _, door := range []string{"--rtsp", "--rtmp", "--http", "--media"} {
		addr := flag(s, door)
		for _, payload := range [][]byte{garbage, []byte("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"), []byte("ANNOUNCE rtsp://x/../../etc RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 999999999\r\n\r\n"), []byte("OPTIONS"), {0x03}} {
			c, err := net.DialTimeout("tcp", addr, 5*time.Second)
			if err != nil {
				t.Fatalf("%s: %v", door, err)
			}
			_, _ = c.Write(payload)
			_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}
		// A half-open connection is left there while the others go on.
		c, err := net.DialTimeout("tcp", addr, 5*time.Second)
		if err != nil {
			t.Fatalf("%s: %v", door, err)
		}
		defer c.Close()
		_, _ = c.Write([]byte("P"))
	}
	for _, door := range []string{"--srt", "--webrtc-udp"} {
		c, err := net.Dial("udp", flag(s, door))
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			_, _ = c.Write(garbage[:1200])
		}
		c.Close()
	}
	cam := s.Enrol("after the storm")
	harness.Push(t, cam, "rtsp-tcp", harness.Source{Frames: 50}).Wait(t, time.Minute)
	s.Archived(cam.ID, 1)
}

func flag(s *harness.Server, name string) string {
	for i, a := range s.Args {
		if a == name {
			return s.Args[i+1]
		}
	}
	s.T.Fatalf("no flag %s", name)
	return ""
}

func publicKeys(s *harness.Server) []byte {
	s.T.Helper()
	var doc struct {
		Keys []struct {
			X string `json:"x"`
		} `json:"keys"`
	}
	s.Call("GET", "/.well-known/jwks.json", nil, &doc, 200)
	b, err := base64.RawURLEncoding.DecodeString(doc.Keys[0].X)
	if err != nil {
		s.T.Fatal(err)
	}
	return b
}

// tenant is a business of its own with an owner's account.
type tenant struct {
	s            *harness.Server
	token        string
	organisation string
	user         string
}

func newTenant(s *harness.Server, login string) tenant {
	s.T.Helper()
	var org struct{ ID string }
	s.Call("POST", "/v1/organisations", map[string]string{"name": login + "'s shop", "kind": "business", "division": "330102"}, &org, 201)
	var user struct{ ID string }
	s.Call("POST", "/v1/users", map[string]string{"login": login, "name": login, "password": login + " has a long password", "organisation_id": org.ID, "role": "owner"}, &user, 201)
	return tenant{s, s.Login(login, login+" has a long password"), org.ID, user.ID}
}

func (o tenant) enrol(name string) harness.Camera {
	o.s.T.Helper()
	var c harness.Camera
	o.s.Call("POST", "/v1/cameras", map[string]any{"name": name, "sign_posted": true, "not_banned_place": true}, &c, 201, o.token)
	return c
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decodeToken(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	for i, into := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func raised(t *testing.T, payload string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	return b64(bytes.ReplaceAll(b, []byte(`"owner"`), []byte(`"admin"`)))
}

func mask(url string) string {
	if i := strings.Index(url, "eyJ"); i >= 0 {
		return url[:i] + "…"
	}
	return url
}
