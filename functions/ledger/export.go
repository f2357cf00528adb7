package ledger

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
)

const (
	typeCSV   = "text/csv; charset=utf-8"
	typeJSONL = "application/jsonl"

	// exportPage is how many entries one file holds, about four megabytes:
	// one of the hosts keeps an answer in memory until it is sent.
	exportPage = 10_000
	// exportRead is how many entries are read at a time.
	exportRead = 1000
)

type (
	exportInput struct {
		Filter
		Format string `query:"format" enum:"csv,jsonl" default:"csv"`
		After  string `query:"after" maxLength:"128" doc:"Gatepost-Next of the file before; empty for the first one"`
	}
	exportOutput struct {
		ContentType  string `header:"Content-Type"`
		Disposition  string `header:"Content-Disposition"`
		CacheControl string `header:"Cache-Control"`
		Next         string `header:"Gatepost-Next" doc:"The cursor of the next file; not there with the last one"`
		Body         []byte
	}
)

// export writes what list shows into a file. That a copy was taken is an entry of
// its own.
func (f *Function) export(ctx context.Context, in *exportInput) (*exportOutput, error) {
	filter, subject, err := f.filter(ctx, &in.Filter, map[string]string{"act": "ledger_export"})
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	write, out := newFile(in.Format, &file)
	after, count, last := in.After, 0, false
	for count < exportPage && !last {
		rows, err := f.opts.Store.LedgerRows(ctx, filter, after, exportRead)
		if err != nil {
			return nil, err
		}
		last = len(rows) < exportRead
		entries, err := f.entries(ctx, rows)
		if err != nil {
			return nil, err
		}
		for i := range entries {
			if err := write(&entries[i]); err != nil {
				return nil, err
			}
			after = entries[i].ID
		}
		count += len(rows)
	}
	if !last {
		out.Next = after
	}
	e := access.Entry(gatepost.LedgerExport, subject, in.CameraID, map[string]string{"act": "ledger_export", "format": in.Format, "entries": strconv.Itoa(count)})
	if in.Kind != "" {
		e.Detail["kind"] = string(in.Kind)
	}
	if err := f.opts.Store.AppendLedger(ctx, e); err != nil {
		return nil, err
	}
	out.Body = file.Bytes()
	return out, nil
}

// newFile begins a file and returns what writes entries into it.
func newFile(format string, to *bytes.Buffer) (write func(*Entry) error, out *exportOutput) {
	name := "ledger-" + time.Now().UTC().Format("20060102T150405Z") + "." + format
	out = &exportOutput{ContentType: typeJSONL, Disposition: fmt.Sprintf("attachment; filename=%q", name), CacheControl: "private, no-store"}
	if format == "jsonl" {
		enc := json.NewEncoder(to)
		return func(e *Entry) error { return enc.Encode(e) }, out
	}
	out.ContentType = typeCSV
	to.WriteString("\ufeff") // without it, spreadsheets take Chinese for something else
	w := csv.NewWriter(to)
	line := func(cells ...string) error {
		for i := range cells {
			cells[i] = harmless(cells[i])
		}
		if err := w.Write(cells); err != nil {
			return err
		}
		w.Flush()
		return w.Error()
	}
	_ = line("sequence", "id", "at", "kind", "actor_id", "actor_name", "organisation_id", "organisation_name", "camera_id", "allowed",
		"start", "end", "bytes", "purpose", "reason", "case_number", "detail") // into memory: never fails
	return func(e *Entry) error {
		sequence := ""
		if e.Sequence != nil {
			sequence = strconv.FormatInt(*e.Sequence, 10)
		}
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return err
		}
		d := e.Detail
		return line(sequence, e.ID, e.At.Format(time.RFC3339Nano), string(e.Kind), e.ActorID, e.ActorName, e.OrganisationID, e.OrganisationName,
			e.CameraID, strconv.FormatBool(e.Allowed), d["start"], d["end"], d["bytes"], d["purpose"], d["reason"], d["case_number"], string(detail))
	}, out
}

// harmless keeps a spreadsheet from taking what somebody wrote for a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
