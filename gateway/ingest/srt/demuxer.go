package srt

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// errDemux says that the stream is no MPEG-TS that can be opened.
var errDemux = errors.New("MPEG-TS cannot be opened")

// demuxer turns MPEG-TS into tracks and units. It is for one goroutine.
type demuxer struct {
	guard guard
	pub   ingest.Session

	reader mpegts.Reader
	clock  mpegts.TimeDecoder // one for all tracks: their origin is common
}

// open reads up to the program map, and announces the tracks: the first video
// and the first audio that can be carried.
func (d *demuxer) open() error {
	d.reader = mpegts.Reader{R: &d.guard}
	if err := d.reader.Initialize(); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, errTooBig) {
			return err
		}
		return fmt.Errorf("%w: %w", errDemux, err)
	}
	// What cannot be decoded is in the continuity counts as far as it was
	// lost; the rest is one broken frame, and the next one will do.
	d.reader.OnDecodeError(func(error) {})
	d.clock.Initialize()
	var tracks []*media.Track
	var video, audio bool
	for _, t := range d.reader.Tracks() {
		m := trackOf(t)
		if m == nil || m.Codec.Video() && video || !m.Codec.Video() && audio {
			continue
		}
		if m.Codec.Video() {
			video = true
		} else {
			audio = true
		}
		d.connect(t, m, len(tracks))
		tracks = append(tracks, m)
	}
	if len(tracks) == 0 {
		return &gatepost.Error{Code: gatepost.Invalid, Message: "no track that can be carried"}
	}
	return d.pub.Start(tracks)
}

// trackOf returns nil for what cannot be carried. Video parameter sets come in
// the stream.
func trackOf(t *mpegts.Track) *media.Track {
	switch c := t.Codec.(type) {
	case *codecs.H264:
		return &media.Track{Codec: media.H264, ClockRate: 90000}
	case *codecs.H265:
		return &media.Track{Codec: media.H265, ClockRate: 90000}
	case *codecs.MPEG4Audio:
		return ingest.AAC(&c.Config)
	case *codecs.Opus:
		channels := 2
		if c.Desc != nil && c.Desc.ChannelCount() > 0 {
			channels = c.Desc.ChannelCount()
		}
		return &media.Track{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: channels}
	}
	return nil
}

// connect has the reader give us the units of a track.
func (d *demuxer) connect(t *mpegts.Track, m *media.Track, index int) {
	video := func(pts, dts int64, au [][]byte) error {
		dts = d.clock.Decode(dts)
		pts = max(dts, d.clock.Decode(pts))
		return d.write(&media.Unit{Track: index, PTS: pts, DTS: dts, Data: au, Key: media.Normalise(m.Codec, au).Key})
	}
	var steady ingest.Steady
	audio := func(pts, samples int64, data [][]byte) error {
		at := media.Rescale(d.clock.Decode(pts), 90000, m.ClockRate)
		at = steady.At(at, samples, int64(m.ClockRate/1000))
		return d.write(&media.Unit{Track: index, PTS: at, DTS: at, Data: data, Key: true})
	}
	switch m.Codec {
	case media.H264:
		d.reader.OnDataH264(t, video)
	case media.H265:
		d.reader.OnDataH265(t, video)
	case media.AAC:
		d.reader.OnDataMPEG4Audio(t, func(pts int64, aus [][]byte) error {
			return audio(pts, 1024*int64(len(aus)), aus)
		})
	case media.Opus:
		d.reader.OnDataOpus(t, func(pts int64, packets [][]byte) error {
			var samples int64
			for _, p := range packets {
				samples += opus.PacketDuration2(p)
			}
			return audio(pts, samples, packets)
		})
	}
}

func (d *demuxer) write(u *media.Unit) error {
	u.Data = slices.DeleteFunc(u.Data, func(b []byte) bool { return len(b) == 0 })
	if len(u.Data) == 0 {
		return nil
	}
	u.NTP = time.Now()
	return d.pub.Write(u)
}

// read goes on until the next unit, at most.
func (d *demuxer) read() error {
	d.pub.Lost(d.guard.counts())
	return d.reader.Read()
}
