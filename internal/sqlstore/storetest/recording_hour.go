package storetest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

func init() {
	register("recording hours", testRecordingHours)
	register("recording hour race", testRecordingHourRace)
	register("recording hour still", testRecordingHourStill)
}

// sameAsRows wants lists, which packed hours may give, to be what the rows say.
func sameAsRows(t *testing.T, s *sqlstore.Store, c gatepost.Camera, from, to time.Time, limit int) {
	t.Helper()
	rows, err := s.RecordingsStarted(t.Context(), c.ID, from.Add(-2*time.Hour), to)
	if err != nil {
		t.Fatal(err)
	}
	rows = slices.DeleteFunc(rows, func(r gatepost.Recording) bool { return r.Garbage || !r.End.After(from) })
	rows = rows[:min(limit, len(rows))]
	times, err := s.RecordingTimes(t.Context(), c.ID, from, to, limit)
	if err != nil || !reflect.DeepEqual(times, rows) {
		t.Fatalf("%s to %s, at most %d: %v, %s", from, to, limit, err, differ(times, rows))
	}
	for i := range rows {
		if rows[i], err = s.Recording(t.Context(), rows[i].ID); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.Recordings(t.Context(), c.ID, from, to, limit); err != nil || !reflect.DeepEqual(all, rows) {
		t.Fatalf("%s to %s, at most %d, with segments: %v, %s", from, to, limit, err, differ(all, rows))
	}
}

// differ says where lists begin to.
func differ(got, want []gatepost.Recording) string {
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			return fmt.Sprintf("number %d:\n got %+v\nwant %+v", i, got[i], want[i])
		}
	}
	return fmt.Sprintf("%d instead of %d", len(got), len(want))
}

// Whatever happens to recordings, in whatever order with packing, lists are what the rows say.
func testRecordingHours(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	random := rand.New(rand.NewPCG(5, 140))
	const span = 8 * time.Hour
	minute := func() time.Time {
		return epoch.Add(time.Duration(random.Int64N(int64(span/time.Minute))) * time.Minute)
	}
	var all []gatepost.Recording
	kinds := map[string]func(r gatepost.Recording) error{
		"insert": func(gatepost.Recording) error {
			all = append(all, NewRecording(t, s, c, minute(), func(r *gatepost.Recording) {
				r.PriorEnd, r.RunEnd = gatepost.EndNetwork, gatepost.EndCrash
				if random.IntN(10) == 0 {
					r.End = r.Start.Add(time.Hour)
				}
			}))
			return nil
		},
		"mark": func(r gatepost.Recording) error {
			_, err := s.MarkGarbage(ctx, []string{r.ID}, now())
			return err
		},
		"drop": func(r gatepost.Recording) error {
			_, err := s.DropRecordings(ctx, []string{r.ID}, now())
			return err
		},
		"class": func(r gatepost.Recording) error {
			return s.SetRecordingClass(ctx, r.ID, r.Key, gatepost.ClassDeepArchive)
		},
		"restore": func(r gatepost.Recording) error { return s.SetRestored(ctx, r.ID, r.Key, now().Add(time.Hour)) },
		"begin move": func(r gatepost.Recording) error {
			_, err := s.BeginMove(ctx, r.ID, r.Key+".90", epoch)
			return err
		},
		"finish move": func(r gatepost.Recording) error {
			_, err := s.FinishMove(ctx, r.ID, r.Key+".90", 90, "", epoch)
			return err
		},
		"end move": func(r gatepost.Recording) error { return s.EndMove(ctx, r.ID, r.Key) },
		"pack": func(gatepost.Recording) error {
			_, err := s.PackHours(ctx, epoch.Add(span), now().Add(time.Hour), 1+random.IntN(8))
			return err
		},
	}
	names := []string{"insert", "mark", "drop", "class", "restore", "begin move", "finish move", "end move", "pack", "pack", "insert", "insert"}
	for range 40 {
		kinds["insert"](gatepost.Recording{})
	}
	for range 150 {
		name := names[random.IntN(len(names))]
		if err := kinds[name](all[random.IntN(len(all))]); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		from := minute().Add(time.Duration(random.IntN(60)) * time.Second)
		sameAsRows(t, s, c, from, from.Add(time.Duration(1+random.IntN(300))*time.Minute), 1+random.IntN(40))
	}
	for n := 1; n > 0; {
		var err error
		if n, err = s.PackHours(ctx, epoch.Add(2*span), now().Add(time.Hour), 100); err != nil {
			t.Fatal(err)
		}
	}
	sameAsRows(t, s, c, epoch.Add(-time.Hour), epoch.Add(2*span), 10_000)
}

// What retention ends minute by minute is packed when that is over, not each time.
func testRecordingHourStill(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	a, b := NewRecording(t, s, c, epoch, nil), NewRecording(t, s, c, epoch.Add(time.Minute), nil)
	tries := func(still time.Time, want int) {
		t.Helper()
		if n, err := s.PackHours(ctx, epoch.Add(24*time.Hour), still, 10); n != want || err != nil {
			t.Errorf("tried %d hours, %v; want %d", n, err, want)
		}
		sameAsRows(t, s, c, epoch.Add(-time.Hour), epoch.Add(time.Hour), 10)
	}
	before := now().Add(-time.Second)
	tries(before, 1)
	tries(now().Add(time.Second), 0)
	if _, err := s.MarkGarbage(ctx, []string{a.ID}, now()); err != nil {
		t.Fatal(err)
	}
	tries(before, 0)
	NewRecording(t, s, c, epoch.Add(2*time.Minute), nil)
	tries(before, 0)
	tries(now().Add(time.Second), 1)
	tries(now().Add(time.Second), 0)
	if err := s.SetRecordingClass(ctx, b.ID, b.Key, gatepost.ClassInfrequent); err != nil {
		t.Fatal(err)
	}
	tries(before, 0)
	tries(now().Add(time.Second), 1)
}

// Hours are packed while their recordings change: at the end they are what the rows say.
func testRecordingHourRace(t *testing.T, s *sqlstore.Store) {
	ctx := t.Context()
	c := NewCamera(t, s, NewOrganisation(t, s, gatepost.KindBusiness).ID)
	const rounds = 30
	failed := make(chan error, 4*rounds)
	first := make([]gatepost.Recording, 2*rounds)
	for i := range first {
		first[i] = NewRecording(t, s, c, epoch.Add(time.Duration(i)*3*time.Minute), nil)
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				if _, err := s.PackHours(ctx, epoch.Add(24*time.Hour), now().Add(time.Hour), 10); err != nil {
					failed <- fmt.Errorf("pack: %w", err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	var changes sync.WaitGroup
	changes.Go(func() {
		for i := range rounds {
			if err := s.InsertRecording(ctx, Recording(c, epoch.Add(time.Duration(i)*3*time.Minute+time.Minute), nil)); err != nil {
				failed <- fmt.Errorf("insert: %w", err)
			}
		}
	})
	changes.Go(func() {
		for _, r := range first[:rounds] {
			if _, err := s.MarkGarbage(ctx, []string{r.ID}, now()); err != nil {
				failed <- fmt.Errorf("mark: %w", err)
			}
		}
	})
	changes.Go(func() {
		for _, r := range first[rounds:] {
			if err := s.SetRecordingClass(ctx, r.ID, r.Key, gatepost.ClassInfrequent); err != nil {
				failed <- fmt.Errorf("class: %w", err)
			}
		}
	})
	changes.Wait()
	close(done)
	wg.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	sameAsRows(t, s, c, epoch.Add(-time.Hour), epoch.Add(24*time.Hour), 10_000)
}
