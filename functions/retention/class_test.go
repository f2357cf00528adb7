package retention_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/retention"
	"github.com/gatepost-video/gatepost/internal/objstore"
	"github.com/gatepost-video/gatepost/internal/objstore/backend"
	"github.com/gatepost-video/gatepost/internal/objstore/objtest"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestClasses lets footage grow old on a server that keeps storage classes, on one that does not,
// and in a directory.
func TestClasses(t *testing.T) {
	server := objtest.StartS3(t)
	with, classes := server.BucketWithClasses(t, "with")
	connect := func(bucket string) objstore.Store {
		t.Helper()
		s, err := backend.Open(t.Context(), bucket, backend.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	for _, c := range []struct {
		name    string
		rows    *sqlstore.Store
		objects objstore.Store
		stored  string
	}{
		{"with classes", storetest.OpenPostgres(t), connect(with), "[map[bytes:8 class:hot recordings:2] map[bytes:8 class:archive recordings:2] map[bytes:4 class:deep_archive recordings:1] map[bytes:12 class:infrequent recordings:3]]"},
		{"without", storetest.OpenSQLite(t), connect(server.Bucket(t, "without")), "[map[bytes:32 class:hot recordings:8]]"},
		{"directory", storetest.OpenSQLite(t), newDir(t), "[map[bytes:32 class:hot recordings:8]]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.rows, c.objects)
			api := functest.New(t, retention.New(retention.Options{Store: w.store, Objects: w.objects, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)}).Register)
			shop := storetest.NewOrganisation(t, w.store, gatepost.KindBusiness)
			owner := api.SignIn(shop, gatepost.RoleOwner)
			camera := w.camera(shop.ID, func(c *gatepost.Camera) { c.RetentionDays = 180 })
			w.policy(func(p *gatepost.RetentionPolicy) {
				p.InfrequentAfter, p.ArchiveAfter, p.DeepArchiveAfter = 10, 40, 90
				p.Prices = gatepost.StoragePrices{Hot: 1 << 18, Infrequent: 1 << 17, Archive: 1 << 16}
			})
			ages := []int{1, 9, 11, 30, 50, 80}
			for _, age := range ages {
				w.recorded(camera, w.now.Add(-time.Duration(age)*day), 180)
			}
			sweep := w.sweeper(w.store, w.objects)
			for _, later := range []time.Duration{0, 0, 15 * day} { // the one of 30 days is infrequent first, then in the archive
				w.now = w.now.Add(later)
				if err := sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			w.recorded(camera, w.now.Add(-day), 180)
			w.recorded(camera, w.now.Add(-time.Hour), 180)
			_, keys, objects := w.stored()
			if inDeep := slices.ContainsFunc(keys, func(key string) bool { return strings.HasPrefix(key, "hold/") }); inDeep != (c.name == "with classes") {
				t.Errorf("under a prefix without a rule: %v", inDeep)
			}
			w.now = w.now.Add(2 * time.Hour) // what moved leaves nothing behind
			if err := sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, keys, objects = w.stored()
			if len(keys) != 8 || len(objects) != 8 {
				t.Fatalf("%d rows, %d objects", len(keys), len(objects))
			}
			r := api.Do(owner, "GET", "/v1/cameras/"+camera.ID+"/retention", nil).Want(200)
			station := gatepost.Organisation{ID: gatepost.NewID(), Name: "派出所", Kind: gatepost.KindSubControl, Division: "330106", CreatedAt: begin}
			if err := w.store.CreateOrganisation(t.Context(), station); err != nil {
				t.Fatal(err)
			}
			if seen := api.Do(api.SignIn(station, gatepost.RoleOwner), "GET", "/v1/cameras/"+camera.ID+"/retention", nil).Want(200); seen.Body["storage"] != nil || seen.Body["days"] != 180.0 {
				t.Errorf("who merely knows of the camera sees %s", seen.Text)
			}
			if got := fmt.Sprint(r.Body["storage"].(map[string]any)["stored"]); got != c.stored {
				t.Errorf("stored: %s\nwant %s", got, c.stored)
			}
		})
	}
	told := map[string]int{}
	for _, class := range classes.Of() {
		told[class]++
	}
	if told["GLACIER_IR"] != 3 || told["DEEP_ARCHIVE"] != 1 { // one was in both
		t.Errorf("the server was told %v", classes.Of())
	}
}
