package programme

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Bounds of a programme, lengths in characters.
const (
	maxCount  = 1_000_000
	maxAhead  = 10 // years
	maxRemark = 500
	maxName   = 100
)

// Target is a target as the API takes and shows one.
type Target struct {
	Place    gatepost.PlaceCategory `json:"place"`
	Class    gatepost.WatchClass    `json:"class" doc:"1, 2 or 3"`
	Count    int                    `json:"count" doc:"Cameras that are to be there"`
	Strength gatepost.Strength      `json:"strength" enum:"full,basic,strive" doc:"全面建成, 基本建成, 力争"`
	Deadline string                 `json:"deadline" maxLength:"10" doc:"YYYY-MM-DD, within the year"`
}

// Site is a site as the API takes and shows one.
type Site struct {
	Name      string                 `json:"name" minLength:"1" maxLength:"100"`
	Place     gatepost.PlaceCategory `json:"place"`
	Class     gatepost.WatchClass    `json:"class"`
	Longitude float64                `json:"longitude" minimum:"-180" maximum:"180"`
	Latitude  float64                `json:"latitude" minimum:"-90" maximum:"90"`
}

// Programme is a version of a programme as the API shows one.
type Programme struct {
	ID             string                  `json:"id"`
	Division       string                  `json:"division"`
	Year           int                     `json:"year"`
	Version        int                     `json:"version"`
	State          gatepost.ProgrammeState `json:"state" enum:"draft,submitted,returned,approved,superseded"`
	Reviewer       string                  `json:"reviewer,omitempty" doc:"The division whose word is awaited"`
	Targets        []Target                `json:"targets"`
	Sites          []Site                  `json:"sites"`
	OrganisationID string                  `json:"organisation_id"`
	CreatedAt      time.Time               `json:"created_at"`
	SubmittedAt    *time.Time              `json:"submitted_at,omitempty"`
	DecidedAt      *time.Time              `json:"decided_at,omitempty" doc:"The last word on it"`
	Remark         string                  `json:"remark,omitempty" doc:"Of the last word"`
}

func view(p gatepost.Programme) Programme {
	v := Programme{ID: p.ID, Division: p.Division, Year: p.Year, Version: p.Version, State: p.State, Reviewer: p.Reviewer, Targets: make([]Target, len(p.Targets)),
		Sites: make([]Site, len(p.Sites)), OrganisationID: p.Organisation, CreatedAt: p.CreatedAt, SubmittedAt: p.SubmittedAt, DecidedAt: p.DecidedAt, Remark: p.Remark}
	for i, t := range p.Targets {
		v.Targets[i] = Target{Place: t.Place, Class: t.Class, Count: t.Count, Strength: t.Strength, Deadline: t.Deadline.String()}
	}
	for i, s := range p.Sites {
		v.Sites[i] = Site{Name: s.Name, Place: s.Place, Class: s.Class, Longitude: s.Position.Longitude, Latitude: s.Position.Latitude}
	}
	return v
}

// ProgrammeContent is what a programme holds.
type ProgrammeContent struct {
	Targets []Target `json:"targets" maxItems:"500"`
	Sites   []Site   `json:"sites,omitempty" maxItems:"2000"`
}

// ProgrammeDraft is a programme that is drawn up.
type ProgrammeDraft struct {
	ProgrammeContent
	Year int `json:"year"`
}

// ProgrammeReview is a level's word on a programme.
type ProgrammeReview struct {
	Approve bool   `json:"approve"`
	Remark  string `json:"remark,omitempty" maxLength:"500" doc:"Needed to return it"`
}

type (
	createInput struct{ Body ProgrammeDraft }
	updateInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body ProgrammeContent
	}
	idInput struct {
		ID string `path:"id" maxLength:"64"`
	}
	reviewInput struct {
		ID   string `path:"id" maxLength:"64"`
		Body ProgrammeReview
	}
	listInput struct {
		host.Page
		Year    int  `query:"year" minimum:"0" doc:"Only of this year"`
		InForce bool `query:"in_force" doc:"Only those in force"`
	}
	output     struct{ Body Programme }
	listOutput struct{ Body host.List[Programme] }
)

