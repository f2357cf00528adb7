package media_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/gatepost-video/gatepost/streaming/media"
)

var annexB = []struct {
	name  string
	bytes []byte
	units [][]byte
}{
	{"empty", nil, nil},
	{"no start code", []byte{1, 2, 3}, nil},
	{"three bytes", []byte{0, 0, 1, 0x65, 9}, [][]byte{{0x65, 9}}},
	{"four bytes", []byte{0, 0, 0, 1, 0x65, 9}, [][]byte{{0x65, 9}}},
	{"two units", []byte{0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 9}, [][]byte{{0x67, 1}, {0x65, 9}}},
	{"trailing zeros", []byte{0, 0, 1, 0x65, 9, 0, 0, 0, 0, 0, 1, 0x41}, [][]byte{{0x65, 9}, {0x41}}},
	{"empty units", []byte{0, 0, 1, 0, 0, 1, 0x41, 0, 0, 1}, [][]byte{{0x41}}},
	{"leading garbage", []byte{7, 7, 0, 0, 1, 0x41}, [][]byte{{0x41}}},
	{"inner zeros", []byte{0, 0, 1, 0x41, 0, 0, 3, 1}, [][]byte{{0x41, 0, 0, 3, 1}}},
}

func TestSplitAnnexB(t *testing.T) {
	for _, test := range annexB {
		t.Run(test.name, func(t *testing.T) {
			if got := media.SplitAnnexB(test.bytes); !slices.EqualFunc(got, test.units, bytes.Equal) {
				t.Errorf("got % x, want % x", got, test.units)
			}
		})
	}
}

func FuzzSplitAnnexB(f *testing.F) {
	for _, test := range annexB {
		f.Add(test.bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		units := media.SplitAnnexB(b)
		for _, u := range units {
			if len(u) == 0 || u[len(u)-1] == 0 || bytes.Contains(u, []byte{0, 0, 1}) {
				t.Fatalf("unit % x", u)
			}
		}
		if again := media.SplitAnnexB(media.AppendAnnexB(nil, units)); !slices.EqualFunc(again, units, bytes.Equal) {
			t.Fatalf("% x becomes % x", units, again)
		}
	})
}
