package report_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/report"
)

// TestOracle compares the reports of counties, cities and the province, to the last
// figure, with a program that knows the rows of the database and the definitions
// of the report, and looks at each second of the month.
func TestOracle(t *testing.T) {
	each(t, func(t *testing.T, driver, url string) {
		w := newWorld(t, driver, url)
		for range 14 {
			w.enrol()
		}
		for _, c := range w.cameras {
			w.record(c)
		}
		w.use()
		w.plan()
		w.fail()
		w.measure()
		o := newOracle(w)
		for _, unit := range []string{"county", "county2", "county3", "city", "city2", "province"} {
			var got struct{ Figures report.ReportFigures }
			if err := json.Unmarshal([]byte(w.draw(unit).Want(201).Text), &got); err != nil {
				t.Fatal(err)
			}
			want := o.report(w.units[unit].Division)
			got.Figures.Filings, got.Figures.Name, got.Figures.Settlement.Terms = nil, "", report.SettlementTerms{}
			compare(t, unit, reflect.ValueOf(got.Figures), reflect.ValueOf(want))
		}
		if p := o.report("33").Total; p.Due == 0 || p.Watched == 0 || p.Network == 0 || p.Storage == 0 || p.Exports == 0 || p.Served == 0 || p.Accepted == 0 || p.Short == 0 || p.Answered == 0 || p.Faults == 0 || p.FaultTime == 0 || p.Overdue == 0 || p.Repaired == 0 {
			t.Errorf("a world in which too little happens: %+v", p)
		}
	})
}

// compare names each figure that differs.
func compare(t *testing.T, at string, got, want reflect.Value) {
	t.Helper()
	switch {
	case got.Kind() == reflect.Pointer && !got.IsNil() && !want.IsNil():
		compare(t, at, got.Elem(), want.Elem())
	case got.Kind() == reflect.Struct:
		for i := range got.NumField() {
			compare(t, at+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i))
		}
	case got.Kind() == reflect.Slice && got.Len() == want.Len():
		for i := range got.Len() {
			compare(t, fmt.Sprintf("%s[%d]", at, i), got.Index(i), want.Index(i))
		}
	case !reflect.DeepEqual(got.Interface(), want.Interface()) && got.Kind() != reflect.Slice || got.Kind() == reflect.Slice && got.Len() != want.Len():
		t.Errorf("%s: %v, the oracle says %v", at, got, want)
	}
}

// seconds from the first day that is looked at.
type moment struct {
	at, class, days                                 int64
	state, division, place, owner, funder, category string
}

type row struct {
	run             string
	seq             int64
	from, to, bytes int64 // seconds
	prior, end      string
}

type look struct {
	from, to, bytes int64
	live, shared    bool
	kind, division  string
}

// oracle holds the rows, with times in seconds.
type oracle struct {
	w        *world
	first    int64 // the second at which the first day begins
	moments  map[string][]moment
	rows     map[string][]row
	looks    map[string][]look
	days     []cameraDay
	names    map[string]string
	signoffs map[string][]signoff
}

type signoff struct {
	at     int64
	passed bool
}

// cameraDay is a camera's day.
type cameraDay struct {
	camera string
	day    int64 // from that of the first
	moment
	report.ReportRow
	uses map[string]report.ReportUse
}

func (o *oracle) query(query string, scan func(scan func(...any) error) error, args ...any) {
	o.w.t.Helper()
	rows, err := o.w.db.QueryContext(o.w.t.Context(), query, args...)
	o.w.must(nil, err)
	for rows.Next() {
		o.w.must(nil, scan(rows.Scan))
	}
	o.w.must(nil, rows.Err())
	o.w.must(nil, rows.Close())
}

