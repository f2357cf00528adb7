package report

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// writeXLSX writes a report as a workbook of forms that can be printed, on behalf of a
// unit. Totals and rates are formulas, with the values that they come to beside them,
// for readers that do not compute.
func writeXLSX(r Report, unit string, l language) (b []byte, err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	w := &workbook{File: book, language: l, report: r, unit: unit, styles: map[look]int{}}
	for _, s := range sections {
		w.section(s)
	}
	w.counts()
	w.faults()
	w.uses()
	if r.Figures.Settlement != nil {
		w.settlement(*r.Figures.Settlement)
	}
	if len(r.Figures.Filings) > 0 {
		w.filings(r.Figures.Filings)
	}
	w.must(book.DeleteSheet("Sheet1"))
	book.SetActiveSheet(0)
	if w.err != nil {
		return nil, fmt.Errorf("make the workbook: %w", w.err)
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		return nil, fmt.Errorf("write the workbook: %w", err)
	}
	return out.Bytes(), nil
}

// workbook writes cells, sheet by sheet, and keeps the first error.
type workbook struct {
	*excelize.File
	language
	report Report
	unit   string
	name   string // of the present sheet
	row    int    // the next one of it
	styles map[look]int
	err    error
}

// look is how a cell looks.
type look struct {
	format string // of numbers, "" for none
	kind   byte   // 't'itle, 's'ubtitle, 'h'eader, 'b'old or plain cell of a table, 0 for one of none
}

func (w *workbook) must(err error) {
	if w.err == nil {
		w.err = err
	}
}

// sheet begins a sheet with the block that forms begin with, for columns of some widths
// in characters, 120 together at least for the words above. The rows above the freezing one are on each page that is printed.
func (w *workbook) sheet(name string, widths ...float64) {
	w.name = name
	_, err := w.NewSheet(name)
	w.must(err)
	for i, width := range widths {
		column, err := excelize.ColumnNumberToName(i + 1)
		w.must(err)
		w.must(w.SetColWidth(name, column, column, width))
	}
	r, last := w.report, len(widths)
	w.put(1, 1, w.pick(formTitle.zh, formTitle.en)+w.pick("——", ": ")+name, look{kind: 't'})
	w.must(w.MergeCell(name, cell(1, 1), cell(last, 1)))
	w.must(w.SetRowHeight(name, 1, 30))
	w.put(1, 2, strings.Join(subtitle(r, w.unit, w.language), "    "), look{kind: 's'})
	w.must(w.MergeCell(name, cell(1, 2), cell(last, 2)))
	w.row = 3
	orientation, a4, one, whole, fit, tall := "landscape", 9, 1, 0, true, 20.0
	w.must(w.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &orientation, Size: &a4, FitToWidth: &one, FitToHeight: &whole}))
	w.must(w.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit, DefaultRowHeight: &tall, CustomHeight: &fit}))
	margin, foot := 0.4, 0.6
	w.must(w.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &margin, Right: &margin, Top: &margin, Bottom: &foot}))
	w.must(w.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: "&C&P / &N"}))
}

// freeze keeps columns and all rows so far in sight, and the rows on each printed page.
func (w *workbook) freeze(columns int) {
	w.must(w.SetPanes(w.name, &excelize.Panes{Freeze: true, XSplit: columns, YSplit: w.row - 1, TopLeftCell: cell(columns+1, w.row), ActivePane: "bottomRight"}))
	w.must(w.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$1:$%d", w.name, w.row-1), Scope: w.name}))
}

func cell(column, row int) string {
	name, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		panic(err) // only for coordinates that this package does not use
	}
	return name
}

// put writes a value, nil for none.
func (w *workbook) put(column, row int, v any, l look) {
	at := cell(column, row)
	if v != nil {
		w.must(w.SetCellValue(w.name, at, v))
	}
	style, ok := w.styles[l]
	if !ok {
		var err error
		style, err = w.NewStyle(w.style(l))
		w.must(err)
		w.styles[l] = style
	}
	w.must(w.SetCellStyle(w.name, at, at, style))
}

// style writes in a typeface that offices of the language have.
func (w *workbook) style(l look) *excelize.Style {
	s := &excelize.Style{Alignment: &excelize.Alignment{Vertical: "center"}, Font: &excelize.Font{Family: w.pick("宋体", "Calibri"), Size: 11, Bold: l.kind == 't' || l.kind == 'h' || l.kind == 'b'}}
	if l.format != "" {
		s.CustomNumFmt = &l.format
	}
	switch l.kind {
	case 't':
		s.Font.Size, s.Alignment.Horizontal = 16, "center"
	case 'h':
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF4"}}
		s.Alignment.Horizontal, s.Alignment.WrapText = "center", true
	}
	s.Alignment.ShrinkToFit = l.kind == 'b' || l.kind == 'p' // no name is cut
	if l.kind == 'h' || l.kind == 'b' || l.kind == 'p' {
		for _, side := range []string{"left", "right", "top", "bottom"} {
			s.Border = append(s.Border, excelize.Border{Type: side, Color: "808080", Style: 1})
		}
	}
	return s
}

