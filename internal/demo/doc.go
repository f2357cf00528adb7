// Package demo is what a first start shows: two simulated cameras, which push
// short drawn clips through the gateway's real doors, one by RTSP and one by WHIP,
// and the administrative divisions of a sample region.
//
// The clips are drawn once by clips.sh (go generate) and shipped in the binary;
// nothing else is needed at run time. A frame counter is burnt in; it begins anew
// with each loop, every 24 s, while timestamps go on.
package demo

import _ "embed"

//go:generate ./clips.sh

// Divisions is the sample region as CSV: code,name,level,parent, with a header
// line and every parent before its children.
//
//go:embed data/divisions.csv
var Divisions []byte
