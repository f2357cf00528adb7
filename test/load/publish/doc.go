// Package publish pushes a clip to a gateway the way cameras do: by RTSP over TCP
// or UDP, RTMP, SRT or WHIP, at the pace of real time, every picture marked with
// its number and its time of sending.
//
// Pictures are counted by the clock, not by what could be sent: picture k of a
// publisher is due k frame times after its beginning. Pictures that fell due
// without a connection leave a hole between two runs of its Sent, so that what is
// missing in an archive can be told from what was never sent, and dated.
package publish