// formula writes a value and the formula that it comes from.
func (w *workbook) formula(column, row int, v any, l look, formula string) {
	w.put(column, row, v, l)
	w.must(w.SetCellFormula(w.name, cell(column, row), formula))
}

// line writes a row of a table, whole numbers with separators.
func (w *workbook) line(values ...any) {
	for i, v := range values {
		l := look{kind: 'p'}
		switch v.(type) {
		case int64:
			l.format = whatCount
		case float64:
			l.format = whatHours
		}
		w.put(i+1, w.row, v, l)
	}
	w.row++
}

func (w *workbook) header(words ...string) {
	for i, word := range words {
		w.put(i+1, w.row, word, look{kind: 'h'})
	}
	w.must(w.SetRowHeight(w.name, w.row, 46))
	w.row++
}

// rate is the formula of a rate of two cells, rounded down to a hundredth of a percent.
func rateFormula(part, of string) string {
	return fmt.Sprintf(`IF(%s=0,"",ROUNDDOWN(ROUND(%s/%s*10000,6),0)/10000)`, of, part, of)
}

func (w *workbook) section(s section) {
	columns := append(append([]column{}, identity...), s.columns...)
	index, words, widths := map[string]int{}, make([]string, len(columns)), make([]float64, len(columns))
	for i, c := range columns {
		index[c.key], words[i], widths[i] = i+1, w.pick(c.zh, c.en), c.width()
	}
	w.sheet(w.pick(s.zh, s.en), widths...)
	w.header(words...)
	w.freeze(len(identity))
	first, list := w.row, rows(w.report.Figures, w.language)
	total := first + len(list) - 1
	for i, row := range list {
		kind, at := byte('p'), first+i
		if at == total {
			kind = 'b'
		}
		for j, c := range columns {
			l, v := look{c.format, kind}, c.value(row)
			switch {
			case c.ratio[0] != "":
				w.formula(j+1, at, v, l, rateFormula(cell(index[c.ratio[0]], at), cell(index[c.ratio[1]], at)))
			case c.mean[0] != "":
				sum, of := cell(index[c.mean[0]], at), cell(index[c.mean[1]], at)
				w.formula(j+1, at, v, l, fmt.Sprintf(`IF(%s=0,"",%s/%s)`, of, sum, of))
			case at == total && c.format != "" && total > first:
				w.formula(j+1, at, v, l, fmt.Sprintf("SUM(%s:%s)", cell(j+1, first), cell(j+1, total-1)))
			case at == total && total > first && c.key == "name":
				w.put(j+1, at, w.pick("合计", "Total"), l)
			default:
				w.put(j+1, at, v, l)
			}
		}
	}
	w.row = total + 2
	w.signatures()
	if chart, ok := map[string]string{"planned": "built", "due": "continuity", "faults": "faults", "lives": "playbacks"}[s.columns[0].key]; ok {
		w.chart(index, chart, first, total)
	}
}

// signatures leaves room for those who answer for a form.
func (w *workbook) signatures() {
	w.put(1, w.row, strings.Join(signatories(w.language), "        "), look{})
	w.row++
	if w.report.SHA256 != "" {
		w.put(1, w.row, "SHA-256 "+w.report.SHA256, look{})
		w.row++
	}
	if words := keyWords(w.report, w.language); words != "" {
		w.put(1, w.row, harmless(words), look{})
		w.row++
	}
}

// maxWithChart is how many rows are printed on one page with their chart.
const maxWithChart = 24

// chart shows a column of the rows, on the same page when there are few.
func (w *workbook) chart(index map[string]int, key string, first, total int) {
	if total == first {
		return
	}
	if one := 1; total-first <= maxWithChart {
		w.must(w.SetPageLayout(w.name, &excelize.PageLayoutOptions{FitToHeight: &one}))
	}
	span := func(key string) string {
		name, err := excelize.ColumnNumberToName(index[key])
		w.must(err)
		return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", w.name, name, first, name, total-1)
	}
	title, err := w.GetCellValue(w.name, cell(index[key], first-1))
	w.must(err)
	varied, none, one := false, 0.0, 1.0
	words := excelize.Font{Color: "404040"}                                       // the library's own grey is not seen on paper
	axis := excelize.ChartAxis{MajorGridLines: true, Minimum: &none, Font: words} // bars that begin elsewhere lie
	if find(key).format == whatRate {
		axis.Maximum, axis.NumFmt = &one, excelize.ChartNumFmt{CustomNumFmt: "0%"}
	}
	w.must(w.AddChart(w.name, cell(1, w.row+1), &excelize.Chart{Type: excelize.Col, VaryColors: &varied, XAxis: excelize.ChartAxis{Font: words}, YAxis: axis, Title: excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: title}}},
		Series: []excelize.ChartSeries{{Name: title, Categories: span("name"), Values: span(key)}},
		Legend: excelize.ChartLegend{Position: "none"}, Dimension: excelize.ChartDimension{Width: 900, Height: 320}}))
}

