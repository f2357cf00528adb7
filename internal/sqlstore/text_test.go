package sqlstore_test

import (
	"context"
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestText holds that text which an engine cannot have in a query is the asker's
// mistake, or finds nothing, and is no failure of the store.
func TestText(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t *testing.T) *sqlstore.Store) {
		store := open(t)
		for name, ask := range map[string]func(ctx context.Context, text string) error{
			"reports": func(ctx context.Context, text string) error {
				_, err := store.Reports(ctx, "", 0, text, 1)
				return err
			},
			"faults": func(ctx context.Context, text string) error {
				_, err := store.Faults(ctx, gatepost.HealthScope{}, true, text, "", "", 1)
				return err
			},
			"programmes": func(ctx context.Context, text string) error {
				_, err := store.Programmes(ctx, "", 0, false, text, 1)
				return err
			},
		} {
			for _, text := range []string{"\x00", "a\xff"} {
				if err := ask(t.Context(), text); err != nil && gatepost.CodeOf(err) != gatepost.Invalid {
					t.Errorf("%s of %q: %v", name, text, err)
				}
			}
		}
	})
}
