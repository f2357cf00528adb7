package hls

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
)

var requests = []struct {
	query string
	want  Request
	bad   bool
}{
	{query: "", want: Request{Part: -1}},
	{query: "_HLS_msn=12", want: Request{Block: true, MSN: 12, Part: -1}},
	{query: "_HLS_msn=12&_HLS_part=0", want: Request{Block: true, MSN: 12, Part: 0}},
	{query: "_HLS_msn=12&_HLS_part=3&_HLS_skip=YES&x=y", want: Request{Block: true, MSN: 12, Part: 3, Skip: true}},
	{query: "%5FHLS_msn=1%32&_HLS_msn=13", want: Request{Block: true, MSN: 12, Part: -1}},
	{query: "&&=&x&_HLS_msn=12&", want: Request{Block: true, MSN: 12, Part: -1}},
	{query: "_HLS_skip=v2", want: Request{Part: -1, Skip: true}},
	{query: "_HLS_part=3", bad: true},
	{query: "_HLS_msn=", bad: true},
	{query: "_HLS_msn=-1", bad: true},
	{query: "_HLS_msn=+1", bad: true},
	{query: "_HLS_msn=0x10", bad: true},
	{query: "_HLS_msn=99999999999999999999", bad: true},
	{query: "_HLS_msn=1&_HLS_part=a", bad: true},
	{query: "_HLS_skip=no", bad: true},
}

func TestParseRequest(t *testing.T) {
	for _, tt := range requests {
		got, err := ParseRequest(tt.query)
		if tt.bad != errors.Is(err, ErrBadRequest) || got != tt.want {
			t.Errorf("%s: %+v, %v", tt.query, got, err)
		}
	}
}

// FuzzRequest checks that what parses comes back the same when written again, and
// that a ring answers it.
func FuzzRequest(f *testing.F) {
	for _, tt := range requests {
		f.Add(tt.query, "p3-aaaaaaaaaaaaaaaa.mp4")
	}
	c := newCamera(f, 5, Options{})
	c.push(30)
	f.Fuzz(func(t *testing.T, query, name string) {
		if _, err := c.ring.Open(t.Context(), name, ""); !errors.Is(err, ErrNotFound) {
			t.Fatalf("%q: %v", name, err)
		}
		// A parameter is what the standard library finds.
		values, err := url.ParseQuery(query)
		for _, key := range []string{"_HLS_msn", "_HLS_part", "_HLS_skip", EpochParameter} {
			if v, ok := Parameter(query, key); err == nil && (ok != values.Has(key) || v != values.Get(key)) {
				t.Fatalf("%s of %q is %q, %v", key, query, v, ok)
			}
		}
		r, err := ParseRequest(query)
		if err != nil {
			return
		}
		again := url.Values{}
		if r.Block {
			again.Set("_HLS_msn", fmt.Sprint(r.MSN))
		}
		if r.Part >= 0 {
			again.Set("_HLS_part", fmt.Sprint(r.Part))
		}
		if r.Skip {
			again.Set("_HLS_skip", "YES")
		}
		if back, err := ParseRequest(again.Encode()); err != nil || back != r {
			t.Fatalf("%+v came back as %+v, %v", r, back, err)
		}
		r.Block = r.Block && r.MSN < 100 // else it may wait
		if _, err := c.ring.Playlist(t.Context(), r); err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
	})
}
