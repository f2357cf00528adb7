package report

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/image/font/sfnt"

	"github.com/gatepost-video/gatepost"
)

// sample is a report of a province with more divisions than fit on a page.
func sample(state gatepost.ReportState, rows int) Report {
	at := time.Date(2026, 3, 4, 9, 0, 0, 0, gatepost.Zone)
	rated := func(r ReportRow) ReportRow {
		r.Continuity, r.OnlineRate, r.WatchRate, r.Kept = rate(r.Recorded, r.Due), rate(r.Online, r.Due), rate(r.Watched, r.WatchDue), rate(r.InService-r.Short, r.InService)
		return r
	}
	f := &ReportFigures{Division: "33", Name: "浙江省", Month: "2026-02", Total: ReportRow{Division: "33", Name: "浙江省"}}
	for i := range int64(rows) {
		hour := int64(time.Hour / time.Millisecond)
		r := ReportRow{Division: fmt.Sprintf("33%02d", i+1), Name: fmt.Sprintf("衢江漈碶%d市", i+1), Rank: int(i + 1), Planned: 1200 + 37*i, Enrolled: 1100 + 31*i, Built: 1000 + 30*i, Accepted: 900 + 28*i, InService: 950 + 29*i,
			Due: hour * 672 * (950 + 29*i), Recorded: hour * 660 * (950 + 29*i), Network: hour * 12 * (950 + 29*i), Online: hour * 665 * (950 + 29*i), WatchDue: hour * 5000, Watched: hour * (4000 + 50*i),
			Short: 10 * i, Bytes: 5e12 * (i + 1), Stored: 4e12, Lives: 300 * i, Playbacks: 50 * i, Viewed: hour * 40 * i, Incidents: i % 5, Served: i % 4}
		r = rated(r)
		f.Rows = append(f.Rows, r)
		f.Total.Planned, f.Total.Built, f.Total.Accepted, f.Total.InService = f.Total.Planned+r.Planned, f.Total.Built+r.Built, f.Total.Accepted+r.Accepted, f.Total.InService+r.InService
		f.Total.Due, f.Total.Recorded, f.Total.Online, f.Total.WatchDue, f.Total.Watched = f.Total.Due+r.Due, f.Total.Recorded+r.Recorded, f.Total.Online+r.Online, f.Total.WatchDue+r.WatchDue, f.Total.Watched+r.Watched
		f.Filings = append(f.Filings, ReportFiling{Division: r.Division, Name: r.Name, State: gatepost.ReportLocked, Version: 1, SubmittedAt: &at, Late: i%4 == 3})
	}
	f.Total = rated(f.Total)
	before := f.Total
	before.Built, before.Continuity = before.Built-120, rate(97, 100)
	f.Before = &before
	for i := range 5 {
		f.Months = append(f.Months, ReportMonth{Month: (gatepost.MonthOf(at) - 6 + gatepost.Month(i)).String(), InService: 900, Continuity: rate(int64(930+10*i), 1000), OnlineRate: rate(int64(950+8*i), 1000), WatchRate: rate(int64(700+30*i), 1000)})
	}
	for _, place := range gatepost.PlaceCategories {
		f.Categories = append(f.Categories, ReportCount{Key: string(place), Planned: 10, Due: 100, Recorded: 99, Continuity: rate(99, 100)})
	}
	for _, kind := range gatepost.FaultKinds {
		f.Faults = append(f.Faults, ReportFault{Kind: kind, Faults: 3, Time: 7_200_000})
	}
	for _, kind := range gatepost.OrganisationKinds {
		f.Uses = append(f.Uses, ReportUse{Kind: kind, Lives: 7})
	}
	f.Classes, f.Funders = []ReportCount{{Key: "1"}, {Key: "2"}, {Key: "3"}}, []ReportCount{{Key: "x", Name: "昇喆堃科技有限公司"}}
	f.Settlement = &ReportSettlement{Terms: SettlementTerms{Prices: []int64{20000, 15000, 10000}, Owed: 9900, Factor: 20000, Cap: 3000},
		Lines: []SettlementLine{{Payer: "昇喆堃科技有限公司", Class: 1, Fee: 123_456_789, Deduction: 5, Net: 123_456_784}}, Fee: 123_456_789, Deduction: 5, Net: 123_456_784}
	r := Report{ID: gatepost.NewID(), Division: "33", Month: "2026-02", Version: 2, State: state, CreatedAt: at, Figures: f}
	if state == gatepost.ReportLocked {
		r.DecidedAt, r.SHA256, r.Note = &at, strings.Repeat("0a", 32), "33\n2026-02\n\n— gatepost/report/x AAAA\n"
	}
	return r
}

