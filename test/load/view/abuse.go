package view

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost/test/load/rtc"
)

// Slow watches by LL-HLS over a link of rate bytes a second until ctx ends: it
// asks for the newest part, reads it at that rate, and asks for the newest again.
// It returns how much it read.
func Slow(ctx context.Context, address string, rate int) (int, error) {
	at, parts, err := join(ctx, address)
	if err != nil {
		return 0, err
	}
	defer parts.close()
	media := &conn{address: at.Host}
	defer media.close()
	total := 0
	for ctx.Err() == nil {
		status, body, err := parts.get(ctx, at)
		if err != nil || status != 200 {
			return total, errors.Join(errors.New("the playlist is gone"), err)
		}
		p := parse(body)
		u, err := at.Parse(p.parts[len(p.parts)-1].uri)
		if err != nil {
			return total, err
		}
		if media.nc == nil {
			if err := media.openNarrow(ctx); err != nil {
				return total, err
			}
		}
		n, err := media.trickle(ctx, u, rate)
		total += n
		if err != nil && ctx.Err() == nil {
			media.close() // the gateway may have given up on us, as it may
		}
	}
	return total, nil
}

// openNarrow connects with a small receive buffer, so that what is not read stays
// with the server.
func (c *conn) openNarrow(ctx context.Context) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	return c.nc.(*net.TCPConn).SetReadBuffer(4 << 10)
}

// trickle asks for u and reads the answer at rate bytes a second.
func (c *conn) trickle(ctx context.Context, u *url.URL, rate int) (int, error) {
	if err := c.ask(u); err != nil {
		return 0, err
	}
	_, length, _, err := c.head()
	if err != nil {
		return 0, err
	}
	step := make([]byte, max(rate/10, 1))
	for done := 0; ; {
		n, err := io.ReadFull(c.r, step[:min(len(step), length-done)])
		if done += n; err != nil || done == length || !pause(ctx, time.Second/10) {
			return done, err
		}
	}
}

// Stalled asks by HLS for many parts and reads nothing, until ctx ends.
func Stalled(ctx context.Context, address string) error {
	at, parts, err := join(ctx, address)
	if err != nil {
		return err
	}
	defer parts.close()
	_, body, err := parts.get(ctx, at)
	if err != nil {
		return err
	}
	silent := &conn{address: at.Host}
	if err := silent.openNarrow(ctx); err != nil {
		return err
	}
	defer silent.close()
	for _, part := range parse(body).parts {
		u, err := at.Parse(part.uri)
		if err != nil {
			return err
		}
		if err := silent.ask(u); err != nil {
			break // the gateway has given up on us
		}
	}
	<-ctx.Done()
	return nil
}

// Abort joins by LL-HLS, waits like a player for a part that is not yet there, and
// resets the connection, either then or in the middle of a part.
func Abort(ctx context.Context, address string, inPart bool) error {
	at, parts, err := join(ctx, address)
	if err != nil {
		return err
	}
	defer parts.close()
	_, body, err := parts.get(ctx, at)
	if err != nil {
		return err
	}
	p := parse(body)
	if inPart {
		u, err := at.Parse(p.parts[len(p.parts)-1].uri)
		if err != nil {
			return err
		}
		if err := parts.ask(u); err != nil {
			return err
		}
		if _, err := parts.r.ReadByte(); err != nil {
			return err
		}
	} else {
		u := *at
		u.RawQuery = "_HLS_msn=" + strconv.Itoa(p.next.segment+1)
		if err := parts.ask(&u); err != nil {
			return err
		}
	}
	return parts.nc.(*net.TCPConn).SetLinger(0) // a reset instead of a goodbye
}

// join reads the multivariant playlist and returns the media playlist's address
// with a connection to ask there.
func join(ctx context.Context, address string) (*url.URL, *conn, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, nil, errors.New("the playlist has no http address")
	}
	v := &viewer{conn: conn{address: at.Host}, eye: newEye(&Meter{})}
	p, err := v.begin(ctx, at)
	if err == nil && len(p.parts) == 0 {
		err = errors.New("the playlist has no parts")
	}
	if err != nil {
		v.conn.close()
		return nil, nil, err
	}
	return at, &v.conn, nil
}

// StalledWHEP watches a camera and reads nothing that comes, until ctx ends.
func StalledWHEP(ctx context.Context, endpoint, token string) error {
	session, err := rtc.Connect(ctx, endpoint, token, receive)
	if err != nil {
		return err
	}
	<-ctx.Done()
	session.Close()
	return nil
}

// AbortWHEP makes an offer and vanishes: before the media connection is there, or
// when it has just come about.
func AbortWHEP(ctx context.Context, endpoint, token string, connected bool) error {
	if !connected {
		return rtc.Abandon(ctx, endpoint, token, receive)
	}
	session, err := rtc.Connect(ctx, endpoint, token, receive)
	if err != nil {
		return err
	}
	session.Leave()
	return nil
}