func (f *Function) create(ctx context.Context, in *createInput) (*output, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if level := gatepost.LevelOf(s.Division); !s.Governs(s.Division) || level != "city" && level != "county" {
		return nil, errAuthor
	}
	now := f.now()
	switch this := now.In(gatepost.Zone).Year(); {
	case in.Body.Year < this:
		return nil, gatepost.InvalidField("year", fmt.Sprintf("%d is over; a programme is for %d or a later year", in.Body.Year, this))
	case in.Body.Year > this+maxAhead:
		return nil, gatepost.InvalidField("year", fmt.Sprintf("a programme is at most %d years ahead", maxAhead))
	}
	p := gatepost.Programme{ID: gatepost.NewID(), Division: s.Division, Year: in.Body.Year, State: gatepost.ProgrammeDraft, Organisation: s.Organisation,
		CreatedBy: s.UserID, CreatedAt: now}
	if err := fill(&p, in.Body.ProgrammeContent); err != nil {
		return nil, err
	}
	if p, err = f.opts.Store.CreateProgramme(ctx, p, entry(s, p, "draft")); err != nil {
		return nil, err
	}
	return &output{Body: view(p)}, nil
}

// fill checks what a programme is to hold, rule by rule, and puts it in.
func fill(p *gatepost.Programme, c ProgrammeContent) error {
	p.Targets, p.Sites = nil, nil
	seen := map[Target]bool{}
	for i, t := range c.Targets {
		target, err := checkTarget(fmt.Sprintf("targets[%d]", i), p.Year, t)
		if err != nil {
			return err
		}
		if t.Count = 0; seen[t] {
			return gatepost.InvalidField(fmt.Sprintf("targets[%d]", i), "this target is there twice; put the numbers together")
		}
		seen[t] = true
		p.Targets = append(p.Targets, target)
	}
	for i, s := range c.Sites {
		field := fmt.Sprintf("sites[%d]", i)
		name, err := gatepost.CheckText(field+".name", s.Name, 1, maxName)
		if err != nil {
			return err
		}
		if err := checkKind(field, s.Place, s.Class); err != nil {
			return err
		}
		p.Sites = append(p.Sites, gatepost.Site{Name: name, Place: s.Place, Class: s.Class, Position: gatepost.Position{Longitude: s.Longitude, Latitude: s.Latitude}})
	}
	return nil
}

func checkTarget(field string, year int, t Target) (gatepost.Target, error) {
	none := gatepost.Target{}
	if err := checkKind(field, t.Place, t.Class); err != nil {
		return none, err
	}
	switch {
	case t.Count < 0:
		return none, gatepost.InvalidField(field+".count", "a target is a number of cameras to build, 0 or more")
	case t.Count > maxCount:
		return none, gatepost.InvalidField(field+".count", fmt.Sprintf("a target is %d cameras at most", maxCount))
	}
	deadline, err := gatepost.ParseDay(field+".deadline", t.Deadline)
	if err != nil {
		return none, err
	}
	if deadline.Start().Year() != year {
		return none, gatepost.InvalidField(field+".deadline", fmt.Sprintf("the deadline lies in the programme's year, %d", year))
	}
	return gatepost.Target{Place: t.Place, Class: t.Class, Count: t.Count, Strength: t.Strength, Deadline: deadline}, nil
}

func checkKind(field string, place gatepost.PlaceCategory, class gatepost.WatchClass) error {
	if !slices.Contains(gatepost.PlaceCategories, place) {
		return gatepost.InvalidField(field+".place", fmt.Sprintf("there is no such category of places; there are %v", gatepost.PlaceCategories))
	}
	if class < 1 || class > 3 {
		return gatepost.InvalidField(field+".class", "the class is 1, 2 or 3")
	}
	return nil
}

// entry is what the ledger keeps of an act.
func entry(s gatepost.Subject, p gatepost.Programme, act string) gatepost.LedgerEntry {
	detail := map[string]string{"act": act, "programme": p.ID, "division": p.Division, "year": strconv.Itoa(p.Year)}
	if p.Version > 0 {
		detail["version"] = strconv.Itoa(p.Version)
	}
	if act == "approve" || act == "pass_on" || act == "return" {
		detail["remark"] = p.Remark
	}
	return access.Entry(gatepost.LedgerProgramme, s, "", detail)
}

func (f *Function) list(ctx context.Context, in *listInput) (*listOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	division, err := reads(s)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.Programmes(ctx, division, in.Year, in.InForce, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: host.Paged(list, in.Limit, func(p gatepost.Programme) string { return p.ID }, view)}, nil
}

