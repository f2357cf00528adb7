package gatepost

import "time"

// DefaultPlan is the plan of a business that signed itself up.
const DefaultPlan = "basic"

// Plan (套餐) is what an organisation may have. An organisation without one is not
// limited.
type Plan struct {
	Name          string
	Cameras       int // that are not retired
	RetentionDays int // of each camera, at most
	UpdatedAt     time.Time
}

// PlanUse is an organisation's plan and what it has of it.
type PlanUse struct {
	Organisation string
	Plan         *Plan // nil: no limits
	Cameras      int   // that are not retired
}
