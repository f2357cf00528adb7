-- What decisions rest on besides a subject and a camera.

-- +goose Up
ALTER TABLE grants ADD COLUMN basis TEXT NOT NULL DEFAULT '';
CREATE INDEX grants_basis ON grants (basis, expires_at);
CREATE INDEX grants_user ON grants (user_id, expires_at);
CREATE INDEX cameras_division ON cameras (division, class, id);
CREATE INDEX cameras_position ON cameras (longitude, latitude);

CREATE TABLE incidents (
    id              TEXT PRIMARY KEY,
    kind            TEXT NOT NULL,
    drill           BOOLEAN NOT NULL,
    name            TEXT NOT NULL,
    reason          TEXT NOT NULL,
    area            TEXT NOT NULL, -- JSON
    levels          TEXT NOT NULL, -- "county,town"
    units           TEXT NOT NULL, -- ids, with commas between; incident_units finds them
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    division        TEXT NOT NULL, -- of the organisation, when it activated this
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    start_at        BIGINT NOT NULL,
    end_at          BIGINT NOT NULL,
    approver_id     TEXT NOT NULL DEFAULT '',
    approved_by     TEXT NOT NULL DEFAULT '',
    approved_at     BIGINT,
    ended_by        TEXT NOT NULL DEFAULT '',
    ended_at        BIGINT,
    renews          TEXT NOT NULL DEFAULT '',
    told            TEXT NOT NULL DEFAULT '' -- what owners have heard: "", "started", "ended"
);
CREATE INDEX incidents_end ON incidents (end_at);
CREATE INDEX incidents_told ON incidents (told, start_at);
CREATE INDEX incidents_organisation ON incidents (organisation_id, id);

-- The organisations that an incident names.
CREATE TABLE incident_units (
    incident_id     TEXT NOT NULL REFERENCES incidents (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (incident_id, organisation_id)
);
CREATE INDEX incident_units_organisation ON incident_units (organisation_id, incident_id);

-- What an incident's area is made of, so that those around a camera are found
-- without reading every area: a division, or the box around polygon and circle.
CREATE TABLE incident_areas (
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    part        BIGINT NOT NULL,
    end_at      BIGINT NOT NULL, -- of the incident: older ones are not looked at
    division    TEXT NOT NULL DEFAULT '',
    west        DOUBLE PRECISION NOT NULL DEFAULT 0,
    south       DOUBLE PRECISION NOT NULL DEFAULT 0,
    east        DOUBLE PRECISION NOT NULL DEFAULT 0,
    north       DOUBLE PRECISION NOT NULL DEFAULT 0,
    PRIMARY KEY (incident_id, part)
);
CREATE INDEX incident_areas_division ON incident_areas (division, end_at);

CREATE TABLE cross_grants (
    id         TEXT PRIMARY KEY,
    grantee_id TEXT NOT NULL REFERENCES organisations (id),
    holder_id  TEXT NOT NULL REFERENCES organisations (id),
    cameras    TEXT NOT NULL, -- ids, with commas between; cross_grant_cameras finds them
    actions    TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    hours_from BIGINT NOT NULL,
    hours_to   BIGINT NOT NULL,
    until_at   BIGINT NOT NULL,
    asked_by   TEXT NOT NULL,
    asked_at   BIGINT NOT NULL,
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at BIGINT,
    approved   BOOLEAN NOT NULL DEFAULT FALSE,
    answer     TEXT NOT NULL DEFAULT '',
    revoked_by TEXT NOT NULL DEFAULT '',
    revoked_at BIGINT
);
CREATE INDEX cross_grants_grantee ON cross_grants (grantee_id, id);
CREATE INDEX cross_grants_holder ON cross_grants (holder_id, id);

CREATE TABLE cross_grant_cameras (
    cross_grant_id TEXT NOT NULL REFERENCES cross_grants (id),
    camera_id      TEXT NOT NULL REFERENCES cameras (id),
    grantee_id     TEXT NOT NULL,
    PRIMARY KEY (cross_grant_id, camera_id)
);
CREATE INDEX cross_grant_cameras_camera ON cross_grant_cameras (camera_id, grantee_id);

CREATE TABLE support_windows (
    id        TEXT PRIMARY KEY,
    owner_id  TEXT NOT NULL REFERENCES organisations (id),
    camera_id TEXT NOT NULL DEFAULT '',
    reason    TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    from_at   BIGINT NOT NULL,
    until_at  BIGINT NOT NULL,
    closed_by TEXT NOT NULL DEFAULT '',
    closed_at BIGINT
);
CREATE INDEX support_windows_owner ON support_windows (owner_id, until_at);

-- What an organisation is told: it reads them in the portal, and functions/notification
-- sends them on.
CREATE TABLE notifications (
    id              TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    kind            TEXT NOT NULL,
    at              BIGINT NOT NULL,
    camera_id       TEXT NOT NULL DEFAULT '',
    detail          TEXT NOT NULL DEFAULT '', -- JSON, without secrets
    dispatched_at   BIGINT -- when deliveries were made of it
);
CREATE INDEX notifications_organisation ON notifications (organisation_id, id);
CREATE INDEX notifications_dispatch ON notifications (dispatched_at, id);
