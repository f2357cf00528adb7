package report

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// ReportRow is the figures of a division. Durations are milliseconds; rates are
// hundredths of a percent, rounded down, and absent where nothing was due.
type ReportRow struct {
	Division string `json:"division" doc:"Empty for what is of no division; the report of the only province holds it"`
	Name     string `json:"name"`
	Own      bool   `json:"own,omitempty" doc:"What belongs to the division itself and to none below it"`
	Rank     int    `json:"rank,omitempty" doc:"Among its neighbours, by continuity"`

	Planned   int64 `json:"planned" doc:"Cameras that the programmes of the year hold"`
	Enrolled  int64 `json:"enrolled" doc:"When the month ended"`
	Built     int64 `json:"built" doc:"Of these, have pushed"`
	Accepted  int64 `json:"accepted" doc:"Of these, signed off by the police"`
	InService int64 `json:"in_service"`

	Due        int64  `json:"due_ms"`
	Recorded   int64  `json:"recorded_ms"`
	Offline    int64  `json:"gap_camera_offline_ms"`
	Network    int64  `json:"gap_network_ms"`
	Gateway    int64  `json:"gap_gateway_ms"`
	Storage    int64  `json:"gap_storage_ms"`
	Suspended  int64  `json:"gap_suspended_ms"`
	Online     int64  `json:"online_ms"`
	WatchDue   int64  `json:"watch_due_ms" doc:"Class 1"`
	Watched    int64  `json:"watched_ms"`
	Continuity *int64 `json:"continuity,omitempty" doc:"Recorded of due"`
	OnlineRate *int64 `json:"online_rate,omitempty" doc:"Online of due"`
	WatchRate  *int64 `json:"watch_rate,omitempty" doc:"Watched of what was due at class 1"`
	Kept       *int64 `json:"retention_rate,omitempty" doc:"Cameras in service whose own days reach the floor of their legal category"`
	Short      int64  `json:"retention_short" doc:"Cameras in service whose own days do not; the policy keeps them for the floor all the same"`

	Faults     int64  `json:"faults" doc:"Of its cameras, that were opened in the month"`
	FaultTime  int64  `json:"fault_ms" doc:"For how long faults lasted within the month, together"`
	Orders     int64  `json:"work_orders" doc:"Opened in the month"`
	Closed     int64  `json:"work_orders_closed" doc:"Confirmed or withdrawn in the month"`
	Overdue    int64  `json:"work_orders_overdue" doc:"Due in the month, and not done by then"`
	Repaired   int64  `json:"repairs" doc:"Confirmed in the month"`
	RepairTime int64  `json:"repair_ms" doc:"Of these together, from the opening of the order until it was done"`
	MeanRepair *int64 `json:"mean_repair_ms,omitempty" doc:"Rounded down"`

	Bytes   int64 `json:"bytes" doc:"Ingested"`
	Objects int64 `json:"objects"`
	Stored  int64 `json:"stored_bytes" doc:"Ingested, and not past its retention when the month ended; without holds"`

	Lives       int64 `json:"live_looks"`
	Playbacks   int64 `json:"playbacks"`
	Exports     int64 `json:"exports"`
	Shares      int64 `json:"shares"`
	Viewed      int64 `json:"viewed_ms"`
	ViewedBytes int64 `json:"viewed_bytes"`
	Incidents   int64 `json:"incidents"`
	Drills      int64 `json:"drills"`
	Served      int64 `json:"incidents_served" doc:"Incidents under which somebody looked"`
	Requests    int64 `json:"footage_requests"`
	Answered    int64 `json:"footage_answered"`
}

// ReportCount is the figures of a class, a category of places or a funder.
type ReportCount struct {
	Key        string `json:"key" doc:"1 to 3, a category, or the id of an organisation"`
	Name       string `json:"name,omitempty" doc:"Of the organisation"`
	Planned    int64  `json:"planned"`
	Enrolled   int64  `json:"enrolled"`
	Built      int64  `json:"built"`
	Accepted   int64  `json:"accepted"`
	InService  int64  `json:"in_service"`
	Due        int64  `json:"due_ms"`
	Recorded   int64  `json:"recorded_ms"`
	Continuity *int64 `json:"continuity,omitempty"`
}

