package contract

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stripLowLatency makes an ordinary live playlist of one with parts.
var stripLowLatency = playlists(`#EXT-X-(PART|PRELOAD|SERVER)[^\n]*\n`, "")

var (
	dates          = regexp.MustCompile(`#EXT-X-PROGRAM-DATE-TIME:([^\n]*)\n`)
	sequenceNumber = regexp.MustCompile(`#EXT-X-MEDIA-SEQUENCE:(\d+)`)
	skipNumber     = regexp.MustCompile(`SKIPPED-SEGMENTS=(\d+)`)
	newestClosed   = regexp.MustCompile(`#EXTINF:[\d.]+,\n(/part/[^\n]+)\n#EXT-X-PRELOAD`)
)

// add adds to the number that an expression finds.
func add(re *regexp.Regexp, body string, n int) string {
	at := re.FindStringSubmatchIndex(body)
	if at == nil {
		return body
	}
	was, _ := strconv.Atoi(body[at[2]:at[3]])
	return body[:at[2]] + strconv.Itoa(was+n) + body[at[3]:]
}

// moveDates moves the dates from some time after the epoch of bubbles on.
func moveDates(from, by time.Duration) func(body string) string {
	return func(body string) string {
		return dates.ReplaceAllStringFunc(body, func(line string) string {
			t, err := time.Parse(time.RFC3339, dates.FindStringSubmatch(line)[1])
			if err == nil && t.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) >= from {
				t = t.Add(by)
			}
			return "#EXT-X-PROGRAM-DATE-TIME:" + t.Format("2006-01-02T15:04:05.000Z") + "\n"
		})
	}
}

// shortLast gives the last segment of a run a duration that is too short. It is the
// one that was closed without another one behind it.
func shortLast() func(body string) string {
	var uri string
	return func(body string) string {
		if m := newestClosed.FindStringSubmatch(body); m != nil && len(blocks.FindAllString(body, -1)) > 5 {
			uri = m[1]
		}
		if uri == "" {
			return body
		}
		return regexp.MustCompile(`#EXTINF:[\d.]+,\n`+regexp.QuoteMeta(uri)).ReplaceAllString(body, "#EXTINF:1.50000,\n"+uri)
	}
}

// shiftNumbers gives each segment the number after its own, from some time on, and
// knows them by these.
func shiftNumbers(from time.Duration) mutation {
	return mutation{rule: "media-sequence",
		before: func(req *http.Request, since time.Duration) {
			q := req.URL.Query()
			if n, err := strconv.Atoi(q.Get("_HLS_msn")); err == nil && n > 0 && since > from+300*time.Millisecond { // it was told so
				q.Set("_HLS_msn", strconv.Itoa(n-1))
				req.URL.RawQuery = q.Encode()
			}
		},
		after: func(x *exchange) {
			if x.kind == "media" && x.since-x.took > from {
				x.body = add(sequenceNumber, x.body, 1)
			}
		},
	}
}

// mutations breaks each rule once.
func mutations() []mutation {
	return append(append(append([]mutation{
		{rule: "", length: time.Minute},
		{rule: "", length: time.Minute, camera: broken, after: stripLowLatency},
	}, playlistMutations()...), directiveMutations()...), mediaMutations()...)
}

