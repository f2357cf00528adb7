-- How people are reached, how they come in, and what their organisation may have.

-- +goose Up
-- What a user has shown to be his: contact_kind is "email" or "phone".
CREATE TABLE user_contacts (
    user_id      TEXT PRIMARY KEY REFERENCES users (id),
    contact_kind TEXT NOT NULL,
    contact      TEXT NOT NULL,
    notify       BOOLEAN NOT NULL DEFAULT FALSE, -- his organisation's notifications come to him by e-mail
    verified_at  BIGINT NOT NULL
);

CREATE TABLE contact_codes (
    user_id      TEXT PRIMARY KEY REFERENCES users (id),
    contact_kind TEXT NOT NULL,
    contact      TEXT NOT NULL,
    code_hash    TEXT NOT NULL,
    attempts     BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);

-- Messages to people. The secret, a code or a link, is erased once it is sent or
-- of no use.
CREATE TABLE messages (
    id              TEXT PRIMARY KEY,
    purpose         TEXT NOT NULL,
    contact_kind    TEXT NOT NULL,
    contact         TEXT NOT NULL,
    organisation_id TEXT NOT NULL DEFAULT '',
    about           TEXT NOT NULL, -- id of the sign-up, user, invitation or notification
    secret          TEXT NOT NULL DEFAULT '',
    state           TEXT NOT NULL,
    attempts        BIGINT NOT NULL DEFAULT 0,
    next_at         BIGINT NOT NULL,
    last_error      TEXT NOT NULL DEFAULT '',
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    sent_at         BIGINT
);
CREATE INDEX messages_due ON messages (state, next_at);
CREATE INDEX messages_about ON messages (about);
CREATE INDEX messages_organisation ON messages (organisation_id, id);

CREATE TABLE invitations (
    id              TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    contact_kind    TEXT NOT NULL,
    contact         TEXT NOT NULL,
    role            TEXT NOT NULL,
    secret_hash     TEXT NOT NULL UNIQUE,
    sent            BOOLEAN NOT NULL,
    invited_by      TEXT NOT NULL REFERENCES users (id),
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    revoked_at      BIGINT,
    accepted_at     BIGINT,
    accepted_by     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX invitations_organisation ON invitations (organisation_id, id);

CREATE TABLE signups (
    id            TEXT PRIMARY KEY,
    contact_kind  TEXT NOT NULL,
    contact       TEXT NOT NULL,
    organisation  TEXT NOT NULL, -- its name
    division      TEXT NOT NULL,
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    secret_hash   TEXT NOT NULL UNIQUE,
    code_hash     TEXT NOT NULL, -- "": no code leads on
    attempts      BIGINT NOT NULL DEFAULT 0,
    address       TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    verified_at   BIGINT,
    finished_at   BIGINT
);
CREATE INDEX signups_expiry ON signups (expires_at);

CREATE TABLE undertakings (
    user_id         TEXT NOT NULL REFERENCES users (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    version         BIGINT NOT NULL,
    accepted_at     BIGINT NOT NULL,
    PRIMARY KEY (user_id, version)
);

CREATE TABLE plans (
    name           TEXT PRIMARY KEY,
    cameras        BIGINT NOT NULL,
    retention_days BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);
INSERT INTO plans (name, cameras, retention_days, updated_at) VALUES ('basic', 4, 30, 0), ('standard', 16, 60, 0), ('extended', 64, 90, 0);

-- An organisation without a row is not limited.
CREATE TABLE organisation_plans (
    organisation_id TEXT PRIMARY KEY REFERENCES organisations (id),
    plan            TEXT NOT NULL REFERENCES plans (name)
);
