-- Faults of cameras, their planned outages, and orders to repair them.

-- +goose Up
CREATE TABLE faults (
    id          TEXT PRIMARY KEY,
    camera_id   TEXT NOT NULL REFERENCES cameras (id),
    kind        TEXT NOT NULL,
    division    TEXT NOT NULL, -- of the camera, when this began
    class       BIGINT NOT NULL,
    from_at     BIGINT NOT NULL,
    opened_at   BIGINT, -- NULL: only suspected yet
    clear_since BIGINT, -- when it was last seen to go, while that is not certain
    until_at    BIGINT,
    evidence_zh TEXT NOT NULL,
    evidence_en TEXT NOT NULL
);
CREATE UNIQUE INDEX faults_open ON faults (camera_id, kind) WHERE until_at IS NULL;
CREATE INDEX faults_camera ON faults (camera_id, id);
CREATE INDEX faults_division ON faults (division, from_at);

CREATE TABLE outages (
    id         TEXT PRIMARY KEY,
    camera_id  TEXT NOT NULL REFERENCES cameras (id),
    from_at    BIGINT NOT NULL,
    to_at      BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at   BIGINT -- earlier than was planned
);
CREATE INDEX outages_camera ON outages (camera_id, to_at);

CREATE TABLE work_orders (
    id           TEXT PRIMARY KEY,
    camera_id    TEXT NOT NULL REFERENCES cameras (id),
    fault_id     TEXT REFERENCES faults (id),
    division     TEXT NOT NULL, -- of the camera, when this was opened
    class        BIGINT NOT NULL,
    description  TEXT NOT NULL,
    assignee_id  TEXT NOT NULL REFERENCES organisations (id),
    assignee     TEXT NOT NULL DEFAULT '', -- id of a user; empty: any of its maintainers
    state        TEXT NOT NULL,
    opened_by    TEXT NOT NULL,
    opened_at    BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    taken_by     TEXT NOT NULL DEFAULT '',
    taken_at     BIGINT,
    done_by      TEXT NOT NULL DEFAULT '',
    done_at      BIGINT,
    cause        TEXT NOT NULL DEFAULT '',
    note         TEXT NOT NULL DEFAULT '',
    closed_by    TEXT NOT NULL DEFAULT '',
    closed_at    BIGINT,
    reopenings   BIGINT NOT NULL DEFAULT 0,
    remark       TEXT NOT NULL DEFAULT '' -- why it was reopened or withdrawn
);
CREATE UNIQUE INDEX work_orders_fault ON work_orders (fault_id) WHERE state <> 'withdrawn';
CREATE INDEX work_orders_camera ON work_orders (camera_id, id);
CREATE INDEX work_orders_assignee ON work_orders (assignee_id, id);
CREATE INDEX work_orders_open ON work_orders (fault_id) WHERE state IN ('open', 'done');
CREATE INDEX work_orders_division ON work_orders (division, opened_at);

CREATE INDEX cameras_responsible ON cameras (responsible_id, id);

-- The newest row counts.
CREATE TABLE health_settings (
    set_at    BIGINT PRIMARY KEY,
    set_by    TEXT NOT NULL,
    due_1     BIGINT NOT NULL, -- hours
    due_2     BIGINT NOT NULL,
    due_3     BIGINT NOT NULL,
    automatic TEXT NOT NULL -- kinds of faults, with commas between
);
