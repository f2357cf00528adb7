-- Footage requests: a unit asks the owners of an area's cameras for a window.

-- +goose Up
CREATE TABLE footage_requests (
    id              TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    asked_by        TEXT NOT NULL,
    asked_at        BIGINT NOT NULL,
    area            TEXT NOT NULL, -- JSON
    from_us         BIGINT NOT NULL,
    to_us           BIGINT NOT NULL,
    case_number     TEXT NOT NULL,
    reason          TEXT NOT NULL,
    expires_at      BIGINT NOT NULL,
    withdrawn_by    TEXT NOT NULL DEFAULT '',
    withdrawn_at    BIGINT,
    told            BOOLEAN NOT NULL DEFAULT FALSE -- whether owners have heard of it
);
CREATE INDEX footage_requests_organisation ON footage_requests (organisation_id, id);
CREATE INDEX footage_requests_told ON footage_requests (id) WHERE NOT told;

-- Whom a request reached. Only they themselves are told.
CREATE TABLE footage_asked (
    request_id TEXT NOT NULL REFERENCES footage_requests (id),
    owner_id   TEXT NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (owner_id, request_id)
);
CREATE INDEX footage_asked_request ON footage_asked (request_id);

CREATE TABLE footage_answers (
    id          TEXT PRIMARY KEY,
    request_id  TEXT NOT NULL REFERENCES footage_requests (id),
    grantee_id  TEXT NOT NULL REFERENCES organisations (id),
    holder_id   TEXT NOT NULL REFERENCES organisations (id),
    cameras     TEXT NOT NULL, -- ids, with commas between; footage_cameras finds them
    from_us     BIGINT NOT NULL,
    to_us       BIGINT NOT NULL,
    may_copy    BOOLEAN NOT NULL,
    case_number TEXT NOT NULL,
    answer      TEXT NOT NULL,
    answered_by TEXT NOT NULL,
    answered_at BIGINT NOT NULL,
    until_at    BIGINT NOT NULL,
    revoked_by  TEXT NOT NULL DEFAULT '',
    revoked_at  BIGINT
);
CREATE UNIQUE INDEX footage_answers_holder ON footage_answers (request_id, holder_id) WHERE revoked_at IS NULL;
CREATE INDEX footage_answers_request ON footage_answers (request_id, id);
CREATE INDEX footage_answers_grantee ON footage_answers (grantee_id, until_at);

CREATE TABLE footage_cameras (
    answer_id  TEXT NOT NULL REFERENCES footage_answers (id),
    camera_id  TEXT NOT NULL REFERENCES cameras (id),
    grantee_id TEXT NOT NULL,
    PRIMARY KEY (answer_id, camera_id)
);
CREATE INDEX footage_cameras_camera ON footage_cameras (camera_id, grantee_id);
