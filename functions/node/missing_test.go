package node_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/node"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// blind is a store that cannot look for rows of recordings.
type blind struct{ *sqlstore.Store }

func (blind) MissingRecordings(context.Context, []string) ([]string, error) {
	return nil, errors.New("the query failed")
}

// TestRevocationsWaitForNothing holds that a gateway hears of revocations
// whatever else of a sync fails.
func TestRevocationsWaitForNothing(t *testing.T) {
	s := storetest.OpenSQLite(t)
	service := node.New(node.Options{Store: blind{s}, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	c := storetest.NewCamera(t, s, storetest.NewOrganisation(t, s, gatepost.KindBusiness).ID)
	g := gatepost.Grant{ID: gatepost.NewID(), CameraID: c.ID, Action: gatepost.ActionLive, UserID: "u", Organisation: c.Owner, ExpiresAt: time.Now().Add(time.Hour), CreatedAt: time.Now()}
	if err := s.CreateGrant(t.Context(), g, gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u"}); err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeGrant(t.Context(), g.ID, time.Now(), gatepost.LedgerEntry{Kind: gatepost.LedgerRevoke, Actor: "u"}); err != nil {
		t.Fatal(err)
	}
	reply, err := service.Sync(t.Context(), gatepost.SyncRequest{Node: "gw-1"})
	if err != nil || !slices.Equal(reply.RevokedGrants, []string{g.ID}) {
		t.Errorf("revoked %v, %v", reply.RevokedGrants, err)
	}
}
