package gatepost

import (
	"fmt"
	"slices"
	"time"
)

// LegalCategory is what the law takes a camera's place for, which bounds for how
// long its recordings are kept.
type LegalCategory string

// The legal categories.
const (
	CategoryGeneral   LegalCategory = "general"    // 一般: Order 799 art. 17
	CategoryKeyTarget LegalCategory = "key_target" // 反恐重点目标: Counter-Terrorism Law art. 32
)

// LegalCategories lists every category.
var LegalCategories = []LegalCategory{CategoryGeneral, CategoryKeyTarget}

// FootageClass is why a recording is kept for as long as it is.
type FootageClass string

// The classes of footage.
const (
	FootageOrdinary FootageClass = "ordinary" // 一般录像
	FootageIncident FootageClass = "incident" // 处置录像: of an incident's area and time
	FootageHeld     FootageClass = "held"     // 留存录像: a hold keeps it, whatever its days
)

// RetentionDays are the bounds of a category, and days that anything may be kept
// for; a deployment sets its own bounds.
const (
	RetentionFloorDays   = 30
	RetentionCeilingDays = 180
	MaxRetentionDays     = 3650
)

// DayBounds are the fewest and the most days that recordings are kept.
type DayBounds struct {
	Floor   int `json:"floor_days"`
	Ceiling int `json:"ceiling_days"`
}

// Clamp returns the days nearest to those that were asked for.
func (b DayBounds) Clamp(days int) int { return min(max(days, b.Floor), b.Ceiling) }

// StoragePrices are what a month of storage costs, per gibibyte, in the
// deployment's currency.
type StoragePrices struct {
	Hot         float64 `json:"hot"`
	Infrequent  float64 `json:"infrequent"`
	Archive     float64 `json:"archive"`
	DeepArchive float64 `json:"deep_archive"`
}

// StorageClass is what an object's keeping and reading cost; all but the last can be read at once.
type StorageClass string

// The storage classes. A store may have no other than the first.
const (
	ClassHot        StorageClass = ""
	ClassInfrequent StorageClass = "infrequent" // S3's STANDARD_IA
	ClassArchive    StorageClass = "archive"    // S3's GLACIER_IR

	// S3's DEEP_ARCHIVE: what lies there is restored before it is read, which takes hours.
	ClassDeepArchive StorageClass = "deep_archive"
)

// StorageTotal is what lies in a class.
type StorageTotal struct {
	Class      StorageClass
	Recordings int64
	Bytes      int64
}

// gibibyte is what prices are for.
const gibibyte = 1 << 30

// Monthly is what some storage costs in a month.
func (p StoragePrices) Monthly(totals []StorageTotal) float64 {
	cost := 0.0
	for _, t := range totals {
		price := p.Hot
		switch t.Class {
		case ClassInfrequent:
			price = p.Infrequent
		case ClassArchive:
			price = p.Archive
		case ClassDeepArchive:
			price = p.DeepArchive
		}
		cost += price * float64(t.Bytes) / gibibyte
	}
	return cost
}

// RetentionPolicy says for how long recordings are kept and where they rest
// meanwhile. What it says now holds for all footage that exists.
type RetentionPolicy struct {
	General      DayBounds `json:"general"`
	KeyTarget    DayBounds `json:"key_target"`
	IncidentDays int       `json:"incident_days"` // at least, for footage of incidents

	InfrequentAfter  int `json:"infrequent_after_days"`   // 0: never
	ArchiveAfter     int `json:"archive_after_days"`      // 0: never
	DeepArchiveAfter int `json:"deep_archive_after_days"` // 0: never

	HoldBytes int64         `json:"hold_bytes"` // that an organisation's holds may keep before all are warned; 0: any
	Prices    StoragePrices `json:"prices"`

	Version   int       `json:"-"` // 0: nobody has changed the default
	ChangedBy string    `json:"-"` // user id
	ChangedAt time.Time `json:"-"`
}

// DefaultRetentionPolicy is the policy until an administrator sets another.
func DefaultRetentionPolicy() RetentionPolicy {
	return RetentionPolicy{
		General:      DayBounds{Floor: RetentionFloorDays, Ceiling: RetentionCeilingDays},
		KeyTarget:    DayBounds{Floor: 90, Ceiling: 365},
		IncidentDays: RetentionCeilingDays,
	}
}

