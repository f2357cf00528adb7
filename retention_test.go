package gatepost_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func minute(end time.Time) gatepost.Recording {
	return gatepost.Recording{CameraID: "c", Start: end.Add(-time.Minute), End: end}
}

func TestKeep(t *testing.T) {
	const day = 24 * time.Hour
	p := gatepost.DefaultRetentionPolicy()
	p.IncidentDays = 100
	incident := []gatepost.TimeSpan{{From: noon.Add(-time.Hour), To: noon.Add(-time.Second)}}
	hold := func(until time.Time) []gatepost.Hold {
		return []gatepost.Hold{{CameraID: "c", From: noon.Add(-time.Second), To: noon.Add(time.Hour), Until: until}}
	}
	released := hold(noon.Add(1000 * day))
	released[0].ReleasedAt = &noon
	for _, c := range []struct {
		name      string
		category  gatepost.LegalCategory
		days      int
		incidents []gatepost.TimeSpan
		holds     []gatepost.Hold
		age       time.Duration
		class     gatepost.FootageClass
		keptDays  int
		over      bool
	}{
		{"its last moment", gatepost.CategoryGeneral, 45, nil, nil, 45 * day, gatepost.FootageOrdinary, 45, false},
		{"the moment after", gatepost.CategoryGeneral, 45, nil, nil, 45*day + 1, gatepost.FootageOrdinary, 45, true},
		{"below the floor", gatepost.CategoryGeneral, 7, nil, nil, 30 * day, gatepost.FootageOrdinary, 30, false},
		{"above the ceiling", gatepost.CategoryGeneral, 999, nil, nil, 181 * day, gatepost.FootageOrdinary, 180, true},
		{"key target", gatepost.CategoryKeyTarget, 45, nil, nil, 90 * day, gatepost.FootageOrdinary, 90, false},
		{"of no category", "", 45, nil, nil, 46 * day, gatepost.FootageOrdinary, 45, true},
		{"incident", gatepost.CategoryGeneral, 45, incident, nil, 100 * day, gatepost.FootageIncident, 100, false},
		{"incident, over", gatepost.CategoryGeneral, 45, incident, nil, 100*day + 1, gatepost.FootageIncident, 100, true},
		{"incident shorter than its days", gatepost.CategoryGeneral, 120, incident, nil, 110 * day, gatepost.FootageOrdinary, 120, false},
		{"an incident that ended before it", gatepost.CategoryGeneral, 45, []gatepost.TimeSpan{{From: noon.Add(-time.Hour), To: noon.Add(-time.Minute)}}, nil, 46 * day, gatepost.FootageOrdinary, 45, true},
		{"held", gatepost.CategoryGeneral, 45, nil, hold(noon.Add(1001 * day)), 1000 * day, gatepost.FootageHeld, 45, false},
		{"a hold that has run out", gatepost.CategoryGeneral, 45, nil, hold(noon.Add(50 * day)), 50 * day, gatepost.FootageOrdinary, 45, true},
		{"a hold that was released", gatepost.CategoryGeneral, 45, nil, released, 50 * day, gatepost.FootageOrdinary, 45, true},
		{"a hold on another camera", gatepost.CategoryGeneral, 45, nil, []gatepost.Hold{{CameraID: "d", From: noon.Add(-day), To: noon.Add(day), Until: noon.Add(1000 * day)}}, 50 * day, gatepost.FootageOrdinary, 45, true},
	} {
		now := noon.Add(c.age)
		k := p.Keep(gatepost.Camera{ID: "c", Category: c.category, RetentionDays: c.days}, minute(noon), c.incidents, c.holds, now)
		if k.Class != c.class || k.Days != c.keptDays || k.Over(now) != c.over {
			t.Errorf("%s: %+v, over %v; want %s for %d days, over %v", c.name, k, k.Over(now), c.class, c.keptDays, c.over)
		}
	}
}

// naiveOver is the rule written down once more, by hours and without the types of
// the first.
func naiveOver(p gatepost.RetentionPolicy, c gatepost.Camera, r gatepost.Recording, incidents []gatepost.TimeSpan, holds []gatepost.Hold, now time.Time) bool {
	for _, h := range holds {
		if h.CameraID != c.ID || h.ReleasedAt != nil || now.Equal(h.Until) || now.After(h.Until) {
			continue
		}
		if r.End.After(h.From) && h.To.After(r.Start) {
			return false
		}
	}
	floor, ceiling := p.General.Floor, p.General.Ceiling
	if c.Category == gatepost.CategoryKeyTarget {
		floor, ceiling = p.KeyTarget.Floor, p.KeyTarget.Ceiling
	}
	hours := 24 * c.RetentionDays
	if hours < 24*floor {
		hours = 24 * floor
	}
	if hours > 24*ceiling {
		hours = 24 * ceiling
	}
	for _, i := range incidents {
		if i.To.After(r.Start) && i.From.Before(r.End) && hours < 24*p.IncidentDays {
			hours = 24 * p.IncidentDays
		}
	}
	return now.Sub(r.End) > time.Duration(hours)*time.Hour
}

func TestKeepAgreesWithTheNaiveRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bounds := func(name string) gatepost.DayBounds {
			floor := rapid.IntRange(1, 100).Draw(t, name+" floor")
			return gatepost.DayBounds{Floor: floor, Ceiling: floor + rapid.IntRange(0, 100).Draw(t, name+" room")}
		}
		near := func(name string) time.Time {
			return noon.Add(time.Duration(rapid.IntRange(-3, 3).Draw(t, name)) * 30 * time.Second)
		}
		p := gatepost.RetentionPolicy{General: bounds("general"), KeyTarget: bounds("key target"), IncidentDays: rapid.IntRange(1, 250).Draw(t, "incident days")}
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		c := gatepost.Camera{ID: "c", Category: rapid.SampledFrom(gatepost.LegalCategories).Draw(t, "category"), RetentionDays: rapid.IntRange(0, 250).Draw(t, "days")}
		age := time.Duration(rapid.IntRange(0, 260).Draw(t, "age"))*24*time.Hour + time.Duration(rapid.IntRange(-1, 1).Draw(t, "more"))
		now := noon.Add(age)
		var incidents []gatepost.TimeSpan
		for range rapid.IntRange(0, 2).Draw(t, "incidents") {
			incidents = append(incidents, gatepost.TimeSpan{From: near("incident from"), To: near("incident to")})
		}
		var holds []gatepost.Hold
		for range rapid.IntRange(0, 2).Draw(t, "holds") {
			h := gatepost.Hold{CameraID: rapid.SampledFrom([]string{"c", "d"}).Draw(t, "held camera"), From: near("hold from"), To: near("hold to"),
				Until: now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "until")))}
			if rapid.Bool().Draw(t, "released") {
				h.ReleasedAt = &noon
			}
			holds = append(holds, h)
		}
		r := minute(noon)
		k := p.Keep(c, r, incidents, holds, now)
		if over, want := k.Over(now), naiveOver(p, c, r, incidents, holds, now); over != want {
			t.Fatalf("over %v, the naive rule says %v: %+v", over, want, k)
		}
		b := p.Bounds(c.Category)
		if k.Days < b.Floor || k.Class == gatepost.FootageOrdinary && k.Days > b.Ceiling {
			t.Fatalf("%d days are outside of %+v", k.Days, b)
		}
	})
}

func TestPolicyCheck(t *testing.T) {
	for _, c := range []struct {
		field  string
		change func(*gatepost.RetentionPolicy)
	}{
		{"", func(*gatepost.RetentionPolicy) {}},
		{"", func(p *gatepost.RetentionPolicy) { p.General.Ceiling = p.General.Floor }},
		{"general.ceiling_days", func(p *gatepost.RetentionPolicy) { p.General.Ceiling = p.General.Floor - 1 }},
		{"key_target.ceiling_days", func(p *gatepost.RetentionPolicy) { p.KeyTarget.Ceiling = 89 }},
		{"key_target.ceiling_days", func(p *gatepost.RetentionPolicy) { p.KeyTarget.Ceiling = gatepost.MaxRetentionDays + 1 }},
		{"general.floor_days", func(p *gatepost.RetentionPolicy) { p.General.Floor = 0 }},
		{"incident_days", func(p *gatepost.RetentionPolicy) { p.IncidentDays = 0 }},
		{"infrequent_after_days", func(p *gatepost.RetentionPolicy) { p.InfrequentAfter = -1 }},
		{"archive_after_days", func(p *gatepost.RetentionPolicy) { p.InfrequentAfter, p.ArchiveAfter = 30, 30 }},
		{"hold_bytes", func(p *gatepost.RetentionPolicy) { p.HoldBytes = -1 }},
		{"prices.archive", func(p *gatepost.RetentionPolicy) { p.Prices.Archive = -1 }},
	} {
		p := gatepost.DefaultRetentionPolicy()
		c.change(&p)
		err := p.Check()
		if c.field == "" && err != nil || c.field != "" && (gatepost.CodeOf(err) != gatepost.Invalid || err.(*gatepost.Error).Field != c.field) {
			t.Errorf("%v, want %q at fault", err, c.field)
		}
	}
}
