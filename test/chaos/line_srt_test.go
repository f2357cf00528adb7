package chaos

import (
	"bufio"
	"errors"
	"net/url"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"
	gosrt "github.com/datarhei/gosrt"

	"github.com/gatepost-video/gatepost/test/harness"
)

// srtLine sends MPEG-TS by SRT.
type srtLine struct {
	conn   gosrt.Conn
	buffer *bufio.Writer
	writer *mpegts.Writer
	video  *mpegts.Track
	last   time.Time // when something was written
}

// srtPayload is seven packets of MPEG-TS, as is the custom.
const srtPayload = 7 * 188

// bySRT connects through a relay.
func bySRT(via *relay) func(*camera, *clip) (line, error) {
	return func(c *camera, begin *clip) (line, error) {
		u, err := url.Parse(c.Publish.SRT)
		if err != nil {
			return nil, err
		}
		u.Host = via.address
		config := gosrt.DefaultConfig()
		address, err := config.UnmarshalURL(u.String())
		if err != nil {
			return nil, err
		}
		config.PayloadSize = srtPayload
		conn, err := gosrt.Dial("srt", address, config)
		if err != nil {
			return nil, err
		}
		l := &srtLine{conn: conn, buffer: bufio.NewWriterSize(conn, srtPayload), video: &mpegts.Track{Codec: &codecs.H264{}}}
		if begin.h265 {
			l.video.Codec = &codecs.H265{}
		}
		l.writer = &mpegts.Writer{W: l.buffer, Tracks: []*mpegts.Track{l.video}}
		if err := l.writer.Initialize(); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return l, nil
	}
}

func (l *srtLine) picture(nalus [][]byte, ts int64) (bool, error) {
	write := l.writer.WriteH264
	if _, h265 := l.video.Codec.(*codecs.H265); h265 {
		write = l.writer.WriteH265
	}
	if err := write(l.video, ts, ts, nalus); err != nil {
		return false, err
	}
	l.last = time.Now()
	return false, l.buffer.Flush()
}

func (l *srtLine) sound(int64) error { return errSilent }

// srtReading is how long the gateway takes to read what is due, on a busy machine.
const srtReading = 200 * time.Millisecond

// close waits until all is acknowledged, and due: the goodbye overtakes what the
// receiver holds back (draft-sharabayko-srt §4.5).
func (l *srtLine) close() {
	var s gosrt.Statistics
	linger(func() bool {
		l.conn.Stats(&s)
		return s.Instantaneous.PktSendBuf == 0
	})
	harness.Until(l.last.Add(time.Duration(s.Instantaneous.MsSendTsbPdDelay)*time.Millisecond + srtReading))
	_ = l.conn.Close() // nothing is left to send
}

func (l *srtLine) cut() error { return errors.New("an SRT camera is cut off by its relay") }