// ReportUse is what people of a kind of organisation did.
type ReportUse struct {
	Kind        gatepost.OrganisationKind `json:"kind"`
	Lives       int64                     `json:"live_looks"`
	Playbacks   int64                     `json:"playbacks"`
	Exports     int64                     `json:"exports"`
	Shares      int64                     `json:"shares"`
	Viewed      int64                     `json:"viewed_ms"`
	ViewedBytes int64                     `json:"viewed_bytes"`
	Incidents   int64                     `json:"incidents" doc:"That they activated"`
	Drills      int64                     `json:"drills"`
	Served      int64                     `json:"incidents_served" doc:"Of their incidents, those under which somebody looked"`
	Requests    int64                     `json:"footage_requests"`
	Answered    int64                     `json:"footage_answered"`
}

// ReportFault is the faults of a kind.
type ReportFault struct {
	Kind   gatepost.FaultKind `json:"kind"`
	Faults int64              `json:"faults"`
	Time   int64              `json:"fault_ms"`
}

// ReportMonth is how a division stood in a month before, by its locked report.
type ReportMonth struct {
	Month      string `json:"month"`
	InService  int64  `json:"in_service"`
	Continuity *int64 `json:"continuity,omitempty"`
	OnlineRate *int64 `json:"online_rate,omitempty"`
	WatchRate  *int64 `json:"watch_rate,omitempty"`
}

// ReportFiling is whether a division directly below has filed its report.
type ReportFiling struct {
	Division    string               `json:"division"`
	Name        string               `json:"name"`
	ReportID    string               `json:"report_id,omitempty"`
	Version     int                  `json:"version,omitempty"`
	State       gatepost.ReportState `json:"state,omitempty"`
	SubmittedAt *time.Time           `json:"submitted_at,omitempty"`
	SHA256      string               `json:"sha256,omitempty" doc:"Of a locked one"`
	Late        bool                 `json:"late" doc:"It was not submitted by the deadline"`
}

// SettlementLine is what a payer owes for cameras of a class, in fen.
type SettlementLine struct {
	PayerID   string              `json:"payer_id" doc:"The funder of the cameras"`
	Payer     string              `json:"payer"`
	Class     gatepost.WatchClass `json:"class"`
	Due       int64               `json:"due_ms"`
	Recorded  int64               `json:"recorded_ms"`
	Fee       int64               `json:"fee_fen"`
	Deduction int64               `json:"deduction_fen" doc:"Because less was recorded than is owed"`
	Net       int64               `json:"net_fen"`
}

// ReportSettlement is what payers owe the operator for a month, by the formula that is
// set as the report is drawn up. Fees and deductions are computed by county, payer
// and class, rounded down to a fen, and added up.
type ReportSettlement struct {
	Terms     SettlementTerms  `json:"terms"`
	Lines     []SettlementLine `json:"lines"`
	Fee       int64            `json:"fee_fen"`
	Deduction int64            `json:"deduction_fen"`
	Net       int64            `json:"net_fen"`
}

// ReportFigures is all that a report says.
type ReportFigures struct {
	Division   string            `json:"division"`
	Name       string            `json:"name"`
	Month      string            `json:"month"`
	Total      ReportRow         `json:"total"`
	Rows       []ReportRow       `json:"rows" doc:"Of the divisions directly below, and of what is the division's own"`
	Classes    []ReportCount     `json:"classes"`
	Categories []ReportCount     `json:"categories"`
	Funders    []ReportCount     `json:"funders"`
	Uses       []ReportUse       `json:"uses" doc:"By the kind of organisation that looked, exported, shared, activated or asked"`
	Faults     []ReportFault     `json:"faults" doc:"By kind"`
	Settlement *ReportSettlement `json:"settlement,omitempty" doc:"Absent where no formula is set"`
	Filings    []ReportFiling    `json:"filings" doc:"Of the divisions directly below"`
	Before     *ReportRow        `json:"before,omitempty" doc:"The total of the month before, of its locked report"`
	Months     []ReportMonth     `json:"months,omitempty" doc:"The eleven months before that have locked reports, the oldest first"`
}

// source is what figures are computed from.
type source struct {
	division gatepost.Division
	month    gatepost.Month
	below    []gatepost.DivisionNode
	facts    gatepost.ReportFacts
	health   []gatepost.HealthFigure
	names    map[string]string // of organisations
	terms    *gatepost.SettlementTerms
}

