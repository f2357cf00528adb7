package rtmp

import (
	"bytes"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
	"github.com/gatepost-video/gatepost/streaming/media"
)

// demuxer turns the media messages of one publisher into tracks and units. It is
// for one goroutine.
type demuxer struct {
	pub ingest.Session

	video, audio elementary
	announced    bool // metadata said what is to come
	started      bool
	waiting      []*media.Unit // until the tracks are known
	waitingBytes int
	first        int64 // time of the first message, ms
	begun        bool

	timed bool // the following two are set
	last  uint32
	now   int64 // ms, unwrapped
}

// elementary is the video or the audio of a publisher.
type elementary struct {
	expected bool         // metadata announced it
	useless  bool         // it came, and cannot be carried
	track    *media.Track // nil until its configuration came
	index    int          // -1 when it came too late
	length   int          // of NAL unit lengths
	sets     [][]byte     // parameter sets that go before the next picture
	steady   ingest.Steady
}

// settled tells whether nothing more has to be waited for.
func (e *elementary) settled() bool { return e.track != nil || e.useless }

// patience is how much media is kept while a track that may come has not come.
const (
	patience      = 1000 // ms; twice as much when metadata announced the track
	patienceBytes = 8 << 20
)

// metadata takes onMetaData (FLV specification 10.1 §E.5).
func (d *demuxer) metadata(video, audio bool) {
	if video || audio {
		d.announced = true
		d.video.expected, d.audio.expected = video, audio
	}
}

// message takes one audio or video message with its timestamp. It fails only
// when the session cannot go on; a message that makes no sense is counted as
// lost.
func (d *demuxer) message(isVideo bool, timestamp uint32, body []byte) error {
	d.advance(timestamp)
	if !d.begun {
		d.first, d.begun = d.now, true
	}
	parse, e := parseAudio, &d.audio
	if isVideo {
		parse, e = parseVideo, &d.video
	}
	t, bad := parse(body)
	if bad != nil {
		d.pub.Lost(1, 1)
		return d.begin()
	}
	d.pub.Lost(0, 1)
	if t.codec == "" {
		e.useless = e.useless || len(body) > 1 && e.track == nil
		return d.begin()
	}
	if t.config != nil {
		d.configure(e, t)
	}
	if len(t.data) > 0 && e.track != nil && e.track.Codec == t.codec {
		u, bad := d.unit(e, t)
		switch {
		case bad != nil:
			d.pub.Lost(1, 0)
		case u != nil:
			if err := d.write(e, u); err != nil {
				return err
			}
		}
	}
	return d.begin()
}

// advance unwraps a 32-bit millisecond clock: it comes round every 49 days.
func (d *demuxer) advance(timestamp uint32) {
	if !d.timed {
		d.now, d.timed = int64(timestamp), true
	} else {
		d.now += int64(int32(timestamp - d.last))
	}
	d.last = timestamp
}

// configure takes a configuration. One that changes the parameters of a running
// track goes in band, before the next picture.
func (d *demuxer) configure(e *elementary, t tag) {
	if e.track == nil {
		e.track, e.length = t.config, t.length
		if d.started {
			e.index = -1
		}
		return
	}
	if e.track.Codec != t.codec || !t.codec.Video() {
		return
	}
	if t.length > 0 {
		e.length = t.length
	}
	same := bytes.Equal(e.track.SPS, t.config.SPS) && bytes.Equal(e.track.PPS, t.config.PPS) && bytes.Equal(e.track.VPS, t.config.VPS)
	if same || t.config.SPS == nil {
		return
	}
	e.track = t.config
	e.sets = nil
	for _, s := range [][]byte{t.config.VPS, t.config.SPS, t.config.PPS} {
		if s != nil && t.codec != media.AV1 {
			e.sets = append(e.sets, s)
		}
	}
}

// unit makes a unit of a message with frames; nil when there is nothing in it.
func (d *demuxer) unit(e *elementary, t tag) (*media.Unit, error) {
	u := &media.Unit{NTP: time.Now(), Key: true}
	if t.codec.Video() {
		data, err := units(t.codec, e.length, t.data)
		if err != nil || len(data) == 0 {
			return nil, err
		}
		u.Data = append(e.sets, data...)
		e.sets = nil
		u.DTS = d.now * 90
		u.PTS = max(u.DTS, (d.now+int64(t.offset))*90)
		u.Key = media.Normalise(t.codec, u.Data).Key
		return u, nil
	}
	u.Data = [][]byte{t.data}
	samples := int64(1024)
	switch t.codec {
	case media.Opus:
		samples = opus.PacketDuration2(t.data)
	case media.G711A, media.G711U:
		samples = int64(len(t.data) / e.track.Channels)
	}
	rate := e.track.ClockRate
	u.PTS = e.steady.At(media.Rescale(d.now, 1000, rate), samples, int64(rate/200))
	u.DTS = u.PTS
	return u, nil
}

func (d *demuxer) write(e *elementary, u *media.Unit) error {
	if d.started {
		if e.index < 0 {
			return nil
		}
		u.Track = e.index
		return d.pub.Write(u)
	}
	if e == &d.audio {
		u.Track = 1 // until begin knows better
	}
	d.waiting = append(d.waiting, u)
	d.waitingBytes += u.Size()
	return nil
}

// begin announces the tracks once they are known, or waiting has no more sense.
func (d *demuxer) begin() error {
	if d.started {
		return nil
	}
	switch {
	case d.video.settled() && d.audio.settled():
	case d.announced && (d.video.settled() || !d.video.expected) && (d.audio.settled() || !d.audio.expected):
	case !d.announced && d.now-d.first >= patience:
	case d.now-d.first >= 2*patience:
	case d.waitingBytes >= patienceBytes:
	default:
		return nil
	}
	var tracks []*media.Track
	for _, e := range []*elementary{&d.video, &d.audio} {
		e.index = -1
		if e.track != nil {
			e.index = len(tracks)
			tracks = append(tracks, e.track)
		}
	}
	if len(tracks) == 0 {
		return &gatepost.Error{Code: gatepost.Invalid, Message: "no track that can be carried"}
	}
	if err := d.pub.Start(tracks); err != nil {
		return err
	}
	d.started = true
	for _, u := range d.waiting {
		if u.Track == 0 {
			u.Track = d.video.index
		} else {
			u.Track = d.audio.index
		}
		if err := d.pub.Write(u); err != nil {
			return err
		}
	}
	d.waiting = nil
	return nil
}

// finish announces what is there when the publisher leaves early, so that a
// stream shorter than our patience is not lost.
func (d *demuxer) finish() {
	if d.started || len(d.waiting) == 0 {
		return
	}
	d.announced, d.video.expected, d.audio.expected = true, false, false
	_ = d.begin() // the session ends anyway
}
