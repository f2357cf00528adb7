package publish

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/bluenviron/gortmplib"
	rtmpcodecs "github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	tscodecs "github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"
	gosrt "github.com/datarhei/gosrt"

	"github.com/gatepost-video/gatepost/test/load/clip"
)

// writeTimeout bounds the wait for a gateway that does not read.
const writeTimeout = 15 * time.Second

type rtmpSender struct {
	source *Source
	client *gortmplib.Client
	writer *gortmplib.Writer
	track  *gortmplib.Track
	first  uint32
	begun  bool
}

func connectRTMP(ctx context.Context, s *Source, t Target) (sender, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return nil, errors.New("the address is no URL")
	}
	client := &gortmplib.Client{URL: u, Publish: true}
	if err := client.Initialize(ctx); err != nil {
		return nil, fmt.Errorf("connect: %w", redact(err, t))
	}
	track := &gortmplib.Track{Codec: &rtmpcodecs.H264{SPS: s.clip.SPS, PPS: s.clip.PPS}}
	writer := &gortmplib.Writer{Conn: client, Tracks: []*gortmplib.Track{track}}
	if err := writer.Initialize(); err != nil {
		client.Close()
		return nil, fmt.Errorf("connect: %w", redact(err, t))
	}
	return &rtmpSender{source: s, client: client, writer: writer, track: track}, nil
}

func (r *rtmpSender) send(m clip.Mark) error {
	if !r.begun {
		r.first, r.begun = m.Number, true
	}
	if err := r.client.NetConn().SetWriteDeadline(m.At.Add(writeTimeout)); err != nil {
		return err
	}
	at := time.Duration(m.Number-r.first) * Frame
	return r.writer.WriteH264(r.track, at, at, r.source.unit(m))
}

func (r *rtmpSender) finish() {}

func (r *rtmpSender) close() { r.client.Close() }

type srtSender struct {
	source *Source
	conn   gosrt.Conn
	buffer *bufio.Writer
	writer *mpegts.Writer
	track  *mpegts.Track
}

// srtPayload is seven packets of MPEG-TS, as is the custom.
const srtPayload = 7 * 188

func connectSRT(s *Source, t Target) (sender, error) {
	config := gosrt.DefaultConfig()
	address, err := config.UnmarshalURL(t.URL)
	if err != nil {
		return nil, errors.New("the address is no URL")
	}
	config.PayloadSize = srtPayload
	conn, err := gosrt.Dial("srt", address, config) // with a timeout of its own
	if err != nil {
		return nil, fmt.Errorf("connect: %w", redact(err, t))
	}
	sender := &srtSender{source: s, conn: conn, buffer: bufio.NewWriterSize(conn, srtPayload), track: &mpegts.Track{Codec: &tscodecs.H264{}}}
	sender.writer = &mpegts.Writer{W: sender.buffer, Tracks: []*mpegts.Track{sender.track}}
	if err := sender.writer.Initialize(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return sender, nil
}

func (s *srtSender) send(m clip.Mark) error {
	at := int64(m.Number) * ticks
	if err := s.writer.WriteH264(s.track, at, at, s.source.unit(m)); err != nil {
		return err
	}
	return s.buffer.Flush()
}

// finish waits for the receiver's latency: a goodbye overtakes what it holds back.
func (s *srtSender) finish() { time.Sleep(time.Second) }

func (s *srtSender) close() { _ = s.conn.Close() } // nothing is left to send

// unit is the marked picture.
func (s *Source) unit(m clip.Mark) [][]byte {
	return s.clip.Units[int(m.Number)%len(s.clip.Units)].Marked(m)
}
