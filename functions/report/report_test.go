package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/note"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/report"
	"github.com/gatepost-video/gatepost/internal/signature"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type m = map[string]any

// small is a world with some cameras and a month that is measured.
func small(t *testing.T, driver, url string) *world {
	t.Helper()
	w := newWorld(t, driver, url)
	for range 4 {
		w.enrol()
	}
	for _, c := range w.cameras {
		w.record(c)
	}
	w.plan()
	w.fail()
	w.measure()
	return w
}

func (w *world) review(unit, id string, body m) functest.Reply {
	return w.api.Do(w.lead(unit), "POST", "/v1/reports/"+id+"/review", body)
}

func (w *world) submit(unit, id string) functest.Reply {
	return w.api.Do(w.lead(unit), "POST", "/v1/reports/"+id+"/submit", nil)
}

// filed draws up, submits and accepts a report.
func (w *world) filed(unit, above string) functest.Reply {
	w.t.Helper()
	id := w.draw(unit).Want(201).String("id")
	w.submit(unit, id).Want(200)
	return w.review(above, id, m{"accept": true}).Want(200)
}

func TestFiling(t *testing.T) {
	each(t, func(t *testing.T, driver, url string) {
		w := small(t, driver, url)
		county := w.draw("county").Want(201)
		id := county.String("id")
		w.draw("county").Refused(gatepost.Conflict, "")
		if r := w.submit("city", id).Refused(gatepost.Forbidden, ""); !strings.Contains(r.String("detail"), "draw up and submit its report") {
			t.Errorf("a submission by the wrong level: %q", r.String("detail"))
		}
		w.submit("county2", id).Refused(gatepost.NotFound, "")
		w.review("city", id, m{"accept": true}).Refused(gatepost.Conflict, "")
		w.submit("county", id).Want(200)
		w.submit("county", id).Refused(gatepost.Conflict, "")
		w.review("county", id, m{"accept": true}).Refused(gatepost.Forbidden, "")
		if r := w.review("province", id, m{"accept": true}).Refused(gatepost.Forbidden, ""); !strings.Contains(r.String("detail"), "level directly above review this") {
			t.Errorf("a review by the wrong level: %q", r.String("detail"))
		}
		w.review("city2", id, m{"accept": true}).Refused(gatepost.NotFound, "")
		w.review("city", id, m{"accept": false}).Refused(gatepost.Invalid, "remark")
		if r := w.review("city", id, m{"accept": false, "remark": "数字不对"}).Want(200); r.Body["state"] != "returned" {
			t.Errorf("returned: %s", r.Text)
		}
		w.api.Do(w.lead("county"), "POST", "/v1/reports/"+id+"/refresh", nil).Want(200)
		w.submit("county", id).Want(200)
		locked := w.review("city", id, m{"accept": true}).Want(200)
		if locked.Body["state"] != "locked" || locked.Body["late"] != nil {
			t.Errorf("locked: %s", locked.Text)
		}
		for _, r := range []functest.Reply{w.submit("county", id), w.review("city", id, m{"accept": true}), w.api.Do(w.lead("county"), "POST", "/v1/reports/"+id+"/refresh", nil)} {
			r.Refused(gatepost.Conflict, "")
		}

		// The city waits for its counties, until the deadline.
		city := w.draw("city").Want(201).String("id")
		if r := w.submit("city", city).Refused(gatepost.Conflict, "filings"); !strings.Contains(r.Text, "下城区") || strings.Contains(r.Text, "上城区") {
			t.Errorf("waiting for %s", r.Text)
		}
		w.now = gatepost.FilingDeadline(month).Add(time.Hour)
		var rolled struct{ Figures report.ReportFigures }
		if err := json.Unmarshal([]byte(w.submit("city", city).Want(200).Text), &rolled); err != nil {
			t.Fatal(err)
		}
		f := rolled.Figures.Filings
		if len(f) != 2 || f[0].Late || f[0].State != gatepost.ReportLocked || f[0].SHA256 != locked.String("sha256") || !f[1].Late || f[1].ReportID != "" {
			t.Errorf("filings: %+v", f)
		}
		w.review("province", city, m{"accept": true}).Want(200)

		// The province's is locked as it is submitted.
		province := w.draw("province").Want(201).String("id")
		if r := w.submit("province", province).Want(200); r.Body["state"] != "locked" || r.Body["late"] != true {
			t.Errorf("the province's: %s", r.Text)
		}
		if items := w.api.Do(w.lead("city2"), "GET", "/v1/reports", nil).Want(200).Items(); len(items) != 0 {
			t.Errorf("another city sees %v", items)
		}
		if items := w.api.Do(w.lead("operator"), "GET", "/v1/reports?month="+month.String(), nil).Want(200).Items(); len(items) != 3 {
			t.Errorf("the operator sees %v", items)
		}
		below := w.units["county"].Division
		if items := w.api.Do(w.lead("province"), "GET", "/v1/reports?division="+below, nil).Want(200).Items(); len(items) != 1 || items[0]["division"] != below {
			t.Errorf("of the county the province sees %v", items)
		}
		w.api.Do(w.lead("city2"), "GET", "/v1/reports?division="+below, nil).Refused(gatepost.Forbidden, "division")
		w.api.Do(w.lead("shop"), "GET", "/v1/reports", nil).Refused(gatepost.Forbidden, "")
		w.api.Do(w.lead("shop"), "GET", "/v1/reports/"+id, nil).Refused(gatepost.NotFound, "")
	})
}

