-- What outlives recordings: the history of cameras, and their days. Days count
-- from 1970-01-01, in China Standard Time.

-- +goose Up
CREATE TABLE camera_history (
    camera_id      TEXT NOT NULL REFERENCES cameras (id),
    at             BIGINT NOT NULL,
    state          TEXT NOT NULL,
    class          BIGINT NOT NULL,
    division       TEXT NOT NULL,
    place          TEXT NOT NULL,
    owner_id       TEXT NOT NULL,
    funder_id      TEXT NOT NULL,
    retention_days BIGINT NOT NULL,
    PRIMARY KEY (camera_id, at)
);
-- What cameras were before is not known.
INSERT INTO camera_history (camera_id, at, state, class, division, place, owner_id, funder_id, retention_days)
    SELECT id, updated_at, state, class, division, place, owner_id, funder_id, retention_days FROM cameras;

-- Durations are milliseconds.
CREATE TABLE camera_days (
    day            BIGINT NOT NULL,
    camera_id      TEXT NOT NULL REFERENCES cameras (id),
    state          TEXT NOT NULL,
    class          BIGINT NOT NULL,
    division       TEXT NOT NULL,
    place          TEXT NOT NULL,
    owner_id       TEXT NOT NULL,
    funder_id      TEXT NOT NULL,
    retention_days BIGINT NOT NULL,
    moment_at      BIGINT NOT NULL, -- since when it is that
    due            BIGINT NOT NULL,
    recorded       BIGINT NOT NULL,
    online         BIGINT NOT NULL,
    offline        BIGINT NOT NULL,
    network        BIGINT NOT NULL,
    gateway        BIGINT NOT NULL,
    storage        BIGINT NOT NULL,
    stopped        BIGINT NOT NULL,
    watch_due      BIGINT NOT NULL,
    watched        BIGINT NOT NULL,
    bytes          BIGINT NOT NULL,
    objects        BIGINT NOT NULL,
    PRIMARY KEY (day, camera_id)
);
CREATE INDEX camera_days_camera ON camera_days (camera_id, day);
CREATE INDEX camera_days_owner ON camera_days (owner_id, day);

-- What people of a kind of organisation did with a camera on a day.
CREATE TABLE camera_uses (
    day       BIGINT NOT NULL,
    camera_id TEXT NOT NULL REFERENCES cameras (id),
    kind      TEXT NOT NULL,
    division  TEXT NOT NULL, -- of the camera
    lives     BIGINT NOT NULL,
    playbacks BIGINT NOT NULL,
    exports   BIGINT NOT NULL,
    shares    BIGINT NOT NULL,
    viewed    BIGINT NOT NULL,
    bytes     BIGINT NOT NULL,
    PRIMARY KEY (day, camera_id, kind)
);

-- How far the measuring of each day has come.
CREATE TABLE day_runs (
    day         BIGINT NOT NULL,
    pass        BIGINT NOT NULL,
    cursor      TEXT NOT NULL,
    cameras     BIGINT NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (day, pass)
);
CREATE INDEX shares_camera ON shares (camera_id, created_at);
