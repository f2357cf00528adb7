package view

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
)

// segment is one segment of a VOD playlist.
type segment struct {
	uri      string
	offset   int64
	length   int64
	duration time.Duration
}

// segments reads a media playlist of byte ranges (RFC 8216bis §4.4.4.2).
func segments(b []byte) []segment {
	var list []segment
	var s segment
	for line := range strings.SplitSeq(string(b), "\n") {
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case tag == "#EXTINF":
			seconds, _ := strconv.ParseFloat(strings.TrimSuffix(value, ","), 64)
			s.duration = time.Duration(seconds * float64(time.Second))
		case tag == "#EXT-X-BYTERANGE":
			length, offset, _ := strings.Cut(value, "@")
			s.length, _ = strconv.ParseInt(length, 10, 64)
			s.offset, _ = strconv.ParseInt(offset, 10, 64)
		case line != "" && line[0] != '#':
			s.uri = line
			list = append(list, s)
			s = segment{}
		}
	}
	return list
}

// storage follows the redirects to the object store.
var storage = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// VOD plays the recording behind the playlist at address, from its beginning, at
// the pace of real time, until its end or that of ctx.
func VOD(ctx context.Context, address string, m *Meter) error {
	e := newEye(m)
	defer e.close()
	due := time.Now()
	err := recording(ctx, address, func(s segment, body []byte) bool {
		if m.on.Load() {
			e.report.Requests++
			e.report.Bytes += len(body)
		}
		clip.Scan(body, e.see)
		due = due.Add(s.duration)
		return pause(ctx, time.Until(due))
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Archive reads the recording behind the playlist at address as fast as it comes
// and returns the marks of its pictures in their order.
func Archive(ctx context.Context, address string) ([]clip.Mark, error) {
	var marks []clip.Mark
	err := recording(ctx, address, func(_ segment, body []byte) bool {
		clip.Scan(body, func(m clip.Mark) { marks = append(marks, m) })
		return true
	})
	return marks, err
}

// recording calls each for every segment until that returns false.
func recording(ctx context.Context, address string, each func(segment, []byte) bool) error {
	at, err := url.Parse(address)
	if err != nil {
		return errors.New("the playlist has no http address")
	}
	list, err := read(ctx, at, "")
	if err != nil {
		return fmt.Errorf("playlist: %w", err)
	}
	for _, s := range segments(list) {
		u, err := at.Parse(s.uri)
		if err != nil {
			return errors.New("a segment has no address")
		}
		body, err := read(ctx, u, fmt.Sprintf("bytes=%d-%d", s.offset, s.offset+s.length-1))
		if err != nil {
			return fmt.Errorf("segment: %w", err)
		}
		if int64(len(body)) != s.length {
			return fmt.Errorf("segment: %d bytes came, the playlist says %d", len(body), s.length)
		}
		if !each(s, body) {
			return nil
		}
	}
	return nil
}

// read fetches a body. Errors hold no address: it holds a token.
func read(ctx context.Context, u *url.URL, bytes string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if bytes != "" {
		req.Header.Set("Range", bytes)
	}
	res, err := storage.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent {
		return nil, errors.New(res.Status)
	}
	return io.ReadAll(res.Body)
}
