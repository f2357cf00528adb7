package rtc

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// ErrMalformed is wrapped by the error of an offer that is not an SDP offer at all;
// other errors are about an offer that we understand and cannot serve.
var ErrMalformed = errors.New("malformed session description")

// Bounds of an offer.
const (
	maxSections = 8
	maxFormats  = 128 // payload types are seven bits
)

// Offer is what a browser proposes, reduced to what the gateway decides on.
type Offer struct {
	SDP   string
	Video *Section // nil when none is offered
	Audio *Section
}

// Section is one media section of an offer.
type Section struct {
	Sends    bool    // the peer would send
	Receives bool    // the peer would receive
	Codecs   []Codec // those that we carry, in the peer's order of preference
}

// Find returns the section's variants of a codec (webrtc.MimeTypeH264 and so on)
// that we can use, in the peer's order; none for a nil section. Only packetization mode 1 counts for H.264 (RFC 6184 §6.3): mode 0
// cannot carry a NAL unit larger than a packet.
func (s *Section) Find(mimeType string) []Codec {
	if s == nil {
		return nil
	}
	var found []Codec
	for _, c := range s.Codecs {
		if strings.EqualFold(c.MimeType, mimeType) {
			found = append(found, c)
		}
	}
	return found
}

// H264For returns the variant that fits a stream of the given profile_idc best: the
// same profile when it is offered, else the first. Browsers decode by the stream's
// own parameter sets, so another profile is no hindrance.
func (s *Section) H264For(profile byte) (Codec, bool) {
	found := s.Find(webrtc.MimeTypeH264)
	if len(found) == 0 {
		return Codec{}, false
	}
	if i := slices.IndexFunc(found, func(c Codec) bool { return h264Profile(c.SDPFmtpLine) == profile }); i >= 0 {
		return found[i], true
	}
	return found[0], true
}

// ParseOffer reads an SDP offer (RFC 8866, RFC 8829). The error wraps
// ErrMalformed when it is no valid offer of a WebRTC peer; it is another error when
// it asks for more than one video or one audio stream (RFC 9725 §4.2).
func ParseOffer(text string) (*Offer, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(desc.MediaDescriptions) == 0 {
		return nil, fmt.Errorf("%w: no media", ErrMalformed)
	}
	if len(desc.MediaDescriptions) > maxSections {
		return nil, fmt.Errorf("%w: %d media sections", ErrMalformed, len(desc.MediaDescriptions))
	}
	if !hasAttribute(&desc, "ice-ufrag") || !hasAttribute(&desc, "ice-pwd") || !hasAttribute(&desc, "fingerprint") {
		return nil, fmt.Errorf("%w: ICE credentials or certificate fingerprint missing", ErrMalformed)
	}
	o := &Offer{SDP: text}
	for _, m := range desc.MediaDescriptions {
		if _, ok := m.Attribute("mid"); !ok {
			return nil, fmt.Errorf("%w: media section without mid", ErrMalformed)
		}
		if len(m.MediaName.Formats) > maxFormats {
			return nil, fmt.Errorf("%w: %d formats", ErrMalformed, len(m.MediaName.Formats))
		}
		var slot **Section
		switch m.MediaName.Media {
		case "video":
			slot = &o.Video
		case "audio":
			slot = &o.Audio
		default:
			continue
		}
		if *slot != nil {
			return nil, fmt.Errorf("more than one %s stream is offered", m.MediaName.Media)
		}
		s, err := parseSection(&desc, m)
		if err != nil {
			return nil, err
		}
		*slot = s
	}
	return o, nil
}

func hasAttribute(desc *sdp.SessionDescription, key string) bool {
	if _, ok := desc.Attribute(key); ok {
		return true
	}
	return slices.ContainsFunc(desc.MediaDescriptions, func(m *sdp.MediaDescription) bool {
		_, ok := m.Attribute(key)
		return ok
	})
}

func parseSection(desc *sdp.SessionDescription, m *sdp.MediaDescription) (*Section, error) {
	s := &Section{Sends: true, Receives: true} // RFC 8866 §6.7: sendrecv unless said otherwise
	for _, attrs := range [][]sdp.Attribute{desc.Attributes, m.Attributes} {
		for _, a := range attrs {
			switch a.Key {
			case "sendrecv":
				s.Sends, s.Receives = true, true
			case "sendonly":
				s.Sends, s.Receives = true, false
			case "recvonly":
				s.Sends, s.Receives = false, true
			case "inactive":
				s.Sends, s.Receives = false, false
			}
		}
	}
	one := sdp.SessionDescription{MediaDescriptions: []*sdp.MediaDescription{m}}
	codecs := one.GetCodecMap()
	for _, f := range m.MediaName.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			return nil, fmt.Errorf("%w: payload type %q", ErrMalformed, f)
		}
		c, ok := codecs[uint8(pt)]
		if !ok {
			continue
		}
		var channels uint16
		if n, err := strconv.ParseUint(c.EncodingParameters, 10, 16); err == nil {
			channels = uint16(n)
		}
		codec := Codec{
			PayloadType: webrtc.PayloadType(pt),
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType:    m.MediaName.Media + "/" + c.Name,
				ClockRate:   c.ClockRate,
				Channels:    channels,
				SDPFmtpLine: strings.TrimSpace(c.Fmtp),
			},
		}
		if !usable(codec) {
			continue
		}
		s.Codecs = append(s.Codecs, codec)
	}
	return s, nil
}

// usable tells whether we carry a codec in this variant.
func usable(c Codec) bool {
	switch strings.ToLower(c.MimeType) {
	case "video/h264":
		return c.ClockRate == 90000 && fmtpParam(c.SDPFmtpLine, "packetization-mode") == "1"
	case "video/h265", "video/av1":
		return c.ClockRate == 90000
	case "audio/opus":
		return c.ClockRate == 48000 && c.Channels == 2 // RFC 7587 §7
	case "audio/pcma", "audio/pcmu":
		return c.ClockRate == 8000 && c.Channels <= 1
	}
	return false
}