// TestPast holds that a report shows how its division stood before.
func TestPast(t *testing.T) {
	w := small(t, "sqlite", storetest.SQLite(t))
	if first := w.draw("county2").Want(201); first.Body["figures"].(m)["before"] != nil || first.Body["figures"].(m)["months"] != nil {
		t.Errorf("a first report has a past: %s", first.Text)
	}
	total := w.filed("county", "city").Body["figures"].(m)["total"]
	w.now = (month + 1).Last().End().AddDate(0, 0, 4)
	w.measure()
	w.measure()
	next := w.api.Do(w.lead("county"), "POST", "/v1/reports", m{"month": (month + 1).String()}).Want(201).Body["figures"].(m)
	if !reflect.DeepEqual(next["before"], total) {
		t.Errorf("the month before was %v, and is said to have been %v", total, next["before"])
	}
	if months := next["months"].([]any); len(months) != 1 || months[0].(m)["month"] != month.String() || months[0].(m)["continuity"] != total.(m)["continuity"] {
		t.Errorf("the months before: %v", months)
	}
}

func TestRefused(t *testing.T) {
	w := newWorld(t, "sqlite", storetest.SQLite(t))
	for text, remedy := range map[string]string{"2026-03": "the last month that is over is 2026-02", "2026-04": "the last month that is over is 2026-02",
		"2100-01": "the last month that is over is 2026-02", "2026-13": "YYYY-MM", "February": "YYYY-MM", "": "YYYY-MM"} {
		if r := w.api.Do(w.lead("county"), "POST", "/v1/reports", m{"month": text}).Refused(gatepost.Invalid, "month"); !strings.Contains(r.String("detail"), remedy) {
			t.Errorf("month %q: %q does not say %q", text, r.String("detail"), remedy)
		}
	}
	for text, remedy := range map[string]string{month.String(): "try again in some hours: ", "1999-01": "choose a later month"} { // no day is measured
		if r := w.api.Do(w.lead("county"), "POST", "/v1/reports", m{"month": text}).Refused(gatepost.Conflict, "month"); !strings.HasPrefix(r.String("detail"), remedy) {
			t.Errorf("month %q: %q does not begin with %q", text, r.String("detail"), remedy)
		}
	}
	w.draw("station").Refused(gatepost.Forbidden, "") // of a town
	w.draw("shop").Refused(gatepost.Forbidden, "")
	w.draw("operator").Refused(gatepost.Forbidden, "")
	w.api.Do(w.api.SignIn(w.units["county"], gatepost.RoleWatcher), "POST", "/v1/reports", m{"month": month.String()}).Refused(gatepost.Forbidden, "")
	terms := func(change m) m {
		body := m{"prices_fen": []int{1, 2, 3}, "owed_continuity": 9900, "deduction_factor": 10000, "deduction_cap": 3000}
		for k, v := range change {
			body[k] = v
		}
		return body
	}
	admin := w.api.SignIn(w.units["operator"], gatepost.RoleAdmin)
	for field, bad := range map[string]any{"owed_continuity": 10001, "deduction_factor": -1, "deduction_cap": 10001, "prices_fen[1]": nil} {
		body := terms(m{field: bad})
		if bad == nil {
			body = terms(m{"prices_fen": []int{1, -2, 3}})
		}
		w.api.Do(admin, "PUT", "/v1/settlement-terms", body).Refused(gatepost.Invalid, field)
	}
	w.api.Do(w.lead("operator"), "PUT", "/v1/settlement-terms", terms(nil)).Refused(gatepost.Forbidden, "")
	w.api.Do(admin, "GET", "/v1/settlement-terms", nil).Refused(gatepost.NotFound, "")
	w.api.Do(admin, "PUT", "/v1/settlement-terms", terms(nil)).Want(200)
	if r := w.api.Do(w.lead("county"), "GET", "/v1/settlement-terms", nil).Want(200); r.Body["owed_continuity"] != 9900.0 {
		t.Errorf("terms: %s", r.Text)
	}
	w.api.Do(w.lead("shop"), "GET", "/v1/settlement-terms", nil).Refused(gatepost.Forbidden, "")
}