func TestPages(t *testing.T) {
	for _, l := range []language{"zh", "en"} {
		for _, state := range []gatepost.ReportState{gatepost.ReportDraft, gatepost.ReportLocked} {
			r := sample(state, 45)
			pdf, err := writePDF(r, "浙江省公安厅", l)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := writePDF(r, "浙江省公安厅", l); state == gatepost.ReportLocked && (err != nil || !bytes.Equal(pdf, again)) {
				t.Errorf("%s: the same report gave other pages, %v", l, err)
			}
			pages := read(t, pdf)
			if len(pages) < 6 {
				t.Fatalf("%s: %d pages", l, len(pages))
			}
			all := strings.Join(pages, "\n")
			for _, want := range []string{"浙江省公安厅", "UTC+8", "衢江漈碶45市", "昇喆堃科技有限公司", "1,234,567.84", grouped(fmt.Sprint(r.Figures.Total.Built)), find("continuity").print(r.Figures.Total), "+120", l.pick("（续）", "(continued)")} {
				if !strings.Contains(all, want) {
					t.Errorf("%s: %q is on no page", l, want)
				}
			}
			for i, page := range pages {
				if want := fmt.Sprintf(l.pick("第 %d 页，共 %d 页", "page %d of %d"), i+1, len(pages)); !strings.Contains(page, want) {
					t.Errorf("%s: page %d does not say %q", l, i+1, want)
				}
				if draft := strings.Contains(page, l.state(gatepost.ReportDraft)); draft != (state == gatepost.ReportDraft) {
					t.Errorf("%s: page %d of what is %s says that it is a draft: %t", l, i+1, state, draft)
				}
			}
			if proof := strings.Contains(all, "SHA-256: "+strings.Repeat("0a", 32)); proof != (state == gatepost.ReportLocked) {
				t.Errorf("%s: a report that is %s shows what was signed: %t", l, state, proof)
			}
			if missing := missing(t, all); missing != "" {
				t.Errorf("%s: the font has no %q", l, missing)
			}
		}
	}
}

// TestBook holds what a workbook must show on paper: names that are longer than their
// column, words beside the bars of a chart, and no version of what nobody has filed.
func TestBook(t *testing.T) {
	r := sample(gatepost.ReportLocked, 3)
	r.Figures.Filings[2] = ReportFiling{Division: "3303", Name: "衢江漈碶3市", Late: true}
	b, err := writeXLSX(r, "浙江省公安厅", "zh")
	if err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	style, err := book.GetCellStyle("费用结算", "A5")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := book.GetStyle(style); err != nil || s.Alignment == nil || !s.Alignment.ShrinkToFit {
		t.Errorf("the payer's cell %+v cuts a long name, %v", s, err)
	}
	if rows, err := book.GetRows("报送情况"); err != nil || rows[4][3] != "1" || rows[5][2] != "未报" || rows[5][3] != "" {
		t.Errorf("filings %q, %v", rows, err)
	}
	for sheet, one := range map[string]bool{"故障与维修": true, "报送情况": false} {
		if layout, err := book.GetPageLayout(sheet); err != nil || layout.FitToHeight == nil || (*layout.FitToHeight == 1) != one || *layout.FitToWidth != 1 || *layout.Orientation != "landscape" {
			t.Errorf("%s is printed as %+v, %v", sheet, layout, err)
		}
	}
	charts := 0
	book.Pkg.Range(func(name, content any) bool {
		if part, ok := content.([]byte); ok && strings.HasPrefix(name.(string), "xl/charts/") {
			if charts++; strings.Contains(string(part), `<a:lumOff val="85000">`) && strings.Count(string(part), "404040") < 2 {
				t.Errorf("the words of %s are as pale as paper", name)
			}
		}
		return true
	})
	if charts != 4 {
		t.Errorf("%d charts, want 4", charts)
	}
	if err := book.Close(); err != nil {
		t.Error(err)
	}
}

