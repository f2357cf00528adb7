package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Heights of the lines of tables.
const (
	cellHeight = 5.2
	headLine   = 3.4
	cellPad    = 1.2
)

// grid is a table on paper. The first columns are of words, the others of numbers.
type grid struct {
	title string
	head  []string
	words int // columns of words
	rows  [][]string
	total bool // the last row is the total
}

// side is where a column's text stands: words at the left, numbers at the right.
func (g grid) side(column int) float64 {
	if column < g.words {
		return 0
	}
	return 1
}

// table draws a grid; each page that it goes over begins with its head.
func (p *paper) table(g grid) {
	widths := p.widths(g)
	head := make([][]string, len(g.head))
	height := 0
	for i, s := range g.head {
		head[i] = p.lines(sizeCell, widths[i]-2*cellPad, s)
		height = max(height, len(head[i]))
	}
	top := float64(height)*headLine + 2
	begin := func(title string) {
		p.strong(margin, p.y+4.5, inner, 0, sizeSection, title)
		p.y += 7
		p.fill(shade, margin, p.y, inner, top)
		for i, x := 0, float64(margin); i < len(head); x, i = x+widths[i], i+1 {
			for j, s := range head[i] {
				p.aligned(x+cellPad, p.y+top/2+(float64(j)-float64(len(head[i]))/2+0.75)*headLine, widths[i]-2*cellPad, g.side(i), sizeCell, ink, s)
			}
		}
		p.y += top
		p.line(ink, 0.3, margin, p.y, margin+inner, p.y)
	}
	p.room(7 + top + 2*cellHeight)
	begin(g.title)
	for n, row := range g.rows {
		need := cellHeight
		if n == len(g.rows)-2 {
			need *= 2 // the last row, which may be the total, begins no page
		}
		if p.y+need > bottom {
			p.page()
			begin(g.title + p.pick("（续）", " (continued)"))
		}
		last := g.total && n == len(g.rows)-1
		for i, x := 0, float64(margin); i < len(row); x, i = x+widths[i], i+1 {
			s, wide := p.cut(sizeCell, widths[i]-2*cellPad, row[i]), widths[i]-2*cellPad
			if last {
				p.strong(x+cellPad, p.y+3.7, wide, g.side(i), sizeCell, s)
			} else {
				p.aligned(x+cellPad, p.y+3.7, wide, g.side(i), sizeCell, ink, s)
			}
		}
		p.y += cellHeight
		p.line(rule, 0.15, margin, p.y, margin+inner, p.y)
	}
	p.y += 6
}

// widths fills the page with columns: each gets what its cells and the longest word over them need, of the rest what
// the words over it want, and an equal share of what is left then. Where there is not
// enough, words give way.
func (p *paper) widths(g grid) []float64 {
	widths, wants := make([]float64, len(g.head)), make([]float64, len(g.head))
	rest, wanted := float64(inner), 0.0
	for i, s := range g.head {
		for _, row := range g.rows {
			widths[i] = max(widths[i], p.width(sizeCell, row[i]))
		}
		for _, atom := range atoms.FindAllString(s, -1) {
			widths[i] = max(widths[i], p.width(sizeCell, strings.TrimSpace(atom)))
		}
		widths[i] += 2 * cellPad
		wants[i] = max(0, p.width(sizeCell, s)+2*cellPad-widths[i])
		rest, wanted = rest-widths[i], wanted+wants[i]
	}
	if rest >= 0 {
		part := min(1, rest/max(wanted, 1))
		for i := range widths {
			widths[i] += wants[i]*part + (rest-wanted*part)/float64(len(widths))
		}
		return widths
	}
	give := 0.0
	for i := range g.words {
		give += widths[i]
	}
	for i := range g.words {
		widths[i] = max(10, widths[i]-widths[i]/give*-rest)
	}
	return widths
}

// tables are all figures, in the order of the workbook.
func (p *paper) tables() {
	f := p.report.Figures
	p.page()
	for _, s := range sections {
		columns := append(slices.Clone(identity), s.columns...)
		g := grid{title: p.pick(s.zh, s.en), words: len(identity), total: len(f.Rows) > 0}
		for _, c := range columns {
			g.head = append(g.head, p.pick(c.zh, c.en))
		}
		for _, r := range rows(f, p.language) {
			line := make([]string, len(columns))
			for i, c := range columns {
				line[i] = c.print(r)
			}
			g.rows = append(g.rows, line)
		}
		if g.total {
			g.rows[len(g.rows)-1][1] = p.pick("合计", "Total")
		}
		p.table(g)
	}
	for _, t := range countTables(f, p.language) {
		p.counts(t)
	}
	p.faults()
	p.uses()
	p.settlement()
	p.filings()
}

