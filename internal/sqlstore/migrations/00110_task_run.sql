-- Records of timed work: rounds of a task, one after the other in a process, that went alike.

-- +goose Up
CREATE TABLE task_runs (
    id         TEXT PRIMARY KEY,
    task       TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    rounds     BIGINT NOT NULL,
    busy_us    BIGINT NOT NULL,
    did        TEXT NOT NULL, -- JSON
    problem    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX task_runs_task ON task_runs (task, ended_at);