// TestLocked holds that a locked report is what was signed, whatever becomes of the facts,
// and that a correction is another version.
func TestLocked(t *testing.T) {
	each(t, func(t *testing.T, driver, url string) {
		w := small(t, driver, url)
		locked := w.filed("county", "city")
		id, path := locked.String("id"), "/v1/reports/"+locked.String("id")
		file := func() string {
			return w.api.Do(w.lead("county"), "GET", path+"/file?format=json", nil).Want(200).Text
		}
		object := file()
		if sum := sha256.Sum256([]byte(object)); hex.EncodeToString(sum[:]) != locked.String("sha256") {
			t.Errorf("the object is not what the row says")
		}
		lines := verify(t, w, locked.String("note"))
		if want := []string{"330102", month.String(), "1", id, locked.String("sha256")}; !slices.Equal(lines, want) {
			t.Errorf("%q is signed, want %q", lines, want)
		}
		stored, err := w.objects.Get(t.Context(), "report/330102/"+month.String()+"/"+id+".json", 0, -1)
		w.must(nil, err)
		b, err := io.ReadAll(stored)
		w.must(nil, err)
		w.must(nil, stored.Close())
		if string(b) != object {
			t.Errorf("the file is not the object")
		}

		// Everything is forgotten that it was made of.
		for _, table := range []string{"camera_days", "camera_uses", "recordings"} {
			_, err := w.db.ExecContext(t.Context(), "DELETE FROM "+table)
			w.must(nil, err)
		}
		if now := w.api.Do(w.lead("county"), "GET", path, nil).Want(200); now.Text != locked.Text || file() != object {
			t.Errorf("a locked report has changed:\n%s\n%s", now.Text, locked.Text)
		}
		second := w.draw("county").Want(201)
		if second.Body["version"] != 2.0 {
			t.Errorf("a correction: %s", second.Text)
		}
		w.submit("county", second.String("id")).Want(200)
		w.review("city", second.String("id"), m{"accept": true}).Want(200)
		if file() != object {
			t.Error("the second version changed the first")
		}

		// An object that was changed is not shown.
		w.must(nil, w.objects.Put(t.Context(), "report/330102/"+month.String()+"/"+id+".json", bytes.NewReader([]byte("{}")), 2))
		w.api.Do(w.lead("county"), "GET", path+"/file?format=json", nil).Refused(gatepost.Internal, "")
	})
}

// TestWithdrawnKey: of a locked report it is told that its key was withdrawn, and whether others
// may have had that when it was locked.
func TestWithdrawnKey(t *testing.T) {
	w := small(t, "sqlite", storetest.SQLite(t))
	w.now = time.Now()
	old := w.filed("county", "city").String("id")
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal([]byte(w.api.Do("", "GET", "/v1/evidence-keys", nil).Want(200).Text), &set); err != nil {
		t.Fatal(err)
	}
	if r := w.api.Do(w.lead("county"), "GET", "/v1/reports/"+old, nil).Want(200); r.Body["key_withdrawn"] != nil {
		t.Errorf("nobody withdrew its key: %v", r.Body["key_withdrawn"])
	}
	withdraw := func(since time.Time) {
		t.Helper()
		w.api.Do(w.api.SignIn(w.units["operator"], gatepost.RoleAdmin), "POST", "/v1/evidence-keys/"+set.Keys[0].Kid+"/withdraw",
			m{"reason": "a backup was lost", "untrusted_since": since.UTC().Format(time.RFC3339Nano)}).Want(204)
	}
	marked := func(id string, want any) {
		t.Helper()
		one := w.api.Do(w.lead("county"), "GET", "/v1/reports/"+id, nil).Want(200).Body
		list := w.api.Do(w.lead("county"), "GET", "/v1/reports", nil).Want(200).Items()
		list = slices.DeleteFunc(list, func(r m) bool { return r["id"] != id })
		for _, r := range []m{one, list[0]} {
			key, _ := r["key_withdrawn"].(m)
			if key["doubtful"] != want || want != nil && key["withdrawn_reason"] != "a backup was lost" {
				t.Errorf("key_withdrawn: %v, want doubtful %v", key, want)
			}
		}
		text := w.api.Do(w.lead("county"), "GET", "/v1/reports/"+id+"/file?format=xlsx&lang=en", nil).Want(200).Text
		book, err := excelize.OpenReader(strings.NewReader(text))
		w.must(nil, err)
		found, err := book.SearchSheet(book.GetSheetName(0), "Its key was withdrawn", true)
		w.must(nil, err)
		if (len(found) > 0) != (want != nil) {
			t.Errorf("the workbook tells of it %d times", len(found))
		}
		w.must(nil, book.Close())
	}
	withdraw(w.now.Add(-time.Minute))
	marked(old, true)
	second := w.draw("county").Want(201).String("id")
	w.submit("county", second).Want(200)
	w.review("city", second, m{"accept": true}).Want(200)
	marked(second, nil)
}

