package schedule_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/schedule"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory keeps records where time is not real: a database would wait for its own.
type memory struct {
	schedule.Store
	mu     sync.Mutex
	runs   []gatepost.TaskRun
	writes int
}

func (s *memory) PutTaskRun(_ context.Context, r gatepost.TaskRun) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	for i := range s.runs {
		if s.runs[i].ID == r.ID {
			s.runs[i] = r
			return nil
		}
	}
	s.runs = append(s.runs, r)
	return nil
}

// TestRecords lets a task of every second go for nearly three hours, in the second of which the database is away.
func TestRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, began := &memory{}, time.Now()
		away := errors.New("the database is away")
		f := schedule.New(schedule.Options{Store: s, Log: slog.New(slog.DiscardHandler), Tasks: []schedule.Task{{Name: "ledger", Every: time.Second, Run: func(ctx context.Context) error {
			time.Sleep(10 * time.Millisecond)
			if since := time.Since(began); since > time.Hour && since < 2*time.Hour {
				return away
			}
			host.Did(ctx, "entries", 2)
			return nil
		}}}})
		const seconds = 3*3600 - 60
		ctx, cancel := context.WithTimeout(t.Context(), seconds*time.Second)
		defer cancel()
		if err := f.Run(ctx); err != nil {
			t.Fatal(err)
		}
		rounds, did := int64(0), int64(0)
		for i, r := range s.runs {
			rounds, did = rounds+r.Rounds, did+r.Did["entries"]
			if r.Task != "ledger" || (r.Problem != "") != (i == 1) || (r.Problem == "") != (r.Did["entries"] == 2*r.Rounds) || r.Busy != time.Duration(r.Rounds)*10*time.Millisecond || r.EndedAt.Sub(r.StartedAt) > time.Hour+2*time.Second {
				t.Errorf("%d: %+v", i, r)
			}
		}
		if len(s.runs) != 3 || rounds < seconds || rounds > seconds+1 || did < 2*(seconds-3600)-4 {
			t.Errorf("%d records of %d rounds that did %d", len(s.runs), rounds, did)
		}
		if s.writes > seconds/30+10 {
			t.Errorf("%d writes in three hours", s.writes)
		}
	})
}

// TestOnce does one round after the other, as a platform's schedule calls.
func TestOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s, now := open(t), time.Now().UTC().Truncate(time.Millisecond)
		var fails error
		f := schedule.New(schedule.Options{Store: s, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Tasks: []schedule.Task{
			{Name: "retention", Every: time.Minute, Run: func(ctx context.Context) error {
				now = now.Add(time.Second)
				host.Did(ctx, "recordings_ended", 3)
				host.Did(ctx, "objects_moved", 0)
				return fails
			}},
			{Name: "identity", Every: time.Hour, Run: func(context.Context) error { return nil }},
		}})
		api := functest.New(t, f.Register)
		operator := storetest.NewOrganisation(t, s, gatepost.KindOperator)
		admin, owner := api.SignIn(operator, gatepost.RoleAdmin), api.SignIn(operator, gatepost.RoleOwner)
		state := func(i int, overdue bool) functest.Reply {
			t.Helper()
			r := api.Do(admin, "GET", "/v1/tasks", nil).Want(200)
			if items := r.Items(); len(items) != 2 || items[0]["task"] != "retention" || items[0]["every_seconds"] != 60.0 || items[i]["overdue"] != overdue {
				t.Errorf("%s, want overdue: %v", r.Text, overdue)
			}
			return r
		}
		state(0, true) // never ran
		if err := f.Once(t.Context(), "retention"); err != nil {
			t.Fatal(err)
		}
		state(0, false)
		state(1, true)
		fails = errors.New("the bucket is away")
		if err := f.Once(t.Context(), "retention"); !errors.Is(err, fails) {
			t.Fatal(err)
		}
		runs := api.Do(admin, "GET", "/v1/tasks/runs?task=retention", nil).Want(200)
		if items := runs.Items(); len(items) != 2 || items[0]["problem"] != "the bucket is away" || items[1]["problem"] != nil || items[1]["busy_ms"] != 1000.0 ||
			items[1]["did"].(map[string]any)["recordings_ended"] != 3.0 || len(items[1]["did"].(map[string]any)) != 1 {
			t.Errorf("%s", runs.Text)
		}
		if n := len(api.Do(admin, "GET", "/v1/tasks/runs?failed=true", nil).Want(200).Items()); n != 1 {
			t.Errorf("%d failed", n)
		}
		if n := len(api.Do(admin, "GET", "/v1/tasks/runs?limit=1", nil).Want(200).Items()); n != 1 {
			t.Errorf("%d on a page of one", n)
		}
		now = now.Add(9 * time.Minute) // rounds were missed
		state(0, true)
		fails = nil
		if err := f.Once(t.Context(), "retention"); err != nil {
			t.Fatal(err)
		}
		state(0, false)
		if err := f.Once(t.Context(), "nothing"); gatepost.CodeOf(err) != gatepost.NotFound || !strings.Contains(err.Error(), "retention, identity") {
			t.Error(err)
		}
		for _, path := range []string{"/v1/tasks", "/v1/tasks/runs"} {
			api.Do(owner, "GET", path, nil).Refused(gatepost.Forbidden, "")
			api.Do("", "GET", path, nil).Refused(gatepost.Unauthenticated, "")
		}
		// Old records go.
		now = now.AddDate(0, 0, 91)
		if err := f.Once(t.Context(), "retention"); err != nil {
			t.Fatal(err)
		}
		if n := len(api.Do(admin, "GET", "/v1/tasks/runs", nil).Want(200).Items()); n != 1 {
			t.Errorf("%d records, the others are older than 90 days", n)
		}
	})
}

// TestTimeOver has a round that the platform cuts off: it is recorded all the same.
func TestTimeOver(t *testing.T) {
	s := storetest.OpenSQLite(t)
	f := schedule.New(schedule.Options{Store: s, Log: slog.New(slog.DiscardHandler), Tasks: []schedule.Task{{Name: "slow", Every: time.Minute, Run: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}}}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := f.Once(ctx, "slow"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	runs, err := s.TaskRuns(t.Context(), "slow", true, "", 10)
	if err != nil || len(runs) != 1 || !strings.Contains(runs[0].Problem, "deadline") {
		t.Errorf("%+v %v", runs, err)
	}
}
