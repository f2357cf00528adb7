package access

import (
	"slices"

	"github.com/gatepost-video/gatepost"
)

// Maintains tells whether a subject sees to it that a camera works: owners,
// supervisors and maintainers of its owner, of the unit that answers for it and of the
// operator, and administrators. It says nothing about looking at it.
func Maintains(s gatepost.Subject, c gatepost.Camera) bool {
	if s.Admin() {
		return true
	}
	ours := s.Organisation != "" && (c.Owner == s.Organisation || c.Responsible == s.Organisation)
	return s.Kind != gatepost.KindThirdParty && slices.Contains(managers, s.Role) && (ours || s.Kind == gatepost.KindOperator)
}

// SeesHealth tells whether a subject may know what is wrong with a camera: who maintains
// it, and owners, supervisors and maintainers of the police, the sub-control centres and
// the government of a division that holds it.
func SeesHealth(s gatepost.Subject, c gatepost.Camera) bool {
	return Maintains(s, c) || governs(s) && gatepost.Within(c.Division, s.Division)
}

func governs(s gatepost.Subject) bool {
	return (police(s) || s.Kind == gatepost.KindGovernment) && gatepost.LevelOf(s.Division) != "" && slices.Contains(managers, s.Role)
}

// HealthScope returns whose cameras' faults a subject may list, exactly those that
// SeesHealth names; ok is false when there are none.
func HealthScope(s gatepost.Subject) (scope gatepost.HealthScope, ok bool) {
	switch {
	case s.Admin():
		return scope, true
	case s.Kind == gatepost.KindThirdParty || s.Organisation == "" || !slices.Contains(managers, s.Role):
		return scope, false
	case s.Kind == gatepost.KindOperator:
		return scope, true
	case governs(s):
		scope.Division = s.Division
	}
	scope.Organisation = s.Organisation
	return scope, true
}
