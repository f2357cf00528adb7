package integrity

import "fmt"

// examples is how many keys a Finding names.
const examples = 10

// Finding is one kind of disagreement.
type Finding struct {
	Count    int64    `json:"count"`
	Bytes    int64    `json:"bytes"`
	Repaired int64    `json:"repaired"`
	Examples []string `json:"examples,omitempty"` // object keys, the first few
}

func (f *Finding) add(key string, bytes int64) {
	f.Count++
	f.Bytes += bytes
	if len(f.Examples) < examples {
		f.Examples = append(f.Examples, key)
	}
}

// Report is what a Check found.
type Report struct {
	Rows        int64 `json:"rows"`         // without garbage
	RowBytes    int64 `json:"row_bytes"`    // of the objects, as the rows say
	Objects     int64 `json:"objects"`      // under rec/ and hold/
	ObjectBytes int64 `json:"object_bytes"` // as the store says

	Missing Finding `json:"missing"` // rows whose object is not there; repaired: the row is dropped
	Orphans Finding `json:"orphans"` // objects without a row; repaired: deleted
	Sizes   Finding `json:"sizes"`   // objects of another size than their row says; left for people to look at
	Foreign Finding `json:"foreign"` // objects under either whose key is not a recording's; left alone

	Young   int64 `json:"young"`   // objects without a row that may still get one; not a disagreement
	Garbage int64 `json:"garbage"` // tombstones whose deletion is under way; not a disagreement
	Removed int64 `json:"removed"` // tombstones that the repair finished
}

// Agree tells whether rows and objects agree, or do after the repair.
func (r Report) Agree() bool {
	return r.Missing.Count == r.Missing.Repaired && r.Orphans.Count == r.Orphans.Repaired && r.Sizes.Count == 0 && r.Foreign.Count == 0
}

// String is the report in a few lines for a terminal.
func (r Report) String() string {
	s := fmt.Sprintf("rows %d (%d bytes), objects %d (%d bytes)\nmissing objects %d, orphan objects %d, size mismatches %d, foreign objects %d\nuploads under way %d, garbage left %d",
		r.Rows, r.RowBytes, r.Objects, r.ObjectBytes, r.Missing.Count, r.Orphans.Count, r.Sizes.Count, r.Foreign.Count, r.Young, r.Garbage)
	if n := r.Missing.Repaired + r.Orphans.Repaired + r.Removed; n > 0 {
		s += fmt.Sprintf("\nrepaired: %d rows dropped for want of an object, %d orphans deleted, %d tombstones finished",
			r.Missing.Repaired, r.Orphans.Repaired, r.Removed)
	}
	return s
}
