// Package whip takes cameras that publish over WebRTC (WHIP, RFC 9725): browsers,
// phones, OBS.
//
// A packet enters in track.go, waits in a reorder buffer for its predecessors
// (ingest.Reorderer), is put together with the other packets of its access unit
// (assembler.go), depacketised (depacketiser.go), and given a time that audio and
// video have in common (timeline.go). An access unit that lacks a packet is dropped
// whole and a key frame is asked for.
//
// A browser sends key frames only when asked. The session asks for one at the
// start, after a loss, and whenever the last is older than Options.KeyInterval,
// because live segments and recordings are cut at key frames.
package whip
