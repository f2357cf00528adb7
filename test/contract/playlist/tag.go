package playlist

import (
	"strings"
	"time"
)

// tag reads one tag, without its #.
func (r *reader) tag(line string) {
	name, rest, _ := strings.Cut(line, ":")
	r.seen[name]++
	if once[name] && r.seen[name] > 1 {
		r.fault(RuleOnce, "%s stands %d times", name, r.seen[name])
		return
	}
	switch name {
	case "EXT-X-VERSION":
		n, err := integer(rest)
		r.want(err)
		r.p.Version = int(n)
	case "EXT-X-STREAM-INF", "EXT-X-MEDIA", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-SESSION-DATA", "EXT-X-SESSION-KEY", "EXT-X-CONTENT-STEERING":
		if r.media {
			r.fault(RuleMixed, "%s in a media playlist", name)
			return
		}
		r.p.Multivariant = true
		if name == "EXT-X-STREAM-INF" {
			r.streamInf(rest)
		}
	case "EXT-X-INDEPENDENT-SEGMENTS":
		r.p.Independent = true
	case "EXT-X-START":
		a := r.list(rest, "TIME-OFFSET")
		d, err := signedSeconds(a["TIME-OFFSET"].text)
		r.want(err)
		r.p.Start = &d
	case "EXTM3U", "EXT-X-DEFINE":
	default:
		if strings.HasPrefix(name, "EXT-X-") || name == "EXTINF" {
			if r.p.Multivariant {
				r.fault(RuleMixed, "%s in a multivariant playlist", name)
				return
			}
			r.media = true
			r.mediaTag(name, rest)
		}
	}
}

// list reads an attribute list that must have the named attributes.
func (r *reader) list(text string, required ...string) map[string]value {
	a, err := attributes(text)
	r.want(err)
	for _, name := range required {
		if _, ok := a[name]; !ok && err == nil {
			r.fault(RuleRequired, "no %s in %s", name, text)
		}
	}
	return a
}

// quoted returns an attribute that must be a quoted string, if it is there.
func (r *reader) quoted(a map[string]value, name string) string {
	v, ok := a[name]
	if ok && !v.quoted {
		r.fault(RuleAttribute, "%s is no quoted string", name)
	}
	return v.text
}

func (r *reader) duration(a map[string]value, name string) time.Duration {
	v, ok := a[name]
	if !ok {
		return 0
	}
	d, err := seconds(v.text)
	r.want(err)
	return d
}

func (r *reader) yes(a map[string]value, name string) bool {
	v, ok := a[name]
	if ok && (v.text != "YES" || v.quoted) {
		r.fault(RuleAttribute, "%s is %q", name, v.text)
	}
	return ok
}

// streamInf reads EXT-X-STREAM-INF (§4.4.6.2).
func (r *reader) streamInf(text string) {
	a := r.list(text, "BANDWIDTH")
	v := &Variant{}
	var err error
	if bandwidth, ok := a["BANDWIDTH"]; ok {
		v.Bandwidth, err = integer(bandwidth.text)
		r.want(err)
	}
	if codecs := r.quoted(a, "CODECS"); codecs != "" {
		v.Codecs = strings.Split(codecs, ",")
	}
	if size, ok := a["RESOLUTION"]; ok {
		v.Width, v.Height, err = resolution(size.text)
		r.want(err)
	}
	r.variant = v
}

func (r *reader) mediaTag(name, rest string) {
	switch name {
	case "EXT-X-TARGETDURATION":
		n, err := integer(rest)
		r.want(err)
		if n < 1 && err == nil {
			r.fault(RuleAttribute, "a target duration of %d", n)
		}
		r.p.TargetDuration = time.Duration(min(n, 1<<20)) * time.Second
	case "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE":
		n, err := integer(rest)
		r.want(err)
		if r.segmented || r.begun { // §4.4.3.2, §4.4.3.3
			r.fault(RuleOrder, "%s behind a segment", name)
			return
		}
		if name == "EXT-X-MEDIA-SEQUENCE" {
			r.p.MediaSequence = n
		} else {
			r.p.DiscontinuitySequence, r.sequence = n, n
		}
	case "EXT-X-ENDLIST":
		r.p.Ended = true
	case "EXT-X-PLAYLIST-TYPE":
		r.p.Type = rest
	case "EXT-X-PART-INF":
		r.p.PartTarget = r.duration(r.list(rest, "PART-TARGET"), "PART-TARGET")
	case "EXT-X-SERVER-CONTROL":
		a := r.list(rest)
		r.p.HoldBack, r.p.PartHoldBack = r.duration(a, "HOLD-BACK"), r.duration(a, "PART-HOLD-BACK")
		r.p.CanSkipUntil = r.duration(a, "CAN-SKIP-UNTIL")
		r.p.CanBlockReload = r.yes(a, "CAN-BLOCK-RELOAD")
	case "EXT-X-SKIP":
		r.need(9)
		n, err := integer(r.list(rest, "SKIPPED-SEGMENTS")["SKIPPED-SEGMENTS"].text)
		r.want(err)
		if r.segmented {
			r.fault(RuleOrder, "%s behind a segment", name)
			return
		}
		r.p.Delta, r.p.Skipped = true, min(n, 1<<30)
	case "EXT-X-PRELOAD-HINT":
		a := r.list(rest, "TYPE", "URI")
		r.p.Hints = append(r.p.Hints, Hint{Type: a["TYPE"].text, URI: r.quoted(a, "URI")})
	default:
		r.segmentTag(name, rest)
	}
}

func (r *reader) need(version int) { r.needs = max(r.needs, version) }

// collect notes that a tag applies to the next segment.
func (r *reader) collect() {
	if !r.begun {
		r.segment.Line = r.line
	}
	r.begun = true
}

// segmentTag reads a media segment tag (§4.4.4).
func (r *reader) segmentTag(name, rest string) {
	switch name {
	case "EXT-X-DISCONTINUITY", "EXT-X-MAP", "EXT-X-PROGRAM-DATE-TIME", "EXT-X-KEY":
		if len(r.segment.Parts) > 0 {
			r.fault(RulePartsFirst, "%s behind the parts of its segment", name)
		}
	case "EXTINF", "EXT-X-GAP", "EXT-X-PART":
	default:
		return // unknown tags are to be ignored (§6.3.1)
	}
	r.collect()
	switch name {
	case "EXTINF":
		text, _, comma := strings.Cut(rest, ",")
		d, err := seconds(text)
		r.want(err)
		if !comma {
			r.fault(RuleExtinf, "no comma in EXTINF:%s", rest)
		}
		if strings.Contains(text, ".") {
			r.need(3)
		}
		r.segment.Duration, r.extinf = d, true
	case "EXT-X-DISCONTINUITY":
		r.segment.Discontinuity = true
		r.sequence++
	case "EXT-X-MAP":
		r.need(6)
		r.mapURI = r.quoted(r.list(rest, "URI"), "URI")
	case "EXT-X-PROGRAM-DATE-TIME":
		t, err := time.Parse(time.RFC3339Nano, rest)
		if err != nil {
			r.fault(RuleAttribute, "%q is no date and time", rest)
		}
		r.segment.DateTime = t
	case "EXT-X-GAP":
		r.segment.Gap = true
	case "EXT-X-PART":
		a := r.list(rest, "URI", "DURATION")
		r.segment.Parts = append(r.segment.Parts, Part{
			URI: r.quoted(a, "URI"), Duration: r.duration(a, "DURATION"),
			Independent: r.yes(a, "INDEPENDENT"), Gap: r.yes(a, "GAP"), Line: r.line,
		})
	}
}