func (p *paper) counts(t countTable) {
	g := grid{title: p.pick("按", "By ") + t.title, words: 1, head: []string{t.title, p.pick("规划数", "Planned"), p.pick("登记数", "Enrolled"), p.pick("建成数", "Built"), p.pick("验收数", "Accepted"),
		p.pick("在用数", "In service"), p.pick("应录时长(小时)", "Due (h)"), p.pick("实录时长(小时)", "Recorded (h)"), p.pick("录像完整率", "Continuity")}}
	for i, c := range t.list {
		line := []string{t.names[i]}
		for _, n := range []int64{c.Planned, c.Enrolled, c.Built, c.Accepted, c.InService} {
			line = append(line, grouped(strconv.FormatInt(n, 10)))
		}
		r := ReportRow{Due: c.Due, Recorded: c.Recorded, Continuity: c.Continuity}
		g.rows = append(g.rows, append(line, find("due").print(r), find("recorded").print(r), find("continuity").print(r)))
	}
	p.table(g)
}

func (p *paper) faults() {
	g := grid{title: p.pick("按故障类别", "By kind of fault"), words: 1, head: []string{p.pick("故障类别", "Kind of fault"), p.pick("故障数", "Faults"), p.pick("故障时长(小时)", "Fault time (h)")}}
	for _, f := range p.report.Figures.Faults {
		r := ReportRow{Faults: f.Faults, FaultTime: f.Time}
		g.rows = append(g.rows, []string{p.pick(faults[f.Kind][0], faults[f.Kind][1]), find("faults").print(r), find("fault_time").print(r)})
	}
	p.table(g)
}

func (p *paper) uses() {
	g := grid{title: p.pick("按使用单位类别", "By kind of unit"), words: 1, head: []string{p.pick("使用单位类别", "Kind of unit")}}
	for _, c := range useColumns {
		g.head = append(g.head, p.pick(c.zh, c.en))
	}
	for _, u := range p.report.Figures.Uses {
		line := []string{p.pick(kinds[u.Kind][0], kinds[u.Kind][1])}
		for _, c := range useColumns {
			line = append(line, c.print(u.row()))
		}
		g.rows = append(g.rows, line)
	}
	p.table(g)
}

func (p *paper) settlement() {
	s := p.report.Figures.Settlement
	if s == nil {
		return
	}
	g := grid{title: p.pick("费用结算", "Settlement"), words: 2, total: true, head: []string{p.pick("出资单位", "Payer"), p.pick("类别", "Class"), p.pick("应录时长(小时)", "Due (h)"),
		p.pick("实录时长(小时)", "Recorded (h)"), p.pick("费用(元)", "Fee (yuan)"), p.pick("扣减(元)", "Deduction (yuan)"), p.pick("应付(元)", "Net (yuan)")}}
	yuan := func(fen int64) string {
		return grouped(fmt.Sprintf("%d.%02d", fen/100, int64(math.Abs(float64(fen%100)))))
	}
	for _, l := range s.Lines {
		r := ReportRow{Due: l.Due, Recorded: l.Recorded}
		g.rows = append(g.rows, []string{l.Payer, p.class(class(l.Class)), find("due").print(r), find("recorded").print(r), yuan(l.Fee), yuan(l.Deduction), yuan(l.Net)})
	}
	g.rows = append(g.rows, []string{p.pick("合计", "Total"), "", "", "", yuan(s.Fee), yuan(s.Deduction), yuan(s.Net)})
	p.table(g)
	p.room(6)
	p.text(margin, p.y-1, sizeCell, pale, strings.Join(termsWords(s.Terms, p.language), "    "))
	p.y += 6
}

func (p *paper) filings() {
	if len(p.report.Figures.Filings) == 0 {
		return
	}
	g := grid{title: p.pick("报送情况", "Filing"), words: 6, head: filingWords(p.language)}
	for _, d := range p.report.Figures.Filings {
		state, version, at, late := filing(d, p.language)
		g.rows = append(g.rows, []string{d.Division, d.Name, state, version, at, late})
	}
	p.table(g)
}
