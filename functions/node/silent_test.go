package node_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/node"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// outage is a store that fails while it is away.
type outage struct {
	*sqlstore.Store
	away bool
}

var errAway = &gatepost.Error{Code: gatepost.Unavailable, Message: "the database is away"}

func (o *outage) PutStatuses(ctx context.Context, s []gatepost.CameraStatus) error {
	if o.away {
		return errAway
	}
	return o.Store.PutStatuses(ctx, s)
}

func (o *outage) SilenceCameras(ctx context.Context, before time.Time) (int64, error) {
	if o.away {
		return 0, errAway
	}
	return o.Store.SilenceCameras(ctx, before)
}

// TestSilenceAfterOutage: nobody is taken for silent who could not be heard, and a
// gateway that stays silent afterwards is.
func TestSilenceAfterOutage(t *testing.T) {
	for _, c := range []struct {
		name string
		away func(t *testing.T, s *outage, service *node.Service, now *time.Time) // two minutes
	}{
		{"the database is away from gateways", func(t *testing.T, s *outage, service *node.Service, now *time.Time) {
			s.away = true
			for range 2 {
				*now = now.Add(time.Minute)
				if _, err := service.Sync(t.Context(), gatepost.SyncRequest{Node: "gw"}); gatepost.CodeOf(err) != gatepost.Unavailable {
					t.Fatal(err)
				}
			}
			s.away = false
		}},
		{"the database is away from the round", func(t *testing.T, s *outage, service *node.Service, now *time.Time) {
			s.away = true
			for range 2 {
				*now = now.Add(time.Minute)
				if err := service.Reconcile(t.Context()); gatepost.CodeOf(err) != gatepost.Unavailable {
					t.Fatal(err)
				}
			}
			s.away = false
		}},
		{"the process is halted", func(_ *testing.T, _ *outage, _ *node.Service, now *time.Time) { *now = now.Add(2 * time.Minute) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &outage{Store: storetest.OpenSQLite(t)}
			now := time.Now()
			service := node.New(node.Options{Store: s, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return now }})
			camera := storetest.NewCamera(t, s.Store, storetest.NewOrganisation(t, s.Store, gatepost.KindBusiness).ID).ID
			status := gatepost.CameraStatus{CameraID: camera, Node: "gw", Epoch: 1, Online: true, Recording: true, Since: now.Add(-time.Hour), SeenAt: now}
			if err := s.PutStatuses(t.Context(), []gatepost.CameraStatus{status}); err != nil {
				t.Fatal(err)
			}
			round := func(want bool) {
				t.Helper()
				if err := service.Reconcile(t.Context()); err != nil {
					t.Fatal(err)
				}
				got, err := s.CameraStatuses(t.Context(), []string{camera})
				if err != nil || got[camera].Online != want {
					t.Errorf("online %v, %v, want %v", got[camera].Online, err, want)
				}
			}
			round(true)
			c.away(t, s, service, &now)
			round(true) // its gateway may speak now
			now = now.Add(time.Minute)
			round(false)
		})
	}
}
