package report

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/access"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Bounds of the formula.
const (
	maxPrice  = 100_000_000 // fen: a million yuan
	maxFactor = 100 * whole
)

// SettlementTerms is the formula as the API takes and shows it.
type SettlementTerms struct {
	Prices []int64    `json:"prices_fen" minItems:"3" maxItems:"3" doc:"For a camera and month, of class 1, 2 and 3"`
	Owed   int64      `json:"owed_continuity" doc:"In hundredths of a percent, e.g. 9900 for 99 %"`
	Factor int64      `json:"deduction_factor" doc:"What is deducted of the fee, in hundredths of a percent for each percent of shortfall, e.g. 20000: 2 % for each 1 %"`
	Cap    int64      `json:"deduction_cap" doc:"The most that is deducted, in hundredths of a percent of the fee"`
	SetAt  *time.Time `json:"set_at,omitempty" readOnly:"true"`
}

type (
	termsInput  struct{ Body SettlementTerms }
	termsOutput struct{ Body SettlementTerms }
)

func viewTerms(t gatepost.SettlementTerms) SettlementTerms {
	return SettlementTerms{Prices: t.Prices[:], Owed: t.Owed, Factor: t.Factor, Cap: t.Cap, SetAt: &t.SetAt}
}

func (f *Function) terms(ctx context.Context, _ *struct{}) (*termsOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := reads(s); err != nil {
		return nil, errTerms
	}
	t, ok, err := f.opts.Store.SettlementTerms(ctx)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &gatepost.Error{Code: gatepost.NotFound, Message: "no formula is set; an administrator sets it"}
	}
	return &termsOutput{Body: viewTerms(t)}, nil
}

func (f *Function) setTerms(ctx context.Context, in *termsInput) (*termsOutput, error) {
	s, err := auth.Subject(ctx)
	if err != nil {
		return nil, err
	}
	if !s.Admin() {
		return nil, errTerms
	}
	b := in.Body
	for i, price := range b.Prices {
		if price < 0 || price > maxPrice {
			return nil, gatepost.InvalidField(fmt.Sprintf("prices_fen[%d]", i), "a price is between 0 and a million yuan a month")
		}
	}
	switch {
	case b.Owed < 0 || b.Owed > whole:
		return nil, gatepost.InvalidField("owed_continuity", "what is owed is between 0 and 10000, a hundred percent")
	case b.Cap < 0 || b.Cap > whole:
		return nil, gatepost.InvalidField("deduction_cap", "between nothing, 0, and all of the fee, 10000, is deducted")
	case b.Factor < 0 || b.Factor > maxFactor:
		return nil, gatepost.InvalidField("deduction_factor", "the factor is between 0 and 1000000")
	}
	t := gatepost.SettlementTerms{Prices: [3]int64(b.Prices), Owed: b.Owed, Factor: b.Factor, Cap: b.Cap, SetBy: s.UserID, SetAt: f.now()}
	entry := access.Entry(gatepost.LedgerReport, s, "", map[string]string{"act": "set_terms", "prices_fen": fmt.Sprint(b.Prices),
		"owed_continuity": strconv.FormatInt(b.Owed, 10), "deduction_factor": strconv.FormatInt(b.Factor, 10), "deduction_cap": strconv.FormatInt(b.Cap, 10)})
	if err := f.opts.Store.PutSettlementTerms(ctx, t, entry); err != nil {
		return nil, err
	}
	return &termsOutput{Body: viewTerms(t)}, nil
}