func newOracle(w *world) *oracle {
	o := &oracle{w: w, first: begin.AddDate(0, 0, -8).Unix(), moments: map[string][]moment{}, rows: map[string][]row{}, looks: map[string][]look{},
		names: map[string]string{}, signoffs: map[string][]signoff{}}
	o.query(`SELECT camera_id, at / 1000, state, class, division, place, owner_id, funder_id, retention_days, category FROM camera_history ORDER BY at`, func(scan func(...any) error) error {
		var id string
		var m moment
		err := scan(&id, &m.at, &m.state, &m.class, &m.division, &m.place, &m.owner, &m.funder, &m.days, &m.category)
		o.moments[id] = append(o.moments[id], m)
		return err
	})
	o.query(`SELECT camera_id, run, seq, start_us / 1000000, end_us / 1000000, bytes, prior_end, run_end FROM recordings ORDER BY start_us`, func(scan func(...any) error) error {
		var id string
		var r row
		err := scan(&id, &r.run, &r.seq, &r.from, &r.to, &r.bytes, &r.prior, &r.end)
		o.rows[id] = append(o.rows[id], r)
		return err
	})
	o.query(`SELECT l.camera_id, l.start_at / 1000, l.end_at / 1000, l.bytes, l.transport, g.share_id, o.kind, o.division
		FROM looks l, grants g, organisations o WHERE g.id = l.grant_id AND o.id = g.organisation_id`, func(scan func(...any) error) error {
		var id, transport, share string
		var l look
		err := scan(&id, &l.from, &l.to, &l.bytes, &transport, &share, &l.kind, &l.division)
		l.live, l.shared = transport != "playback", share != ""
		o.looks[id] = append(o.looks[id], l)
		return err
	})
	o.query(`SELECT id, name FROM organisations`, func(scan func(...any) error) error {
		var id, name string
		err := scan(&id, &name)
		o.names[id] = name
		return err
	})
	o.query(`SELECT camera_id, at / 1000, passed FROM signoffs ORDER BY at`, func(scan func(...any) error) error {
		var id string
		var s signoff
		err := scan(&id, &s.at, &s.passed)
		o.signoffs[id] = append(o.signoffs[id], s)
		return err
	})
	for _, c := range w.cameras {
		for day := int64(0); o.first+day*86400 < end.Unix(); day++ {
			o.measure(c.ID, day)
		}
	}
	return o
}

// reasons says why there is a gap after a run.
var reasons = map[string]string{"publisher_timeout": "network", "network": "network", "replaced": "network", "gateway_shutdown": "gateway", "gateway_crash": "gateway",
	"storage": "storage", "suspended": "suspended"}

// why says why a camera recorded nothing in a second.
func (o *oracle) why(rows []row, before, next int) string {
	switch {
	case next < len(rows) && rows[next].seq == 0 && rows[next].prior != "":
		return reasons[rows[next].prior]
	case before >= 0 && rows[before].end != "":
		return reasons[rows[before].end]
	case next == len(rows):
		return ""
	case before >= 0 && rows[before].run == rows[next].run && rows[next].seq == rows[before].seq+1:
		return "network"
	case rows[next].seq > 0:
		return "storage"
	}
	return ""
}

// measure looks at each second of a camera's day.
func (o *oracle) measure(camera string, day int64) {
	d := cameraDay{camera: camera, day: day, uses: map[string]report.ReportUse{}}
	from := o.first + day*86400
	there, rows := false, o.rows[camera]
	before := -1
	for s := from; s < from+86400; s++ {
		m, known := moment{}, false
		for _, x := range o.moments[camera] {
			if x.at <= s {
				m, known = x, true
			}
		}
		if !known {
			continue
		}
		d.moment, there = m, there || m.state != "retired"
		for before+1 < len(rows) && rows[before+1].from <= s {
			before++
		}
		if m.state != "in_service" {
			continue
		}
		d.Due += 1000
		if before >= 0 && s < rows[before].to {
			d.Recorded += 1000
			d.Online += 1000
		} else {
			switch o.why(rows, before, before+1) {
			case "storage":
				d.Storage += 1000
				d.Online += 1000
			case "network":
				d.Network += 1000
			case "gateway":
				d.Gateway += 1000
			case "suspended":
				d.Suspended += 1000
			default:
				d.Offline += 1000
			}
		}
		if m.class == 1 {
			d.WatchDue += 1000
			if slices.ContainsFunc(o.looks[camera], func(l look) bool {
				return l.live && !l.shared && l.from <= s && s < l.to && (l.kind == "police" || l.kind == "sub_control") && strings.HasPrefix(m.division, l.division)
			}) {
				d.Watched += 1000
			}
		}
	}
	for _, r := range rows {
		if r.from >= from && r.from < from+86400 {
			d.Bytes += r.bytes
			d.Objects++
		}
	}
	if there {
		o.used(&d, from)
		o.days = append(o.days, d)
	}
}

