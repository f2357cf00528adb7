package camera

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
)

// Lengths in characters.
const (
	maxName    = 100
	maxAddress = 200
	maxReason  = 500
)

// Position is a WGS-84 point.
type Position gatepost.Position

// Schema implements huma.SchemaProvider: an inline object that may be null.
func (Position) Schema(huma.Registry) *huma.Schema {
	degrees := func(limit float64, doc string) *huma.Schema {
		least := -limit
		return &huma.Schema{Type: huma.TypeNumber, Format: "double", Minimum: &least, Maximum: &limit, Description: doc}
	}
	s := &huma.Schema{
		Type: huma.TypeObject, Nullable: true, Description: "WGS-84, degrees; both or none",
		Properties: map[string]*huma.Schema{
			"longitude": degrees(180, "Degrees east"),
			"latitude":  degrees(90, "Degrees north"),
		},
		Required: []string{"longitude", "latitude"}, AdditionalProperties: false,
	}
	for _, p := range s.Properties {
		p.PrecomputeMessages()
	}
	s.PrecomputeMessages()
	return s
}

// Description is what may be said about a camera besides its name. A field that is left
// out takes its default at enrolment and stays as it is in a change.
type Description struct {
	Position       *Position               `json:"position,omitempty"`
	Address        *string                 `json:"address,omitempty" maxLength:"200"`
	Division       *string                 `json:"division,omitempty" maxLength:"12" doc:"Division code, see GET /v1/divisions; empty for none. In the county, or whatever level it is, that one's organisation is bound to; administrators and the operator name any"`
	Place          *gatepost.PlaceCategory `json:"place,omitempty" enum:"town_centre,market_town,main_street,busy_area,public_place,junction,troubled_area,boundary,market,residential,premises,bus,village,unclassified" doc:"Default unclassified"`
	Class          *int                    `json:"class,omitempty" minimum:"1" maximum:"3" doc:"Watch class; default 3. Police, government and sub-control centres set it for their own cameras, administrators for any"`
	OwnerID        *string                 `json:"owner_id,omitempty" maxLength:"36" doc:"Whose camera it is; default and for anyone but administrators only: one's own organisation"`
	ResponsibleID  *string                 `json:"responsible_id,omitempty" maxLength:"36" doc:"Who answers for it; default the owner"`
	FunderID       *string                 `json:"funder_id,omitempty" maxLength:"36" doc:"Who paid for it; default the owner"`
	BeneficiaryID  *string                 `json:"beneficiary_id,omitempty" maxLength:"36" doc:"Who benefits from it; default the owner"`
	Category       *gatepost.LegalCategory `json:"category,omitempty" enum:"general,key_target" doc:"What the law takes its place for, which bounds retention_days: general, or key_target (反恐重点目标). Only administrators set it; default general"`
	RetentionDays  *int                    `json:"retention_days,omitempty" minimum:"1" maximum:"3650" doc:"Days that recordings are kept, within the bounds of its category (GET /v1/retention/policy), which count even where they change later; default the fewest"`
	ConsentToShare *bool                   `json:"consent_to_share,omitempty" doc:"The owner's standing consent to police use; default false"`
	SignPosted     *bool                   `json:"sign_posted,omitempty" doc:"A sign tells passers-by (Order 799 art. 13). Must be true, unless an administrator enrols"`
	NotBannedPlace *bool                   `json:"not_banned_place,omitempty" doc:"It looks into no place where a camera may never be (Order 799 art. 8). Must be true, unless an administrator enrols"`
}

// apply puts a description onto a camera, rule by rule; each error names the
// field and what to do. Bounds of retention are the policy's. An administrator may name any organisation and need
// not declare. It reads no database: what a description refers to, lookUp
// checks.
func apply(p gatepost.RetentionPolicy, s gatepost.Subject, c *gatepost.Camera, d Description) error {
	if err := applyPlace(c, d); err != nil {
		return err
	}
	if err := applyDivision(s, c, d); err != nil {
		return err
	}
	if err := applyOrganisations(s, c, d); err != nil {
		return err
	}
	if err := applyClass(s, c, d); err != nil {
		return err
	}
	if err := applyRetention(p, s, c, d); err != nil {
		return err
	}
	set(&c.ConsentToShare, d.ConsentToShare)
	set(&c.SignPosted, d.SignPosted)
	set(&c.NotBannedPlace, d.NotBannedPlace)
	return declared(s, c)
}

