-- The recordings of each camera's hours, together: see internal/sqlstore/recording_hour.go. All of it is made
-- from recordings, and can be made again. packed_at is when it was made (ms); 0: never; negative: when its recordings changed
-- since, or last could not be packed.

-- +goose Up
CREATE TABLE recording_hours (
    camera_id TEXT NOT NULL REFERENCES cameras (id),
    hour      BIGINT NOT NULL, -- since 1970 UTC; recordings are of the hour that they begin in
    packed_at BIGINT NOT NULL DEFAULT 0,
    end_us    BIGINT NOT NULL DEFAULT 0, -- where the last of them to end does
    times     BYTEA, -- all of them but their segments
    segments  BYTEA,
    PRIMARY KEY (camera_id, hour)
);
CREATE INDEX recording_hours_open ON recording_hours (hour) WHERE packed_at = 0;
CREATE INDEX recording_hours_changed ON recording_hours (packed_at) WHERE packed_at < 0;
INSERT INTO recording_hours (camera_id, hour) SELECT DISTINCT camera_id, start_us / 3600000000 FROM recordings;
