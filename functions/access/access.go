// Package access decides who may do what with a camera. It is pure: a decision
// depends on nothing but its request, deny is the default, and every decision,
// allowed or refused, says why in words that can be shown and written down.
//
// The table, from the first rule that decides:
//
//	who                                     know live playback export share audit hold manage
//	administrator of the system              yes  yes    yes     yes   yes   yes   yes   yes    looks are registered with a purpose
//	operator                                 yes   –      –       –     –     –     –    yes    whatever it owns; managing needs owner, supervisor or maintainer
//	  while the owner's support window lasts yes  yes    yes      –     –     –     –    yes    of others' cameras; owner, supervisor or maintainer, each look with a purpose
//	camera's owner organisation: owner       yes  yes    yes     yes   yes   yes   yes   yes
//	                             supervisor  yes  yes    yes     yes   yes   yes   yes   yes
//	                             responder   yes  yes    yes     yes    –     –     –     –
//	                             watcher     yes  yes    yes      –     –     –     –     –
//	                             maintainer  yes   –      –       –     –     –     –    yes
//	named by an incident whose area holds
//	the camera, while it lasts               yes  yes    within    –     –     –     –     –    any class; playback of the time since it opened; no maintainers
//	police and sub-control centres of the
//	camera's county or town: class 1 and 2   yes  yes    yes     yes    –     –     –     –
//	                         class 3         yes   with the owner's standing consent
//	those of a division that holds it        yes   –      –       –     –     –     –     –
//	a cross-department grant                 yes  what it names, in its hours  –     –     –     –
//	an answered footage request              yes   –     within  within   –     –     –     –     its window, for its case; copies when the owner allows them
//	anyone else                               –    –      –       –     –     –     –     –     as if the camera did not exist
//
// Whoever is not of the owner's organisation registers each look with a purpose
// and a reason. Of police, departments and the like, owners, supervisors,
// responders and watchers look; watchers take no copies. An administrator stays
// one whatever his organisation; the operator's other people see no picture
// without the owner (mission R10). Third parties have share links only. Of several
// permissions that end, the one that lasts longest counts, and a drill only where
// no incident opens the camera. A role that is not on gatepost.Roles has no right.
package access

import (
	"slices"
	"time"

	"github.com/gatepost-video/gatepost"
)

// Action is something that can be done with a camera.
type Action string

// The actions.
const (
	Know     Action = "know"     // that it exists, its description and state
	Live     Action = "live"     // watch it now
	Playback Action = "playback" // watch what was recorded
	Export   Action = "export"   // take a copy of what was recorded
	Share    Action = "share"    // make, list and revoke share links
	Audit    Action = "audit"    // see who looked
	Hold     Action = "hold"     // keep recordings from deletion
	Manage   Action = "manage"   // change, suspend, resume, retire, rotate its key
)

// Actions lists every action.
var Actions = []Action{Know, Live, Playback, Export, Share, Audit, Hold, Manage}

// Looks tells whether the action shows the subject a picture, so that it is
// registered with a purpose before (Order 799 art. 16).
func (a Action) Looks() bool { return a == Live || a == Playback || a == Export }

// Request is a question: may this subject do this with this camera?
type Request struct {
	Subject  gatepost.Subject
	Action   Action
	Camera   gatepost.Camera
	From, To time.Time // the window of playback and export; zero: none in particular
	Case     string    // the number of the case that a look names; "" for none
	At       time.Time // the present, in the deployment's time zone
	Facts    gatepost.AccessFacts
}

// Decision is the answer. When it is a refusal, Code is what the caller is
// answered with: NotFound where he may not even know of the camera.
type Decision struct {
	Allowed      bool
	Code         gatepost.Code // "" when allowed
	Rule         string        // the rule that decided, for the ledger
	ZH, EN       string        // why, in plain words
	Remedies     []Remedy      // what would allow it, when it is refused
	NeedsPurpose bool          // allowed, provided that a purpose and a reason are given
	Basis        string        // what the permission ends with, e.g. "incident:<id>"; "" for a standing one
	Until        time.Time     // when the permission ends by itself; zero for a standing one
	Drill        bool          // it rests on an exercise, and what is shown says so
	CaseNumber   string        // the case that it is for; a look names no other. "" for none in particular
}

// Remedy is something that would allow what was refused.
type Remedy struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Err is the refusal as an error, nil when allowed.
func (d Decision) Err() error {
	if d.Allowed {
		return nil
	}
	return &gatepost.Error{Code: d.Code, Message: d.EN}
}

// rule looks at a request and either decides it or leaves it to the next one.
type rule func(Request) (Decision, bool)

// rules are asked in this order; the first that decides wins, and what none
// decides is refused.
var rules = []rule{unknownSubject, unknownAction, administrator, operator, ownersPeople, incident, localPolice, crossGrant, footage, knowing}

// Decide answers a request.
func Decide(r Request) Decision {
	for _, decide := range rules {
		if d, ok := decide(r); ok {
			return d
		}
	}
	return Decision{Code: gatepost.NotFound, Rule: "default",
		ZH: "没有这台摄像机,或者您无权知道它的存在。", EN: "There is no such camera, or none that you may know of."}
}

func unknownSubject(r Request) (Decision, bool) {
	s := r.Subject
	if s.UserID != "" && s.Organisation != "" && s.Role != "" {
		return Decision{}, false
	}
	return Decision{Code: gatepost.Unauthenticated, Rule: "unknown_subject", ZH: "请先登录。", EN: "Sign in first."}, true
}

func unknownAction(r Request) (Decision, bool) {
	if slices.Contains(Actions, r.Action) {
		return Decision{}, false
	}
	return Decision{Code: gatepost.Forbidden, Rule: "unknown_action", ZH: "没有这种操作。", EN: "There is no such action."}, true
}

func administrator(r Request) (Decision, bool) {
	if !r.Subject.Admin() {
		return Decision{}, false
	}
	return Decision{Allowed: true, Rule: "administrator", NeedsPurpose: r.Action.Looks() && !owns(r),
		ZH: "系统管理员,逐次登记。", EN: "An administrator of the system; each look is registered."}, true
}

func owns(r Request) bool {
	return r.Camera.Owner != "" && r.Camera.Owner == r.Subject.Organisation
}
