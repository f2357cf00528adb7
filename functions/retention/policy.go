package retention

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// RetentionBounds are the fewest and the most days of a category.
type RetentionBounds struct {
	FloorDays   int `json:"floor_days" minimum:"1" maximum:"3650"`
	CeilingDays int `json:"ceiling_days" minimum:"1" maximum:"3650" doc:"Not below the floor"`
}

// StoragePrices are what a month of storage costs.
type StoragePrices struct {
	Hot        float64 `json:"hot" minimum:"0" doc:"Per gibibyte and month, in the deployment's currency"`
	Infrequent float64 `json:"infrequent" minimum:"0"`
	Archive    float64 `json:"archive" minimum:"0"`

	DeepArchive float64 `json:"deep_archive" required:"false" minimum:"0"`
}

// RetentionRules are what a policy says.
type RetentionRules struct {
	General              RetentionBounds `json:"general"`
	KeyTarget            RetentionBounds `json:"key_target" doc:"Of cameras at key targets of counter-terrorism (反恐重点目标)"`
	IncidentDays         int             `json:"incident_days" minimum:"1" maximum:"3650" doc:"For how long footage of an incident's area and time is kept at least, drills not"`
	InfrequentAfterDays  int             `json:"infrequent_after_days" minimum:"0" maximum:"3650" doc:"At which age objects go to the class infrequent (S3: STANDARD_IA); 0 for never. A directory has one class, and so have some servers"`
	ArchiveAfterDays     int             `json:"archive_after_days" minimum:"0" maximum:"3650" doc:"At which age objects go to the class archive (S3: GLACIER_IR, which plays at once); 0 for never"`
	DeepArchiveAfterDays int             `json:"deep_archive_after_days" required:"false" minimum:"0" maximum:"3650" doc:"At which age objects go to the class deep_archive (S3: DEEP_ARCHIVE), from which they are restored before they play (POST /v1/restores); 0 for never"`
	HoldBytes            int64           `json:"hold_bytes" minimum:"0" doc:"What an organisation's holds may keep before it is warned; 0 for any. No hold is refused for it"`
	Prices               StoragePrices   `json:"prices"`
}

// RetentionPolicy is a version of the policy.
type RetentionPolicy struct {
	RetentionRules
	Version   int        `json:"version" doc:"0: nobody has changed the default"`
	ChangedBy string     `json:"changed_by,omitempty" doc:"User id"`
	ChangedAt *time.Time `json:"changed_at,omitempty"`
}

func viewPolicy(p gatepost.RetentionPolicy) RetentionPolicy {
	out := RetentionPolicy{Version: p.Version, ChangedBy: p.ChangedBy, RetentionRules: RetentionRules{General: RetentionBounds{p.General.Floor, p.General.Ceiling}, KeyTarget: RetentionBounds{p.KeyTarget.Floor, p.KeyTarget.Ceiling},
		IncidentDays: p.IncidentDays, InfrequentAfterDays: p.InfrequentAfter, ArchiveAfterDays: p.ArchiveAfter, DeepArchiveAfterDays: p.DeepArchiveAfter, HoldBytes: p.HoldBytes, Prices: StoragePrices(p.Prices)}}
	if p.Version > 0 {
		out.ChangedAt = &p.ChangedAt
	}
	return out
}

// policy reads rules.
func (r RetentionRules) policy() gatepost.RetentionPolicy {
	return gatepost.RetentionPolicy{General: gatepost.DayBounds{Floor: r.General.FloorDays, Ceiling: r.General.CeilingDays},
		KeyTarget:    gatepost.DayBounds{Floor: r.KeyTarget.FloorDays, Ceiling: r.KeyTarget.CeilingDays},
		IncidentDays: r.IncidentDays, InfrequentAfter: r.InfrequentAfterDays, ArchiveAfter: r.ArchiveAfterDays, DeepArchiveAfter: r.DeepArchiveAfterDays, HoldBytes: r.HoldBytes, Prices: gatepost.StoragePrices(r.Prices)}
}

type (
	policyOutput   struct{ Body RetentionPolicy }
	putPolicyInput struct {
		Body struct {
			RetentionRules
			Version int `json:"version" minimum:"0" doc:"Of the policy that this one replaces, as it was read; refused when there is a newer one"`
		}
	}
	policiesInput  struct{ host.Page }
	policiesOutput struct{ Body host.List[RetentionPolicy] }
	cameraInput    struct {
		ID string `path:"id" maxLength:"64"`
	}
	cameraOutput struct{ Body CameraRetention }
)