// used adds what a camera's day was used for.
func (o *oracle) used(d *cameraDay, from int64) {
	add := func(kind string, change func(*report.ReportUse)) {
		u := d.uses[kind]
		u.Kind = gatepost.OrganisationKind(kind)
		change(&u)
		d.uses[kind] = u
	}
	for _, l := range o.looks[d.camera] {
		if part := min(l.to, from+86400) - max(l.from, from); part > 0 {
			add(l.kind, func(u *report.ReportUse) { u.Viewed += part * 1000 })
		}
		if l.from < from || l.from >= from+86400 {
			continue
		}
		add(l.kind, func(u *report.ReportUse) {
			u.ViewedBytes += l.bytes
			if l.live {
				u.Lives++
			} else {
				u.Playbacks++
			}
		})
	}
	bounds := []any{d.camera, from * 1000, (from + 86400) * 1000}
	o.query(`SELECT o.kind, l.detail FROM ledger l, organisations o WHERE o.id = l.organisation_id AND l.camera_id = $1 AND l.at >= $2 AND l.at < $3 AND l.allowed AND l.kind IN ('decision', 'export')`,
		func(scan func(...any) error) error {
			var kind, detail string
			err := scan(&kind, &detail)
			if strings.Contains(detail, `"clip"`) || strings.Contains(detail, `"order"`) {
				add(kind, func(u *report.ReportUse) { u.Exports++ })
			}
			return err
		}, bounds...)
	o.query(`SELECT o.kind FROM shares s, organisations o WHERE o.id = s.organisation_id AND s.camera_id = $1 AND s.created_at >= $2 AND s.created_at < $3`, func(scan func(...any) error) error {
		var kind string
		err := scan(&kind)
		add(kind, func(u *report.ReportUse) { u.Shares++ })
		return err
	}, bounds...)
}

// within tells whether a division's report holds what is of another: that of the only
// province also what is of none.
func within(code, division string) bool {
	return strings.HasPrefix(code, division) || division == "33" && code == ""
}

// report adds up what a division's report says.
func (o *oracle) report(division string) report.ReportFigures {
	f := report.ReportFigures{Division: division, Month: month.String(), Rows: []report.ReportRow{}, Settlement: &report.ReportSettlement{}}
	f.Total = o.row(division, func(code string) bool { return within(code, division) })
	f.Total.Name = map[string]string{"33": "浙江省", "3301": "杭州市", "3302": "宁波市", "330102": "上城区", "330103": "下城区", "330203": "海曙区"}[division]
	for _, below := range []struct{ code, name string }{{"3301", "杭州市"}, {"3302", "宁波市"}, {"330102", "上城区"}, {"330103", "下城区"}, {"330203", "海曙区"}} {
		if len(below.code) == len(division)+2 && strings.HasPrefix(below.code, division) {
			r := o.row(below.code, func(code string) bool { return strings.HasPrefix(code, below.code) })
			r.Name = below.name
			f.Rows = append(f.Rows, r)
		}
	}
	for i := range f.Rows {
		if f.Rows[i].Continuity == nil {
			continue
		}
		f.Rows[i].Rank = 1
		for _, other := range f.Rows {
			if other.Continuity != nil && *other.Continuity > *f.Rows[i].Continuity {
				f.Rows[i].Rank++
			}
		}
	}
	if own := o.row(division, func(code string) bool { return code == division }); len(division) < 6 && !reflect.DeepEqual(own, report.ReportRow{Division: division}) {
		own.Name, own.Own = f.Total.Name, true
		f.Rows = append(f.Rows, own)
	}
	if none := o.row("", func(code string) bool { return code == "" }); division == "33" && !reflect.DeepEqual(none, report.ReportRow{}) {
		f.Rows = append(f.Rows, none)
	}
	o.kinds(&f, division)
	o.settle(f.Settlement, division)
	return f
}

func part(of, all int64) *int64 {
	if all == 0 {
		return nil
	}
	n := new(big.Int).Div(new(big.Int).Mul(big.NewInt(of), big.NewInt(10_000)), big.NewInt(all)).Int64()
	return &n
}