// find returns a programme that the caller may see.
func (f *Function) find(ctx context.Context, id string) (gatepost.Programme, gatepost.Subject, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return gatepost.Programme{}, s, err
	}
	division, err := reads(s)
	if err != nil || !gatepost.ValidID(id) {
		return gatepost.Programme{}, s, errNoProgramme
	}
	p, err := f.opts.Store.Programme(ctx, id)
	if gatepost.CodeOf(err) == gatepost.NotFound || err == nil && division != "" && !gatepost.Within(p.Division, division) {
		return gatepost.Programme{}, s, errNoProgramme
	}
	return p, s, err
}

func (f *Function) get(ctx context.Context, in *idInput) (*output, error) {
	p, _, err := f.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &output{Body: view(p)}, nil
}

// change alters a programme that the caller may see.
func (f *Function) change(ctx context.Context, id string, change func(gatepost.Subject, *gatepost.Programme) (act string, err error)) (*output, error) {
	_, s, err := f.find(ctx, id)
	if err != nil {
		return nil, err
	}
	p, err := f.opts.Store.UpdateProgramme(ctx, id, func(p *gatepost.Programme) (gatepost.LedgerEntry, error) {
		act, err := change(s, p)
		return entry(s, *p, act), err
	})
	if err != nil {
		return nil, err
	}
	return &output{Body: view(p)}, nil
}

// open fails unless a programme may be changed by those who drew it up.
func open(s gatepost.Subject, p *gatepost.Programme) error {
	switch {
	case !s.Governs(p.Division):
		return errAuthor
	case p.State == gatepost.ProgrammeSubmitted:
		return &gatepost.Error{Code: gatepost.Conflict, Message: "this programme is being reviewed; it can be changed when it is returned"}
	case p.State != gatepost.ProgrammeDraft && p.State != gatepost.ProgrammeReturned:
		return &gatepost.Error{Code: gatepost.Conflict, Message: "this programme is decided upon and stays as it is; draw up another version"}
	}
	return nil
}

func (f *Function) update(ctx context.Context, in *updateInput) (*output, error) {
	return f.change(ctx, in.ID, func(s gatepost.Subject, p *gatepost.Programme) (string, error) {
		if err := open(s, p); err != nil {
			return "", err
		}
		return "change", fill(p, in.Body)
	})
}

func (f *Function) submit(ctx context.Context, in *idInput) (*output, error) {
	now := f.now()
	return f.change(ctx, in.ID, func(s gatepost.Subject, p *gatepost.Programme) (string, error) {
		if err := open(s, p); err != nil {
			return "", err
		}
		if len(p.Targets) == 0 {
			return "", gatepost.InvalidField("targets", "a programme without a target is none; set one first")
		}
		p.State, p.Reviewer, p.SubmittedBy, p.SubmittedAt = gatepost.ProgrammeSubmitted, gatepost.Parent(p.Division), s.UserID, &now
		return "submit", nil
	})
}

func (f *Function) review(ctx context.Context, in *reviewInput) (*output, error) {
	remark, err := gatepost.CheckText("remark", in.Body.Remark, 0, maxRemark)
	if err != nil {
		return nil, err
	}
	now := f.now()
	return f.change(ctx, in.ID, func(s gatepost.Subject, p *gatepost.Programme) (string, error) {
		switch {
		case p.State != gatepost.ProgrammeSubmitted:
			return "", &gatepost.Error{Code: gatepost.Conflict, Message: "nobody's word is awaited on this programme; it must be submitted first"}
		case !s.Governs(p.Reviewer):
			return "", errReviewer
		case !in.Body.Approve && remark == "":
			return "", gatepost.InvalidField("remark", "say what is to be mended")
		}
		p.DecidedBy, p.DecidedAt, p.Remark = s.UserID, &now, remark
		switch above := gatepost.Parent(p.Reviewer); {
		case !in.Body.Approve:
			p.State, p.Reviewer = gatepost.ProgrammeReturned, ""
			return "return", nil
		case above != "":
			p.Reviewer = above
			return "pass_on", nil
		}
		p.State, p.Reviewer = gatepost.ProgrammeApproved, ""
		return "approve", nil
	})
}
