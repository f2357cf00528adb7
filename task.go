package gatepost

import "time"

// TaskRun is a record of timed work (定时任务): rounds of a task, one after the other in one
// process, that went alike.
type TaskRun struct {
	ID        string
	Task      string
	StartedAt time.Time // when the first round began
	EndedAt   time.Time // when the last one ended
	Rounds    int64
	Busy      time.Duration    // what all rounds took together
	Did       map[string]int64 // what they did, by name; nothing for rounds that found nothing to do
	Problem   string           // that each of them failed with; "" for none
}