// verify checks a note with the published keys, as an outsider does.
func verify(t *testing.T, w *world, text string) []string {
	t.Helper()
	var set struct{ Keys []struct{ X string } }
	if err := json.Unmarshal([]byte(w.api.Do("", "GET", "/v1/evidence-keys", nil).Want(200).Text), &set); err != nil {
		t.Fatal(err)
	}
	var keys []note.Verifier
	for _, k := range set.Keys {
		public, err := base64.RawURLEncoding.DecodeString(k.X)
		w.must(nil, err)
		name, err := signature.VerifierText(signature.Report, public)
		w.must(nil, err)
		v, err := signature.NewVerifier(name)
		w.must(nil, err)
		keys = append(keys, v)
	}
	signer, lines, err := signature.Open(text, keys...)
	if err != nil || !strings.HasPrefix(signer, signature.Report) {
		t.Fatalf("the note does not verify: %s %v", signer, err)
	}
	return lines
}

func TestFiles(t *testing.T) {
	w := small(t, "sqlite", storetest.SQLite(t))
	r := w.draw("province").Want(201)
	var got struct{ Figures report.ReportFigures }
	if err := json.Unmarshal([]byte(r.Text), &got); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"zh", "en"} {
		get := func(format string) []byte {
			return []byte(w.api.Do(w.lead("province"), "GET", "/v1/reports/"+r.String("id")+"/file?format="+format+"&lang="+lang, nil).Want(200).Text)
		}
		table, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(get("csv"), []byte("\ufeff")))).ReadAll()
		if err != nil || len(table) != 2+len(got.Figures.Rows) {
			t.Fatalf("%s: %d lines of CSV, %v", lang, len(table), err)
		}
		if last := table[len(table)-1]; last[1] != "浙江省" || last[4] != strconv.FormatInt(got.Figures.Total.Built, 10) {
			t.Errorf("%s: the total is %v", lang, last)
		}
		checkBook(t, get("xlsx"), lang, got.Figures)
		pages := paged(t, get("pdf"))
		for _, row := range got.Figures.Rows {
			if !strings.Contains(pages[0], row.Name) {
				t.Errorf("%s: %s is not on the first page", lang, row.Name)
			}
		}
		if want := map[string]string{"zh": "草稿", "en": "Draft"}[lang]; !strings.Contains(pages[0], want) {
			t.Errorf("%s: a draft does not say so", lang)
		}
	}
	w.api.Do(w.lead("province"), "GET", "/v1/reports/"+r.String("id")+"/file?format=docx", nil).Refused(gatepost.Invalid, "format")
}