func (o *oracle) signed(camera string) bool {
	passed := false
	for _, s := range o.signoffs[camera] {
		if s.at < end.Unix() {
			passed = s.passed
		}
	}
	return passed
}

// last is the day of the month's end, and inMonth tells whether a day is in it.
func (o *oracle) last() int64            { return (end.Unix()-o.first)/86400 - 1 }
func (o *oracle) inMonth(day int64) bool { return o.first+day*86400 >= begin.Unix() }

// row adds up the divisions that a row holds.
func (o *oracle) row(division string, holds func(string) bool) report.ReportRow {
	r := report.ReportRow{Division: division}
	for _, d := range o.days {
		if !holds(d.division) {
			continue
		}
		if d.day > o.last()-d.days {
			r.Stored += d.Bytes
		}
		if d.day == o.last() && d.state != "retired" {
			r.Enrolled++
			if d.state != "enrolled" {
				r.Built++
				if o.signed(d.camera) {
					r.Accepted++
				}
			}
			if d.state == "in_service" {
				r.InService++
				if floor := map[string]int64{"general": 30, "key_target": 90}[d.category]; d.days < floor {
					r.Short++
				}
			}
		}
		if !o.inMonth(d.day) {
			continue
		}
		got, more := reflect.ValueOf(&r).Elem(), reflect.ValueOf(d.ReportRow)
		for _, name := range []string{"Due", "Recorded", "Offline", "Network", "Gateway", "Storage", "Suspended", "Online", "WatchDue", "Watched", "Bytes", "Objects"} {
			got.FieldByName(name).SetInt(got.FieldByName(name).Int() + more.FieldByName(name).Int())
		}
		for _, u := range d.uses {
			r.Lives += u.Lives
			r.Playbacks += u.Playbacks
			r.Exports += u.Exports
			r.Shares += u.Shares
			r.Viewed += u.Viewed
			r.ViewedBytes += u.ViewedBytes
		}
	}
	o.programmes(func(p programme) {
		if holds(p.division) {
			r.Planned += p.count
		}
	})
	o.events(func(code string, u report.ReportUse) {
		if holds(code) {
			r.Incidents += u.Incidents
			r.Drills += u.Drills
			r.Served += u.Served
			r.Requests += u.Requests
			r.Answered += u.Answered
		}
	})
	o.health(func(code, _ string, h report.ReportRow) {
		if holds(code) {
			r.Faults += h.Faults
			r.FaultTime += h.FaultTime
			r.Orders += h.Orders
			r.Closed += h.Closed
			r.Overdue += h.Overdue
			r.Repaired += h.Repaired
			r.RepairTime += h.RepairTime
		}
	})
	if r.Repaired > 0 {
		mean := r.RepairTime / r.Repaired
		r.MeanRepair = &mean
	}
	r.Continuity, r.OnlineRate, r.WatchRate, r.Kept = part(r.Recorded, r.Due), part(r.Online, r.Due), part(r.Watched, r.WatchDue), part(r.InService-r.Short, r.InService)
	return r
}

// health gives what each fault and each work order adds to a row, and the kind of a fault.
func (o *oracle) health(each func(division, kind string, r report.ReportRow)) {
	first, last := begin.UnixMilli(), end.UnixMilli()
	in := func(at int64) bool { return at >= first && at < last }
	o.query(`SELECT division, kind, from_at, opened_at, COALESCE(until_at, 9000000000000) FROM faults WHERE opened_at IS NOT NULL`, func(scan func(...any) error) error {
		var division, kind string
		var from, opened, until int64
		err := scan(&division, &kind, &from, &opened, &until)
		if from >= last || until <= first {
			return err
		}
		r := report.ReportRow{FaultTime: min(until, last) - max(from, first)}
		if in(opened) {
			r.Faults = 1
		}
		each(division, kind, r)
		return err
	})
	o.query(`SELECT division, state, opened_at, due_at, COALESCE(done_at, 0), COALESCE(closed_at, 0) FROM work_orders`, func(scan func(...any) error) error {
		var division, state string
		var opened, due, done, closed int64
		var r report.ReportRow
		err := scan(&division, &state, &opened, &due, &done, &closed)
		if in(opened) {
			r.Orders = 1
		}
		if in(closed) {
			r.Closed = 1
			if state == "confirmed" {
				r.Repaired, r.RepairTime = 1, done-opened
			}
		}
		finished := done
		if done == 0 {
			finished = closed
		}
		if in(due) && (finished == 0 || finished > due) {
			r.Overdue = 1
		}
		each(division, "", r)
		return err
	})
}

