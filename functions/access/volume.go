package access

import "github.com/gatepost-video/gatepost"

// SeesVolume tells whether a subject that may know of a camera may also know how much of it is stored
// and what that costs: the camera's own organisation, the operator, which is paid for it, and administrators.
func SeesVolume(s gatepost.Subject, c gatepost.Camera) bool {
	return s.Admin() || s.Organisation != "" && s.Organisation == c.Owner || s.Kind == gatepost.KindOperator
}
