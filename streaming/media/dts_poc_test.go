package media

import "testing"

// pocPicture makes a slice of a picture with the given picture order count, for
// the SPS below: log2_max_frame_num 4, log2_max_pic_order_cnt_lsb 6.
func pocPicture(idr bool, frame, poc uint32) []byte {
	var bits uint64
	n := 0
	put := func(v uint32, width int) {
		bits = bits<<width | uint64(v)
		n += width
	}
	put(1, 1) // first_mb_in_slice 0
	put(1, 1) // slice_type 0
	put(1, 1) // pic_parameter_set_id 0
	put(frame&15, 4)
	if idr {
		put(1, 1) // idr_pic_id 0
	}
	put(poc&63, 6)
	put(1, 1)
	header := byte(0x41)
	if idr {
		header = 0x65
	}
	bits <<= 64 - n
	return []byte{header, byte(bits >> 56), byte(bits >> 48), byte(bits >> 40), 0x80}
}

// TestDTSEstimatorByPictureOrder covers an SPS that does not tell the depth of
// reordering: the picture order count then does, and once it stops making sense
// the presentation times go on alone.
func TestDTSEstimatorByPictureOrder(t *testing.T) {
	sps := []byte{0x67, 77, 0, 30, 0xed, 0x02, 0x83, 0x32}
	var e DTSEstimator
	e.SetTrack(&Track{Codec: H264, ClockRate: 90000, SPS: sps, PPS: []byte{0x68, 0xce}})
	if e.poc == nil {
		t.Fatal("the picture order count is not used")
	}
	const frame = 3600
	last := int64(-1)
	check := func(i int, pts int64, data []byte) {
		t.Helper()
		dts := e.Next(pts, [][]byte{data})
		if i > 0 && dts <= last || dts > pts {
			t.Fatalf("picture %d presented at %d: decoded at %d after %d", i, pts, dts, last)
		}
		last = dts
	}
	order := []uint32{0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11}
	for i, n := range order {
		check(i, int64(n)*frame, pocPicture(i == 0, uint32(i), 2*n))
	}
	if e.poc == nil {
		t.Fatal("the picture order count was given up")
	}
	// Nonsense in the slice header.
	e.Next(int64(len(order))*frame, [][]byte{{0x41, 0, 0, 0, 0}})
	if e.poc != nil {
		t.Fatal("the picture order count was not given up")
	}
	before := e.last
	for i := range int64(20) {
		dts := e.Next((20+i)*frame, [][]byte{{0x41, 0x9a}})
		if dts <= before {
			t.Fatalf("%d after %d", dts, before)
		}
		before = dts
	}
}