type programme struct {
	division, place, class string
	count                  int64
}

func (o *oracle) programmes(each func(programme)) {
	o.query(`SELECT division, targets FROM programmes WHERE state = 'approved' AND year = 2026`, func(scan func(...any) error) error {
		var division, text string
		var targets []struct {
			Place string
			Class int
			Count int64
		}
		if err := scan(&division, &text); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(text), &targets)
		for _, t := range targets {
			each(programme{division, t.Place, fmt.Sprint(t.Class), t.Count})
		}
		return err
	})
}

// events gives each incident and footage request of the month that counts, as what it adds
// to a row and to the figures of the kind of unit that activated it or asked.
func (o *oracle) events(each func(division string, u report.ReportUse)) {
	served := map[string]bool{}
	o.query(`SELECT g.basis FROM grants g, looks l WHERE l.grant_id = g.id`, func(scan func(...any) error) error {
		var basis string
		err := scan(&basis)
		served[basis] = true
		return err
	})
	o.query(`SELECT i.id, i.division, o.kind, drill, approver_id, start_at, COALESCE(approved_at, 0), end_at FROM incidents i, organisations o WHERE o.id = i.organisation_id`, func(scan func(...any) error) error {
		var id, division, approver string
		var drill bool
		var start, approved, ends int64
		var u report.ReportUse
		err := scan(&id, &division, &u.Kind, &drill, &approver, &start, &approved, &ends)
		from := max(start, approved)
		if approver != "" && approved == 0 || from < begin.UnixMilli() || from >= end.UnixMilli() || from >= ends {
			return err
		}
		if drill {
			u.Drills = 1
		} else if u.Incidents = 1; served["incident:"+id] {
			u.Served = 1
		}
		each(division, u)
		return err
	})
	answered := map[string]bool{}
	o.query(`SELECT request_id FROM footage_answers`, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		answered[id] = true
		return err
	})
	o.query(`SELECT r.id, o.division, o.kind, r.asked_at FROM footage_requests r, organisations o WHERE o.id = r.organisation_id`, func(scan func(...any) error) error {
		var id, division string
		var at int64
		u := report.ReportUse{Requests: 1}
		err := scan(&id, &division, &u.Kind, &at)
		if answered[id] {
			u.Answered = 1
		}
		if at >= begin.UnixMilli() && at < end.UnixMilli() {
			each(division, u)
		}
		return err
	})
}

