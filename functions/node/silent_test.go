package node_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/node"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// outage is a store that fails while it is away, or for the statuses of one gateway.
type outage struct {
	*sqlstore.Store
	away bool
	node string
	err  error
}

var errAway = &gatepost.Error{Code: gatepost.Unavailable, Message: "the database is away"}

func (o *outage) PutStatuses(ctx context.Context, s []gatepost.CameraStatus) error {
	if o.away {
		return errAway
	}
	if len(s) > 0 && s[0].Node == o.node {
		return o.err
	}
	return o.Store.PutStatuses(ctx, s)
}

func (o *outage) SilenceCameras(ctx context.Context, before time.Time, except []string) (int64, error) {
	if o.away {
		return 0, errAway
	}
	return o.Store.SilenceCameras(ctx, before, except)
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

// TestSilenceBesideTrouble: a gateway that dies is found out while the words of another
// fail time and again. That one is not silent when the database does not answer it; when
// what it says is refused, nothing is known of its cameras.
func TestSilenceBesideTrouble(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		online bool // of the gateway in trouble
	}{
		{"the database does not answer it", errAway, true},
		{"the database does not answer it in time", context.DeadlineExceeded, true},
		{"it is refused", &gatepost.Error{Code: gatepost.Invalid, Message: "no"}, false},
		{"a fault", errors.New("a statement of ours is wrong"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &outage{Store: storetest.OpenSQLite(t), node: "troubled", err: c.err}
			now := time.Now()
			service := node.New(node.Options{Store: s, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return now }})
			owner := storetest.NewOrganisation(t, s.Store, gatepost.KindBusiness).ID
			cameras := map[string]string{}
			said := map[string]gatepost.CameraStatus{}
			for _, gateway := range []string{"troubled", "dead", "well"} {
				id := storetest.NewCamera(t, s.Store, owner).ID
				cameras[gateway] = id
				said[gateway] = gatepost.CameraStatus{CameraID: id, Node: gateway, Epoch: 1, Online: true, Recording: true, Since: now.Add(-time.Hour), SeenAt: now}
				if err := s.Store.PutStatuses(t.Context(), []gatepost.CameraStatus{said[gateway]}); err != nil {
					t.Fatal(err)
				}
			}
			speak := func(gateway string) error {
				_, err := service.Sync(t.Context(), gatepost.SyncRequest{Node: gateway, Cameras: []gatepost.CameraStatus{said[gateway]}})
				return err
			}
			for range 9 { // a minute and a half
				now = now.Add(10 * time.Second)
				if err := speak("well"); err != nil {
					t.Fatal(err)
				}
				if err := speak("troubled"); !errors.Is(err, c.err) {
					t.Fatal(err)
				}
				// Sync takes the time from the machine's clock.
				fresh := said["well"]
				fresh.SeenAt = now
				if err := s.Store.PutStatuses(t.Context(), []gatepost.CameraStatus{fresh}); err != nil {
					t.Fatal(err)
				}
				if err := service.Reconcile(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.CameraStatuses(t.Context(), []string{cameras["troubled"], cameras["dead"], cameras["well"]})
			if err != nil {
				t.Fatal(err)
			}
			for gateway, want := range map[string]bool{"troubled": c.online, "dead": false, "well": true} {
				if got[cameras[gateway]].Online != want {
					t.Errorf("the camera at the gateway %s is online: %v", gateway, !want)
				}
			}
		})
	}
}
