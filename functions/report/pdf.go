package report

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"codeberg.org/go-pdf/fpdf"

	"github.com/gatepost-video/gatepost"
)

// fontFile has Latin and Chinese letters; font/README.md says where from.
//
//go:embed font/report.ttf.gz
var fontFile []byte

var font = sync.OnceValues(func() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(fontFile))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
})

// A page, in millimetres, and the sizes of letters, in points.
const (
	pageWidth, pageHeight = 297, 210 // A4, landscape
	margin                = 12
	bottom                = pageHeight - 16 // the footer is below
	inner                 = pageWidth - 2*margin

	sizeTitle   = 17
	sizeSection = 11
	sizeText    = 9
	sizeCell    = 7.5
	point       = 25.4 / 72
)

// colour is red, green and blue.
type colour [3]int

var (
	white  = colour{255, 255, 255}
	ink    = colour{32, 40, 48}
	pale   = colour{110, 120, 130}
	shade  = colour{232, 238, 244}
	rule   = colour{190, 198, 206}
	series = []colour{{31, 95, 153}, {86, 164, 108}, {224, 142, 52}}
)

// writePDF writes a report as pages to print: key figures and charts, all tables, and
// what was signed, or that it is a draft. It is the same for the same report.
func writePDF(r Report, unit string, l language) ([]byte, error) {
	letters, err := font()
	if err != nil {
		return nil, fmt.Errorf("read the font: %w", err)
	}
	p := &paper{Fpdf: fpdf.New("L", "mm", "A4", ""), language: l, report: r, unit: unit}
	p.AddUTF8FontFromBytes("report", "", bytes.Clone(letters))
	p.SetFont("report", "", sizeText)
	p.SetAutoPageBreak(false, 0)
	p.SetCatalogSort(true)
	p.SetCreationDate(r.CreatedAt)
	p.SetModificationDate(r.CreatedAt)
	p.SetTitle(l.pick(formTitle.zh, formTitle.en)+" "+r.Figures.Name+" "+r.Month, true)
	p.SetProducer("Gatepost", true)
	p.SetLang(l.pick("zh-CN", "en"))
	p.overview()
	p.tables()
	p.signatures()
	p.finish()
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("write the pages: %w", err)
	}
	return out.Bytes(), nil
}

// paper is pages as they are written; y is how far down the present one is full.
type paper struct {
	*fpdf.Fpdf
	language
	report Report
	unit   string
	y      float64
}

func (p *paper) page() {
	p.AddPage()
	p.y = margin
	if p.PageNo() > 1 {
		p.text(margin, p.y+3, sizeText, pale, p.report.Figures.Name+"  "+p.report.Month+"  "+p.pick("第", "version ")+strconv.Itoa(p.report.Version)+p.pick("版", ""))
		p.y += 7
	}
}

// room begins another page unless there is height left on this one.
func (p *paper) room(height float64) {
	if p.y+height > bottom {
		p.page()
	}
}

// printable is a text without what the font's tables cannot name.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ':
			return ' '
		case r > 0xffff:
			return '□'
		}
		return r
	}, s)
}

// text writes at the left end of a base line.
func (p *paper) text(x, y, size float64, c colour, s string) {
	p.SetFontSize(size)
	p.SetTextColor(c[0], c[1], c[2])
	p.Text(x, y, printable(s))
}

// aligned writes within a width, from its left end (0), its middle (0.5) or its right end (1).
func (p *paper) aligned(x, y, width, at, size float64, c colour, s string) {
	p.text(x+(width-p.width(size, s))*at, y, size, c, s)
}

// strong writes with thicker letters.
func (p *paper) strong(x, y, width, at, size float64, s string) {
	p.SetDrawColor(ink[0], ink[1], ink[2])
	p.SetLineWidth(size * 0.01)
	p.SetTextRenderingMode(2)
	p.aligned(x, y, width, at, size, ink, s)
	p.SetTextRenderingMode(0)
}

func (p *paper) width(size float64, s string) float64 {
	p.SetFontSize(size)
	return p.GetStringWidth(printable(s))
}

// atoms matches what no line breaks within: a Chinese letter, a word, what is in brackets.
var atoms = regexp.MustCompile(`\([^)]*\)\S*|[^\s(\x{2e80}-\x{ffff}]+ ?|\S[：，。、]? ?| `)

