package hls

import (
	"strconv"
	"time"
)

// Item is a media segment of an archive playlist: a range of bytes in an object.
type Item struct {
	URI      string
	Offset   int64
	Length   int64
	Duration time.Duration

	// MapLength is the length of the init segment at the front of the same
	// object; 0 keeps the one in force.
	MapLength int64
	// Discontinuity says that time or parameters do not follow on from the
	// item before.
	Discontinuity bool
	// Wall is the wall time of the item's first frame; zero leaves
	// EXT-X-PROGRAM-DATE-TIME out.
	Wall time.Time
}

// AppendVOD writes a media playlist of type VOD (RFC 8216bis §4.4.3.5) with all
// its segments.
func AppendVOD(b []byte, items []Item) []byte {
	var longest time.Duration
	for i := range items {
		longest = max(longest, items[i].Duration)
	}
	b = append(b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-TARGETDURATION:"...)
	b = strconv.AppendInt(b, max(1, int64(longest.Round(time.Second)/time.Second)), 10)
	b = append(b, "\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-INDEPENDENT-SEGMENTS\n"...)
	for i := range items {
		b = appendItem(b, &items[i])
	}
	return append(b, "#EXT-X-ENDLIST\n"...)
}

func appendItem(b []byte, it *Item) []byte {
	if it.Discontinuity {
		b = append(b, "#EXT-X-DISCONTINUITY\n"...)
	}
	if it.MapLength > 0 {
		b = append(b, `#EXT-X-MAP:URI="`...)
		b = append(b, it.URI...)
		b = append(b, `",BYTERANGE="`...)
		b = strconv.AppendInt(b, it.MapLength, 10)
		b = append(b, "@0\"\n"...)
	}
	b = appendDateTime(b, it.Wall)
	b = append(b, "#EXTINF:"...)
	b = appendSeconds(b, it.Duration)
	b = append(b, ",\n#EXT-X-BYTERANGE:"...)
	b = strconv.AppendInt(b, it.Length, 10)
	b = append(b, '@')
	b = strconv.AppendInt(b, it.Offset, 10)
	b = append(b, '\n')
	b = append(b, it.URI...)
	return append(b, '\n')
}