func (w *workbook) counts() {
	w.sheet(w.pick("分类情况", "Kinds"), 26, 12, 12, 12, 12, 12, 18, 18, 12)
	for _, t := range countTables(w.report.Figures, w.language) {
		w.header(t.title, w.pick("规划数", "Planned"), w.pick("登记数", "Enrolled"), w.pick("建成数", "Built"), w.pick("验收数", "Accepted"), w.pick("在用数", "In service"),
			w.pick("应录时长(小时)", "Due (h)"), w.pick("实录时长(小时)", "Recorded (h)"), w.pick("录像完整率", "Continuity"))
		for i, c := range t.list {
			at := w.row
			w.line(harmless(t.names[i]), c.Planned, c.Enrolled, c.Built, c.Accepted, c.InService, float64(c.Due)/3_600_000, float64(c.Recorded)/3_600_000)
			var v any
			if c.Continuity != nil {
				v = float64(*c.Continuity) / whole
			}
			w.formula(9, at, v, look{whatRate, 'p'}, rateFormula(cell(8, at), cell(7, at)))
		}
		w.row++
	}
	w.signatures()
}

func (w *workbook) faults() {
	w.sheet(w.pick("故障分类", "Faults"), 60, 30, 36)
	w.header(w.pick("故障类别", "Kind of fault"), w.pick("故障数", "Faults"), w.pick("故障时长(小时)", "Fault time (h)"))
	for _, f := range w.report.Figures.Faults {
		w.line(w.pick(faults[f.Kind][0], faults[f.Kind][1]), f.Faults, float64(f.Time)/3_600_000)
	}
	w.row++
	w.signatures()
}

func (w *workbook) uses() {
	words := make([]string, 0, len(useColumns)+1)
	widths := []float64{20}
	words = append(words, w.pick("使用单位类别", "Kind of unit"))
	for _, c := range useColumns {
		words, widths = append(words, w.pick(c.zh, c.en)), append(widths, 15)
	}
	w.sheet(w.pick("使用单位", "Units"), widths...)
	w.header(words...)
	w.freeze(1)
	for _, u := range w.report.Figures.Uses {
		line := []any{w.pick(kinds[u.Kind][0], kinds[u.Kind][1])}
		for _, c := range useColumns {
			line = append(line, c.value(u.row()))
		}
		w.line(line...)
	}
	w.row++
	w.signatures()
}

func (w *workbook) settlement(s ReportSettlement) {
	w.sheet(w.pick("费用结算", "Settlement"), 30, 12, 18, 18, 16, 16, 16)
	w.put(1, w.row, strings.Join(termsWords(s.Terms, w.language), "    "), look{})
	w.row++
	w.header(w.pick("出资单位", "Payer"), w.pick("类别", "Class"), w.pick("应录时长(小时)", "Due (h)"), w.pick("实录时长(小时)", "Recorded (h)"), w.pick("费用(元)", "Fee (yuan)"),
		w.pick("扣减(元)", "Deduction (yuan)"), w.pick("应付(元)", "Net (yuan)"))
	w.freeze(1)
	yuan, first := func(fen int64) float64 { return float64(fen) / 100 }, w.row
	for _, l := range s.Lines {
		at := w.row
		w.line(harmless(l.Payer), w.class(class(l.Class)), float64(l.Due)/3_600_000, float64(l.Recorded)/3_600_000, yuan(l.Fee), yuan(l.Deduction))
		w.formula(7, at, yuan(l.Net), look{whatHours, 'p'}, fmt.Sprintf("ROUND(%s-%s,2)", cell(5, at), cell(6, at)))
	}
	for i := range 4 {
		w.put(i+1, w.row, nil, look{kind: 'b'})
	}
	w.put(1, w.row, w.pick("合计", "Total"), look{kind: 'b'})
	for i, v := range []float64{yuan(s.Fee), yuan(s.Deduction), yuan(s.Net)} {
		if w.row == first {
			w.put(i+5, w.row, v, look{whatHours, 'b'})
			continue
		}
		w.formula(i+5, w.row, v, look{whatHours, 'b'}, fmt.Sprintf("SUM(%s:%s)", cell(i+5, first), cell(i+5, w.row-1)))
	}
	w.row += 2
	w.signatures()
}

func (w *workbook) filings(list []ReportFiling) {
	w.sheet(w.pick("报送情况", "Filing"), 20, 30, 18, 14, 28, 16)
	w.header(filingWords(w.language)...)
	w.freeze(2)
	for _, d := range list {
		state, version, at, late := filing(d, w.language)
		w.line(d.Division, d.Name, state, version, at, late)
	}
	w.row++
	w.signatures()
}
