package rtsp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/conn"
	"github.com/pion/rtp"
)

// bytesConn is a connection that brings what r holds.
type bytesConn struct {
	net.Conn
	r io.Reader
}

func (c bytesConn) Read(b []byte) (int, error)      { return c.r.Read(b) }
func (c bytesConn) SetReadDeadline(time.Time) error { return nil }

func interleavedFrame(channel byte, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{'$', channel}, uint16(len(payload)))
	return append(b, payload...)
}

func rtpPacket(t testing.TB, seq uint16, payload []byte) (*rtp.Packet, []byte) {
	t.Helper()
	p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: seq, Timestamp: 7, SSRC: 9}, Payload: payload}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return p, b
}

// libraryFrames reads r as the library does, until its first error.
func libraryFrames(r io.Reader) (frames [][]byte, requests int, err error) {
	c := conn.NewConn(bufio.NewReader(r), nil)
	for {
		what, err := c.Read()
		if err != nil {
			return frames, requests, err
		}
		switch what := what.(type) {
		case *base.InterleavedFrame:
			frames = append(frames, append([]byte{byte(what.Channel)}, what.Payload...))
		default:
			requests++
		}
	}
}

// TestInterleaved claims a channel in mid-stream: its packets take the other
// way from the next on, all else the library still gets.
func TestInterleaved(t *testing.T) {
	first, a := rtpPacket(t, 1, []byte("first"))
	_, b := rtpPacket(t, 2, bytes.Repeat([]byte("large"), 8000))
	_, rtcp := rtpPacket(t, 3, []byte("other channel"))
	_, refused := rtpPacket(t, 4, []byte("refused"))
	_, last := rtpPacket(t, 5, []byte("last"))
	request := "SET_PARAMETER rtsp://h/x RTSP/1.0\r\nCSeq: 5\r\ncontent-length:  6\r\n\r\n$\x00\x00\x05\r\n"
	stream := bytes.Join([][]byte{interleavedFrame(0, a), interleavedFrame(0, b), []byte(request), interleavedFrame(1, rtcp), []byte("\r\n"),
		interleavedFrame(0, refused), interleavedFrame(0, last)}, nil)
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(stream), "byte by byte": iotest.OneByteReader(bytes.NewReader(stream))} {
		t.Run(name, func(t *testing.T) {
			c := &interleaved{Conn: bytesConn{r: r}}
			var taken [][]byte
			var out []byte
			buf := make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, buf[:n]...)
				if len(out) == frameHeader+len(a) {
					other := *first
					other.SequenceNumber++
					c.claim(&other, nil) // not what was just read
					c.claim(first, func(b []byte, _ time.Time) bool {
						if bytes.Equal(b, refused) {
							return false
						}
						taken = append(taken, bytes.Clone(b))
						return true
					})
				}
			}
			if len(taken) != 2 || !bytes.Equal(taken[0], b) || !bytes.Equal(taken[1], last) {
				t.Errorf("%d packets were taken", len(taken))
			}
			want := bytes.Join([][]byte{interleavedFrame(0, a), []byte(request), interleavedFrame(1, rtcp), []byte("\r\n"), interleavedFrame(0, refused)}, nil)
			if !bytes.Equal(out, want) {
				t.Errorf("the library gets %q, want %q", out, want)
			}
		})
	}
}

// TestInterleavedPatience: packets that the library does not see keep the
// connection alive, and silence ends it.
func TestInterleavedPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		camera, server := net.Pipe()
		defer camera.Close()
		defer server.Close()
		c := &interleaved{Conn: server}
		p, raw := rtpPacket(t, 1, []byte("picture"))
		go func() {
			for range 30 { // three times as long as the library's patience
				if _, err := camera.Write(interleavedFrame(0, raw)); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Second)
			}
		}()
		begin := time.Now()
		_ = c.SetReadDeadline(begin.Add(10 * time.Second))
		buf := make([]byte, frameHeader+len(raw))
		if _, err := io.ReadFull(c, buf); err != nil {
			t.Fatal(err)
		}
		taken := 0
		c.claim(p, func([]byte, time.Time) bool { taken++; return true })
		_, err := c.Read(buf)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		if silent := time.Since(begin) - 29*time.Second; taken != 29 || silent < 8*time.Second || silent > 11*time.Second {
			t.Errorf("%d packets were taken, then %s of silence were borne", taken, silent)
		}
	})
}

