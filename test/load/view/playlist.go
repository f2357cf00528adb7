package view

import (
	"strconv"
	"strings"
	"time"
)

// place is where a part stands: in which segment, and as which of its parts.
type place struct{ segment, part int }

func (p place) before(q place) bool {
	return p.segment < q.segment || p.segment == q.segment && p.part < q.part
}

type part struct {
	place
	uri         string
	independent bool
}

// playlist is what a viewer needs of a media playlist (RFC 8216bis §4.4).
type playlist struct {
	variant string // of a multivariant playlist: its first
	init    string // EXT-X-MAP of the last segment
	parts   []part
	next    place // of the part that comes next
	canSkip bool
	target  time.Duration
	ended   bool
}

// parse reads a multivariant playlist or a media playlist, or a delta update.
func parse(b []byte) playlist {
	var p playlist
	variant, segment := false, false
	for line := range strings.SplitSeq(string(b), "\n") {
		line = strings.TrimSuffix(line, "\r")
		tag, value, _ := strings.Cut(line, ":")
		if line != "" && line[0] != '#' {
			if variant && p.variant == "" {
				p.variant = line
			}
			if segment {
				p.next = place{segment: p.next.segment + 1}
			}
			variant, segment = false, false
			continue
		}
		switch tag {
		case "#EXT-X-PART":
			p.parts = append(p.parts, part{place: p.next, uri: attribute(value, "URI"), independent: attribute(value, "INDEPENDENT") == "YES"})
			p.next.part++
		case "#EXTINF":
			segment = true
		case "#EXT-X-MEDIA-SEQUENCE":
			p.next.segment, _ = strconv.Atoi(value)
		case "#EXT-X-SKIP":
			skipped, _ := strconv.Atoi(attribute(value, "SKIPPED-SEGMENTS"))
			p.next.segment += skipped
		case "#EXT-X-MAP":
			p.init = attribute(value, "URI")
		case "#EXT-X-STREAM-INF":
			variant = true
		case "#EXT-X-SERVER-CONTROL":
			p.canSkip = attribute(value, "CAN-SKIP-UNTIL") != ""
		case "#EXT-X-TARGETDURATION":
			seconds, _ := strconv.Atoi(value)
			p.target = time.Duration(seconds) * time.Second
		case "#EXT-X-ENDLIST":
			p.ended = true
		}
	}
	return p
}

// attribute returns the value of an attribute without its quotes (RFC 8216bis
// §4.2), or "".
func attribute(list, name string) string {
	for list != "" {
		key, rest, ok := strings.Cut(list, "=")
		if !ok {
			return ""
		}
		var value string
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			value, rest, _ = strings.Cut(quoted, `"`)
			rest = strings.TrimPrefix(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		if key == name {
			return value
		}
		list = rest
	}
	return ""
}
