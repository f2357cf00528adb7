package access

import (
	"slices"

	"github.com/gatepost-video/gatepost"
)

// The roles of the owner's organisation, and of the operator for Manage.
var (
	everyRole = []gatepost.Role{gatepost.RoleOwner, gatepost.RoleSupervisor, gatepost.RoleResponder, gatepost.RoleWatcher, gatepost.RoleMaintainer}
	managers  = []gatepost.Role{gatepost.RoleOwner, gatepost.RoleSupervisor, gatepost.RoleMaintainer}
	lookers   = []gatepost.Role{gatepost.RoleOwner, gatepost.RoleSupervisor, gatepost.RoleResponder, gatepost.RoleWatcher}
	copiers   = []gatepost.Role{gatepost.RoleOwner, gatepost.RoleSupervisor, gatepost.RoleResponder}
	leaders   = []gatepost.Role{gatepost.RoleOwner, gatepost.RoleSupervisor}
	ownRoles  = map[Action][]gatepost.Role{
		Know:     everyRole,
		Live:     lookers,
		Playback: lookers,
		Export:   copiers,
		Share:    leaders,
		Audit:    leaders,
		Hold:     leaders,
		Manage:   managers,
	}
)

// operator decides for the carrier's people even over its own cameras, so that
// no change of ownership ever gives them a picture.
func operator(r Request) (Decision, bool) {
	if r.Subject.Kind != gatepost.KindOperator {
		return Decision{}, false
	}
	if d, ok := support(r); ok {
		return d, true
	}
	switch {
	case r.Action == Know && slices.Contains(everyRole, r.Subject.Role), r.Action == Manage && slices.Contains(managers, r.Subject.Role):
		return Decision{Allowed: true, Rule: "operator", ZH: "运营方可以管理,不能观看。", EN: "The operator manages, and does not watch."}, true
	case r.Action == Manage:
		return Decision{Code: gatepost.Forbidden, Rule: "operator_role",
			ZH: "您的岗位不能管理摄像机。", EN: "Your role does not manage cameras."}, true
	}
	if !r.Action.Looks() {
		return Decision{Code: gatepost.Forbidden, Rule: "operator",
			ZH: "分享、查阅、封存和删除录像及其凭证,由产权单位的负责人或主管办理,运营方不办理。", EN: "Owners and supervisors of a camera's owner share, audit, hold and delete its footage and see the certificates of that; the operator does not."}, true
	}
	d := Decision{Code: gatepost.Forbidden, Rule: "operator",
		ZH: "运营方不能观看,也不能授权他人观看。", EN: "The operator can neither watch nor let others watch."}
	if r.Action == Live || r.Action == Playback {
		d.Remedies = []Remedy{{ZH: "产权单位可以开放一个不超过24小时的技术支持窗口。", EN: "The owner can open a support window of at most 24 hours."}}
	}
	return d, true
}

// support lets the operator's people look for as long as the owner wants their
// help, though not at the operator's own cameras, which have no other owner.
func support(r Request) (Decision, bool) {
	if r.Action != Live && r.Action != Playback || owns(r) || !slices.Contains(managers, r.Subject.Role) {
		return Decision{}, false
	}
	var best gatepost.SupportWindow
	for _, w := range r.Facts.Support {
		if w.Open(r.Camera, r.At) && w.Until.After(best.Until) {
			best = w
		}
	}
	if best.ID == "" {
		return Decision{}, false
	}
	return Decision{Allowed: true, Rule: "support", NeedsPurpose: true, Basis: "support:" + best.ID, Until: best.Until,
		ZH: "产权单位开放了技术支持窗口。", EN: "The owner has opened a support window."}, true
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