// paged is the text of pages, where poppler is installed.
func paged(t *testing.T, pdf []byte) []string {
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

// checkBook computes every formula of a workbook and compares it with the value beside it,
// and the value of the last figures with the report; with LibreOffice, if it is
// there, as well.
func checkBook(t *testing.T, b []byte, lang string, f report.ReportFigures) {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	}()
	sheets := map[string][]string{"zh": {"建设情况", "录像与值守", "故障与维修", "应用情况", "分类情况", "故障分类", "使用单位", "费用结算", "报送情况"},
		"en": {"Building", "Recording", "Repair", "Use", "Kinds", "Faults", "Units", "Settlement", "Filing"}}[lang]
	if !slices.Equal(book.GetSheetList(), sheets) {
		t.Fatalf("sheets %q, want %q", book.GetSheetList(), sheets)
	}
	formulas, tables := 0, map[string][][]string{}
	for _, sheet := range sheets {
		rows, err := book.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		for y, row := range rows {
			for x, value := range row {
				at, _ := excelize.CoordinatesToCellName(x+1, y+1)
				formula, err := book.GetCellFormula(sheet, at)
				if err != nil || formula == "" {
					continue
				}
				formulas++
				computed, err := book.CalcCellValue(sheet, at, excelize.Options{RawCellValue: true})
				if err != nil || !same(computed, value) {
					t.Errorf("%s!%s: %s comes to %q (%v), the value beside it is %q", sheet, at, formula, computed, err, value)
				}
				if err := errors.Join(book.SetCellValue(sheet, at, nil), book.SetCellFormula(sheet, at, formula)); err != nil {
					t.Error(err)
				}
			}
		}
		tables[sheet] = rows
	}
	if formulas < 40 {
		t.Errorf("%d formulas", formulas)
	}
	checkTotal(t, b, sheets, f)
	var bare bytes.Buffer // with formulas and without the values beside them, so that they must be computed
	if err := book.Write(&bare); err != nil {
		t.Fatal(err)
	}
	compareOffice(t, bare.Bytes(), tables)
}

// checkTotal compares the last row of a workbook's first sheets with the report.
func checkTotal(t *testing.T, b []byte, sheets []string, f report.ReportFigures) {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	}()
	total := strconv.Itoa(4 + len(f.Rows))
	for _, tt := range []struct{ sheet, column, want string }{
		{sheets[0], "E", strconv.FormatInt(f.Total.Built, 10)}, {sheets[0], "J", fmt.Sprint(float64(*f.Total.Kept) / 10_000)},
		{sheets[1], "D", fmt.Sprint(float64(f.Total.Recorded) / 3_600_000)}, {sheets[1], "E", fmt.Sprint(float64(*f.Total.Continuity) / 10_000)},
		{sheets[2], "C", strconv.FormatInt(f.Total.Faults, 10)}, {sheets[3], "C", strconv.FormatInt(f.Total.Lives, 10)}} {
		if value, err := book.GetCellValue(tt.sheet, tt.column+total, excelize.Options{RawCellValue: true}); err != nil || !same(value, tt.want) {
			t.Errorf("%s!%s%s is %q %v, want %s", tt.sheet, tt.column, total, value, err, tt.want)
		}
	}
}

// same compares cells, numbers to a billionth; 41.78% is a number.
func same(a, b string) bool {
	x, failed := number(a)
	y, err := number(b)
	if failed != nil || err != nil {
		return strings.TrimSpace(a) == strings.TrimSpace(b)
	}
	return math.Abs(x-y) <= 1e-9*max(1, math.Abs(x))
}

func number(s string) (float64, error) {
	digits, percent := strings.CutSuffix(s, "%")
	n, err := strconv.ParseFloat(digits, 64)
	if percent {
		n /= 100
	}
	return n, err
}

// compareOffice has LibreOffice, where it is installed, open a workbook, compute its
// formulas and write each sheet as CSV, and compares that with rows.
func compareOffice(t *testing.T, b []byte, sheets map[string][][]string) {
	t.Helper()
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Log("LibreOffice is not installed: the workbook was not opened in it")
		return
	}
	at := t.TempDir()
	in := filepath.Join(at, "report.xlsx")
	if err := os.WriteFile(in, b, 0o600); err != nil {
		t.Fatal(err)
	}
	// Comma, quote, UTF-8, from the first line, values not as they are shown, every sheet into a file of its own.
	cmd := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+at+"/profile", "--headless", "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1", "--outdir", at, in)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8") // the names of the files are the sheets'
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for sheet, rows := range sheets {
		text, err := os.ReadFile(filepath.Join(at, "report-"+sheet+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		reader := csv.NewReader(bytes.NewReader(text))
		reader.FieldsPerRecord = -1
		table, err := reader.ReadAll()
		if err != nil || len(table) < len(rows) {
			t.Fatalf("%s: LibreOffice has %d rows of %d, %v", sheet, len(table), len(rows), err)
		}
		for y, row := range rows {
			for x, value := range row {
				if got := table[y][x]; !same(got, value) {
					t.Errorf("%s row %d column %d: LibreOffice has %q, it should be %q", sheet, y+1, x+1, got, value)
				}
			}
		}
	}
}
