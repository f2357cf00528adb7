package whep

import (
	"net/http"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/rtc"
	"github.com/gatepost-video/gatepost/streaming/media"
	"github.com/gatepost-video/gatepost/streaming/stream"
)

// proven is how long a run must have lasted for its pictures to be believed in
// order though its parameter sets would allow them out of order.
const proven = 3 * time.Second

// unsuitable refuses what cannot be played over WebRTC; the player takes LL-HLS.
func unsuitable(reason, detail string) error {
	return &rtc.Refusal{Status: http.StatusNotAcceptable, Code: gatepost.Invalid, Reason: reason, Detail: detail}
}

// choose matches a camera's tracks with a browser's offer. It returns the codec
// that the feed must have, and an output for each track that is sent.
func choose(offer *rtc.Offer, s *stream.Stream) (lead media.Codec, video, audio *output, err error) {
	var sound media.Codec
	for _, t := range s.Tracks() {
		switch {
		case !t.Codec.Video():
			sound = t.Codec
			if o := offered(offer.Audio, t.Codec); o != nil {
				audio = newOutput(t.Codec, *o)
			}
		default:
			lead = t.Codec
			if reordered(t, s.Stats()) {
				return "", nil, nil, unsuitable(reasonBFrames, "The camera sends B-frames, which WebRTC cannot carry.")
			}
			c := offered(offer.Video, t.Codec)
			if t.Codec == media.H264 && c != nil && len(t.SPS) > 1 {
				if best, ok := offer.Video.H264For(t.SPS[1]); ok {
					c = &best
				}
			}
			if c == nil {
				return "", nil, nil, unsuitable(reasonCodec, "The camera sends "+string(t.Codec)+", which the viewer did not offer.")
			}
			video = newOutput(t.Codec, *c)
		}
	}
	if lead == "" {
		lead = sound
	}
	if video == nil && audio == nil {
		return "", nil, nil, unsuitable(reasonCodec, "The camera sends "+string(lead)+", which the viewer did not offer.")
	}
	return lead, video, audio, nil
}

// offered returns the viewer's first variant of a codec, nil for none.
func offered(section *rtc.Section, codec media.Codec) *rtc.Codec {
	if section == nil || !section.Receives {
		return nil
	}
	mimeType := map[media.Codec]string{
		media.H264: webrtc.MimeTypeH264, media.H265: webrtc.MimeTypeH265, media.AV1: webrtc.MimeTypeAV1,
		media.Opus: webrtc.MimeTypeOpus, media.G711A: webrtc.MimeTypePCMA, media.G711U: webrtc.MimeTypePCMU,
	}[codec]
	if mimeType == "" {
		return nil
	}
	if found := section.Find(mimeType); len(found) > 0 {
		return &found[0]
	}
	return nil
}

// reordered tells whether pictures come out of order, or may for all that is
// known yet.
func reordered(t *media.Track, st stream.Stats) bool {
	if st.HasBFrames {
		return true
	}
	depth, known := t.ReorderDepth()
	return known && depth > 0 && (!st.Online || time.Since(st.RunStart) < proven)
}
