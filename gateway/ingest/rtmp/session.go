package rtmp

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/bluenviron/gortmplib/pkg/message"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest"
)

// errGoodbye is the end that a publisher announced.
var errGoodbye = errors.New("publisher said goodbye")

// serve is the life of one connection.
func (s *Server) serve(ctx context.Context, nc net.Conn) {
	defer func() { _ = nc.Close() }()
	defer context.AfterFunc(ctx, func() { _ = nc.Close() })()
	remote := nc.RemoteAddr().String()
	_ = nc.SetReadDeadline(time.Now().Add(s.opts.HandshakeTimeout))

	c, err := shake(nc)
	if err != nil {
		s.log.Debug("no handshake", "remote", remote)
		return
	}
	app, name, err := c.negotiate()
	if err != nil {
		s.log.Debug("nothing published", "remote", remote)
		if errors.Is(err, errPlay) {
			linger(nc)
		}
		return
	}
	target, _ := parseTarget(app, name) // without a camera or a key it is refused, and counted, like any other
	admit, cancel := context.WithTimeout(ctx, 5*time.Second)
	pub, err := s.opts.Admitter.Admit(admit, ingest.Request{CameraID: target.CameraID, Key: target.Key, Protocol: "rtmp", Remote: remote})
	cancel()
	if err != nil {
		s.refuse(c, target.CameraID, remote, err)
		return
	}
	s.log.Info("publisher admitted", "camera", target.CameraID, "remote", remote)

	finished := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-pub.Done():
			_ = nc.Close()
		case <-finished:
		}
	}()
	err = s.receive(c, pub)
	close(finished)
	<-watched
	reason := reasonOf(err)
	if ctx.Err() != nil {
		reason = gatepost.EndShutdown
	}
	select {
	case <-pub.Done(): // the gateway ended it, and knows why
		reason = gatepost.EndReplaced
	default:
	}
	if gatepost.CodeOf(err) == gatepost.Invalid {
		s.refuse(c, target.CameraID, remote, err)
	}
	pub.End(reason)
	s.log.Info("publisher ended", "camera", target.CameraID, "remote", remote, "reason", string(reason))
}

var errPlay = errors.New("wants to play")

// negotiate goes through the commands up to publish, and returns the application
// and the stream name.
func (c *chunks) negotiate() (app, name string, err error) {
	connected := false
	for {
		m, err := c.next()
		if err != nil {
			return "", "", err
		}
		cmd, ok := parseCommand(m)
		if !ok {
			continue
		}
		switch cmd.name {
		case "connect":
			app, _ = object(cmd.arg(0)).GetString("app")
			connected = true
			err = c.connected(cmd)
		case "createStream":
			err = c.reply(cmd, "_result", nil, float64(1))
		case "releaseStream", "FCPublish":
			err = c.reply(cmd, "_result", nil)
		case "publish":
			if !connected {
				return "", "", errBad
			}
			name, _ = cmd.arg(1).(string)
			return app, name, nil
		case "play":
			_ = c.status("error", "NetStream.Play.Failed", "code=405 this server takes streams and gives none")
			return "", "", errPlay
		}
		if err != nil {
			return "", "", err
		}
	}
}

// receive takes a publisher's messages until the end.
func (s *Server) receive(c *chunks, pub ingest.Session) error {
	c.budget = -1
	if err := c.status("status", "NetStream.Publish.Start", "publishing"); err != nil {
		return err
	}
	d := &demuxer{pub: pub}
	defer d.finish()
	_ = c.net.SetReadDeadline(time.Now().Add(s.opts.ReadTimeout))
	for {
		m, err := c.next()
		if err != nil {
			return err
		}
		switch message.Type(m.Type) {
		case message.TypeAudio, message.TypeVideo:
			_ = c.net.SetReadDeadline(time.Now().Add(s.opts.ReadTimeout))
			if err := d.message(message.Type(m.Type) == message.TypeVideo, uint32(m.Timestamp.Milliseconds()), m.Body); err != nil {
				return err
			}
		case message.TypeDataAMF0, message.TypeDataAMF3:
			if cmd, ok := parseCommand(m); ok {
				d.announce(cmd)
			}
		default:
			if cmd, ok := parseCommand(m); ok {
				switch cmd.name {
				case "FCUnpublish", "deleteStream", "closeStream":
					return errGoodbye
				}
			}
		}
	}
}

// announce takes @setDataFrame onMetaData, or onMetaData alone.
func (d *demuxer) announce(cmd command) {
	args := cmd.args
	if cmd.name == "@setDataFrame" && len(args) > 0 {
		if name, _ := args[0].(string); name != "onMetaData" {
			return
		}
		args = args[1:]
	} else if cmd.name != "onMetaData" {
		return
	}
	if len(args) == 0 {
		return
	}
	o := object(args[0])
	has := func(key string) bool {
		switch v, _ := o.Get(key); v := v.(type) {
		case float64:
			return v != 0
		case string:
			return strings.TrimSpace(v) != ""
		}
		return false
	}
	d.metadata(has("videocodecid"), has("audiocodecid"))
}

// refusal is the table of the package comment.
var refusal = map[gatepost.Code][2]string{
	gatepost.Unauthenticated: {"NetStream.Publish.Denied", "code=401 wrong or missing stream key"},
	gatepost.Forbidden:       {"NetStream.Publish.Denied", "code=403 this camera may not publish"},
	gatepost.NotFound:        {"NetStream.Publish.BadName", "code=404 no such camera"},
	gatepost.Conflict:        {"NetStream.Publish.BadName", "code=409 another publisher is live"},
	gatepost.Invalid:         {"NetStream.Publish.Failed", "code=415 no track that can be carried"},
	gatepost.RateLimited:     {"NetStream.Publish.Failed", "code=429 too many attempts, try again later"},
	gatepost.Unavailable:     {"NetStream.Publish.Failed", "code=503 try again later"},
}

// refuse says why, and waits for the client to read it.
func (s *Server) refuse(c *chunks, camera, remote string, err error) {
	code := gatepost.CodeOf(err)
	s.log.Info("publisher refused", "camera", ingest.Loggable(camera), "remote", remote, "code", string(code), "err", err)
	words, ok := refusal[code]
	if !ok {
		words = [2]string{"NetStream.Publish.Failed", "code=500 internal error"}
	}
	if c.status("error", words[0], words[1]) == nil {
		linger(c.net)
	}
}

// linger closes our half and reads away what is still under way, for a second at
// most: a reset would overtake the answer.
func linger(nc net.Conn) {
	_ = nc.SetReadDeadline(time.Now().Add(time.Second))
	if half, ok := nc.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(nc, 1<<20))
	}
}

// reasonOf says why a session ended.
func reasonOf(err error) gatepost.EndReason {
	var op *net.OpError
	switch {
	case errors.Is(err, errGoodbye):
		return gatepost.EndClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return gatepost.EndTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed), errors.As(err, &op):
		return gatepost.EndNetwork
	default:
		return gatepost.EndProtocol
	}
}
