package rtc

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const restart = "a=group:BUNDLE 0 1\r\na=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" +
	"a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n" +
	"a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host\r\na=end-of-candidates\r\n"

var fragments = []struct {
	name string
	text string
	want *Fragment // nil: malformed
}{
	{"empty", "", &Fragment{}},
	{"restart of RFC 9725 §4.3.3", restart, &Fragment{
		Ufrag: "ysXw", Pwd: "vw5LmwG4y/e6dPP/zAP9Gp5k", Mid: "0", End: true,
		Candidates: []string{
			"candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1",
			"candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host",
		},
	}},
	{"bare newlines", "a=ice-ufrag:abcd\na=end-of-candidates\n", &Fragment{Ufrag: "abcd", End: true}},
	{"credentials repeated", "a=ice-ufrag:abcd\r\nm=audio 9 RTP 0\r\na=ice-ufrag:abcd\r\n", &Fragment{Ufrag: "abcd"}},
	{"credentials contradict", "a=ice-ufrag:abcd\r\nm=audio 9 RTP 0\r\na=ice-ufrag:abce\r\n", nil},
	{"short ufrag", "a=ice-ufrag:abc\r\n", nil},
	{"short password", "a=ice-pwd:abcdefghijklmnopqrstu\r\n", nil},
	{"ufrag with a line in it", "a=ice-ufrag:ab\rcd\r\n", nil},
	{"candidate without value", "a=candidate\r\n", nil},
	{"candidate too long", "a=candidate:" + strings.Repeat("x", maxCandidateLine) + "\r\n", nil},
	{"too many candidates", strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n", maxCandidates+1), nil},
	{"empty mid", "m=audio 9 RTP 0\r\na=mid:\r\n", nil},
	{"a whole description", "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\n", nil},
	{"text", "hello", nil},
}

func TestParseFragment(t *testing.T) {
	for _, c := range fragments {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseFragment(c.text)
			if c.want == nil {
				if !errors.Is(err, ErrMalformed) {
					t.Fatalf("got %+v, %v", got, err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

// What was read and written is read the same.
func FuzzParseFragment(f *testing.F) {
	for _, c := range fragments {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseFragment(text)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		again, err := ParseFragment(got.String())
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%q: %+v, then %+v, %v", text, got, again, err)
		}
	})
}
