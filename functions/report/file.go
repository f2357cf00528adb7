package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gatepost-video/gatepost"
)

// maxObject is the size in bytes beyond which the object of a report is not read.
const maxObject = 64 << 20

type (
	fileInput struct {
		ID       string `path:"id" maxLength:"64"`
		Format   string `query:"format" enum:"json,csv,xlsx,pdf" default:"xlsx"`
		Language string `query:"lang" enum:"zh,en" default:"zh" doc:"Of csv, xlsx and pdf"`
	}
	fileOutput struct {
		ContentType  string `header:"Content-Type"`
		Disposition  string `header:"Content-Disposition"`
		CacheControl string `header:"Cache-Control"`
		Body         []byte
	}
)

func (f *Function) file(ctx context.Context, in *fileInput) (*fileOutput, error) {
	r, _, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v, err := f.marked(ctx, r)
	if err != nil {
		return nil, err
	}
	names, err := f.opts.Store.Names(ctx, []string{r.Organisation})
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("report-%s-%s-v%d.%s", r.Division, r.Month, r.Version, in.Format)
	out := &fileOutput{Disposition: fmt.Sprintf("attachment; filename=%q", name), CacheControl: "private, no-store"}
	l := language(in.Language)
	switch {
	case in.Format == "csv":
		out.ContentType = "text/csv; charset=utf-8"
		out.Body, err = writeCSV(v.Body, l)
	case in.Format == "xlsx":
		out.ContentType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		out.Body, err = writeXLSX(v.Body, names[r.Organisation], l)
	case in.Format == "pdf":
		out.ContentType = "application/pdf"
		out.Body, err = writePDF(v.Body, names[r.Organisation], l)
	case r.State == gatepost.ReportLocked:
		out.ContentType = "application/json"
		out.Body, err = f.object(ctx, r)
	default:
		out.ContentType = "application/json"
		out.Body, err = seal(r)
	}
	return out, err
}

// object reads the object of a locked report, which is what was signed or nothing.
func (f *Function) object(ctx context.Context, r gatepost.Report) ([]byte, error) {
	o, err := f.opts.Objects.Get(ctx, gatepost.ReportKey(r), 0, -1)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(o, maxObject))
	if closed := o.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, fmt.Errorf("read report %s: %w", r.ID, err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != r.SHA256 {
		return nil, fmt.Errorf("the object of report %s is not what was signed", r.ID)
	}
	return b, nil
}

// writeCSV writes the rows and the total of a report, as people read them.
func writeCSV(r Report, l language) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("\ufeff") // without it, spreadsheets take Chinese for something else
	w := csv.NewWriter(&out)
	columns := slices.Clone(identity)
	for _, s := range sections {
		columns = append(columns, s.columns...)
	}
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = l.pick(c.zh, c.en)
	}
	lines := [][]string{header}
	for _, row := range rows(r.Figures, l) {
		line := make([]string, len(columns))
		for i, c := range columns {
			line[i] = text(c.value(row))
		}
		lines = append(lines, line)
	}
	if err := w.WriteAll(lines); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// text is a value for CSV; what somebody wrote is no formula.
func text(v any) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return harmless(v)
	}
	return ""
}

// harmless keeps a spreadsheet from taking what somebody wrote for a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
