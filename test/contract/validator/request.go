package validator

import (
	"context"
	"crypto/sha256"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost/test/contract/playlist"
)

// answer is what the server said.
type answer struct {
	status int
	header http.Header
	body   []byte
	sum    sum
	asked  time.Time
	at     time.Time
}

// resolve makes a URI of a playlist absolute.
func resolve(base, uri string) string {
	b, err := url.Parse(base)
	if err != nil {
		return uri
	}
	u, err := b.Parse(uri)
	if err != nil {
		return uri
	}
	return u.String()
}

// get asks for a URL and checks what every answer must have.
func (v *Validator) get(ctx context.Context, url string) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Origin", "https://elsewhere.example")
	a := &answer{asked: time.Now()}
	res, err := v.options.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if a.body, err = io.ReadAll(io.LimitReader(res.Body, 64<<20)); err != nil {
		return nil, err
	}
	a.status, a.header, a.at, a.sum = res.StatusCode, res.Header, time.Now(), sha256.Sum256(a.body)
	if origin := a.header.Get("Access-Control-Allow-Origin"); origin != "*" && origin != "https://elsewhere.example" {
		v.report("cors", "%s: status %d, Access-Control-Allow-Origin %q", url, a.status, origin)
	}
	return a, nil
}

// maxAge returns what a Cache-Control header allows, -1 if it says nothing.
func maxAge(h http.Header) (age int, immutable bool) {
	age = -1
	for _, d := range strings.Split(strings.Join(h.Values("Cache-Control"), ","), ",") {
		d = strings.ToLower(strings.TrimSpace(d))
		switch {
		case d == "no-store" || d == "no-cache" || d == "private":
			return 0, false
		case d == "immutable":
			immutable = true
		case strings.HasPrefix(d, "max-age="):
			if n, err := strconv.Atoi(d[len("max-age="):]); err == nil {
				age = n
			}
		}
	}
	return age, immutable
}

// getPlaylist asks for a playlist and reads it. It is nil unless the status is 200.
func (v *Validator) getPlaylist(ctx context.Context, url string) (*playlist.Playlist, *answer, error) {
	a, err := v.get(ctx, url)
	if err != nil || a.status != http.StatusOK {
		return nil, a, err
	}
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if kind != "application/vnd.apple.mpegurl" && kind != "audio/mpegurl" {
		v.report("content-type", "%s is %q", url, kind)
	}
	if age, immutable := maxAge(a.header); age != 0 || immutable {
		v.report("cache-playlist", "%s: Cache-Control %q", url, a.header.Values("Cache-Control"))
	}
	p, faults := playlist.Parse(a.body)
	v.faults(url, faults)
	v.count(func(c *Counts) { c.Playlists++ })
	return p, a, nil
}

// getMedia asks for media. It is nil unless the status is 200; the broken rule is
// the one that is given then.
func (v *Validator) getMedia(ctx context.Context, url, rule string) (*answer, error) {
	a, err := v.get(ctx, url)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		v.report(rule, "%s: status %d", url, a.status)
		return nil, nil
	}
	if age, _ := maxAge(a.header); age < 1 {
		v.report("cache-media", "%s: Cache-Control %q", url, a.header.Values("Cache-Control"))
	}
	return a, nil
}

// directives is a blocking reload.
type directives struct {
	msn   int64
	part  int // -1: none
	block bool
	skip  bool
}

func (d directives) url(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	q := u.Query()
	if d.block {
		q.Set("_HLS_msn", strconv.FormatInt(d.msn, 10))
		if d.part >= 0 {
			q.Set("_HLS_part", strconv.Itoa(d.part))
		}
	}
	if d.skip {
		q.Set("_HLS_skip", "YES")
	}
	u.RawQuery = q.Encode()
	return u.String()
}
