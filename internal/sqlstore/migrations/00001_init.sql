-- One text for SQLite and PostgreSQL: TEXT ids (UUIDv7), BIGINT UTC times
-- (milliseconds unless the name ends in _us), BOOLEAN, TEXT JSON that SQL
-- never looks into. Forward only.

-- +goose Up
CREATE TABLE divisions (
    code   TEXT PRIMARY KEY,
    name   TEXT NOT NULL,
    level  TEXT NOT NULL,
    parent TEXT NOT NULL DEFAULT ''
);
CREATE INDEX divisions_parent ON divisions (parent);

CREATE TABLE organisations (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    division   TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id              TEXT PRIMARY KEY,
    login           TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL DEFAULT '',
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    role            TEXT NOT NULL,
    password_hash   TEXT NOT NULL,
    disabled        BOOLEAN NOT NULL DEFAULT FALSE,
    created_at      BIGINT NOT NULL
);

-- A refresh session; only the hashes of its present secret and of the one
-- before are kept.
CREATE TABLE sessions (
    id            TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id),
    secret_hash   TEXT NOT NULL UNIQUE,
    previous_hash TEXT NOT NULL DEFAULT '',
    created_at    BIGINT NOT NULL,
    rotated_at    BIGINT NOT NULL DEFAULT 0,
    expires_at    BIGINT NOT NULL,
    revoked_at    BIGINT
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id),
    name        TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT,
    revoked_at  BIGINT
);
CREATE INDEX api_keys_user ON api_keys (user_id, id);

-- Ed25519 keys that sign tokens. A key signs while active, verifies until
-- expires_at.
CREATE TABLE signing_keys (
    kid        TEXT PRIMARY KEY,
    seed       TEXT NOT NULL, -- base64 of the 32-byte seed
    created_at BIGINT NOT NULL,
    active     BOOLEAN NOT NULL,
    expires_at BIGINT
);

CREATE TABLE cameras (
    id               TEXT PRIMARY KEY,
    national_id      TEXT NOT NULL UNIQUE,
    name             TEXT NOT NULL,
    longitude        DOUBLE PRECISION,
    latitude         DOUBLE PRECISION,
    address          TEXT NOT NULL DEFAULT '',
    division         TEXT NOT NULL DEFAULT '',
    place            TEXT NOT NULL,
    class            BIGINT NOT NULL,
    owner_id         TEXT NOT NULL REFERENCES organisations (id),
    responsible_id   TEXT NOT NULL REFERENCES organisations (id),
    funder_id        TEXT NOT NULL REFERENCES organisations (id),
    beneficiary_id   TEXT NOT NULL REFERENCES organisations (id),
    retention_days   BIGINT NOT NULL,
    consent_to_share BOOLEAN NOT NULL,
    sign_posted      BOOLEAN NOT NULL,
    not_banned_place BOOLEAN NOT NULL,
    state            TEXT NOT NULL,
    key_hash         TEXT NOT NULL,
    srt_secret       TEXT NOT NULL,
    epoch            BIGINT NOT NULL DEFAULT 0,
    acceptance       TEXT NOT NULL DEFAULT '', -- JSON of the newest verdict
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);
CREATE INDEX cameras_owner ON cameras (owner_id, id);

-- Serial numbers of GB/T 28181 ids, by their 13-digit prefix.
CREATE TABLE national_serials (
    prefix TEXT PRIMARY KEY,
    last   BIGINT NOT NULL
);

