package grant

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

type (
	explainInput struct {
		ID     string        `path:"id" maxLength:"64"`
		Action access.Action `query:"action" required:"true" enum:"know,live,playback,export,share,audit,hold,manage"`
		From   time.Time     `query:"from" doc:"Playback and export: the window"`
		To     time.Time     `query:"to"`
	}
	explainOutput struct{ Body Explanation }
)

// Explanation is why something is allowed or refused, and what would allow it.
type Explanation struct {
	Allowed      bool            `json:"allowed"`
	Rule         string          `json:"rule" doc:"The rule that decided, as the ledger names it"`
	ZH           string          `json:"zh"`
	EN           string          `json:"en"`
	NeedsPurpose bool            `json:"needs_purpose" doc:"A look is registered with a purpose and a reason"`
	Until        *time.Time      `json:"until,omitempty" doc:"When the permission ends by itself"`
	Drill        bool            `json:"drill,omitempty" doc:"It rests on an exercise"`
	Remedies     []access.Remedy `json:"remedies" doc:"What would allow it"`
}

// explain answers a question about oneself; it looks at nothing, so that nothing
// is written down.
func (f *Function) explain(ctx context.Context, in *explainInput) (*explainOutput, error) {
	subject, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !in.From.IsZero() && !in.From.Before(in.To) {
		return nil, gatepost.InvalidField("to", "a window must end after it begins")
	}
	_, d, err := access.Gate{Store: f.opts.Store}.Explain(ctx, subject, in.ID, in.Action, in.From, in.To)
	if err == nil && d.Code == gatepost.NotFound {
		err = access.ErrNoCamera
	}
	if err != nil {
		return nil, err
	}
	e := Explanation{Allowed: d.Allowed, Rule: d.Rule, ZH: d.ZH, EN: d.EN, NeedsPurpose: d.NeedsPurpose, Drill: d.Drill, Remedies: d.Remedies}
	if e.Remedies == nil {
		e.Remedies = []access.Remedy{}
	}
	if !d.Until.IsZero() {
		until := d.Until.UTC()
		e.Until = &until
	}
	return &explainOutput{Body: e}, nil
}
