// Package access decides who may do what with a camera. It is pure: a decision
// depends on nothing but its request, deny is the default, and every decision,
// allowed or refused, says why in words that can be shown and written down.
//
// The table so far:
//
//	who                                     know live playback export share audit hold manage
//	administrator of the system              yes  yes    yes     yes   yes   yes   yes   yes    looks are registered with a purpose
//	operator                                 yes   –      –       –     –     –     –    yes    whatever it owns; managing needs owner, supervisor or maintainer
//	camera's owner organisation: owner       yes  yes    yes     yes   yes   yes   yes   yes
//	                             supervisor  yes  yes    yes     yes   yes   yes   yes   yes
//	                             responder   yes  yes    yes     yes    –     –     –     –
//	                             watcher     yes  yes    yes      –     –     –     –     –
//	                             maintainer  yes   –      –       –     –     –     –    yes
//	anyone else                               –    –      –       –     –     –     –     –     as if the camera did not exist
//
// An administrator stays one whatever his organisation; the operator's other
// people never see a picture (mission R10).
package access

import (
	"slices"

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
	Subject gatepost.Subject
	Action  Action
	Camera  gatepost.Camera
}

// Decision is the answer. When it is a refusal, Code is what the caller is
// answered with: NotFound where he may not even know of the camera.
type Decision struct {
	Allowed      bool
	Code         gatepost.Code // "" when allowed
	Rule         string        // the rule that decided, for the ledger
	ZH, EN       string        // why, in plain words
	NeedsPurpose bool          // allowed, provided that a purpose and a reason are given
}

// Err is the refusal as an error, nil when allowed.
func (d Decision) Err() error {
	if d.Allowed {
		return nil
	}
	return &gatepost.Error{Code: d.Code, Message: d.EN}
}

// The roles of the owner's organisation, and of the operator for Manage.
var (
	everyRole = []gatepost.Role{gatepost.RoleOwner, gatepost.RoleSupervisor, gatepost.RoleResponder, gatepost.RoleWatcher, gatepost.RoleMaintainer}
	managers  = []gatepost.Role{gatepost.RoleOwner, gatepost.RoleSupervisor, gatepost.RoleMaintainer}
	ownRoles  = map[Action][]gatepost.Role{
		Know:     everyRole,
		Live:     {gatepost.RoleOwner, gatepost.RoleSupervisor, gatepost.RoleResponder, gatepost.RoleWatcher},
		Playback: {gatepost.RoleOwner, gatepost.RoleSupervisor, gatepost.RoleResponder, gatepost.RoleWatcher},
		Export:   {gatepost.RoleOwner, gatepost.RoleSupervisor, gatepost.RoleResponder},
		Share:    {gatepost.RoleOwner, gatepost.RoleSupervisor},
		Audit:    {gatepost.RoleOwner, gatepost.RoleSupervisor},
		Hold:     {gatepost.RoleOwner, gatepost.RoleSupervisor},
		Manage:   managers,
	}
)

// rule looks at a request and either decides it or leaves it to the next one.
type rule func(Request) (Decision, bool)

// rules are asked in this order; the first that decides wins, and what none
// decides is refused.
var rules = []rule{unknownSubject, unknownAction, administrator, operator, ownersPeople}

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

// operator decides for the carrier's people even over its own cameras, so that
// no change of ownership ever gives them a picture.
func operator(r Request) (Decision, bool) {
	if r.Subject.Kind != gatepost.KindOperator {
		return Decision{}, false
	}
	switch {
	case r.Action == Know && slices.Contains(everyRole, r.Subject.Role), r.Action == Manage && slices.Contains(managers, r.Subject.Role):
		return Decision{Allowed: true, Rule: "operator", ZH: "运营方可以管理,不能观看。", EN: "The operator manages, and does not watch."}, true
	case r.Action == Manage:
		return Decision{Code: gatepost.Forbidden, Rule: "operator_role",
			ZH: "您的岗位不能管理摄像机。", EN: "Your role does not manage cameras."}, true
	}
	return Decision{Code: gatepost.Forbidden, Rule: "operator",
		ZH: "运营方不能观看,也不能授权他人观看。", EN: "The operator can neither watch nor let others watch."}, true
}

func ownersPeople(r Request) (Decision, bool) {
	if !owns(r) {
		return Decision{}, false
	}
	if slices.Contains(ownRoles[r.Action], r.Subject.Role) {
		return Decision{Allowed: true, Rule: "owner", ZH: "本单位的摄像机。", EN: "A camera of your own organisation."}, true
	}
	return Decision{Code: gatepost.Forbidden, Rule: "owner_role",
		ZH: "您在本单位的岗位没有这项权限,请联系本单位负责人。", EN: "Your role in your organisation does not allow this; ask its owner or supervisor."}, true
}

func owns(r Request) bool {
	return r.Camera.Owner != "" && r.Camera.Owner == r.Subject.Organisation
}

// Enrol decides whether a subject may enrol cameras: administrators, and the
// owners, supervisors and maintainers of any organisation but a third party,
// which only ever holds share links.
func Enrol(s gatepost.Subject) Decision {
	if d, ok := unknownSubject(Request{Subject: s}); ok {
		return d
	}
	switch {
	case s.Admin():
		return Decision{Allowed: true, Rule: "administrator", ZH: "系统管理员。", EN: "An administrator of the system."}
	case s.Kind == gatepost.KindThirdParty:
		return Decision{Code: gatepost.Forbidden, Rule: "third_party", ZH: "第三方不能登记摄像机。", EN: "A third party does not enrol cameras."}
	case slices.Contains(managers, s.Role):
		return Decision{Allowed: true, Rule: "owner", ZH: "本单位的摄像机。", EN: "A camera of your own organisation."}
	}
	return Decision{Code: gatepost.Forbidden, Rule: "owner_role",
		ZH: "您的岗位不能登记摄像机,请联系本单位负责人。", EN: "Your role does not enrol cameras; ask your organisation's owner or supervisor."}
}