func playlistMutations() []mutation {
	return []mutation{
		{rule: "text", after: playlists(`$`, "# \x01\n")},
		{rule: "header", after: playlists(`^#EXTM3U\n`, "")},
		{rule: "attribute", after: playlists(`(PRELOAD-HINT:[^\n]*)`, "$1,x=1")},
		{rule: "tag-once", after: playlists(`(#EXT-X-TARGETDURATION:4\n)`, "$1$1")},
		{rule: "tag-mixed", after: on("multivariant", func(b string) string { return b + "#EXT-X-TARGETDURATION:4\n" })},
		{rule: "required", after: on("multivariant", func(b string) string {
			return regexp.MustCompile(`BANDWIDTH=\d+,`).ReplaceAllString(b, "")
		})},
		{rule: "extinf", after: playlists(`(#EXTINF:[\d.]+),`, "$1")},
		{rule: "tag-order", after: playlists(`(?s)(#EXT-X-DISCONTINUITY-SEQUENCE:0\n)(.*)`, "$2$1")},
		{rule: "parts-first", after: playlists(`(#EXT-X-PROGRAM-DATE-TIME[^\n]*\n)(#EXT-X-PART:[^\n]*\n)`, "$2$1")},
		{rule: "version", after: playlists(`VERSION:9`, "VERSION:5")},
		{rule: "extinf-target", camera: slow, after: playlists(`TARGETDURATION:4`, "TARGETDURATION:3")},
		{rule: "hold-back", after: playlists(`(CAN-BLOCK-RELOAD=YES)`, "$1,HOLD-BACK=11.9")},
		{rule: "part-hold-back", after: playlists(`PART-HOLD-BACK=1.00000`, "PART-HOLD-BACK=0.7")},
		{rule: "skip-boundary", after: playlists(`(CAN-BLOCK-RELOAD=YES)`, "$1,CAN-SKIP-UNTIL=23.9")},
		{rule: "part-most", slack: time.Millisecond, after: playlists(`PART-TARGET=0.23500`, "PART-TARGET=0.19950")},
		{rule: "part-least", after: playlists(`PART-TARGET=0.23500`, "PART-TARGET=0.25000")},
		{rule: "map", after: playlists(`#EXT-X-MAP[^\n]*\n`, "")},
		{rule: "hint-once", after: playlists(`(#EXT-X-PRELOAD-HINT[^\n]*\n)`, "$1$1")},
		{rule: "hint-ended", after: playlists(`$`, "#EXT-X-ENDLIST\n")},
		{rule: "live-type", after: playlists(`(#EXT-X-TARGETDURATION)`, "#EXT-X-PLAYLIST-TYPE:EVENT\n$1")},
		{rule: "low-latency", after: playlists(`#EXT-X-PRELOAD-HINT[^\n]*\n`, "")},
		{rule: "date-time-missing", camera: broken, length: 50 * time.Second,
			after: playlists(`(#EXT-X-DISCONTINUITY\n#EXT-X-MAP[^\n]*\n)#EXT-X-PROGRAM[^\n]*\n`, "$1")},
		{rule: "date-time", after: playlists(`\.\d\d\dZ`, ".000Z")},
		{rule: "date-time-ambiguous", camera: broken, length: 50 * time.Second, after: on("media", moveDates(30*time.Second, -15*time.Second))},
		{rule: "target-constant", after: late(30, `TARGETDURATION:4`, "TARGETDURATION:3")},
		{rule: "published-changed", after: func(x *exchange) {
			if x.n > 30 {
				on("media", moveDates(0, 10*time.Millisecond))(x)
			}
		}},
		shiftNumbers(10 * time.Second),
		{rule: "discontinuity-sequence", after: late(30, `(DISCONTINUITY-SEQUENCE):0`, "$1:1")},
		{rule: "live-window", length: 30 * time.Second, after: on("media", func(body string) string {
			if len(blocks.FindAllString(body, -1)) < 8 {
				return body
			}
			return add(sequenceNumber, dropFirst(body, 2), 2)
		})},
		{rule: "segment-late", after: both(stripLowLatency, delay(7*time.Second, func(x *exchange) bool { return x.kind == "media" && x.n == 15 }))},
		{rule: "part-late", after: delay(100*time.Millisecond, between(10*time.Second, 10200*time.Millisecond))},
		{rule: "hint-kept", after: playlists(`(PRELOAD-HINT:[^\n]*)"\n`, "$1?x=1\"\n")},
		{rule: "content-type", after: func(x *exchange) {
			if x.kind == "media" {
				x.header.Set("Content-Type", "text/plain")
			}
		}},
		{rule: "cache-playlist", after: func(x *exchange) {
			if x.kind == "media" {
				x.header.Set("Cache-Control", "max-age=60")
			}
		}},
	}
}

func directiveMutations() []mutation {
	numeric := func(x *exchange) bool {
		_, err := strconv.ParseUint(x.URL.Query().Get("_HLS_msn"), 10, 64)
		return err == nil
	}
	bad := func(x *exchange) bool { return x.kind == "media" && x.status == http.StatusBadRequest }
	return []mutation{
		{rule: "playlist-available", after: refuse(http.StatusServiceUnavailable, func(x *exchange) bool { return x.kind == "media" && x.n == 30 })},
		{rule: "reload-early", before: withoutQuery(func(_ *http.Request, since time.Duration) bool {
			return since > 11*time.Second && since < 11200*time.Millisecond
		})},
		{rule: "reload-late", after: delay(20*time.Millisecond, func(x *exchange) bool { return x.kind == "media" && x.n == 30 })},
		{rule: "reload-timeout", camera: broken, length: 50 * time.Second, after: delay(5*time.Second, func(x *exchange) bool { // on top of eight
			return x.kind == "media" && x.took > 5*time.Second
		})},
		{rule: "reload-status", after: refuse(http.StatusInternalServerError, func(x *exchange) bool { return x.kind == "media" && x.n == 30 })},
		{rule: "reload-too-far", after: refuse(http.StatusServiceUnavailable, func(x *exchange) bool { return bad(x) && numeric(x) })},
		{rule: "reload-part-alone", after: refuse(http.StatusNotFound, func(x *exchange) bool { return bad(x) && !x.has("_HLS_msn") })},
		{rule: "reload-malformed", after: refuse(http.StatusNotFound, func(x *exchange) bool { return bad(x) && x.has("_HLS_msn") && !numeric(x) })},
		{rule: "reload-past", after: refuse(http.StatusGone, func(x *exchange) bool {
			return x.kind == "media" && x.status == http.StatusOK && x.has("_HLS_msn") && !x.has("_HLS_part")
		})},
		{rule: "reload-beyond", before: withoutQuery(func(req *http.Request, _ time.Duration) bool {
			n, err := strconv.Atoi(req.URL.Query().Get("_HLS_part"))
			return err == nil && n > 10 && n < 100
		})},
		{rule: "delta-unasked", after: func(x *exchange) {
			if x.kind == "media" && x.n == 40 {
				x.body = strings.Replace(dropFirst(x.body, 1), "#EXT-X-MAP", "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXT-X-MAP", 1)
			}
		}},
		{rule: "delta-missing", long: true, length: 40 * time.Second, before: func(req *http.Request, _ time.Duration) {
			q := req.URL.Query()
			q.Del("_HLS_skip")
			req.URL.RawQuery = q.Encode()
		}},
		{rule: "delta-boundary", long: true, length: 40 * time.Second, after: on("media", func(body string) string {
			if !strings.Contains(body, "EXT-X-SKIP") {
				return body
			}
			return add(skipNumber, dropFirst(body, 3), 3)
		})},
		{rule: "delta-merge", long: true, length: 40 * time.Second, after: on("media", func(body string) string { return add(skipNumber, body, 500) })},
	}
}

