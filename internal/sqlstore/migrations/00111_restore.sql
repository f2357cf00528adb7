-- Footage in the deep archive, and what is asked back from there.

-- +goose Up
ALTER TABLE recordings ADD COLUMN restored_until BIGINT NOT NULL DEFAULT 0; -- ms; a copy can be read so long

CREATE TABLE restores (
    id              TEXT PRIMARY KEY,
    camera_id       TEXT NOT NULL REFERENCES cameras (id),
    from_us         BIGINT NOT NULL,
    to_us           BIGINT NOT NULL,
    purpose         TEXT NOT NULL,
    reason          TEXT NOT NULL,
    asked_by        TEXT NOT NULL,
    organisation_id TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    recordings      BIGINT NOT NULL,
    bytes           BIGINT NOT NULL,
    ready           BIGINT NOT NULL DEFAULT 0,
    asked_us        BIGINT NOT NULL, -- the store was asked for what began before
    checked_at      BIGINT NOT NULL DEFAULT 0,
    finished_at     BIGINT,
    playable_to     BIGINT NOT NULL DEFAULT 0,
    problem         TEXT NOT NULL DEFAULT ''
);
CREATE INDEX restores_organisation ON restores (organisation_id, id);
CREATE INDEX restores_open ON restores (checked_at) WHERE finished_at IS NULL;

-- How near the holds of an organisation were to what the policy gives them, when it was last told.
CREATE TABLE hold_warnings (
    organisation_id TEXT PRIMARY KEY REFERENCES organisations (id),
    warning         TEXT NOT NULL
);