// Check fails with Invalid, naming the field, unless the policy can be followed.
func (p RetentionPolicy) Check() error {
	for _, c := range LegalCategories {
		if err := p.Bounds(c).check(string(c)); err != nil {
			return err
		}
	}
	if p.IncidentDays < 1 || p.IncidentDays > MaxRetentionDays {
		return InvalidField("incident_days", fmt.Sprintf("footage of incidents is kept for 1 to %d days", MaxRetentionDays))
	}
	for _, after := range []struct {
		field string
		days  int
	}{{"infrequent_after_days", p.InfrequentAfter}, {"archive_after_days", p.ArchiveAfter}, {"deep_archive_after_days", p.DeepArchiveAfter}} {
		if after.days < 0 || after.days > MaxRetentionDays {
			return InvalidField(after.field, fmt.Sprintf("give 1 to %d days, or 0 for never", MaxRetentionDays))
		}
	}
	if p.ArchiveAfter > 0 && p.ArchiveAfter <= p.InfrequentAfter {
		return InvalidField("archive_after_days", fmt.Sprintf("recordings are archived after they are moved to infrequent access; give more than %d days, or 0 for never", p.InfrequentAfter))
	}
	if least := max(p.InfrequentAfter, p.ArchiveAfter); p.DeepArchiveAfter > 0 && p.DeepArchiveAfter <= least {
		return InvalidField("deep_archive_after_days", fmt.Sprintf("recordings go to the deep archive after all other classes; give more than %d days, or 0 for never", least))
	}
	if p.HoldBytes < 0 {
		return InvalidField("hold_bytes", "give bytes, or 0 for any number of them")
	}
	for _, price := range []struct {
		field string
		value float64
	}{{"prices.hot", p.Prices.Hot}, {"prices.infrequent", p.Prices.Infrequent}, {"prices.archive", p.Prices.Archive}, {"prices.deep_archive", p.Prices.DeepArchive}} {
		if !(price.value >= 0 && price.value <= 1e6) {
			return InvalidField(price.field, "a price per gibibyte and month lies between 0 and 1,000,000")
		}
	}
	return nil
}

func (b DayBounds) check(field string) error {
	if b.Floor < 1 || b.Floor > MaxRetentionDays {
		return InvalidField(field+".floor_days", fmt.Sprintf("the floor lies between 1 and %d days", MaxRetentionDays))
	}
	if b.Ceiling > MaxRetentionDays {
		return InvalidField(field+".ceiling_days", fmt.Sprintf("the ceiling is %d days at most", MaxRetentionDays))
	}
	if b.Ceiling < b.Floor {
		return InvalidField(field+".ceiling_days", fmt.Sprintf("the ceiling of %d days lies below the floor of %d; raise the ceiling or lower the floor", b.Ceiling, b.Floor))
	}
	return nil
}

// Bounds returns the bounds of a category; those of general cameras for one that
// is not known.
func (p RetentionPolicy) Bounds(c LegalCategory) DayBounds {
	if c == CategoryKeyTarget {
		return p.KeyTarget
	}
	return p.General
}

// Days is for how many days a camera's ordinary footage is kept: its own, within
// the bounds of its category.
func (p RetentionPolicy) Days(c Camera) int { return p.Bounds(c.Category).Clamp(c.RetentionDays) }

// TimeSpan is a stretch of time, without its end.
type TimeSpan struct{ From, To time.Time }

// Overlaps tells whether a recording has a moment in the span.
func (s TimeSpan) Overlaps(r Recording) bool { return r.Start.Before(s.To) && r.End.After(s.From) }

// Kept is what a policy says about a recording.
type Kept struct {
	Class FootageClass
	Days  int       // since its end; without what a hold adds
	Until time.Time // its last moment; without what a hold adds
}

// Over tells whether the recording is to be deleted at a time.
func (k Kept) Over(now time.Time) bool { return k.Class != FootageHeld && now.After(k.Until) }

// Keep says for how long a camera's recording is kept, with the times at which
// incidents held the camera and the holds on it. Whatever the order in which
// things changed, only what they are now counts.
func (p RetentionPolicy) Keep(c Camera, r Recording, incidents []TimeSpan, holds []Hold, now time.Time) Kept {
	k := Kept{Class: FootageOrdinary, Days: p.Days(c)}
	if p.IncidentDays > k.Days && slices.ContainsFunc(incidents, func(s TimeSpan) bool { return s.Overlaps(r) }) {
		k.Class, k.Days = FootageIncident, p.IncidentDays
	}
	k.Until = r.End.UTC().AddDate(0, 0, k.Days)
	if slices.ContainsFunc(holds, func(h Hold) bool { return h.Keeps(r, now) }) {
		k.Class = FootageHeld
	}
	return k
}

// Keeps tells whether the hold keeps a recording from deletion at a time.
func (h Hold) Keeps(r Recording, now time.Time) bool {
	return h.CameraID == r.CameraID && h.ReleasedAt == nil && h.Until.After(now) && TimeSpan{h.From, h.To}.Overlaps(r)
}