func mediaMutations() []mutation {
	again := func(kind string) func(*exchange) bool {
		return func(x *exchange) bool { return x.kind == kind && x.n == 2 }
	}
	strippedDates := playlists(`#EXT-X-PROGRAM-DATE-TIME[^\n]*\n`, "")
	return []mutation{
		{rule: "part-available", after: refuse(http.StatusNotFound, func(x *exchange) bool { return strings.Contains(x.URL.Path, "/p0-") && x.n == 1 })},
		{rule: "segment-available", after: refuse(http.StatusNotFound, func(x *exchange) bool { return strings.Contains(x.URL.Path, "/s3-") && x.n == 1 })},
		{rule: "init", after: on("init", func(b string) string { return strings.ReplaceAll(b, "trex", "xxxx") })},
		{rule: "media-fits-init", after: swap("tfdt", "xxxx")},
		{rule: "media-changed", length: 40 * time.Second, after: func(x *exchange) {
			if again("part")(x) {
				x.body += "\x00\x00\x00\x08free"
			}
		}},
		{rule: "parts-segment", after: on("segment", func(b string) string { return b + "\x00\x00\x00\x08free" })},
		{rule: "part-duration", after: playlists(`DURATION=0.20000(,[^\n]*INDEPENDENT=YES)`, "DURATION=0.15000$1")},
		{rule: "extinf-parts", camera: broken, length: 50 * time.Second, after: on("media", shortLast())},
		{rule: "extinf-media", after: both(strippedDates, playlists(`EXTINF:1.60000`, "EXTINF:1.70000"))},
		{rule: "independent", after: playlists(`(#EXT-X-PART:DURATION=[^,]*,URI="[^"]*")\n`, "$1,INDEPENDENT=YES\n")},
		{rule: "independent-unmarked", after: playlists(`,INDEPENDENT=YES`, "")},
		{rule: "independent-segments", camera: slow, after: playlists(`(#EXT-X-TARGETDURATION)`, "#EXT-X-INDEPENDENT-SEGMENTS\n$1")},
		{rule: "timestamps", camera: broken, length: 70 * time.Second,
			after: both(strippedDates, playlists(`#EXT-X-DISCONTINUITY\n`, ""), playlists(`(DISCONTINUITY-SEQUENCE):\d+`, "$1:0"))},
		{rule: "codecs", after: on("multivariant", func(b string) string { return regexp.MustCompile(`avc1\.\w+`).ReplaceAllString(b, "avc1.000000") })},
		{rule: "resolution", after: on("multivariant", func(b string) string { return strings.ReplaceAll(b, "=160x90", "=170x90") })},
		{rule: "hint-blocks", after: refuse(http.StatusNotFound, func(x *exchange) bool {
			return x.kind == "part" && x.took > 0 && between(10*time.Second, 11*time.Second)(x)
		})},
		{rule: "part-gone-early", length: 40 * time.Second, after: refuse(http.StatusNotFound, again("part"))},
		{rule: "segment-gone-early", length: 40 * time.Second, after: refuse(http.StatusNotFound, again("segment"))},
		{rule: "not-found", after: func(x *exchange) {
			if strings.HasSuffix(x.URL.Path, "/nothing.mp4") {
				x.status, x.body = http.StatusOK, ""
			}
		}},
		{rule: "cors", after: func(x *exchange) {
			if x.kind == "part" {
				x.header.Del("Access-Control-Allow-Origin")
			}
		}},
		{rule: "cache-media", after: func(x *exchange) {
			if x.kind == "part" {
				x.header.Set("Cache-Control", "no-store")
			}
		}},
	}
}
