package rtc

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pion/webrtc/v4"
)

// Codec is a codec as one peer names it: payload type, clock rate, format
// parameters.
type Codec = webrtc.RTPCodecParameters

// videoFeedback is what we understand about video; an answer carries what the
// offer has of it.
var videoFeedback = []webrtc.RTCPFeedback{
	{Type: webrtc.TypeRTCPFBNACK},
	{Type: webrtc.TypeRTCPFBNACK, Parameter: "pli"},
	{Type: webrtc.TypeRTCPFBCCM, Parameter: "fir"},
}

// mediaEngine holds exactly the codecs given.
func mediaEngine(codecs []Codec) (*webrtc.MediaEngine, error) {
	me := &webrtc.MediaEngine{}
	for _, c := range codecs {
		kind := webrtc.RTPCodecTypeAudio
		c.RTCPFeedback = nil
		if strings.HasPrefix(strings.ToLower(c.MimeType), "video/") {
			kind = webrtc.RTPCodecTypeVideo
			c.RTCPFeedback = videoFeedback
		}
		if err := me.RegisterCodec(c, kind); err != nil {
			return nil, fmt.Errorf("register %s: %w", c.MimeType, err)
		}
	}
	return me, nil
}

// fmtpParam reads one parameter of a format line such as
// "level-asymmetry-allowed=1;packetization-mode=1" (RFC 6184 §8.2.1).
func fmtpParam(line, name string) string {
	for p := range strings.SplitSeq(line, ";") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// h264Profile is profile_idc of an H.264 format line; Baseline (66) when it
// names none (RFC 6184 §8.1).
func h264Profile(line string) byte {
	b, err := hex.DecodeString(fmtpParam(line, "profile-level-id"))
	if err != nil || len(b) == 0 {
		return 66
	}
	return b[0]
}
