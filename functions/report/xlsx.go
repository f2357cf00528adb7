package report

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/xuri/excelize/v2"

	"github.com/gatepost-video/gatepost"
)

// writeXLSX writes a report as a workbook. Totals and rates are formulas, with the
// values that they come to beside them, for readers that do not compute.
func writeXLSX(r Report, l language) (b []byte, err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	w := &workbook{File: book, language: l, styles: map[string]int{}}
	w.sheet(l.pick("汇总", "Summary"))
	w.summary(r)
	w.sheet(l.pick("分类", "Kinds"))
	w.counts(r.Figures)
	w.sheet(l.pick("应用", "Use"))
	w.uses(r.Figures)
	if r.Figures.Settlement != nil {
		w.sheet(l.pick("结算", "Settlement"))
		w.settlement(*r.Figures.Settlement)
	}
	if len(r.Figures.Filings) > 0 {
		w.sheet(l.pick("报送", "Filing"))
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
	name   string         // of the present sheet
	styles map[string]int // by number format
	err    error
}

func (w *workbook) must(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *workbook) sheet(name string) {
	w.name = name
	_, err := w.NewSheet(name)
	w.must(err)
	w.must(w.SetColWidth(name, "A", "AZ", 16))
}

func cell(column, row int) string {
	name, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		panic(err) // only for coordinates that this package does not use
	}
	return name
}

// put writes a value with a number format, "" for none.
func (w *workbook) put(column, row int, v any, format string) {
	at := cell(column, row)
	if v != nil {
		w.must(w.SetCellValue(w.name, at, v))
	}
	if format == "" {
		return
	}
	style, ok := w.styles[format]
	if !ok {
		var err error
		style, err = w.NewStyle(&excelize.Style{CustomNumFmt: &format})
		w.must(err)
		w.styles[format] = style
	}
	w.must(w.SetCellStyle(w.name, at, at, style))
}

// formula writes a value and the formula that it comes from.
func (w *workbook) formula(column, row int, v any, format, formula string) {
	w.put(column, row, v, format)
	w.must(w.SetCellFormula(w.name, cell(column, row), formula))
}

func (w *workbook) line(row int, values ...any) {
	for i, v := range values {
		format := ""
		if _, ok := v.(int64); ok {
			format = whatCount
		}
		w.put(i+1, row, v, format)
	}
}

func (w *workbook) header(row int, words ...string) {
	bold, err := w.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	w.must(err)
	for i, word := range words {
		w.put(i+1, row, word, "")
		w.must(w.SetCellStyle(w.name, cell(i+1, row), cell(i+1, row), bold))
	}
}

// firstRow is where the rows of divisions begin: a title, what it is, the header.
const firstRow = 4

func (w *workbook) summary(r Report) {
	w.header(1, w.pick("社会治安动态视频监控系统建设及应用情况月报表", "Monthly report on the building and use of the video system"))
	w.line(2, w.pick("行政区划", "Division"), r.Figures.Name, w.pick("月份", "Month"), r.Month, w.pick("版本", "Version"), int64(r.Version),
		w.pick("状态", "State"), w.state(r.State), w.pick("摘要 SHA-256", "SHA-256"), r.SHA256)
	index, words := map[string]int{}, make([]string, len(columns))
	for i, c := range columns {
		index[c.key], words[i] = i+1, w.pick(c.zh, c.en)
	}
	w.header(firstRow-1, words...)
	total := firstRow + len(r.Figures.Rows)
	for i, row := range append(append([]ReportRow{}, r.Figures.Rows...), r.Figures.Total) {
		for j, c := range columns {
			at, v := firstRow+i, c.value(row)
			switch {
			case c.ratio[0] != "":
				part, of := cell(index[c.ratio[0]], at), cell(index[c.ratio[1]], at)
				w.formula(j+1, at, v, c.format, fmt.Sprintf(`IF(%s=0,"",ROUNDDOWN(ROUND(%s/%s*10000,6),0)/10000)`, of, part, of))
			case at == total && c.format != "" && total > firstRow:
				w.formula(j+1, at, v, c.format, fmt.Sprintf("SUM(%s:%s)", cell(j+1, firstRow), cell(j+1, total-1)))
			default:
				w.put(j+1, at, v, c.format)
			}
		}
	}
	if total > firstRow {
		w.put(2, total, w.pick("合计", "Total"), "")
	}
	w.must(w.SetPanes(w.name, &excelize.Panes{Freeze: true, XSplit: 2, YSplit: firstRow - 1, TopLeftCell: cell(3, firstRow), ActivePane: "bottomRight"}))
	w.chart(index, total, len(r.Figures.Rows))
}

// chart shows the continuity of the rows.
func (w *workbook) chart(index map[string]int, total, rows int) {
	if rows == 0 {
		return
	}
	columnOf := func(key string) string {
		name, err := excelize.ColumnNumberToName(index[key])
		w.must(err)
		return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", w.name, name, firstRow, name, total-1)
	}
	w.must(w.AddChart(w.name, cell(1, total+3), &excelize.Chart{Type: excelize.Col, Title: excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: w.pick("录像完整率", "Continuity")}}},
		Series: []excelize.ChartSeries{{Name: w.pick("录像完整率", "Continuity"), Categories: columnOf("name"), Values: columnOf("continuity")}},
		Legend: excelize.ChartLegend{Position: "none"}, Dimension: excelize.ChartDimension{Width: 900, Height: 320}}))
}