// TestTotal holds that no page begins with the total of a table.
func TestTotal(t *testing.T) {
	continued := 0
	for rows := 27; rows < 35; rows++ {
		pdf, err := writePDF(sample(gatepost.ReportLocked, rows), "浙江省公安厅", "zh")
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range read(t, pdf) {
			for _, s := range sections {
				_, table, ok := strings.Cut(page, s.zh+"（续）")
				if !ok {
					continue
				}
				continued++
				if division, total := strings.Index(table, "33"), strings.Index(table, "合计"); division < 0 || division > total {
					t.Errorf("of %d rows, the total of %s begins a page", rows, s.zh)
				}
			}
		}
	}
	if continued < 16 {
		t.Errorf("%d tables went over a page", continued)
	}
}

// TestBars holds that no bar lacks its value where others have theirs.
func TestBars(t *testing.T) {
	for _, tt := range []struct {
		built int64
		said  bool
	}{{7, true}, {1234567, false}} {
		r := sample(gatepost.ReportLocked, 13)
		for i := range r.Figures.Rows {
			r.Figures.Rows[i].Planned, r.Figures.Rows[i].Built, r.Figures.Rows[i].Accepted = 3, 3, 3
		}
		r.Figures.Rows[4].Built = tt.built
		pdf, err := writePDF(r, "浙江省公安厅", "zh")
		if err != nil {
			t.Fatal(err)
		}
		threes := 0
		for _, word := range strings.Fields(read(t, pdf)[0]) {
			if word == "3" {
				threes++
			}
		}
		if (threes > 30) != tt.said {
			t.Errorf("%d bars of 3 say so beside one of %d", threes, tt.built)
		}
	}
}

// TestCounty holds that a county, which has no divisions below it, has charts of its classes.
func TestCounty(t *testing.T) {
	r := sample(gatepost.ReportLocked, 1)
	r.Figures.Rows, r.Figures.Filings = []ReportRow{}, []ReportFiling{}
	for i := range r.Figures.Classes {
		r.Figures.Classes[i].Continuity = rate(int64(9123+i), 10_000)
	}
	pdf, err := writePDF(r, "公安上城分局", "zh")
	if err != nil {
		t.Fatal(err)
	}
	pages := read(t, pdf)
	if strings.Contains(strings.Join(pages, ""), "…") {
		t.Error("something is cut off")
	}
	first := pages[0]
	for _, want := range []string{"一类点", "91.23%", "三类点", "91.25%"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first page of a county has no %s:\n%s", want, first)
		}
	}
}

// TestFont holds that the names of divisions can be printed.
func TestFont(t *testing.T) {
	names, err := os.ReadFile("../../internal/demo/data/divisions.csv")
	if err != nil {
		t.Fatal(err)
	}
	if missing := missing(t, string(names)); missing != "" {
		t.Errorf("the font has no %q", missing)
	}
	if missing(t, "\u3400") == "" {
		t.Error("nothing is ever missing")
	}
}

// missing returns the letters of a text that the font has not.
func missing(t *testing.T, text string) string {
	t.Helper()
	letters, err := font()
	if err != nil {
		t.Fatal(err)
	}
	f, err := sfnt.Parse(letters)
	if err != nil {
		t.Fatal(err)
	}
	var none []rune
	for _, r := range text {
		if r < ' ' {
			continue
		}
		if glyph, err := f.GlyphIndex(nil, r); err != nil || glyph == 0 {
			none = append(none, r)
		}
	}
	return string(none)
}

// read returns the text of pages, where poppler is installed.
func read(t *testing.T, pdf []byte) []string {
	t.Helper()
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("poppler is not installed (test/setup.sh does that): the pages were not read")
	}
	cmd := exec.CommandContext(t.Context(), program, "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("pdftotext: %v", err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\f"), "\f")
}
