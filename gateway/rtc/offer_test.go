package rtc

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestParseOffer(t *testing.T) {
	o, err := ParseOffer(read(t, "chromium-sendonly.sdp"))
	if err != nil {
		t.Fatal(err)
	}
	if o.Video == nil || !o.Video.Sends || o.Video.Receives || o.Audio == nil || !o.Audio.Sends {
		t.Fatalf("%+v", o)
	}
	for _, c := range []struct {
		section  *Section
		mimeType string
		want     int
	}{
		{o.Video, webrtc.MimeTypeH264, 3}, // packetization-mode 1 only
		{o.Video, webrtc.MimeTypeAV1, 1},
		{o.Video, webrtc.MimeTypeVP8, 0},
		{o.Video, webrtc.MimeTypeRTX, 0},
		{o.Audio, webrtc.MimeTypeOpus, 1},
		{o.Audio, webrtc.MimeTypePCMA, 1},
		{o.Audio, webrtc.MimeTypePCMU, 1},
		{nil, webrtc.MimeTypeH264, 0},
	} {
		if got := c.section.Find(c.mimeType); len(got) != c.want {
			t.Errorf("%s: %d variants, want %d", c.mimeType, len(got), c.want)
		}
	}
	for profile, want := range map[byte]string{66: "42001f", 77: "4d001f", 100: "42001f"} {
		c, ok := o.Video.H264For(profile)
		if !ok || fmtpParam(c.SDPFmtpLine, "profile-level-id") != want {
			t.Errorf("for profile %d: %+v", profile, c)
		}
	}

	recv, err := ParseOffer(read(t, "chromium-recvonly.sdp"))
	if err != nil || recv.Video.Sends || !recv.Video.Receives {
		t.Errorf("%+v, %v", recv, err)
	}
}

func TestParseOfferRefuses(t *testing.T) {
	good := read(t, "chromium-sendonly.sdp")
	i := strings.Index(good, "m=video")
	twice := good + strings.ReplaceAll(good[i:], "a=mid:1", "a=mid:2")
	for _, c := range []struct {
		name, sdp string
		malformed bool
	}{
		{"empty", "", true},
		{"text", "hello", true},
		{"no media", good[:strings.Index(good, "m=")], true},
		{"no credentials", strings.ReplaceAll(good, "a=ice-pwd", "a=x-pwd"), true},
		{"no fingerprint", strings.ReplaceAll(good, "a=fingerprint", "a=x-fingerprint"), true},
		{"no mid", strings.ReplaceAll(good, "a=mid", "a=x-mid"), true},
		{"payload type over 127", strings.Replace(good, "SAVPF ", "SAVPF 300 ", 1), true},
		{"many sections", good + strings.Repeat("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n", 8), true},
		{"two cameras", twice, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseOffer(c.sdp)
			if err == nil || errors.Is(err, ErrMalformed) != c.malformed {
				t.Errorf("%v", err)
			}
		})
	}
}

// Whatever the offer, only usable codecs come out of it.
func FuzzParseOffer(f *testing.F) {
	f.Add(read(f, "chromium-sendonly.sdp"))
	f.Add(read(f, "chromium-recvonly.sdp"))
	f.Add("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 00\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOffer(text)
		if err != nil {
			return
		}
		for _, s := range []*Section{o.Video, o.Audio} {
			if s == nil {
				continue
			}
			for _, c := range s.Codecs {
				if !usable(c) || c.PayloadType > 127 {
					t.Errorf("%+v", c)
				}
			}
			if _, err := mediaEngine(s.Codecs); err != nil && !errors.Is(err, webrtc.ErrCodecAlreadyRegistered) {
				t.Error(err)
			}
		}
	})
}

// No offer that the parser lets through brings the negotiation down.
func FuzzAnswer(f *testing.F) {
	f.Add(read(f, "chromium-sendonly.sdp"))
	f.Add(read(f, "chromium-recvonly.sdp"))
	e, err := New(Options{UDPAddr: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = e.Close() })
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOffer(text)
		if err != nil {
			return
		}
		var codecs []Codec
		for _, s := range []*Section{o.Video, o.Audio} {
			if s != nil && len(s.Codecs) > 0 {
				codecs = append(codecs, s.Codecs[0])
			}
		}
		conn, err := e.NewReceiver(codecs...)
		if err != nil {
			t.Skip(err)
		}
		p := NewPeer(conn)
		defer p.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		answer, err := p.Answer(ctx, o)
		if err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				t.Error("the negotiation hangs")
			}
			return
		}
		if n := strings.Count(answer, "a=rtpmap:"); n > maxFormats {
			t.Errorf("%d codecs in the answer", n)
		}
	})
}