-- The newest word of a gateway on each camera, fenced by epoch.
CREATE TABLE camera_status (
    camera_id   TEXT PRIMARY KEY REFERENCES cameras (id),
    node        TEXT NOT NULL,
    epoch       BIGINT NOT NULL,
    online      BOOLEAN NOT NULL,
    recording   BOOLEAN NOT NULL,
    since       BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    protocol    TEXT NOT NULL DEFAULT '',
    end_reason  TEXT NOT NULL DEFAULT '',
    measurement TEXT NOT NULL DEFAULT '', -- JSON
    viewers     BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE recordings (
    id             TEXT PRIMARY KEY,
    camera_id      TEXT NOT NULL REFERENCES cameras (id),
    run            TEXT NOT NULL,
    seq            BIGINT NOT NULL,
    object_key     TEXT NOT NULL UNIQUE,
    start_us       BIGINT NOT NULL,
    end_us         BIGINT NOT NULL,
    duration_us    BIGINT NOT NULL,
    media_time_us  BIGINT NOT NULL,
    bytes          BIGINT NOT NULL,
    frames         BIGINT NOT NULL,
    sha256         TEXT NOT NULL,
    codecs         TEXT NOT NULL,
    width          BIGINT NOT NULL,
    height         BIGINT NOT NULL,
    init_len       BIGINT NOT NULL,
    init_sha256    TEXT NOT NULL,
    segments       TEXT NOT NULL, -- compact index, see internal/sqlstore/recording.go
    prior_end      TEXT NOT NULL DEFAULT '',
    run_end        TEXT NOT NULL DEFAULT '',
    retention_days BIGINT NOT NULL,
    garbage_at     BIGINT, -- tombstone: the object is being deleted
    created_at     BIGINT NOT NULL,
    UNIQUE (camera_id, run, seq)
);
CREATE INDEX recordings_time ON recordings (camera_id, start_us);
CREATE INDEX recordings_garbage ON recordings (garbage_at);
CREATE INDEX recordings_expiry ON recordings (retention_days, end_us);

CREATE TABLE holds (
    id          TEXT PRIMARY KEY,
    camera_id   TEXT NOT NULL REFERENCES cameras (id),
    from_us     BIGINT NOT NULL,
    to_us       BIGINT NOT NULL,
    case_number TEXT NOT NULL,
    reason      TEXT NOT NULL,
    until_at    BIGINT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    released_at BIGINT
);
CREATE INDEX holds_camera ON holds (camera_id, from_us);

CREATE TABLE shares (
    id              TEXT PRIMARY KEY,
    camera_id       TEXT NOT NULL REFERENCES cameras (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    created_by      TEXT NOT NULL,
    actions         TEXT NOT NULL, -- "live", "playback" or "live,playback"
    from_us         BIGINT NOT NULL DEFAULT 0,
    to_us           BIGINT NOT NULL DEFAULT 0,
    expires_at      BIGINT NOT NULL,
    max_uses        BIGINT NOT NULL DEFAULT 0,
    uses            BIGINT NOT NULL DEFAULT 0,
    label           TEXT NOT NULL DEFAULT '',
    created_at      BIGINT NOT NULL,
    revoked_at      BIGINT
);
CREATE INDEX shares_organisation ON shares (organisation_id, id);

CREATE TABLE grants (
    id              TEXT PRIMARY KEY,
    camera_id       TEXT NOT NULL REFERENCES cameras (id),
    action          TEXT NOT NULL,
    user_id         TEXT NOT NULL DEFAULT '',
    organisation_id TEXT NOT NULL,
    share_id        TEXT NOT NULL DEFAULT '',
    purpose         TEXT NOT NULL DEFAULT '',
    reason          TEXT NOT NULL DEFAULT '',
    case_number     TEXT NOT NULL DEFAULT '',
    from_us         BIGINT NOT NULL DEFAULT 0,
    to_us           BIGINT NOT NULL DEFAULT 0,
    expires_at      BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    revoked_at      BIGINT
);
CREATE INDEX grants_camera ON grants (camera_id, id);
CREATE INDEX grants_share ON grants (share_id);

-- Revocations in the order in which gateways learn of them. seq is assigned by
-- the inserting statement (one more than the highest), so that a cursor never
-- skips one: inserts are serialised on SQLite by its one writer, on PostgreSQL
-- by the primary key and a retry.
CREATE TABLE revocations (
    seq        BIGINT PRIMARY KEY,
    grant_id   TEXT NOT NULL UNIQUE,
    expires_at BIGINT NOT NULL, -- of the grant: after it the row is of no use
    created_at BIGINT NOT NULL
);

-- Every decision, allowed or refused. Append-only.
CREATE TABLE ledger (
    id              TEXT PRIMARY KEY,
    at              BIGINT NOT NULL,
    kind            TEXT NOT NULL, -- "decision", "grant", "revoke", "share", "camera", "session", "hold"
    actor           TEXT NOT NULL, -- user id, "share:<id>", or "system"
    organisation_id TEXT NOT NULL DEFAULT '',
    camera_id       TEXT NOT NULL DEFAULT '',
    allowed         BOOLEAN NOT NULL,
    detail          TEXT NOT NULL DEFAULT '' -- JSON, without secrets
);
CREATE INDEX ledger_camera ON ledger (camera_id, id);
