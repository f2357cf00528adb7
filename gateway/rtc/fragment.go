package rtc

import (
	"fmt"
	"strings"
)

// Bounds of a fragment. A browser sends about one candidate for each interface
// and transport.
const (
	maxCandidates    = 64
	maxCandidateLine = 512
)

// Fragment is an application/trickle-ice-sdpfrag document (RFC 8840 §9): the ICE
// half of a session description. With bundled media all candidates belong to the
// one transport, so which section they stood in is kept only as Mid.
type Fragment struct {
	Ufrag, Pwd string
	Mid        string   // of the section that the candidates stand in; "" when there is none
	Candidates []string // attribute values, "candidate:…"
	End        bool     // no more candidates will come
}

// ParseFragment reads a fragment. Its error wraps ErrMalformed. Attributes that
// it does not know are passed over.
func ParseFragment(text string) (*Fragment, error) {
	f := &Fragment{}
	mid := ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return nil, fmt.Errorf("%w: %q is no line of SDP", ErrMalformed, clip(line))
		}
		switch line[0] {
		case 'm':
			mid = ""
			continue
		case 'a':
		default:
			return nil, fmt.Errorf("%w: line %q in an ICE fragment", ErrMalformed, clip(line))
		}
		key, value, _ := strings.Cut(line[2:], ":")
		switch key {
		case "ice-ufrag":
			if err := setOnce(&f.Ufrag, value, 4); err != nil { // RFC 8839 §5.4
				return nil, err
			}
		case "ice-pwd":
			if err := setOnce(&f.Pwd, value, 22); err != nil {
				return nil, err
			}
		case "mid":
			if value == "" || len(value) > 64 || !token(value) {
				return nil, fmt.Errorf("%w: mid %q", ErrMalformed, clip(value))
			}
			mid = value
		case "candidate":
			if len(f.Candidates) == maxCandidates {
				return nil, fmt.Errorf("%w: more than %d candidates", ErrMalformed, maxCandidates)
			}
			if value == "" || len(line) > maxCandidateLine || !printable(value) {
				return nil, fmt.Errorf("%w: candidate %q", ErrMalformed, clip(value))
			}
			f.Candidates = append(f.Candidates, "candidate:"+value)
			if f.Mid == "" {
				f.Mid = mid
			}
		case "end-of-candidates":
			f.End = true
		}
	}
	return f, nil
}

// String writes the fragment as ParseFragment reads it.
func (f *Fragment) String() string {
	var b strings.Builder
	if f.Ufrag != "" {
		b.WriteString("a=ice-ufrag:" + f.Ufrag + "\r\n")
	}
	if f.Pwd != "" {
		b.WriteString("a=ice-pwd:" + f.Pwd + "\r\n")
	}
	if f.Mid != "" {
		// The section is there to be named; its kind says nothing (RFC 8840 §9.2).
		b.WriteString("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:" + f.Mid + "\r\n")
	}
	for _, c := range f.Candidates {
		b.WriteString("a=" + c + "\r\n")
	}
	if f.End {
		b.WriteString("a=end-of-candidates\r\n")
	}
	return b.String()
}

// setOnce takes a credential; sections may repeat it, not contradict it.
func setOnce(field *string, value string, least int) error {
	if len(value) < least || len(value) > 256 || !iceChars(value) {
		return fmt.Errorf("%w: ICE credential of %d characters", ErrMalformed, len(value))
	}
	if *field != "" && *field != value {
		return fmt.Errorf("%w: two ICE credentials", ErrMalformed)
	}
	*field = value
	return nil
}

// iceChars tells whether s is made of ice-char (RFC 8839 §5.4).
func iceChars(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// token tells whether s has neither spaces nor control characters.
func token(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
