package sqlstore

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
)

// TestFinishEndings: a process that dies between taking the ground away and revoking
// leaves a row, and whoever comes next does what it did not.
func TestFinishEndings(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "gatepost.db"))
	ctx, now := t.Context(), time.Now()
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	shop := gatepost.Organisation{ID: gatepost.NewID(), Name: "Shop", Kind: gatepost.KindBusiness, CreatedAt: now}
	c := gatepost.Camera{ID: gatepost.NewID(), Name: "Door", Place: gatepost.PlacePremises, Class: 3, Owner: shop.ID, Responsible: shop.ID, Funder: shop.ID,
		Beneficiary: shop.ID, State: gatepost.CameraEnrolled, CreatedAt: now, UpdatedAt: now}
	entry := gatepost.LedgerEntry{Kind: gatepost.LedgerCamera, Actor: "system", Allowed: true}
	if err := s.CreateOrganisation(ctx, shop); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateCamera(ctx, c, entry); err != nil {
		t.Fatal(err)
	}
	var grants []gatepost.Grant
	for range 2*endingBatch + 1 {
		grants = append(grants, gatepost.Grant{ID: gatepost.NewID(), CameraID: c.ID, Action: gatepost.ActionLive, UserID: "u", Organisation: shop.ID,
			Basis: "incident:i", CreatedAt: now, ExpiresAt: now.Add(time.Hour)})
	}
	if err := s.CreateGrants(ctx, grants, nil); err != nil {
		t.Fatal(err)
	}
	died := errors.New("died")
	for _, outcome := range []error{died, nil} { // one that did not commit leaves nothing
		if err := s.tx(ctx, "take away", "incident", func(tx *sql.Tx) error {
			_, err := newEnding(ctx, tx, endingBasis, "incident:i")
			return errors.Join(err, outcome)
		}); !errors.Is(err, outcome) {
			t.Fatal(err)
		}
		if err := s.FinishEndings(ctx, now); err != nil {
			t.Fatal(err)
		}
		ids, _, err := s.RevocationsSince(ctx, 0, now, 1000)
		if want := map[bool]int{true: 0, false: len(grants)}[outcome != nil]; err != nil || len(ids) != want {
			t.Fatalf("%d looks are revoked, %v; want %d", len(ids), err, want)
		}
	}
}