// TestInterleavedSlowRecorder: a packet that had to wait for the recorder longer
// than the library is patient does not end the connection.
func TestInterleavedSlowRecorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		camera, server := net.Pipe()
		defer camera.Close()
		defer server.Close()
		c := &interleaved{Conn: server}
		p, raw := rtpPacket(t, 1, []byte("picture"))
		go func() {
			for range 3 {
				_, _ = camera.Write(interleavedFrame(0, raw)) // what does not arrive is not taken
			}
		}()
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		buf := make([]byte, frameHeader+len(raw))
		if _, err := io.ReadFull(c, buf); err != nil {
			t.Fatal(err)
		}
		taken := 0
		c.claim(p, func([]byte, time.Time) bool { taken++; time.Sleep(15 * time.Second); return true })
		if _, err := c.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) || taken != 2 {
			t.Errorf("%d packets were taken, then %v", taken, err)
		}
	})
}

// FuzzInterleaved: with and without a claim, the frames are those that the
// library reads from the same bytes, in the same order.
func FuzzInterleaved(f *testing.F) {
	_, raw := rtpPacket(f, 1, []byte("picture"))
	request := "OPTIONS rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n\r\n"
	for _, s := range []string{"", "$", "$\x00\x00", request, "\r\n" + request, strings.Replace(request, "\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n$$$", 1),
		"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", "A$\x00\x00\x01x", "OPTIONS * RTSP/1.0\r\n", "GET_PARAMETER * RTSP/1.0\r\n\r\n"} {
		f.Add([]byte(s+string(interleavedFrame(0, raw))+string(interleavedFrame(1, raw))), byte(3))
	}
	f.Fuzz(func(t *testing.T, stream []byte, size byte) {
		if len(stream) >= 4 && tunnels(stream) {
			return
		}
		want, requests, wantErr := libraryFrames(bytes.NewReader(stream))
		var got [][]byte
		c := &interleaved{Conn: bytesConn{r: iotest.HalfReader(bytes.NewReader(stream))}, claims: map[byte]take{}}
		c.claims[0] = func(b []byte, _ time.Time) bool {
			got = append(got, append([]byte{0}, b...))
			return true
		}
		rest, gotRequests, gotErr := libraryFrames(struct{ io.Reader }{limit{c, int(size)%64 + 1}})
		var claimed, others [][]byte
		for _, w := range want {
			if w[0] == 0 {
				claimed = append(claimed, w)
			} else {
				others = append(others, w)
			}
		}
		// Behind what the library refuses nobody reads.
		if !equal(others, rest) || requests != gotRequests || (wantErr == nil) != (gotErr == nil) || len(got) < len(claimed) || !equal(claimed, got[:len(claimed)]) {
			t.Fatalf("%q: library %d frames (%v), here %d + %d (%v)", stream, len(want), wantErr, len(rest), len(got), gotErr)
		}
	})
}

// limit reads at most n bytes at once.
type limit struct {
	r io.Reader
	n int
}

func (l limit) Read(b []byte) (int, error) { return l.r.Read(b[:min(len(b), l.n)]) }

func equal(a, b [][]byte) bool {
	return len(a) == len(b) && bytes.Equal(bytes.Join(a, []byte{0xff, 0}), bytes.Join(b, []byte{0xff, 0}))
}

func FuzzParseRTP(f *testing.F) {
	_, raw := rtpPacket(f, 1, []byte("picture"))
	f.Add(raw)
	full := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, CSRC: []uint32{1, 2}, Padding: true, PaddingSize: 4}, Payload: []byte{1, 2, 3}}
	if err := full.SetExtension(1, []byte{9, 9}); err != nil {
		f.Fatal(err)
	}
	b, err := full.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var got rtp.Packet
		if !parseRTP(b, &got) {
			return
		}
		var want rtp.Packet
		if want.Unmarshal(b) != nil {
			return // the library looks into extensions as well
		}
		if got.SequenceNumber != want.SequenceNumber || got.Timestamp != want.Timestamp || got.SSRC != want.SSRC ||
			got.Marker != want.Marker || got.PayloadType != want.PayloadType || !bytes.Equal(got.Payload, want.Payload) {
			t.Fatalf("%x: %v, want %v", b, got, want)
		}
	})
}