func (w *workbook) state(s gatepost.ReportState) string {
	words := map[gatepost.ReportState][2]string{gatepost.ReportDraft: {"草稿", "Draft"}, gatepost.ReportSubmitted: {"已上报", "Submitted"},
		gatepost.ReportReturned: {"退回", "Returned"}, gatepost.ReportLocked: {"已锁定", "Locked"}}[s]
	return w.pick(words[0], words[1])
}

func (w *workbook) counts(f *ReportFigures) {
	row := 1
	table := func(title string, list []ReportCount, name func(ReportCount) string) {
		w.header(row, title, w.pick("规划数", "Planned"), w.pick("登记数", "Enrolled"), w.pick("建成数", "Built"), w.pick("验收数", "Accepted"), w.pick("在用数", "In service"),
			w.pick("应录时长(小时)", "Due (h)"), w.pick("实录时长(小时)", "Recorded (h)"), w.pick("录像完整率", "Continuity"))
		row++
		for _, c := range list {
			w.line(row, name(c), c.Planned, c.Enrolled, c.Built, c.Accepted, c.InService)
			w.put(7, row, float64(c.Due)/3_600_000, whatHours)
			w.put(8, row, float64(c.Recorded)/3_600_000, whatHours)
			var v any
			if c.Continuity != nil {
				v = float64(*c.Continuity) / whole
			}
			w.formula(9, row, v, whatRate, fmt.Sprintf(`IF(%s=0,"",ROUNDDOWN(ROUND(%s/%s*10000,6),0)/10000)`, cell(7, row), cell(8, row), cell(7, row)))
			row++
		}
		row++
	}
	table(w.pick("监控点类别", "Class"), f.Classes, func(c ReportCount) string {
		return w.pick(map[string]string{"1": "一类点", "2": "二类点", "3": "三类点"}[c.Key], "Class "+c.Key)
	})
	table(w.pick("场所类别", "Category"), f.Categories, func(c ReportCount) string {
		words := places[gatepost.PlaceCategory(c.Key)]
		return w.pick(words[0], words[1])
	})
	table(w.pick("出资单位", "Funder"), f.Funders, func(c ReportCount) string { return harmless(c.Name) })
}

func (w *workbook) uses(f *ReportFigures) {
	w.header(1, w.pick("使用单位类别", "Kind of unit"), w.pick("实时调阅次数", "Live looks"), w.pick("录像调阅次数", "Playbacks"), w.pick("导出次数", "Exports"), w.pick("分享链接数", "Share links"),
		w.pick("观看时长(小时)", "Viewed (h)"), w.pick("观看字节", "Bytes viewed"))
	for i, u := range f.Uses {
		words := kinds[u.Kind]
		w.line(i+2, w.pick(words[0], words[1]), u.Lives, u.Playbacks, u.Exports, u.Shares, nil, u.ViewedBytes)
		w.put(6, i+2, float64(u.Viewed)/3_600_000, whatHours)
	}
}

func (w *workbook) settlement(s ReportSettlement) {
	yuan := func(fen int64) float64 { return float64(fen) / 100 }
	w.line(1, w.pick("单价(元/月)一类点、二类点、三类点", "Price by month (yuan), class 1, 2, 3"), yuan(s.Terms.Prices[0]), yuan(s.Terms.Prices[1]), yuan(s.Terms.Prices[2]),
		w.pick("约定完整率", "Continuity owed"), float64(s.Terms.Owed)/whole, w.pick("扣减系数", "Deduction factor"), float64(s.Terms.Factor)/whole, w.pick("扣减上限", "Deducted at most"), float64(s.Terms.Cap)/whole)
	w.header(3, w.pick("出资单位", "Payer"), w.pick("类别", "Class"), w.pick("应录时长(小时)", "Due (h)"), w.pick("实录时长(小时)", "Recorded (h)"), w.pick("费用(元)", "Fee (yuan)"),
		w.pick("扣减(元)", "Deduction (yuan)"), w.pick("应付(元)", "Net (yuan)"))
	row := 4
	for _, l := range s.Lines {
		w.line(row, harmless(l.Payer), strconv.Itoa(int(l.Class)))
		for i, v := range []float64{float64(l.Due) / 3_600_000, float64(l.Recorded) / 3_600_000, yuan(l.Fee), yuan(l.Deduction)} {
			w.put(i+3, row, v, whatHours)
		}
		w.formula(7, row, yuan(l.Net), whatHours, fmt.Sprintf("ROUND(%s-%s,2)", cell(5, row), cell(6, row)))
		row++
	}
	w.put(1, row, w.pick("合计", "Total"), "")
	if row == 4 {
		return
	}
	for i, v := range []float64{yuan(s.Fee), yuan(s.Deduction), yuan(s.Net)} {
		w.formula(i+5, row, v, whatHours, fmt.Sprintf("SUM(%s:%s)", cell(i+5, 4), cell(i+5, row-1)))
	}
}

func (w *workbook) filings(list []ReportFiling) {
	w.header(1, w.pick("行政区划代码", "Division code"), w.pick("行政区划", "Division"), w.pick("状态", "State"), w.pick("版本", "Version"), w.pick("上报时间", "Submitted"), w.pick("是否逾期", "Late"))
	for i, d := range list {
		state, at := w.pick("未报", "Not filed"), ""
		if d.State != "" {
			state = w.state(d.State)
		}
		if d.SubmittedAt != nil {
			at = d.SubmittedAt.In(gatepost.Zone).Format("2006-01-02 15:04")
		}
		late := w.pick("否", "No")
		if d.Late {
			late = w.pick("是", "Yes")
		}
		w.line(i+2, d.Division, d.Name, state, int64(d.Version), at, late)
	}
}
