package hls

import (
	"fmt"
	"net/url"
	"strconv"
)

// Request holds the delivery directives of a playlist request (RFC 8216bis
// §6.2.5). The zero value asks for the playlist as it is.
type Request struct {
	Block bool  // wait until the playlist holds MSN and Part
	MSN   int64 // _HLS_msn
	Part  int64 // _HLS_part; -1: the whole segment
	Skip  bool  // _HLS_skip
}

// ParseRequest reads delivery directives. Parameters that are not directives are
// ignored. It fails with ErrBadRequest.
func ParseRequest(q url.Values) (Request, error) {
	r := Request{Part: -1}
	if v, ok := q["_HLS_msn"]; ok {
		n, err := decimal(v[0])
		if err != nil {
			return Request{}, fmt.Errorf("%w: _HLS_msn must be a decimal number", ErrBadRequest)
		}
		r.Block, r.MSN = true, n
	}
	if v, ok := q["_HLS_part"]; ok {
		n, err := decimal(v[0])
		if err != nil {
			return Request{}, fmt.Errorf("%w: _HLS_part must be a decimal number", ErrBadRequest)
		}
		if !r.Block {
			return Request{}, fmt.Errorf("%w: _HLS_part needs _HLS_msn", ErrBadRequest)
		}
		r.Part = n
	}
	if v, ok := q["_HLS_skip"]; ok {
		// v2 asks to skip date ranges as well; there are none.
		if v[0] != "YES" && v[0] != "v2" {
			return Request{}, fmt.Errorf("%w: _HLS_skip must be YES or v2", ErrBadRequest)
		}
		r.Skip = true
	}
	return r, nil
}

// decimal parses a decimal integer of RFC 8216bis §4.2, digits only.
func decimal(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err
}
