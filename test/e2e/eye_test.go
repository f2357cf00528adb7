package e2e

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost/test/harness"
	"github.com/gatepost-video/gatepost/test/load/rtc"
)

// eye is one viewer: it knows when it last saw something new.
type eye struct {
	name string
	last atomic.Int64 // ns since 1970; 0 when nothing was seen yet
	seen atomic.Int64 // packets by WHEP, parts by HLS
}

func (e *eye) see() {
	e.seen.Add(1)
	e.last.Store(time.Now().UnixNano())
}

// at is when the eye last saw something.
func (e *eye) at() time.Time { return time.Unix(0, e.last.Load()) }

// watch opens a grant on a gateway by WHEP and by HLS at once, and goes on for
// as long as the gateway shows something, at most until t ends.
func watch(t *testing.T, g *harness.Gateway, camera string, grant harness.Grant, who string) []*eye {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	packets, parts := &eye{name: who + " by WHEP"}, &eye{name: who + " by HLS"}
	session, err := rtc.Connect(ctx, "http://"+g.Media+"/whep/"+camera, grant.Token, func(conn *webrtc.PeerConnection) error {
		conn.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
			for {
				if _, _, err := track.ReadRTP(); err != nil {
					return
				}
				packets.see()
			}
		})
		_, err := conn.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		return err
	})
	if err != nil {
		cancel()
		t.Fatalf("%s: %v", packets.name, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		follow(ctx, "http://"+g.Media+"/hls/"+grant.Token+"/live.m3u8", parts)
	}()
	t.Cleanup(func() {
		cancel()
		session.Close()
		<-done
	})
	return []*eye{packets, parts}
}

var partNames = regexp.MustCompile(`(?:#EXT-X-PART:.*URI="|\n)([^"#\n]+)`)

// follow asks for a live playlist again and again, refused or not, and for each part
// that it has not seen.
func follow(ctx context.Context, playlist string, e *eye) {
	base, err := url.Parse(playlist)
	if err != nil {
		return
	}
	known := map[string]bool{}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if body, ok := fetch(ctx, playlist); ok {
			for _, m := range partNames.FindAllStringSubmatch(string(body), -1) {
				at, err := base.Parse(strings.TrimSpace(m[1]))
				if err != nil || known[m[1]] {
					continue
				}
				known[m[1]] = true
				if media, ok := fetch(ctx, at.String()); ok && len(media) > 0 {
					e.see()
				}
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func fetch(ctx context.Context, at string) ([]byte, bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return body, err == nil && res.StatusCode == http.StatusOK
}