func applyPlace(c *gatepost.Camera, d Description) error {
	if p := d.Position; p != nil {
		if !(math.Abs(p.Longitude) <= 180) {
			return gatepost.InvalidField("position.longitude", "a longitude lies between -180 and 180 degrees; leave the whole position out if it is not known")
		}
		if !(math.Abs(p.Latitude) <= 90) {
			return gatepost.InvalidField("position.latitude", "a latitude lies between -90 and 90 degrees; leave the whole position out if it is not known")
		}
		position := gatepost.Position(*p)
		c.Position = &position
	}
	if d.Address != nil {
		address, err := gatepost.CheckText("address", *d.Address, 0, maxAddress)
		if err != nil {
			return err
		}
		c.Address = address
	}
	if d.Place != nil {
		if !slices.Contains(gatepost.PlaceCategories, *d.Place) {
			return gatepost.InvalidField("place", fmt.Sprintf("the place is one of %v", gatepost.PlaceCategories))
		}
		c.Place = *d.Place
	}
	return nil
}

// applyDivision puts a camera into a division of its organisation's own: its police
// are told of it and may know of it. Only administrators and the operator, which works
// for all, put one elsewhere.
func applyDivision(s gatepost.Subject, c *gatepost.Camera, d Description) error {
	if d.Division == nil || *d.Division == c.Division {
		return nil
	}
	if _, err := gatepost.NationalCentre(*d.Division); err != nil {
		return err
	}
	free := s.Admin() || s.Kind == gatepost.KindOperator || *d.Division == ""
	switch home := home(s); {
	case !free && home == "":
		return &gatepost.Error{Code: gatepost.Forbidden, Field: "division", Message: "your organisation is bound to no division, so that it names none; ask an administrator to put the camera into one"}
	case !free && !gatepost.Within(*d.Division, home):
		return &gatepost.Error{Code: gatepost.Forbidden, Field: "division", Message: "your organisation's cameras lie in " + home + ", where it is bound, or below; ask an administrator to enrol one elsewhere"}
	}
	c.Division = *d.Division
	return nil
}

// home is the division in which an organisation's cameras lie: its own, and of a town its
// county, since a shop's second door may be across the street.
func home(s gatepost.Subject) string {
	if gatepost.LevelOf(s.Division) == "town" {
		return s.Division[:6]
	}
	return s.Division
}

// classifiers are the kinds of organisations that say which of their cameras are of
// class 1 and 2: those who watch them around the clock (mission R14).
var classifiers = []gatepost.OrganisationKind{gatepost.KindPolice, gatepost.KindGovernment, gatepost.KindSubControl}

// applyClass sets the watch class. Class 1 and 2 open a camera to its local police and
// have a sub-control centre answer for it: neither to take on nor to shake off is its
// owner's to say.
func applyClass(s gatepost.Subject, c *gatepost.Camera, d Description) error {
	if d.Class == nil || gatepost.WatchClass(*d.Class) == c.Class {
		return nil
	}
	if *d.Class < 1 || *d.Class > 3 {
		return gatepost.InvalidField("class", "the watch class is 1 (watched live around the clock), 2 (live or recorded) or 3 (recorded first)")
	}
	if !s.Admin() && !slices.Contains(classifiers, s.Kind) {
		return &gatepost.Error{Code: gatepost.Forbidden, Field: "class",
			Message: "which cameras are of class 1 and 2 is for the police and the government to say; leave class out, and ask an administrator for another than it has"}
	}
	c.Class = gatepost.WatchClass(*d.Class)
	return nil
}