// kinds adds up by class, category, funder and kind of user.
func (o *oracle) kinds(f *report.ReportFigures, division string) {
	tables := []map[string]*report.ReportCount{{}, {}, {}}
	at := func(i int, key string) *report.ReportCount {
		if tables[i][key] == nil {
			tables[i][key] = &report.ReportCount{Key: key}
		}
		return tables[i][key]
	}
	uses := map[string]report.ReportUse{}
	o.programmes(func(p programme) {
		if within(p.division, division) {
			at(0, p.class).Planned += p.count
			at(1, p.place).Planned += p.count
		}
	})
	for _, d := range o.days {
		if !within(d.division, division) || !o.inMonth(d.day) {
			continue
		}
		for i, key := range []string{fmt.Sprint(d.class), d.place, d.funder} {
			c := at(i, key)
			c.Due += d.Due
			c.Recorded += d.Recorded
			if d.day != o.last() || d.state == "retired" {
				continue
			}
			c.Enrolled++
			if d.state != "enrolled" {
				c.Built++
				if o.signed(d.camera) {
					c.Accepted++
				}
			}
			if d.state == "in_service" {
				c.InService++
			}
		}
		for kind, u := range d.uses {
			sum := uses[kind]
			sum.Kind = u.Kind
			sum.Lives += u.Lives
			sum.Playbacks += u.Playbacks
			sum.Exports += u.Exports
			sum.Shares += u.Shares
			sum.Viewed += u.Viewed
			sum.ViewedBytes += u.ViewedBytes
			uses[kind] = sum
		}
	}
	o.events(func(code string, u report.ReportUse) {
		if !within(code, division) {
			return
		}
		sum := uses[string(u.Kind)]
		sum.Kind = u.Kind
		sum.Incidents += u.Incidents
		sum.Drills += u.Drills
		sum.Served += u.Served
		sum.Requests += u.Requests
		sum.Answered += u.Answered
		uses[string(u.Kind)] = sum
	})
	places := []string{"junction", "market", "village"} // as forms have them
	for i, list := range []*[]report.ReportCount{&f.Classes, &f.Categories, &f.Funders} {
		*list = []report.ReportCount{}
		var keys []string
		for key := range tables[i] {
			keys = append(keys, key)
		}
		if slices.Sort(keys); i == 1 {
			slices.SortFunc(keys, func(a, b string) int { return slices.Index(places, a) - slices.Index(places, b) })
		}
		for _, key := range keys {
			c := *tables[i][key]
			c.Name, c.Continuity = o.names[key], part(c.Recorded, c.Due)
			*list = append(*list, c)
		}
	}
	f.Faults = []report.ReportFault{}
	sums := map[string]report.ReportFault{}
	o.health(func(code, kind string, r report.ReportRow) {
		if kind != "" && within(code, division) {
			sums[kind] = report.ReportFault{Kind: gatepost.FaultKind(kind), Faults: sums[kind].Faults + r.Faults, Time: sums[kind].Time + r.FaultTime}
		}
	})
	for _, kind := range []string{"offline", "recording", "key_frames", "black", "frozen", "bit_rate", "clock", "unwatched"} {
		if sum, ok := sums[kind]; ok {
			f.Faults = append(f.Faults, sum)
		}
	}
	f.Uses = []report.ReportUse{}
	for _, kind := range []string{"government", "police", "department", "sub_control", "business", "community", "operator"} {
		if u, ok := uses[kind]; ok {
			f.Uses = append(f.Uses, u)
		}
	}
}

// settle computes by county, payer and class, with the terms of the world.
func (o *oracle) settle(s *report.ReportSettlement, division string) {
	prices := map[int64]int64{1: 12_345, 2: 6_789, 3: 1_001}
	length := int64(end.Sub(begin) / time.Millisecond)
	type key struct {
		payer string
		class int64
	}
	lines := map[key]report.SettlementLine{}
	counties := map[string]bool{}
	for _, d := range o.days {
		counties[d.division[:min(6, len(d.division))]] = true
	}
	for county := range counties {
		by := map[key]report.SettlementLine{}
		for _, d := range o.days {
			if o.inMonth(d.day) && within(county, division) && d.division[:min(6, len(d.division))] == county {
				k := key{d.funder, d.class}
				l := by[k]
				l.Due += d.Due
				l.Recorded += d.Recorded
				by[k] = l
			}
		}
		for k, l := range by {
			if l.Due == 0 {
				continue
			}
			fee := new(big.Int).Div(new(big.Int).Mul(big.NewInt(prices[k.class]), big.NewInt(l.Due)), big.NewInt(length)).Int64()
			percent := min(3_000, 2*max(0, 9_900-*part(l.Recorded, l.Due)))
			sum := lines[k]
			sum.PayerID, sum.Payer, sum.Class = k.payer, o.names[k.payer], gatepost.WatchClass(k.class)
			sum.Due += l.Due
			sum.Recorded += l.Recorded
			sum.Fee += fee
			sum.Deduction += fee * percent / 10_000
			sum.Net = sum.Fee - sum.Deduction
			lines[k] = sum
		}
	}
	s.Lines = []report.SettlementLine{}
	for _, l := range lines {
		s.Lines = append(s.Lines, l)
		s.Fee += l.Fee
		s.Deduction += l.Deduction
		s.Net += l.Net
	}
	slices.SortFunc(s.Lines, func(a, b report.SettlementLine) int {
		if a.PayerID != b.PayerID {
			return strings.Compare(a.PayerID, b.PayerID)
		}
		return int(a.Class - b.Class)
	})
}
