-- Gaps of the rota that a unit was told of, each once.

-- +goose Up
CREATE TABLE duty_gaps (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    from_at         BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, from_at)
);
-- By time alone: whose shifts go on, or are about to begin.
CREATE INDEX shifts_time ON shifts (to_at);
