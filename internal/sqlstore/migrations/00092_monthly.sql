-- Monthly reports, and the formula of settlements.

-- +goose Up
CREATE TABLE reports (
    id              TEXT PRIMARY KEY,
    division        TEXT NOT NULL,
    month           BIGINT NOT NULL, -- since January of the year 0
    version         BIGINT NOT NULL,
    state           TEXT NOT NULL,
    figures         TEXT NOT NULL, -- JSON
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    submitted_by    TEXT NOT NULL DEFAULT '',
    submitted_at    BIGINT,
    decided_by      TEXT NOT NULL DEFAULT '',
    decided_at      BIGINT,
    remark          TEXT NOT NULL DEFAULT '',
    sha256          TEXT NOT NULL DEFAULT '',
    note            TEXT NOT NULL DEFAULT '',
    UNIQUE (division, month, version)
);
CREATE UNIQUE INDEX reports_open ON reports (division, month) WHERE state <> 'locked';

-- The newest row counts.
CREATE TABLE settlement_terms (
    set_at  BIGINT PRIMARY KEY,
    set_by  TEXT NOT NULL,
    price_1 BIGINT NOT NULL,
    price_2 BIGINT NOT NULL,
    price_3 BIGINT NOT NULL,
    owed    BIGINT NOT NULL,
    factor  BIGINT NOT NULL,
    most    BIGINT NOT NULL
);
CREATE INDEX incidents_start ON incidents (start_at);
CREATE INDEX footage_requests_asked ON footage_requests (asked_at);
