-- Duty: who watches class 1 cameras, the rota of a watch room, its handovers.

-- +goose Up

-- How each class 1 camera in service is watched. Rows change when that changes.
CREATE TABLE watches (
    camera_id TEXT PRIMARY KEY REFERENCES cameras (id),
    watched   BOOLEAN NOT NULL,
    since     BIGINT NOT NULL,
    alarm_id  TEXT NOT NULL DEFAULT '' -- of the open alarm
);
CREATE INDEX watches_unwatched ON watches (camera_id) WHERE NOT watched;
CREATE INDEX cameras_class_1 ON cameras (id) WHERE class = 1 AND state = 'in_service';
CREATE INDEX looks_under_way ON looks (camera_id) WHERE NOT ended;
CREATE INDEX organisations_division ON organisations (division, kind);

CREATE TABLE watch_alarms (
    id        TEXT PRIMARY KEY,
    camera_id TEXT NOT NULL REFERENCES cameras (id),
    division  TEXT NOT NULL,
    cause     TEXT NOT NULL,
    since     BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE UNIQUE INDEX watch_alarms_open ON watch_alarms (camera_id) WHERE closed_at IS NULL;
CREATE INDEX watch_alarms_division ON watch_alarms (division, id);

-- After how long an unwatched camera is an alarm, in a division and below it.
CREATE TABLE watch_settings (
    division     TEXT PRIMARY KEY,
    alarm_after  BIGINT NOT NULL -- milliseconds
);

CREATE TABLE shifts (
    id              TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    user_id         TEXT NOT NULL REFERENCES users (id),
    from_at         BIGINT NOT NULL,
    to_at           BIGINT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    checked_in      BIGINT,
    checked_out     BIGINT,
    removed_at      BIGINT
);
CREATE INDEX shifts_organisation ON shifts (organisation_id, to_at);
CREATE INDEX shifts_user ON shifts (user_id, to_at);

CREATE TABLE handovers (
    id              TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    shift_id        TEXT NOT NULL REFERENCES shifts (id),
    author_id       TEXT NOT NULL,
    at              BIGINT NOT NULL,
    happened        TEXT NOT NULL,
    open_matters    TEXT NOT NULL,
    acknowledged_by TEXT NOT NULL DEFAULT '',
    acknowledged_at BIGINT
);
CREATE INDEX handovers_organisation ON handovers (organisation_id, id);
