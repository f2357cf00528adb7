-- For how long recordings are kept, and what became of those that are gone.

-- +goose Up
ALTER TABLE cameras ADD COLUMN category TEXT NOT NULL DEFAULT 'general';

-- Each change of the policy is a row; the highest version counts, and without one
-- the default does.
CREATE TABLE retention_policies (
    version    BIGINT PRIMARY KEY,
    policy     TEXT NOT NULL, -- JSON
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

ALTER TABLE recordings ADD COLUMN garbage_rule TEXT NOT NULL DEFAULT ''; -- what ended it, with garbage_at
ALTER TABLE recordings ADD COLUMN storage_class TEXT NOT NULL DEFAULT ''; -- "": hot
-- A second key at which a copy of the object may lie, while it moves.
ALTER TABLE recordings ADD COLUMN other_key TEXT NOT NULL DEFAULT '';
ALTER TABLE recordings ADD COLUMN other_at BIGINT NOT NULL DEFAULT 0; -- when the move began
CREATE INDEX recordings_other ON recordings (other_key) WHERE other_key <> '';
CREATE INDEX recordings_prefix ON recordings (camera_id, retention_days, end_us);
CREATE INDEX recordings_class ON recordings (camera_id, storage_class, start_us);
DROP INDEX recordings_expiry;

-- Recordings that are gone before the days that their gateway knows of, which
-- would report them again.
CREATE TABLE recordings_ended (
    id       TEXT PRIMARY KEY,
    until_at BIGINT NOT NULL -- the end of those days
);
CREATE INDEX recordings_ended_until ON recordings_ended (until_at);

-- What was deleted of a camera's day, by rule. It is added to until it is issued.
CREATE TABLE retention_certificates (
    id         TEXT PRIMARY KEY,
    camera_id  TEXT NOT NULL REFERENCES cameras (id),
    day        BIGINT NOT NULL, -- its first millisecond, UTC
    rule       TEXT NOT NULL,
    recordings BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    sum        TEXT NOT NULL, -- of what was deleted so far; "" once it is issued
    digest     TEXT NOT NULL DEFAULT '',
    issued_at  BIGINT
);
CREATE UNIQUE INDEX retention_certificates_open ON retention_certificates (camera_id, day, rule) WHERE issued_at IS NULL;
CREATE INDEX retention_certificates_camera ON retention_certificates (camera_id, id);

CREATE TABLE retention_runs (
    id         TEXT PRIMARY KEY,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    first      TEXT NOT NULL, -- camera ids: after first, up to last; "" is either end
    last       TEXT NOT NULL,
    counts     TEXT NOT NULL, -- JSON
    quiet      BOOLEAN NOT NULL, -- it found nothing to do
    problem    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX retention_runs_started ON retention_runs (quiet, started_at);

-- Footage that somebody may ask to be deleted before its days are over.
CREATE TABLE deletion_orders (
    id         TEXT PRIMARY KEY,
    camera_id  TEXT NOT NULL REFERENCES cameras (id),
    from_us    BIGINT NOT NULL,
    to_us      BIGINT NOT NULL,
    decision   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    ordered_by TEXT NOT NULL,
    ordered_at BIGINT NOT NULL,
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at BIGINT,
    approved   BOOLEAN NOT NULL DEFAULT FALSE,
    done_at    BIGINT -- when nothing of it was left for the first time
);
CREATE INDEX deletion_orders_camera ON deletion_orders (camera_id, id);