// compute adds the facts up.
func compute(in source) ReportFigures {
	out := ReportFigures{Division: in.division.Code, Name: in.division.Name, Month: in.month.String(), Filings: []ReportFiling{}}
	t := tables{in: in, rows: map[string]*ReportRow{}, classes: map[string]*ReportCount{}, categories: map[string]*ReportCount{},
		funders: map[string]*ReportCount{}, uses: map[gatepost.OrganisationKind]*ReportUse{}, faults: map[gatepost.FaultKind]*ReportFault{}}
	t.total = ReportRow{Division: out.Division, Name: out.Name}
	for _, d := range in.below {
		t.rows[d.Code] = &ReportRow{Division: d.Code, Name: d.Name}
	}
	t.add()
	out.Total = rated(t.total)
	out.Rows = ranked(t.rows, out.Division)
	out.Classes, out.Categories, out.Funders = counts(t.classes, nil), counts(t.categories, nil), counts(t.funders, in.names)
	out.Uses = []ReportUse{}
	for _, kind := range gatepost.OrganisationKinds {
		if u := t.uses[kind]; u != nil {
			out.Uses = append(out.Uses, *u)
		}
	}
	out.Faults = []ReportFault{}
	for _, kind := range gatepost.FaultKinds {
		if f := t.faults[kind]; f != nil {
			out.Faults = append(out.Faults, *f)
		}
	}
	if in.terms != nil {
		out.Settlement = settle(in)
	}
	return out
}

// tables are the figures as they are added up.
type tables struct {
	in                           source
	total                        ReportRow
	rows                         map[string]*ReportRow
	classes, categories, funders map[string]*ReportCount
	uses                         map[gatepost.OrganisationKind]*ReportUse
	faults                       map[gatepost.FaultKind]*ReportFault
}

// each gives the total and the row that holds a division to add.
func (t *tables) each(division string, add func(*ReportRow)) {
	add(&t.total)
	own := t.in.division.Code
	code := own
	switch {
	case division == "":
		code = ""
	case len(division) > len(own) && len(own) < len("330102"):
		code = division[:len(own)+2]
	}
	if code == own && len(own) == len("330102") {
		return // a county has no rows
	}
	if t.rows[code] == nil {
		t.rows[code] = &ReportRow{Division: code, Name: code}
		if code == own {
			t.rows[code].Name, t.rows[code].Own = t.in.division.Name, true
		}
	}
	add(t.rows[code])
}

func at(m map[string]*ReportCount, key string) *ReportCount {
	if m[key] == nil {
		m[key] = &ReportCount{Key: key}
	}
	return m[key]
}

func (c *ReportCount) serve(due, recorded time.Duration) {
	c.Due += due.Milliseconds()
	c.Recorded += recorded.Milliseconds()
}

func class(c gatepost.WatchClass) string { return string(rune('0' + c)) }

func (t *tables) add() {
	for _, p := range t.in.facts.Programme {
		for _, target := range p.Targets {
			n := int64(target.Count)
			t.each(p.Division, func(r *ReportRow) { r.Planned += n })
			at(t.classes, class(target.Class)).Planned += n
			at(t.categories, string(target.Place)).Planned += n
		}
	}
	for _, s := range t.in.facts.Stocks {
		t.addStock(s)
	}
	for _, g := range t.in.facts.Groups {
		t.each(g.Division, func(r *ReportRow) {
			serve(r, g.Service)
			r.Stored += g.Stored
		})
		at(t.classes, class(g.Class)).serve(g.Due, g.Recorded)
		at(t.categories, string(g.Place)).serve(g.Due, g.Recorded)
	}
	for _, p := range t.in.facts.Payers {
		at(t.funders, p.Funder).serve(p.Due, p.Recorded)
	}
	for code, n := range t.in.facts.Stored {
		t.each(code, func(r *ReportRow) { r.Stored += n })
	}
	for _, h := range t.in.health {
		t.addHealth(h)
	}
	for _, u := range t.in.facts.Uses {
		t.addUse(u)
	}
	for _, e := range t.in.facts.Events {
		t.each(e.Division, func(r *ReportRow) {
			r.Incidents += e.Incidents
			r.Drills += e.Drills
			r.Served += e.Served
			r.Requests += e.Requests
			r.Answered += e.Answered
		})
		k := t.use(e.Kind)
		k.Incidents += e.Incidents
		k.Drills += e.Drills
		k.Served += e.Served
		k.Requests += e.Requests
		k.Answered += e.Answered
	}
}

