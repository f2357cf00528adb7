// Package schedule does timed work: what must be done again and again, whoever asks or not.
//
// A task's round is idempotent, does what is due by then, and is bounded; what it left, and
// what a missed one would have done, the next does. Run does every task at once and then
// at its interval, in a process that stays. Once does one round of one, where a schedule
// of the platform calls (functions/host/lambdahost). Both may go on in several processes.
//
// # Records
//
// Every round is in a record. Rounds of a task that go alike, all well or all with the same
// problem, share one for up to an hour. It is written with the first of them, then every
// half minute at most, and at the end: a process that is killed takes no more with it.
package schedule
