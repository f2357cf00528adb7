package evidence

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Format names this format; another is another format.
const Format = "gatepost evidence 1"

// The files, in their order.
const (
	ManifestFile  = "manifest.json"
	SignatureFile = "manifest.sig"
	ReadmeFile    = "README.txt"
	RestoreFile   = "restore.txt"
	ClipFile      = "clip.mp4"
)

// MaxClip is the most bytes that a clip may have: a ZIP without extensions holds
// four gigabytes.
const MaxClip = 4_000_000_000

// Limits of what is read into memory.
const (
	maxManifest  = 4 << 20
	maxSignature = 4 << 10
	maxInit      = 1 << 20
)

// Manifest says what the evidence is.
type Manifest struct {
	Format   string   `json:"format"`
	ID       string   `json:"id"`
	Key      string   `json:"key"` // name of the key that signs
	Camera   Camera   `json:"camera"`
	Window   Window   `json:"window"`
	Timeline []Span   `json:"timeline"`
	Clip     Clip     `json:"clip"`
	Sources  []Source `json:"sources"`
	Export   Export   `json:"export"`
	Ledger   Ledger   `json:"ledger"`
	Files    []File   `json:"files"` // but for the manifest and its signature, in their order
}

// Camera is where the footage is from.
type Camera struct {
	ID         string `json:"id"`
	NationalID string `json:"national_id"`
	Name       string `json:"name"`
	Division   string `json:"division,omitempty"`
	OwnerID    string `json:"owner_id"`
	OwnerName  string `json:"owner_name"`
}

// Window is what was asked for.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Span is a stretch of the window: recorded, held, a gap with its reason, or
// expired.
type Span struct {
	From   time.Time          `json:"from"`
	To     time.Time          `json:"to"`
	State  gatepost.SpanState `json:"state"`
	Reason gatepost.GapReason `json:"reason,omitempty"`
}

// Clip is what there is. It may begin up to a key frame before the window.
type Clip struct {
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Codecs     string    `json:"codecs"`
	Width      int       `json:"width"`
	Height     int       `json:"height"`
	InitBytes  int64     `json:"init_bytes"`
	InitSHA256 string    `json:"init_sha256"`
}

// Source is a stored object and what of it is in the clip. Bytes and SHA256 are
// those of the object as recorded at ingest; the platform has compared the whole
// object with them as it made the clip.
type Source struct {
	Recording   string    `json:"recording"`
	Run         string    `json:"run"`
	Seq         int       `json:"seq"`
	Start       time.Time `json:"start"`
	End         time.Time `json:"end"`
	Bytes       int64     `json:"bytes"`
	SHA256      string    `json:"sha256"`
	Offset      int64     `json:"offset"`       // of the range in the object
	Length      int64     `json:"length"`       // of the range
	RangeSHA256 string    `json:"range_sha256"` // of the range in the object
}

// Whole tells whether the range is all of the object's media.
func (s Source) Whole(initBytes int64) bool {
	return s.Offset == initBytes && s.Length == s.Bytes-initBytes
}

// Export is who took the copy, and why.
type Export struct {
	UserID           string    `json:"user_id"`
	UserName         string    `json:"user_name"`
	OrganisationID   string    `json:"organisation_id"`
	OrganisationName string    `json:"organisation_name"`
	Purpose          string    `json:"purpose"`
	Reason           string    `json:"reason"`
	CaseNumber       string    `json:"case_number,omitempty"`
	RequestedAt      time.Time `json:"requested_at"`
	MadeAt           time.Time `json:"made_at"`
}

// Ledger proves that the export is in the ledger (docs/design/ledger.md).
type Ledger struct {
	Key        string   `json:"key"`      // that checkpoints verify with
	Sequence   int64    `json:"sequence"` // number of the entry's leaf
	Record     []byte   `json:"record"`   // the entry as it was written down
	Size       int64    `json:"size"`     // of the checkpoint's tree
	Hashes     [][]byte `json:"hashes"`   // the audit path (RFC 6962 §2.1.1)
	Checkpoint string   `json:"checkpoint"`
}

// File is one of the files.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
}

// Encode returns the manifest as it is signed.
func (m *Manifest) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Detail is what the ledger's entry of the export says; Verify compares it.
func (m *Manifest) Detail() map[string]string {
	d := map[string]string{"act": "evidence", "evidence": m.ID, "purpose": m.Export.Purpose, "reason": m.Export.Reason,
		"from": m.Window.From.Format(time.RFC3339Nano), "to": m.Window.To.Format(time.RFC3339Nano)}
	if m.Export.CaseNumber != "" {
		d["case_number"] = m.Export.CaseNumber
	}
	for _, f := range m.Files {
		if f.Name == ClipFile {
			d["sha256"], d["bytes"] = f.SHA256, strconv.FormatInt(f.Bytes, 10)
		}
	}
	return d
}