func (t *tables) addStock(s gatepost.ReportStock) {
	if s.State == gatepost.CameraPlanned || s.State == gatepost.CameraRetired {
		return
	}
	var built, accepted, inService, short int64
	if s.State != gatepost.CameraEnrolled {
		built = s.Cameras
		if s.Signed {
			accepted = s.Cameras
		}
	}
	if s.State == gatepost.CameraInService {
		inService = s.Cameras
		if s.Short {
			short = s.Cameras
		}
	}
	t.each(s.Division, func(r *ReportRow) {
		r.Enrolled += s.Cameras
		r.Built += built
		r.Accepted += accepted
		r.InService += inService
		r.Short += short
	})
	for _, c := range []*ReportCount{at(t.classes, class(s.Class)), at(t.categories, string(s.Place)), at(t.funders, s.Funder)} {
		c.Enrolled += s.Cameras
		c.Built += built
		c.Accepted += accepted
		c.InService += inService
	}
}

func serve(r *ReportRow, s gatepost.Service) {
	r.Due += s.Due.Milliseconds()
	r.Recorded += s.Recorded.Milliseconds()
	r.Online += s.Online.Milliseconds()
	r.Offline += s.Offline.Milliseconds()
	r.Network += s.Network.Milliseconds()
	r.Gateway += s.Gateway.Milliseconds()
	r.Storage += s.Storage.Milliseconds()
	r.Suspended += s.Stopped.Milliseconds()
	r.WatchDue += s.WatchDue.Milliseconds()
	r.Watched += s.Watched.Milliseconds()
	r.Bytes += s.Bytes
	r.Objects += s.Objects
}

func (t *tables) addHealth(h gatepost.HealthFigure) {
	t.each(h.Division, func(r *ReportRow) {
		for _, f := range h.Faults {
			r.Faults += f.Opened
			r.FaultTime += f.Lasted.Milliseconds()
		}
		r.Orders += h.Opened
		r.Closed += h.Closed
		r.Overdue += h.Overdue
		r.Repaired += h.Repaired
		r.RepairTime += h.RepairTime.Milliseconds()
	})
	for _, f := range h.Faults {
		if t.faults[f.Kind] == nil {
			t.faults[f.Kind] = &ReportFault{Kind: f.Kind}
		}
		t.faults[f.Kind].Faults += f.Opened
		t.faults[f.Kind].Time += f.Lasted.Milliseconds()
	}
}

func (t *tables) addUse(u gatepost.ReportUse) {
	viewed := u.Viewed.Milliseconds()
	t.each(u.Division, func(r *ReportRow) {
		r.Lives += u.Lives
		r.Playbacks += u.Playbacks
		r.Exports += u.Exports
		r.Shares += u.Shares
		r.Viewed += viewed
		r.ViewedBytes += u.Bytes
	})
	k := t.use(u.Kind)
	k.Lives += u.Lives
	k.Playbacks += u.Playbacks
	k.Exports += u.Exports
	k.Shares += u.Shares
	k.Viewed += viewed
	k.ViewedBytes += u.Bytes
}

// use is what is counted of a kind of organisation.
func (t *tables) use(kind gatepost.OrganisationKind) *ReportUse {
	if t.uses[kind] == nil {
		t.uses[kind] = &ReportUse{Kind: kind}
	}
	return t.uses[kind]
}

// whole is a hundred percent in hundredths of one.
const whole = 10_000

// rate returns a part of something in hundredths of a percent, rounded down; nil of nothing.
func rate(part, of int64) *int64 {
	if of == 0 {
		return nil
	}
	n := mulDiv(part, whole, of)
	return &n
}

// mulDiv returns a·b/c, rounded down, of numbers that are not negative and whose
// product may be larger than an int64; the quotient is not.
func mulDiv(a, b, c int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(high, low, uint64(c))
	return int64(q)
}

