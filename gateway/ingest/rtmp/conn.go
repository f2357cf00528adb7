package rtmp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/handshake"
	"github.com/bluenviron/gortmplib/pkg/message"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"
)

const (
	// maxBeforePublish bounds what a client may send before it has named a
	// camera: the handshake is 3 kB, the commands are a few hundred bytes.
	maxBeforePublish = 256 << 10
	// maxCommand bounds a command or metadata. It also bounds how deep AMF0
	// objects nest.
	maxCommand = 32 << 10
	// maxChunk bounds a chunk: its memory is taken before its bytes come.
	maxChunk = 1 << 20

	writeTimeout = 10 * time.Second
)

// errTooMuch is why a client that only talks is cut off.
var errTooMuch = errors.New("too many bytes before publishing")

// chunks is the connection below the messages.
type chunks struct {
	net    net.Conn
	budget int64 // bytes that may still be read; negative: any number
	r      *rawmessage.Reader
	w      *message.Writer
}

// Read counts against the budget.
func (c *chunks) Read(p []byte) (int, error) {
	if c.budget == 0 {
		return 0, errTooMuch
	}
	if c.budget > 0 && int64(len(p)) > c.budget {
		p = p[:c.budget]
	}
	n, err := c.net.Read(p)
	if c.budget > 0 {
		c.budget -= int64(n)
	}
	return n, err
}

// Write writes within the timeout.
func (c *chunks) Write(p []byte) (int, error) {
	_ = c.net.SetWriteDeadline(time.Now().Add(writeTimeout))
	return c.net.Write(p)
}

// shake does the handshake (RTMP 1.0 §5.2). RTMPE is refused: its encryption
// proves nothing; RTMPS is there for that.
func shake(nc net.Conn) (*chunks, error) {
	c := &chunks{net: nc, budget: maxBeforePublish}
	var rw io.ReadWriter = c
	counted := bytecounter.NewReadWriter(rw)
	key, _, err := handshake.DoServer(counted, false)
	if err != nil {
		return nil, err
	}
	if key != nil {
		return nil, errors.New("RTMPE is not supported")
	}
	c.w = message.NewWriter(counted, counted.Writer, false)
	c.r = rawmessage.NewReader(counted, counted.Reader, func(n uint32) error {
		return c.w.Write(&message.Acknowledge{Value: n})
	})
	return c, nil
}

// next returns the next message that is a command, data, audio or video. It
// deals with the others.
func (c *chunks) next() (*rawmessage.Message, error) {
	for {
		m, err := c.r.Read()
		if err != nil {
			return nil, err
		}
		switch message.Type(m.Type) {
		case message.TypeSetChunkSize: // RTMP 1.0 §5.4.1
			if len(m.Body) < 4 {
				return nil, errShort
			}
			n := number(m.Body) & 0x7fffffff
			if n == 0 || n > maxChunk {
				return nil, fmt.Errorf("chunk size %d", n)
			}
			if err := c.r.SetChunkSize(n); err != nil {
				return nil, err
			}
		case message.TypeAbortMessage:
			if len(m.Body) >= 4 {
				c.r.AbortChunkStream(number(m.Body))
			}
		case message.TypeSetWindowAckSize:
			if len(m.Body) >= 4 {
				c.r.SetWindowAckSize(number(m.Body))
			}
		case message.TypeUserControl: // RTMP 1.0 §7.1.7
			if len(m.Body) >= 6 && message.UserControlType(uint16(m.Body[0])<<8|uint16(m.Body[1])) == message.UserControlTypePingRequest {
				if err := c.w.Write(&message.UserControlPingResponse{ServerTime: number(m.Body[2:])}); err != nil {
					return nil, err
				}
			}
		case message.TypeAudio, message.TypeVideo, message.TypeCommandAMF0, message.TypeCommandAMF3, message.TypeDataAMF0, message.TypeDataAMF3:
			return m, nil
		}
	}
}

func number(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// command is a command message (RTMP 1.0 §7.2) or a data message.
type command struct {
	name string
	id   int
	args amf0.Data // after the transaction id
	raw  *rawmessage.Message
}

// arg returns an argument, nil when it is not there.
func (c *command) arg(i int) any {
	if i < len(c.args) {
		return c.args[i]
	}
	return nil
}

// parseCommand reads a command in AMF0, also when it comes in an AMF3 envelope
// (one byte of format before it). It reports false for what is none.
func parseCommand(m *rawmessage.Message) (command, bool) {
	b := m.Body
	if t := message.Type(m.Type); (t == message.TypeCommandAMF3 || t == message.TypeDataAMF3) && len(b) > 0 {
		b = b[1:]
	}
	if len(b) > maxCommand {
		return command{}, false
	}
	data, err := amf0.Unmarshal(b)
	if err != nil || len(data) == 0 {
		return command{}, false
	}
	name, ok := data[0].(string)
	if !ok {
		return command{}, false
	}
	c := command{name: name, args: data[1:], raw: m}
	if t := message.Type(m.Type); t == message.TypeCommandAMF0 || t == message.TypeCommandAMF3 {
		if len(c.args) == 0 {
			return command{}, false
		}
		id, ok := c.args[0].(float64)
		if !ok {
			return command{}, false
		}
		c.id, c.args = int(id), c.args[1:]
	}
	return c, true
}

// object returns v as an object.
func object(v any) amf0.Object {
	switch v := v.(type) {
	case amf0.Object:
		return v
	case amf0.ECMAArray:
		return amf0.Object(v)
	}
	return nil
}

// reply answers a command.
func (c *chunks) reply(to command, name string, args ...any) error {
	return c.w.Write(&message.CommandAMF0{ChunkStreamID: 3, Name: name, CommandID: to.id, Arguments: args})
}

// status sends onStatus on the one message stream there is (RTMP 1.0 §7.2.2).
func (c *chunks) status(level, code, description string) error {
	return c.w.Write(&message.CommandAMF0{ChunkStreamID: 5, MessageStreamID: 0x1000000, Name: "onStatus", Arguments: amf0.Data{nil,
		amf0.Object{{Key: "level", Value: level}, {Key: "code", Value: code}, {Key: "description", Value: description}}}})
}

// connected answers connect (RTMP 1.0 §7.2.1.1) and tells which codecs of
// enhanced RTMP are welcome.
func (c *chunks) connected(to command) error {
	for _, m := range []message.Message{
		&message.SetWindowAckSize{Value: 2500000},
		&message.SetPeerBandwidth{Value: 2500000, Type: 2},
		&message.SetChunkSize{Value: 65536},
	} {
		if err := c.w.Write(m); err != nil {
			return err
		}
	}
	return c.reply(to, "_result",
		amf0.Object{{Key: "fmsVer", Value: "FMS/3,5,7,7009"}, {Key: "capabilities", Value: float64(31)},
			{Key: "fourCcList", Value: amf0.StrictArray{"avc1", "hvc1", "av01", "mp4a", "Opus"}}},
		amf0.Object{{Key: "level", Value: "status"}, {Key: "code", Value: "NetConnection.Connect.Success"},
			{Key: "description", Value: "Connection succeeded."}, {Key: "objectEncoding", Value: float64(0)}})
}
