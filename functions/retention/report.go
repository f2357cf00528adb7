package retention

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// RetentionRun is a round of the sweep.
type RetentionRun struct {
	ID           string    `json:"id"`
	StartedAt    time.Time `json:"started_at"`
	EndedAt      time.Time `json:"ended_at"`
	Cameras      int64     `json:"cameras" doc:"That were visited"`
	Ended        int64     `json:"ended" doc:"Recordings whose deletion began"`
	EndedBytes   int64     `json:"ended_bytes"`
	Moved        int64     `json:"moved" doc:"Objects that went to another prefix, because they are kept for longer than theirs says"`
	MovedBytes   int64     `json:"moved_bytes"`
	Classed      int64     `json:"classed" doc:"Objects that went to another storage class"`
	ClassedBytes int64     `json:"classed_bytes"`
	Certificates int64     `json:"certificates" doc:"That were issued"`
	Orders       int64     `json:"orders" doc:"Deletion orders that were carried out"`
	Problem      string    `json:"problem,omitempty" doc:"What kept it from more"`
}

func viewRun(r gatepost.RetentionRun) RetentionRun {
	return RetentionRun{ID: r.ID, StartedAt: r.StartedAt, EndedAt: r.EndedAt, Cameras: r.Cameras, Ended: r.Ended, EndedBytes: r.EndedBytes,
		Moved: r.Moved, MovedBytes: r.MovedBytes, Classed: r.Classed, ClassedBytes: r.ClassedBytes, Certificates: r.Certificates, Orders: r.Orders, Problem: r.Problem}
}

// DeletionCertificate says what was deleted of a camera's day.
type DeletionCertificate struct {
	ID         string     `json:"id"`
	CameraID   string     `json:"camera_id"`
	Day        string     `json:"day" format:"date" doc:"UTC, by the start of recordings"`
	Rule       string     `json:"rule" doc:"policy:<version>/<class>:<days>, or order:<id of a deletion order>"`
	Recordings int64      `json:"recordings"`
	Bytes      int64      `json:"bytes"`
	From       time.Time  `json:"from" doc:"When the first of it was gone"`
	To         time.Time  `json:"to" doc:"When the last of it was gone"`
	Digest     string     `json:"digest" doc:"Over object keys and SHA-256s, whatever their order; empty until it is issued"`
	IssuedAt   *time.Time `json:"issued_at,omitempty" doc:"Absent: more of that day may follow"`
}

func viewCertificate(c gatepost.DeletionCertificate) DeletionCertificate {
	return DeletionCertificate{ID: c.ID, CameraID: c.CameraID, Day: c.Day.Format(time.DateOnly), Rule: c.Rule, Recordings: c.Recordings, Bytes: c.Bytes,
		From: c.First, To: c.Last, Digest: c.Digest, IssuedAt: c.IssuedAt}
}

// DryRun is what the sweep would end of some cameras.
type DryRun struct {
	Cameras     int     `json:"cameras" doc:"That were looked at"`
	Recordings  int64   `json:"recordings"`
	Bytes       int64   `json:"bytes"`
	MonthlyCost float64 `json:"monthly_cost" doc:"What these bytes cost in a month, at the policy's prices"`
	Next        string  `json:"next" doc:"Go on after this camera; empty when these were the last"`
}

type (
	runsInput struct {
		host.Page
		Quiet bool `query:"quiet" doc:"Also rounds that found nothing to do"`
	}
	runsOutput        struct{ Body host.List[RetentionRun] }
	certificatesInput struct {
		host.Page
		CameraID string `query:"camera_id" maxLength:"64" doc:"Only those about this camera"`
	}
	certificatesOutput struct {
		Body host.List[DeletionCertificate]
	}
	dryRunInput struct {
		Body struct {
			Policy  *RetentionRules `json:"policy,omitempty" doc:"What it would be under this policy; absent: under the present one"`
			After   string          `json:"after,omitempty" maxLength:"64" doc:"The camera that the answer before named as next"`
			Cameras int             `json:"cameras,omitempty" minimum:"1" maximum:"1000" default:"200" doc:"How many cameras to look at"`
		}
	}
	dryRunOutput struct{ Body DryRun }
)

func (f *Function) runs(ctx context.Context, in *runsInput) (*runsOutput, error) {
	if _, err := auth.Admin(ctx); err != nil {
		return nil, err
	}
	list, err := f.opts.Store.RetentionRuns(ctx, in.Quiet, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &runsOutput{Body: host.Paged(list, in.Limit, func(r gatepost.RetentionRun) string { return r.ID }, viewRun)}, nil
}

func (f *Function) certificates(ctx context.Context, in *certificatesInput) (*certificatesOutput, error) {
	owner, err := f.whose(ctx, in.CameraID)
	if err != nil {
		return nil, err
	}
	list, err := f.opts.Store.DeletionCertificates(ctx, owner, in.CameraID, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &certificatesOutput{Body: host.Paged(list, in.Limit, func(c gatepost.DeletionCertificate) string { return c.ID }, viewCertificate)}, nil
}

// dryRun counts by the very queries of the sweep.
func (f *Function) dryRun(ctx context.Context, in *dryRunInput) (*dryRunOutput, error) {
	if _, err := auth.Admin(ctx); err != nil {
		return nil, err
	}
	p, err := f.opts.Store.RetentionPolicy(ctx)
	if err != nil {
		return nil, err
	}
	if in.Body.Policy != nil {
		p = in.Body.Policy.policy()
		if err := p.Check(); err != nil {
			return nil, err
		}
	}
	cameras, err := f.opts.Store.Cameras(ctx, gatepost.CameraFilter{}, in.Body.After, in.Body.Cameras)
	if err != nil {
		return nil, err
	}
	out := &dryRunOutput{Body: DryRun{Cameras: len(cameras)}}
	for _, c := range cameras {
		e, err := f.expiry(ctx, p, c, f.opts.Now().UTC())
		if err != nil {
			return nil, err
		}
		totals, err := f.opts.Store.ExpiredTotal(ctx, e)
		if err != nil {
			return nil, err
		}
		for _, t := range totals {
			out.Body.Recordings, out.Body.Bytes = out.Body.Recordings+t.Recordings, out.Body.Bytes+t.Bytes
		}
		out.Body.MonthlyCost += p.Prices.Monthly(totals)
	}
	if len(cameras) == in.Body.Cameras {
		out.Body.Next = cameras[len(cameras)-1].ID
	}
	return out, nil
}
