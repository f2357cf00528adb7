package main

import (
	"fmt"
	"io"
	"strconv"
)

// writeTable writes the rows as a table in Markdown, the null sink's ratio beside
// each.
func writeTable(w io.Writer, rows []row) {
	floor := "–"
	for _, r := range rows {
		if r.NullSink {
			floor = fmt.Sprintf("%.2f", r.Ratio)
			break
		}
	}
	fmt.Fprintln(w, "| case | server ms per second and unit | ratio | null sink | memory a unit | newest picture p50 / p99 | first picture p50 / max | seen, missing | sent, archived, lost |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
	for _, r := range rows {
		newest, first, seen, kept := "–", "–", "–", "–"
		if saw := r.View.Saw; saw.Viewers > 0 {
			if saw.Newest.Count > 0 {
				newest = fmt.Sprintf("%.1f / %.1f ms", saw.Newest.P50, saw.Newest.P99)
			}
			first = fmt.Sprintf("%.0f / %.0f ms", saw.First.P50, saw.First.Max)
			seen = fmt.Sprintf("%s, %d", thousands(saw.Pictures), saw.Missing)
		}
		if saw := r.View.Saw; saw.Failed > 0 || saw.Refused > 0 {
			seen += fmt.Sprintf(" (%d viewers and %d requests failed: %s)", saw.Failed, saw.Refused, saw.FirstError)
		}
		if !r.NullSink {
			kept = fmt.Sprintf("%s, %s, %d", thousands(r.Archive.Sent), thousands(r.Archive.Stored), r.Archive.Lost)
		}
		fmt.Fprintf(w, "| %s | %.2f | **%.2f** | %s | %.2f MiB | %s | %s | %s | %s |\n", r.Text, r.Milli, r.Ratio, floor, r.UnitMiB, newest, first, seen, kept)
	}
	for _, r := range rows {
		if r.Publish.Late.P99 > 20 {
			fmt.Fprintf(w, "\n%s: the generator was late, %.0f ms at the 99th percentile; ages and ratio tell more of the machine than of the server.\n", r.Text, r.Publish.Late.P99)
		}
	}
}

// thousands groups digits by three.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