// rated fills in the rates of a row.
func rated(r ReportRow) ReportRow {
	r.Continuity, r.OnlineRate, r.WatchRate = rate(r.Recorded, r.Due), rate(r.Online, r.Due), rate(r.Watched, r.WatchDue)
	r.Kept = rate(r.InService-r.Short, r.InService)
	if r.Repaired > 0 {
		mean := r.RepairTime / r.Repaired
		r.MeanRepair = &mean
	}
	return r
}

// ranked returns rows by division, with their ranks by continuity; what is the
// division's own, or of none, is not ranked, comes last, and is left out when it is nothing.
func ranked(rows map[string]*ReportRow, own string) []ReportRow {
	list := make([]ReportRow, 0, len(rows))
	for _, code := range slices.Sorted(maps.Keys(rows)) {
		if r := *rows[code]; r != (ReportRow{Division: r.Division, Name: r.Name, Own: true}) {
			list = append(list, rated(r))
		}
	}
	slices.SortStableFunc(list, func(a, b ReportRow) int {
		return cmp.Or(-cmp.Compare(len(a.Division), len(b.Division)), strings.Compare(a.Division, b.Division))
	})
	stands := func(r ReportRow) bool { return r.Continuity != nil && len(r.Division) > len(own) }
	for i := range list {
		if !stands(list[i]) {
			continue
		}
		list[i].Rank = 1
		for _, other := range list {
			if stands(other) && *other.Continuity > *list[i].Continuity {
				list[i].Rank++
			}
		}
	}
	return list
}

// counts returns counts in the order of their keys; of categories, in that of forms.
func counts(m map[string]*ReportCount, names map[string]string) []ReportCount {
	order := func(key string) int { return slices.Index(gatepost.PlaceCategories, gatepost.PlaceCategory(key)) }
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(order(a), order(b)), strings.Compare(a, b)) })
	list := make([]ReportCount, len(keys))
	for i, key := range keys {
		list[i] = *m[key]
		list[i].Name, list[i].Continuity = names[key], rate(list[i].Recorded, list[i].Due)
	}
	return list
}

// settle computes what payers owe.
func settle(in source) *ReportSettlement {
	type account struct {
		payer    string
		class    gatepost.WatchClass
		division string
	}
	served := map[account]*SettlementLine{}
	for _, p := range in.facts.Payers {
		if p.Due == 0 {
			continue
		}
		served[account{p.Funder, p.Class, p.Division}] = &SettlementLine{PayerID: p.Funder, Payer: in.names[p.Funder], Class: p.Class,
			Due: p.Due.Milliseconds(), Recorded: p.Recorded.Milliseconds()}
	}
	lines := map[account]*SettlementLine{}
	out := &ReportSettlement{Terms: viewTerms(*in.terms), Lines: []SettlementLine{}}
	for a, s := range served {
		s.Fee, s.Deduction = fee(*in.terms, in.month, a.class, s.Due, s.Recorded)
		a.division = ""
		if lines[a] == nil {
			lines[a] = &SettlementLine{PayerID: s.PayerID, Payer: s.Payer, Class: s.Class}
		}
		l := lines[a]
		l.Due += s.Due
		l.Recorded += s.Recorded
		l.Fee += s.Fee
		l.Deduction += s.Deduction
	}
	for _, l := range lines {
		l.Net = l.Fee - l.Deduction
		out.Lines = append(out.Lines, *l)
		out.Fee += l.Fee
		out.Deduction += l.Deduction
		out.Net += l.Net
	}
	slices.SortFunc(out.Lines, func(a, b SettlementLine) int {
		return cmp.Or(strings.Compare(a.PayerID, b.PayerID), cmp.Compare(a.Class, b.Class))
	})
	return out
}

// fee is the formula of gatepost.SettlementTerms.
func fee(t gatepost.SettlementTerms, month gatepost.Month, class gatepost.WatchClass, due, recorded int64) (fee, deduction int64) {
	if class < 1 || class > 3 || due == 0 {
		return 0, 0
	}
	length := (time.Duration(month.Days()) * 24 * time.Hour).Milliseconds()
	fee = mulDiv(t.Prices[class-1], due, length)
	short := max(0, t.Owed-*rate(recorded, due))
	return fee, mulDiv(fee, min(t.Cap, short*t.Factor/whole), whole)
}
