package hls

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Request holds the delivery directives of a playlist request (RFC 8216bis
// §6.2.5). The zero value asks for the playlist as it is.
type Request struct {
	Block bool  // wait until the playlist holds MSN and Part
	MSN   int64 // _HLS_msn
	Part  int64 // _HLS_part; -1: the whole segment
	Skip  bool  // _HLS_skip

	// Stop, when closed, ends the wait with ErrStopped; nil never does. It
	// spares those who serve many viewers a context for each request.
	Stop <-chan struct{}
}

// ParseRequest reads delivery directives from a query as it stands in the URL.
// Parameters that are not directives are ignored. It fails with ErrBadRequest.
func ParseRequest(query string) (Request, error) {
	r := Request{Part: -1}
	if v, ok := Parameter(query, "_HLS_msn"); ok {
		n, err := decimal(v)
		if err != nil {
			return Request{}, errMSN
		}
		r.Block, r.MSN = true, n
	}
	if v, ok := Parameter(query, "_HLS_part"); ok {
		n, err := decimal(v)
		if err != nil {
			return Request{}, errPart
		}
		if !r.Block {
			return Request{}, errPartAlone
		}
		r.Part = n
	}
	if v, ok := Parameter(query, "_HLS_skip"); ok {
		// v2 asks to skip date ranges as well; there are none.
		if v != "YES" && v != "v2" {
			return Request{}, errSkip
		}
		r.Skip = true
	}
	return r, nil
}

var (
	errMSN       = fmt.Errorf("%w: _HLS_msn must be a decimal number", ErrBadRequest)
	errPart      = fmt.Errorf("%w: _HLS_part must be a decimal number", ErrBadRequest)
	errPartAlone = fmt.Errorf("%w: _HLS_part needs _HLS_msn", ErrBadRequest)
	errSkip      = fmt.Errorf("%w: _HLS_skip must be YES or v2", ErrBadRequest)
)

// Parameter returns the first value of a parameter of a query, without making a
// map of it. Players write what they were given as it is: a query with escapes in
// it, which is rare, takes the longer way.
func Parameter(query, key string) (string, bool) {
	if strings.ContainsAny(query, "%+;") {
		values, _ := url.ParseQuery(query) // what does not parse is not there
		v, ok := values[key]
		if !ok {
			return "", false
		}
		return v[0], true
	}
	for pair := range strings.SplitSeq(query, "&") {
		if k, v, _ := strings.Cut(pair, "="); k == key {
			return v, true
		}
	}
	return "", false
}

// decimal parses a decimal integer of RFC 8216bis §4.2, digits only.
func decimal(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err
}
