package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/generator"
	"github.com/gatepost-video/gatepost/test/load/publish"
)

// load is one thing to measure.
type load struct {
	name, text string
	usual      bool // measured when no cases are named
	sink       bool // against the null sink instead of a gateway

	cameras  int
	protocol publish.Protocol // default: RTSP
	clip     clip.Spec
	recorded time.Duration // cameras record for so long first, and have ended when viewers come

	viewers int // shared out among the cameras
	kind    generator.Kind
	ramp    time.Duration // of the viewers
	cached  bool          // nginx stands in front, with the configuration of infra/nginx
}

// cases are in the order of measurement.
var cases = []load{
	{name: "sink-100", text: "100 RTSP/TCP publishers, null sink", usual: true, sink: true, cameras: 100, protocol: publish.RTSP},
	{name: "rtsp-100", text: "100 RTSP/TCP publishers", usual: true, cameras: 100, protocol: publish.RTSP},
	{name: "rtsp-300", text: "300 RTSP/TCP publishers", usual: true, cameras: 300, protocol: publish.RTSP},
	{name: "whip-50", text: "50 WHIP publishers", usual: true, cameras: 50, protocol: publish.WHIP},
	{name: "ll-hls-1000", text: "1,000 LL-HLS viewers of one camera", usual: true, cameras: 1, viewers: 1000, kind: generator.LLHLS, ramp: 8 * time.Second},
	{name: "ll-hls-nginx-1000", text: "1,000 LL-HLS viewers of one camera, through nginx", usual: true, cameras: 1, viewers: 1000, kind: generator.LLHLS, ramp: 8 * time.Second, cached: true},
	{name: "ll-hls-10", text: "ten LL-HLS viewers of one camera", usual: true, cameras: 1, viewers: 10, kind: generator.LLHLS, ramp: time.Second},
	{name: "whep-200", text: "200 WHEP viewers of one camera", usual: true, cameras: 1, viewers: 200, kind: generator.WHEP, ramp: 5 * time.Second},
	{name: "whep-400", text: "400 WHEP viewers of one camera", usual: true, cameras: 1, viewers: 400, kind: generator.WHEP, ramp: 8 * time.Second},
	{name: "ll-hls-5", text: "five LL-HLS viewers of one camera", usual: true, cameras: 1, viewers: 5, kind: generator.LLHLS, ramp: time.Second},
	{name: "whep-5", text: "five WHEP viewers of one camera", usual: true, cameras: 1, viewers: 5, kind: generator.WHEP, ramp: time.Second},
	{name: "cold", text: "first LL-HLS viewer of each of 20 cameras, 10-s GOP", usual: true, cameras: 20, clip: clip.Spec{GOP: 10 * clip.FrameRate}, viewers: 20,
		kind: generator.LLHLS, ramp: 9 * time.Second},

	{name: "sink-300", text: "300 RTSP/TCP publishers, null sink", sink: true, cameras: 300, protocol: publish.RTSP},
	{name: "rtsp-udp-100", text: "100 RTSP/UDP publishers", cameras: 100, protocol: publish.RTSPUDP},
	{name: "rtmp-100", text: "100 RTMP publishers", cameras: 100, protocol: publish.RTMP},
	{name: "srt-50", text: "50 SRT publishers", cameras: 50, protocol: publish.SRT},
	{name: "vod-100", text: "100 viewers of one recording, at the pace of real time", cameras: 1, recorded: 45 * time.Second, viewers: 100, kind: generator.VOD, ramp: 5 * time.Second},
}

// choose returns the cases named, separated by commas; "" are the usual ones.
func choose(names string) ([]load, error) {
	var chosen []load
	if names == "" {
		for _, c := range cases {
			if c.usual {
				chosen = append(chosen, c)
			}
		}
		return chosen, nil
	}
next:
	for name := range strings.SplitSeq(names, ",") {
		for _, c := range cases {
			if c.name == name {
				chosen = append(chosen, c)
				continue next
			}
		}
		return nil, fmt.Errorf("no case %q; -list names them", name)
	}
	return chosen, nil
}

// units are what a case's figures are divided by.
func (l load) units() int {
	if l.viewers > 0 {
		return l.viewers
	}
	return l.cameras
}
