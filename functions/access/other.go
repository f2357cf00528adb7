package access

import (
	"slices"

	"github.com/gatepost-video/gatepost"
)

// police tells whether a subject is of the police: a station, a command centre
// or the sub-control centre of either.
func police(s gatepost.Subject) bool {
	return s.Kind == gatepost.KindPolice || s.Kind == gatepost.KindSubControl
}

// local tells whether a subject's organisation stands in the camera's own county
// or town, whose sub-control centre watches it (mission R14).
func local(r Request) bool {
	level := gatepost.LevelOf(r.Subject.Division)
	return (level == "county" || level == "town") && gatepost.Within(r.Camera.Division, r.Subject.Division)
}

// incident opens every class of camera in the area of an active incident to
// those that it names: live, and playback of its own time (mission R15). It
// refuses nothing: who is not named may have another right.
func incident(r Request) (Decision, bool) {
	if r.Action != Know && r.Action != Live && r.Action != Playback || !slices.Contains(lookers, r.Subject.Role) ||
		r.Subject.Kind == gatepost.KindThirdParty {
		return Decision{}, false
	}
	var best gatepost.Incident
	for _, i := range r.Facts.Incidents {
		if !i.Active(r.At) || !names(i, r) || !Covers(i, r.Camera) {
			continue
		}
		if r.Action == Playback && !r.From.IsZero() && (r.From.Before(i.From()) || r.To.After(i.Until())) {
			continue
		}
		// A real one before an exercise, the longer one before the other.
		if best.ID == "" || best.Drill && !i.Drill || best.Drill == i.Drill && i.Until().After(best.Until()) {
			best = i
		}
	}
	if best.ID == "" {
		return Decision{}, false
	}
	d := Decision{Allowed: true, Rule: "incident", NeedsPurpose: r.Action.Looks(), Basis: "incident:" + best.ID, Until: best.Until(), Drill: best.Drill,
		ZH: "突发事件或重大活动期间调用。", EN: "Called up under an active incident."}
	if best.Drill {
		d.Rule, d.ZH, d.EN = "incident_drill", "演练期间调用。", "Called up under a drill."
	}
	return d, true
}

// names tells whether an incident opens anything to a subject: to his
// organisation by name, or to the police of his level where they are in charge
// of the camera's division.
func names(i gatepost.Incident, r Request) bool {
	if slices.Contains(i.Units, r.Subject.Organisation) {
		return true
	}
	return police(r.Subject) && slices.Contains(i.Levels, gatepost.LevelOf(r.Subject.Division)) &&
		gatepost.Within(r.Camera.Division, r.Subject.Division)
}

// localPolice decides by watch class for the police of the camera's own county
// or town.
func localPolice(r Request) (Decision, bool) {
	if !police(r.Subject) || !local(r) || !r.Action.Looks() || !slices.Contains(everyRole, r.Subject.Role) {
		return Decision{}, false
	}
	roles := lookers
	if r.Action == Export {
		roles = copiers
	}
	if !slices.Contains(roles, r.Subject.Role) {
		return Decision{Code: gatepost.Forbidden, Rule: "police_role",
			ZH: "您的岗位没有这项权限,请联系本单位负责人。", EN: "Your role does not allow this; ask your unit's supervisor."}, true
	}
	if r.Camera.Class == 1 || r.Camera.Class == 2 {
		return Decision{Allowed: true, Rule: "local_police", NeedsPurpose: true,
			ZH: "辖区内的一、二类点,逐次登记。", EN: "A class 1 or 2 camera of your own division; each look is registered."}, true
	}
	if r.Camera.Class != 3 {
		return Decision{}, false
	}
	if r.Camera.ConsentToShare {
		return Decision{Allowed: true, Rule: "consent", NeedsPurpose: true,
			ZH: "产权单位长期同意公安使用,逐次登记。", EN: "The owner has given standing consent to the police; each look is registered."}, true
	}
	for _, opened := range []rule{crossGrant, footage} {
		if d, ok := opened(r); ok {
			return d, true
		}
	}
	return Decision{Code: gatepost.Forbidden, Rule: "no_consent",
		ZH: "这是三类点,产权单位没有长期同意公安使用。", EN: "This is a class 3 camera whose owner has given no standing consent.",
		Remedies: remedies(r)}, true
}

// crossGrant allows what a holder approved for another organisation.
func crossGrant(r Request) (Decision, bool) {
	if r.Subject.Kind == gatepost.KindThirdParty || !slices.Contains(lookers, r.Subject.Role) {
		return Decision{}, false
	}
	var action gatepost.Action
	switch r.Action {
	case Live:
		action = gatepost.ActionLive
	case Playback:
		action = gatepost.ActionPlayback
	default:
		return Decision{}, false
	}
	best := Decision{}
	for _, g := range r.Facts.Grants {
		if g.Grantee != r.Subject.Organisation || g.Holder != r.Camera.Owner || !g.Opens(r.Camera.ID, action, r.At) {
			continue
		}
		until := g.Until
		if end := g.Hours.Ends(r.At); !end.IsZero() && end.Before(until) {
			until = end
		}
		if until.After(best.Until) {
			best = Decision{Allowed: true, Rule: "cross_grant", NeedsPurpose: true, Basis: "cross_grant:" + g.ID, Until: until,
				ZH: "产权单位批准了跨部门使用。", EN: "The camera's holder has approved this across departments."}
		}
	}
	return best, best.Allowed
}