func (f *Function) policy(ctx context.Context, _ *struct{}) (*policyOutput, error) {
	p, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	out := viewPolicy(p)
	out.ChangedBy = "" // for administrators, in the list
	return &policyOutput{Body: out}, nil
}

func (f *Function) putPolicy(ctx context.Context, in *putPolicyInput) (*policyOutput, error) {
	s, err := auth.Admin(ctx)
	if err != nil {
		return nil, err
	}
	p := in.Body.policy()
	if err := p.Check(); err != nil {
		return nil, err
	}
	p.Version, p.ChangedBy, p.ChangedAt = in.Body.Version+1, s.UserID, f.opts.Now().UTC().Truncate(time.Millisecond)
	entry := access.Entry(gatepost.LedgerRetention, s, "", map[string]string{"act": "policy", "version": strconv.Itoa(p.Version),
		"general": span(p.General), "key_target": span(p.KeyTarget), "incident": strconv.Itoa(p.IncidentDays)})
	if err := f.opts.Store.PutRetentionPolicy(ctx, p, entry); err != nil {
		return nil, err
	}
	return &policyOutput{Body: viewPolicy(p)}, nil
}

func span(b gatepost.DayBounds) string {
	return strconv.Itoa(b.Floor) + "–" + strconv.Itoa(b.Ceiling)
}

func (f *Function) policies(ctx context.Context, in *policiesInput) (*policiesOutput, error) {
	if _, err := auth.Admin(ctx); err != nil {
		return nil, err
	}
	before := 0
	if in.After != "" {
		var err error
		if before, err = strconv.Atoi(in.After); err != nil || before < 1 {
			return nil, gatepost.InvalidField("after", "the cursor is not one that a page ended with; begin again without it")
		}
	}
	list, err := f.opts.Store.RetentionPolicies(ctx, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &policiesOutput{Body: host.Paged(list, in.Limit, func(p gatepost.RetentionPolicy) string { return strconv.Itoa(p.Version) }, viewPolicy)}, nil
}

// CameraRetention is for how long a camera's recordings are kept.
type CameraRetention struct {
	CameraID string                 `json:"camera_id"`
	Category gatepost.LegalCategory `json:"category" enum:"general,key_target"`
	Asked    int                    `json:"asked_days" doc:"That its owner asks for"`
	Days     int                    `json:"days" doc:"That ordinary footage is kept: asked_days within the bounds of its category now"`
	RetentionBounds
	IncidentDays int `json:"incident_days" doc:"That footage of incidents is kept"`
	Policy       int `json:"policy_version"`

	Storage *CameraStorage `json:"storage,omitempty" doc:"Only to the camera's organisation, the operator and administrators"`
}

// CameraStorage is how much of a camera is stored.
type CameraStorage struct {
	Stored      []StoredClass `json:"stored" doc:"What lies in each storage class now"`
	MonthlyCost float64       `json:"monthly_cost" doc:"What that costs in a month, at the policy's prices"`
}

// StoredClass is what lies in a storage class.
type StoredClass struct {
	Class      string `json:"class" enum:"hot,infrequent,archive,deep_archive"`
	Recordings int64  `json:"recordings"`
	Bytes      int64  `json:"bytes"`
}

func (f *Function) camera(ctx context.Context, in *cameraInput) (*cameraOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	c, _, err := access.Gate{Store: f.opts.Store}.Camera(ctx, s, in.ID, access.Know, nil)
	if err != nil {
		return nil, err
	}
	p, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	b := p.Bounds(c.Category)
	out := &cameraOutput{Body: CameraRetention{CameraID: c.ID, Category: c.Category, Asked: c.RetentionDays, Days: p.Days(c), RetentionBounds: RetentionBounds{b.Floor, b.Ceiling},
		IncidentDays: max(p.Days(c), p.IncidentDays), Policy: p.Version}}
	if !access.SeesVolume(s, c) {
		return out, nil
	}
	out.Body.Storage, err = f.storage(ctx, p, c.ID)
	return out, err
}

func (f *Function) storage(ctx context.Context, p gatepost.RetentionPolicy, cameraID string) (*CameraStorage, error) {
	totals, err := f.opts.Store.StoredTotal(ctx, cameraID)
	if err != nil {
		return nil, err
	}
	out := &CameraStorage{Stored: []StoredClass{}, MonthlyCost: p.Prices.Monthly(totals)}
	for _, t := range totals {
		out.Stored = append(out.Stored, StoredClass{cmp.Or(string(t.Class), "hot"), t.Recordings, t.Bytes})
	}
	return out, nil
}
