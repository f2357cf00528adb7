package chaos

import (
	"context"
	"net/url"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
)

// rtmpLine sends by RTMP.
type rtmpLine struct {
	client *gortmplib.Client
	writer *gortmplib.Writer
	video  *gortmplib.Track
}

func dialRTMP(c *camera, begin *clip) (line, error) {
	u, err := url.Parse(c.Publish.RTMP)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	l := &rtmpLine{client: &gortmplib.Client{URL: u, Publish: true}, video: &gortmplib.Track{Codec: &codecs.H264{SPS: begin.sps, PPS: begin.pps}}}
	if err := l.client.Initialize(ctx); err != nil {
		return nil, err
	}
	l.writer = &gortmplib.Writer{Conn: l.client, Tracks: []*gortmplib.Track{l.video}}
	if err := l.writer.Initialize(); err != nil {
		l.client.Close()
		return nil, err
	}
	return l, nil
}

func (l *rtmpLine) picture(nalus [][]byte, ts int64) (bool, error) {
	at := time.Duration(ts) * time.Second / 90000
	if err := l.client.NetConn().SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return false, err
	}
	return false, l.writer.WriteH264(l.video, at, at, nalus)
}

func (l *rtmpLine) sound(int64) error { return errSilent }

func (l *rtmpLine) cut() error { return l.client.NetConn().Close() }

func (l *rtmpLine) close() { l.client.Close() }
