package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	gosrt "github.com/datarhei/gosrt"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/gateway/ingest/rtsp"
	"github.com/gatepost-video/gatepost/gateway/ingest/srt"
)

// listeners are every socket of the media plane, open before anything runs, so
// that a port in use is told at once and every URL is known.
type listeners struct {
	media       net.Listener
	rtsp, rtsps net.Listener
	rtp, rtcp   *net.UDPConn
	rtmp, rtmps net.Listener
	srt         gosrt.Listener
	webrtcUDP   net.PacketConn
	webrtcTCP   net.Listener
	open        []io.Closer // for a start that fails half-way
}

// listenMedia opens the sockets. An empty address is a door that stays shut.
func listenMedia(web *webFlags, doors *doorFlags, tlsConfig *tls.Config) (l *listeners, err error) {
	if tlsConfig == nil && (doors.RTSPS != "" || doors.RTMPS != "") {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--tls-cert", Message: "RTSPS and RTMPS need a certificate; give --tls-cert and --tls-key"}
	}
	for _, ip := range doors.WebRTCIPs {
		if _, err := netip.ParseAddr(ip); err != nil {
			return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--webrtc-ip", Message: fmt.Sprintf("%q is not an IP address; give the public one, such as 203.0.113.7", ip)}
		}
	}
	l = &listeners{}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	tcp := func(flag, addr string, into *net.Listener) {
		if err != nil || addr == "" {
			return
		}
		if *into, err = listenTCP(flag, addr); err == nil {
			l.open = append(l.open, *into)
		}
	}
	udp := func(flag, addr string, into *net.PacketConn) {
		if err != nil || addr == "" {
			return
		}
		if *into, err = listenUDP(flag, addr); err == nil {
			l.open = append(l.open, *into)
		}
	}
	if l.media, err = listenTCP("--media", web.Media); err != nil {
		return l, err
	}
	l.open = append(l.open, l.media)
	tcp("--rtsp", doors.RTSP, &l.rtsp)
	tcp("--rtsps", doors.RTSPS, &l.rtsps)
	tcp("--rtmp", doors.RTMP, &l.rtmp)
	tcp("--rtmps", doors.RTMPS, &l.rtmps)
	if err == nil && doors.SRT != "" {
		if l.srt, err = srt.Listen(doors.SRT); err != nil {
			err = bindError("--srt", doors.SRT, err)
		} else {
			l.open = append(l.open, closer(l.srt.Close))
		}
	}
	udp("--webrtc-udp", doors.WebRTCUDP, &l.webrtcUDP)
	tcp("--webrtc-udp", doors.WebRTCUDP, &l.webrtcTCP)
	if err == nil && l.rtsp != nil {
		host, _, _ := net.SplitHostPort(l.rtsp.Addr().String())
		var udpErr error
		if l.rtp, l.rtcp, udpErr = rtsp.ListenUDP(host, 0); udpErr != nil {
			err = bindError("--rtsp", host+" (UDP)", udpErr)
		} else {
			l.open = append(l.open, l.rtp, l.rtcp)
		}
	}
	return l, err
}

// closer is a close without an error.
type closer func()

func (c closer) Close() error { c(); return nil }

func (l *listeners) close() error {
	var errs []error
	for _, c := range l.open {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// addresses are the doors as the outside sees them.
func (l *listeners) addresses(public, media *url.URL) gatepost.Addresses {
	host := public.Hostname()
	at := func(l net.Listener) string {
		if l == nil {
			return ""
		}
		return net.JoinHostPort(host, port(l.Addr()))
	}
	a := gatepost.Addresses{HTTP: public.String(), Media: media.String(),
		RTSP: at(l.rtsp), RTSPS: at(l.rtsps), RTMP: at(l.rtmp), RTMPS: at(l.rtmps)}
	if l.srt != nil {
		a.SRT = net.JoinHostPort(host, port(l.srt.Addr()))
	}
	return a
}

// splitAddresses are the doors of a gateway that runs elsewhere, told by its flags.
func splitAddresses(public, media *url.URL, doors *doorFlags) gatepost.Addresses {
	at := func(addr string) string {
		_, p, err := net.SplitHostPort(addr)
		if _, bad := strconv.Atoi(p); err != nil || bad != nil {
			return ""
		}
		return net.JoinHostPort(media.Hostname(), p)
	}
	return gatepost.Addresses{HTTP: public.String(), Media: media.String(), RTSP: at(doors.RTSP), RTSPS: at(doors.RTSPS),
		RTMP: at(doors.RTMP), RTMPS: at(doors.RTMPS), SRT: at(doors.SRT)}
}
