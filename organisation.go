package gatepost

import (
	"strings"
	"time"
)

// OrganisationKind is one of the kinds of mission R1.
type OrganisationKind string

const (
	KindGovernment OrganisationKind = "government"
	KindPolice     OrganisationKind = "police"
	KindDepartment OrganisationKind = "department"
	KindSubControl OrganisationKind = "sub_control"
	KindBusiness   OrganisationKind = "business"
	KindCommunity  OrganisationKind = "community"
	KindOperator   OrganisationKind = "operator"
	KindThirdParty OrganisationKind = "third_party"
)

// OrganisationKinds lists every kind.
var OrganisationKinds = []OrganisationKind{
	KindGovernment, KindPolice, KindDepartment, KindSubControl, KindBusiness, KindCommunity, KindOperator, KindThirdParty,
}

// Authority tells whether organisations of a kind watch over others' cameras.
func (k OrganisationKind) Authority() bool {
	return k == KindGovernment || k == KindPolice || k == KindDepartment || k == KindSubControl
}

// Role is what a person does in an organisation (mission R13).
type Role string

const (
	RoleWatcher    Role = "watcher"
	RoleResponder  Role = "responder"
	RoleMaintainer Role = "maintainer"
	RoleSupervisor Role = "supervisor"
	RoleOwner      Role = "owner"
	RoleAdmin      Role = "admin" // administrator of the whole system
)

// Roles lists every role.
var Roles = []Role{RoleWatcher, RoleResponder, RoleMaintainer, RoleSupervisor, RoleOwner, RoleAdmin}

// Division is an administrative division (GB/T 2260 and its extensions).
type Division struct {
	Code   string // 2 digits province, 4 city, 6 county, 9 town
	Name   string
	Level  string // "province", "city", "county", "town"
	Parent string // "" for a province
}

// Levels are the levels of divisions, from the widest.
var Levels = []string{"province", "city", "county", "town"}

// LevelOf returns the level of a division by its code, "" for none.
func LevelOf(code string) string {
	switch len(code) {
	case 2:
		return "province"
	case 4:
		return "city"
	case 6:
		return "county"
	case 9:
		return "town"
	}
	return ""
}

// Within tells whether a division is another one or lies in it. No division lies
// in "".
func Within(code, other string) bool {
	return LevelOf(other) != "" && LevelOf(code) != "" && strings.HasPrefix(code, other)
}

// DivisionNode is a division as a tree shows it.
type DivisionNode struct {
	Division
	HasChildren bool
}

// Organisation is a tenant.
type Organisation struct {
	ID        string
	Name      string
	Kind      OrganisationKind
	Division  string // division code, "" for none
	CreatedAt time.Time
}

// User is a person with a login.
type User struct {
	ID           string
	Login        string
	Name         string
	Organisation string // organisation id
	Role         Role
	PasswordHash string // argon2id, PHC string format
	Disabled     bool
	CreatedAt    time.Time
}

// Subject is who makes a request, as an access token or API key says.
type Subject struct {
	UserID       string
	Login        string
	Organisation string
	Kind         OrganisationKind
	Division     string // of the organisation; "" for none
	Role         Role
}

// Admin tells whether the subject administers the whole system.
func (s Subject) Admin() bool { return s.Role == RoleAdmin }

// Leads tells whether the subject speaks for its organisation: an owner (单位负责人) or
// a supervisor (主管).
func (s Subject) Leads() bool { return s.Role == RoleOwner || s.Role == RoleSupervisor }

// Governs tells whether the subject speaks for a division: it leads the division's
// own police or government.
func (s Subject) Governs(division string) bool {
	return (s.Kind == KindPolice || s.Kind == KindGovernment) && division != "" && s.Division == division && s.Leads()
}
