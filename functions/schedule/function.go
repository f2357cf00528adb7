package schedule

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

// Store keeps the records; internal/sqlstore has it.
type Store interface {
	// PutTaskRun writes a record, or writes it anew.
	PutTaskRun(ctx context.Context, r gatepost.TaskRun) error
	// TaskRuns lists records of a task ("" for all), newest first.
	TaskRuns(ctx context.Context, task string, failed bool, before string, limit int) ([]gatepost.TaskRun, error)
	// LastTaskRuns returns the record of each task whose round ended last.
	LastTaskRuns(ctx context.Context) ([]gatepost.TaskRun, error)
}

// Task is timed work.
type Task struct {
	Name  string
	Every time.Duration
	Run   func(ctx context.Context) error // does one round
}

// Options are what a function works with.
type Options struct {
	Store Store
	Tasks []Task
	// Now defaults to time.Now.
	Now func() time.Time
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Function is timed work and the operations on it. Make it with New.
type Function struct{ opts Options }

// New makes a function. Without a store it can be registered, for the OpenAPI
// document, but not called.
func New(opts Options) *Function {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Function{opts: opts}
}

// Register adds the operations to an API.
func (f *Function) Register(api huma.API) {
	tags := []string{"schedule"}
	huma.Register(api, huma.Operation{OperationID: "list-tasks", Method: http.MethodGet, Path: "/v1/tasks",
		Summary: "Timed work: how often, and how its last round went (administrators)", Tags: tags}, f.tasks)
	huma.Register(api, huma.Operation{OperationID: "list-task-runs", Method: http.MethodGet, Path: "/v1/tasks/runs",
		Summary: "Records of timed work, newest first (administrators)", Tags: tags}, f.runs)
}

// TaskRun is a record of rounds that went alike.
type TaskRun struct {
	ID        string           `json:"id"`
	Task      string           `json:"task"`
	StartedAt time.Time        `json:"started_at" doc:"When the first round began"`
	EndedAt   time.Time        `json:"ended_at" doc:"When the last round ended"`
	Rounds    int64            `json:"rounds"`
	BusyMS    int64            `json:"busy_ms" doc:"What all rounds took together"`
	Did       map[string]int64 `json:"did" doc:"What they did, by name; empty when there was nothing to do"`
	Problem   string           `json:"problem,omitempty" doc:"That each of them failed with; what they left the next round does"`
}

// TaskState is a task and how it is doing.
type TaskState struct {
	Task         string   `json:"task"`
	EverySeconds int64    `json:"every_seconds" doc:"How often serve does a round"`
	Last         *TaskRun `json:"last,omitempty" doc:"The record of its last round; absent: there was none yet"`
	Overdue      bool     `json:"overdue" doc:"No round ended for so long that rounds are being missed; the next one does what they would have done"`
}

func view(r gatepost.TaskRun) TaskRun {
	did := r.Did
	if did == nil {
		did = map[string]int64{}
	}
	return TaskRun{ID: r.ID, Task: r.Task, StartedAt: r.StartedAt, EndedAt: r.EndedAt, Rounds: r.Rounds, BusyMS: r.Busy.Milliseconds(), Did: did, Problem: r.Problem}
}

type (
	tasksOutput struct{ Body host.List[TaskState] }
	runsInput   struct {
		host.Page
		Task   string `query:"task" maxLength:"32" doc:"Only records of this task"`
		Failed bool   `query:"failed" doc:"Only records of rounds that failed"`
	}
	runsOutput struct{ Body host.List[TaskRun] }
)

// A task is overdue when no round ended for three intervals and some minutes: records are
// written every half minute, and platforms call once a minute at most.
const (
	overdueIntervals = 3
	overduePause     = 5 * time.Minute
)

func (f *Function) tasks(ctx context.Context, _ *struct{}) (*tasksOutput, error) {
	if _, err := auth.Admin(ctx); err != nil {
		return nil, err
	}
	last, err := f.opts.Store.LastTaskRuns(ctx)
	if err != nil {
		return nil, err
	}
	now := f.opts.Now()
	return &tasksOutput{Body: host.Paged(f.opts.Tasks, len(f.opts.Tasks), func(t Task) string { return t.Name }, func(t Task) TaskState {
		s := TaskState{Task: t.Name, EverySeconds: int64(t.Every / time.Second), Overdue: true}
		if i := slices.IndexFunc(last, func(r gatepost.TaskRun) bool { return r.Task == t.Name }); i >= 0 {
			run := view(last[i])
			s.Last, s.Overdue = &run, now.Sub(run.EndedAt) > overdueIntervals*t.Every+overduePause
		}
		return s
	})}, nil
}

func (f *Function) runs(ctx context.Context, in *runsInput) (*runsOutput, error) {
	if _, err := auth.Admin(ctx); err != nil {
		return nil, err
	}
	list, err := f.opts.Store.TaskRuns(ctx, in.Task, in.Failed, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return &runsOutput{Body: host.Paged(list, in.Limit, func(r gatepost.TaskRun) string { return r.ID }, view)}, nil
}