// organisations pairs the fields that name one with the camera's.
func (d Description) organisations(c *gatepost.Camera) []organisationField {
	return []organisationField{
		{"owner_id", d.OwnerID, &c.Owner},
		{"responsible_id", d.ResponsibleID, &c.Responsible},
		{"funder_id", d.FunderID, &c.Funder},
		{"beneficiary_id", d.BeneficiaryID, &c.Beneficiary},
	}
}

type organisationField struct {
	name  string
	given *string
	into  *string
}

func applyOrganisations(s gatepost.Subject, c *gatepost.Camera, d Description) error {
	for _, o := range d.organisations(c) {
		if o.given == nil || *o.given == *o.into {
			continue
		}
		// The same whether it exists: organisations are not to be guessed.
		if !s.Admin() && (*o.given != s.Organisation || o.name == "owner_id") {
			return &gatepost.Error{Code: gatepost.Forbidden, Field: o.name, Message: "it must be your own organisation; an administrator can name another"}
		}
		*o.into = *o.given
	}
	return nil
}

// lookUp checks that what a description refers to exists.
func (f *Function) lookUp(ctx context.Context, d Description) error {
	if d.Division != nil && *d.Division != "" {
		_, err := f.opts.Store.Division(ctx, *d.Division)
		if gatepost.CodeOf(err) == gatepost.NotFound {
			return gatepost.InvalidField("division", "there is no such division; GET /v1/divisions lists them")
		}
		if err != nil {
			return err
		}
	}
	for _, o := range d.organisations(&gatepost.Camera{}) {
		if o.given == nil {
			continue
		}
		_, err := f.opts.Store.Organisation(ctx, *o.given)
		if gatepost.CodeOf(err) == gatepost.NotFound {
			return gatepost.InvalidField(o.name, "there is no such organisation; GET /v1/organisations lists them")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func applyRetention(p gatepost.RetentionPolicy, s gatepost.Subject, c *gatepost.Camera, d Description) error {
	if d.Category != nil && *d.Category != c.Category {
		if !slices.Contains(gatepost.LegalCategories, *d.Category) {
			return gatepost.InvalidField("category", fmt.Sprintf("the category is one of %v", gatepost.LegalCategories))
		}
		if !s.Admin() {
			return &gatepost.Error{Code: gatepost.Forbidden, Field: "category", Message: "what is a key target is for an administrator to say; ask one"}
		}
		c.Category = *d.Category
	}
	bounds := p.Bounds(c.Category)
	if d.RetentionDays == nil {
		if c.RetentionDays == 0 {
			c.RetentionDays = bounds.Floor
		}
		return nil
	}
	switch days := *d.RetentionDays; {
	case days < bounds.Floor:
		return gatepost.InvalidField("retention_days", fmt.Sprintf("recordings are kept at least %d days (Order 799 art. 17); ask for %d to %d", bounds.Floor, bounds.Floor, bounds.Ceiling))
	case days > bounds.Ceiling:
		return gatepost.InvalidField("retention_days", fmt.Sprintf("recordings are kept at most %d days here; ask for %d to %d, and lay a hold on what a case needs for longer", bounds.Ceiling, bounds.Floor, bounds.Ceiling))
	}
	c.RetentionDays = *d.RetentionDays
	return nil
}

// declared checks the owner's two declarations.
func declared(s gatepost.Subject, c *gatepost.Camera) error {
	if s.Admin() {
		return nil
	}
	if !c.NotBannedPlace {
		return gatepost.InvalidField("not_banned_place", "declare with true that the camera looks into no guest room, dormitory, bath, toilet, changing, nursing or fitting room; there no camera may be (Order 799 art. 8)")
	}
	if !c.SignPosted {
		return gatepost.InvalidField("sign_posted", "put up a sign that tells passers-by of the camera, then declare it with true (Order 799 art. 13)")
	}
	return nil
}

func set[T any](into *T, given *T) {
	if given != nil {
		*into = *given
	}
}