// footage allows what an owner opened in answer to a footage request: a window of
// a camera, for one case.
func footage(r Request) (Decision, bool) {
	roles := lookers
	if r.Action == Export {
		roles = copiers
	}
	if r.Action != Playback && r.Action != Export || r.Subject.Kind == gatepost.KindThirdParty || !slices.Contains(roles, r.Subject.Role) {
		return Decision{}, false
	}
	var best gatepost.FootageAnswer
	for _, a := range r.Facts.Footage {
		if a.Grantee == r.Subject.Organisation && a.Opens(r.Camera, r.At) && a.Holds(r.From, r.To) && (r.Case == "" || r.Case == a.CaseNumber) &&
			(r.Action == Playback || a.Copy) && a.Until.After(best.Until) {
			best = a
		}
	}
	if best.ID == "" {
		return Decision{}, false
	}
	return Decision{Allowed: true, Rule: "footage", NeedsPurpose: true, Basis: "footage:" + best.ID, Until: best.Until, CaseNumber: best.CaseNumber,
		ZH: "产权单位答复了录像请求。", EN: "The owner has answered a footage request."}, true
}

// knowing lets the police of any level know of every camera in its division, and
// those to whom an owner opened one, at any hour. What they, and whoever an
// incident names, may not do is refused in words.
func knowing(r Request) (Decision, bool) {
	know, ok := known(r)
	opened := r
	opened.Action = Know
	_, named := incident(opened)
	if !ok && !named || !slices.Contains(everyRole, r.Subject.Role) || r.Subject.Kind == gatepost.KindThirdParty {
		return Decision{}, false
	}
	if r.Action == Know {
		return know, true
	}
	if !r.Action.Looks() {
		return Decision{Code: gatepost.Forbidden, Rule: "not_yours",
			ZH: "这不是本单位的摄像机。", EN: "This is not a camera of your own organisation."}, true
	}
	return Decision{Code: gatepost.Forbidden, Rule: "no_right",
		ZH: "您可以知道这台摄像机,但目前无权观看。", EN: "You may know of this camera, but not watch it now.", Remedies: remedies(r)}, true
}

// known is by what a subject's organisation knows of a camera, apart from
// incidents.
func known(r Request) (Decision, bool) {
	if police(r.Subject) && gatepost.Within(r.Camera.Division, r.Subject.Division) {
		return Decision{Allowed: true, Rule: "division", ZH: "辖区内的摄像机。", EN: "A camera of your division."}, true
	}
	var grant gatepost.CrossGrant
	for _, g := range r.Facts.Grants {
		if g.Grantee == r.Subject.Organisation && stands(g, r) && g.Until.After(grant.Until) {
			grant = g
		}
	}
	if grant.ID != "" {
		return Decision{Allowed: true, Rule: "cross_grant", Basis: "cross_grant:" + grant.ID, Until: grant.Until,
			ZH: "产权单位批准了跨部门使用。", EN: "The camera's holder has approved this across departments."}, true
	}
	var answer gatepost.FootageAnswer
	for _, a := range r.Facts.Footage {
		if a.Grantee == r.Subject.Organisation && a.Opens(r.Camera, r.At) && a.Until.After(answer.Until) {
			answer = a
		}
	}
	if answer.ID == "" {
		return Decision{}, false
	}
	return Decision{Allowed: true, Rule: "footage", Basis: "footage:" + answer.ID, Until: answer.Until,
		ZH: "产权单位答复了录像请求。", EN: "The owner has answered a footage request."}, true
}

// stands tells whether a cross-department grant is about a camera and goes on, at whatever
// hour.
func stands(g gatepost.CrossGrant, r Request) bool {
	return g.Holder == r.Camera.Owner && g.Approved && g.RevokedAt == nil && r.At.Before(g.Until) && slices.Contains(g.Cameras, r.Camera.ID)
}

// remedies is what would let a subject look that may not.
func remedies(r Request) []Remedy {
	list := []Remedy{}
	if !slices.Contains(lookers, r.Subject.Role) {
		return append(list, Remedy{ZH: "由本单位有观看权限的人员调阅。", EN: "Have somebody of your unit look whose role allows it."})
	}
	if r.Camera.Class == 3 && police(r.Subject) && local(r) {
		list = append(list, Remedy{ZH: "产权单位给予长期同意。", EN: "The owner gives standing consent."})
	}
	if r.Action == Live || r.Action == Playback {
		list = append(list,
			Remedy{ZH: "启动覆盖该摄像机的突发事件、重大活动或保卫任务。", EN: "An incident is activated whose area holds the camera and that names your unit or level."},
			Remedy{ZH: "产权单位批准跨部门使用申请。", EN: "The owner approves a cross-department grant."})
	}
	if r.Action == Live {
		return list
	}
	return append(list, Remedy{ZH: "向产权单位提出录像请求。", EN: "Send the owner a footage request."})
}