// lines breaks a text where it may.
func (p *paper) lines(size, width float64, s string) []string {
	list := []string{""}
	for _, atom := range atoms.FindAllString(s, -1) {
		last := &list[len(list)-1]
		if *last != "" && p.width(size, strings.TrimSpace(*last+atom)) > width {
			list = append(list, atom)
			continue
		}
		*last += atom
	}
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// rounding is how much wider than a column a text may come out that the column was made for, in mm.
const rounding = 0.001

// cut is what fits of a text.
func (p *paper) cut(size, width float64, s string) string {
	if p.width(size, s) <= width+rounding {
		return s
	}
	letters := []rune(s)
	for len(letters) > 0 && p.width(size, string(letters)+"…") > width {
		letters = letters[:len(letters)-1]
	}
	return string(letters) + "…"
}

func (p *paper) fill(c colour, x, y, w, h float64) {
	p.SetFillColor(c[0], c[1], c[2])
	p.Rect(x, y, w, h, "F")
}

func (p *paper) line(c colour, thick, x1, y1, x2, y2 float64) {
	p.SetDrawColor(c[0], c[1], c[2])
	p.SetLineWidth(thick)
	p.Line(x1, y1, x2, y2)
}

// overview is the first page: what this is, the key figures, and charts.
func (p *paper) overview() {
	p.page()
	p.strong(margin, p.y+7, inner, 0.5, sizeTitle, p.pick(formTitle.zh, formTitle.en))
	p.y += 15
	p.aligned(margin, p.y, inner, 0.5, sizeText, ink, strings.Join(subtitle(p.report, p.unit, p.language), "    "))
	p.y += 5
	p.tiles()
	p.charts()
}

// tiles are the key figures, and what changed since the month before.
func (p *paper) tiles() {
	keys := []string{"planned", "built", "accepted", "in_service", "continuity", "online_rate", "watch_rate", "retention_rate"}
	wide, f := inner/float64(len(keys)), p.report.Figures
	for i, key := range keys {
		c, x := find(key), margin+float64(i)*wide
		p.fill(shade, x+0.75, p.y, wide-1.5, 19)
		p.aligned(x, p.y+5, wide, 0.5, sizeText, pale, p.pick(c.zh, c.en))
		p.strong(x, p.y+11.5, wide, 0.5, 13, c.print(f.Total))
		if f.Before != nil {
			p.aligned(x, p.y+16.5, wide, 0.5, sizeCell, pale, p.pick("环比 ", "on month ")+c.change(p.language, *f.Before, f.Total))
		}
	}
	p.y += 23
}

// find returns the column of a key.
func find(key string) column {
	for _, s := range sections {
		for _, c := range s.columns {
			if c.key == key {
				return c
			}
		}
	}
	panic("no column " + key) // only for keys that this package does not use
}

// print is a figure of a row as people read it.
func (c column) print(r ReportRow) string {
	switch v := c.value(r).(type) {
	case string:
		return v
	case int64:
		return grouped(strconv.FormatInt(v, 10))
	case float64:
		if c.format == whatRate {
			return strconv.FormatFloat(v*100, 'f', 2, 64) + "%"
		}
		return grouped(strconv.FormatFloat(v, 'f', 2, 64))
	}
	return "–"
}

// change is how a figure differs from one before.
func (c column) change(l language, before, after ReportRow) string {
	switch a := c.value(after).(type) {
	case int64:
		return signed(grouped(strconv.FormatInt(a-c.value(before).(int64), 10)))
	case float64:
		if b, ok := c.value(before).(float64); ok {
			return signed(strconv.FormatFloat((a-b)*100, 'f', 2, 64)) + l.pick("个百分点", " points")
		}
	}
	return "–"
}

func signed(number string) string {
	if strings.HasPrefix(number, "-") || strings.Trim(number, "0.") == "" {
		return number
	}
	return "+" + number
}

// grouped puts commas between the thousands of a number.
func grouped(number string) string {
	digits, rest, _ := strings.Cut(number, ".")
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if rest != "" {
		digits += "." + rest
	}
	return digits
}

// signatures are the last thing on paper: room for those who answer for it, and what proves
// that a locked report is the one that was filed.
func (p *paper) signatures() {
	p.room(30)
	p.y += 8
	for i, s := range signatories(p.language) {
		p.text(margin+float64(i)*inner/4, p.y, sizeText, ink, s)
	}
	p.y += 9
	r := p.report
	if r.State != gatepost.ReportLocked {
		return
	}
	p.text(margin, p.y, sizeText, ink, p.pick("锁定时间：", "Locked at: ")+stamp(r.DecidedAt)+"    SHA-256: "+r.SHA256)
	p.y += 5
	if words := keyWords(r, p.language); words != "" {
		p.text(margin, p.y, sizeCell, ink, words)
		p.y += 5
	}
	for _, line := range strings.Split(strings.TrimSpace(r.Note), "\n") {
		p.text(margin, p.y, sizeCell, pale, line)
		p.y += 3.5
	}
}

// finish writes the foot of every page, and over each page of what is not locked that
// it is a draft.
func (p *paper) finish() {
	for n := range p.PageCount() {
		p.SetPage(n + 1)
		p.line(rule, 0.2, margin, bottom+4, pageWidth-margin, bottom+4)
		p.text(margin, bottom+8.5, sizeCell, pale, p.pick("编号 ", "Report ")+p.report.ID+"    "+p.state(p.report.State))
		p.aligned(margin, bottom+8.5, inner, 1, sizeCell, pale, fmt.Sprintf(p.pick("第 %d 页，共 %d 页", "page %d of %d"), n+1, p.PageCount()))
		if p.report.State == gatepost.ReportLocked {
			continue
		}
		p.SetAlpha(0.08, "Normal")
		p.TransformBegin()
		p.TransformRotate(30, pageWidth/2, pageHeight/2)
		p.aligned(0, pageHeight/2+20, pageWidth, 0.5, 150, ink, p.pick("草 稿", "DRAFT"))
		p.TransformEnd()
		p.SetAlpha(1, "Normal")
	}
}
