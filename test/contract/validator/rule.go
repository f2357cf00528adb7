package validator

import "fmt"

// Rule is one thing that a server must do. Section is that of
// draft-pantos-hls-rfc8216bis, unless it says otherwise.
type Rule struct {
	ID, Section, Text string
}

// Rules lists all of them.
var Rules = []Rule{
	// A playlist by itself.
	{"text", "4", "a playlist is UTF-8 without a byte order mark or control characters"},
	{"header", "4.4.1.1", "EXTM3U is the first line"},
	{"attribute", "4.2", "values and attribute lists are well formed"},
	{"tag-once", "4.4.2, 4.4.3, 4.4.5", "tags that describe the playlist stand once"},
	{"tag-mixed", "4.4.4, 4.4.6", "tags of media and multivariant playlists do not mix"},
	{"required", "4.4", "required tags and attributes are there"},
	{"extinf", "4.4.4.1", "each segment has an EXTINF"},
	{"tag-order", "4.4.3.2, 4.4.3.3", "sequence numbers stand before the first segment"},
	{"parts-first", "4.4.4.9", "tags of a segment stand before its first part"},
	{"version", "8", "EXT-X-VERSION is what the tags need"},
	{"extinf-target", "4.4.3.1", "a segment's duration, rounded, is at most the target duration"},
	{"hold-back", "4.4.3.8", "HOLD-BACK is at least three target durations"},
	{"part-hold-back", "4.4.3.8", "PART-HOLD-BACK is at least twice, and should be three times, the part target"},
	{"skip-boundary", "4.4.3.8", "CAN-SKIP-UNTIL is at least six target durations"},
	{"part-most", "4.4.4.9", "a part lasts at most the part target"},
	{"part-least", "4.4.4.9", "a part lasts at least 85 % of the part target, unless it is independent or the last of its segment"},
	{"map", "RFC 8216 §3.3", "each segment of fragmented MP4 has an EXT-X-MAP"},
	{"hint-once", "6.2.6", "there is one preload hint of a type at most"},
	{"hint-ended", "4.4.5.3", "a playlist that has ended hints at nothing"},
	{"live-type", "6.2.2", "a live playlist has no EXT-X-PLAYLIST-TYPE"},
	{"low-latency", "B.1", "low latency needs blocking reload and a hint at the next part"},
	{"date-time-missing", "6.2.1", "segments behind a discontinuity have a date if any has"},
	{"date-time", "6.2.1, 4.4.4.6", "dates follow one another as the durations say"},
	{"date-time-ambiguous", "6.2.1", "dates across a discontinuity overlap by less than a second"},

	// One playlist after another.
	{"target-constant", "6.2.1", "the target duration does not change"},
	{"published-changed", "6.2.1", "what was published stays: playlists grow at their end and shrink at their beginning"},
	{"media-sequence", "6.2.2", "the media sequence number grows by one for each segment removed and never decreases"},
	{"discontinuity-sequence", "6.2.2", "a segment keeps its discontinuity sequence number, and that of playlists never decreases"},
	{"live-window", "6.2.2", "no segment is removed if that leaves less than three target durations"},
	{"segment-late", "6.2.1", "a new segment comes within one and a half target durations"},
	{"part-late", "6.2.1", "a new part comes within the part target"},
	{"hint-kept", "4.4.5.3", "the URI hinted at is that of the next part"},

	// Delivery directives.
	{"playlist-available", "6.2.1", "the playlist is there as long as the source is"},
	{"reload-early", "6.2.5.2", "a blocking reload is not answered before the playlist has what it asks for"},
	{"reload-late", "6.2.5.2", "a blocking reload is answered as soon as the part exists"},
	{"reload-timeout", "6.2.5.2", "a blocking reload is answered after three target durations at the latest"},
	{"reload-status", "6.2.5.2", "what never comes is answered with Service Unavailable"},
	{"reload-too-far", "6.2.5.2", "what lies too far ahead is a Bad Request"},
	{"reload-part-alone", "6.2.5.2", "_HLS_part without _HLS_msn is a Bad Request"},
	{"reload-malformed", "6.2.5", "directives that are no numbers are a Bad Request"},
	{"reload-past", "6.2.5.2", "the whole playlist is delivered at once when the segment asked for is long gone"},
	{"reload-beyond", "6.2.5.2", "a part beyond the last of its segment means the first of the next one"},
	{"delta-unasked", "6.2.5.1", "a playlist leaves nothing out unless it may and was asked to"},
	{"delta-missing", "6.2.5.1", "_HLS_skip is answered with a delta update where there is anything to skip"},
	{"delta-boundary", "6.2.5.1", "a delta update leaves out nothing within the skip boundary"},
	{"delta-merge", "6.2.5.1", "a delta update and the playlist before make the full playlist"},

	// Media.
	{"part-available", "6.2.1", "a part can be fetched when it appears"},
	{"segment-available", "6.2.1", "a segment can be fetched when it appears"},
	{"init", "RFC 8216 §3.3", "an init segment has ftyp and moov, tracks with a trex each, and no samples"},
	{"media-fits-init", "RFC 8216 §3.3", "fragments are whole, have a tfdt, count from their moof and fit the EXT-X-MAP in force"},
	{"media-changed", "6.2.1", "the same URI gives the same bytes"},
	{"parts-segment", "3.2", "the parts of a segment, one behind another, are the segment"},
	{"part-duration", "4.4.4.9", "a part lasts as long as its samples"},
	{"extinf-parts", "4.4.4.1", "a segment lasts at least as long as its parts"},
	{"extinf-media", "4.4.4.1", "a segment lasts until the next one begins, by the times of the samples"},
	{"independent", "4.4.4.9", "a part that is called independent begins with a sync sample"},
	{"independent-unmarked", "4.4.4.9", "a part with a sync sample should be called independent"},
	{"independent-segments", "4.4.2.1", "all segments begin with a sync sample if the playlist says so"},
	{"timestamps", "4.4.4.3", "decode times follow one another up to the next discontinuity"},
	{"codecs", "6.2.4", "CODECS names each format from where players start"},
	{"resolution", "4.4.6.2", "RESOLUTION is that of the pictures"},
	{"hint-blocks", "6.2.6", "a hinted part can be asked for at once, and comes when it exists"},
	{"part-gone-early", "6.2.2", "a part can be fetched for three target durations after it left the playlist"},
	{"segment-gone-early", "6.2.2", "a segment can be fetched for its own duration and the longest playlist's after it appeared"},
	{"not-found", "6.2.6", "what does not exist, or no longer, is Not Found"},

	// HTTP.
	{"content-type", "4", "playlists are application/vnd.apple.mpegurl"},
	{"cors", "Fetch §3.2.3", "pages of other origins may read every answer"},
	{"cache-playlist", "RFC 9111 §5.2.2", "caches do not keep live playlists"},
	{"cache-media", "RFC 9111 §5.2.2", "caches may keep media, and need not ask again"},
}

func ruleByID(id string) Rule {
	for _, r := range Rules {
		if r.ID == id {
			return r
		}
	}
	panic(fmt.Sprintf("no rule %q", id))
}
