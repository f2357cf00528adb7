-- Where notifications are sent, and how far each has come.

-- +goose Up
CREATE TABLE webhooks (
    id              TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    url             TEXT NOT NULL,
    secret          TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    removed_at      BIGINT
);
CREATE INDEX webhooks_organisation ON webhooks (organisation_id, id);

CREATE TABLE deliveries (
    id              TEXT PRIMARY KEY,
    webhook_id      TEXT NOT NULL REFERENCES webhooks (id),
    notification_id TEXT NOT NULL REFERENCES notifications (id),
    state           TEXT NOT NULL,
    attempts        BIGINT NOT NULL DEFAULT 0,
    next_at         BIGINT NOT NULL,
    last_error      TEXT NOT NULL DEFAULT '',
    delivered_at    BIGINT,
    UNIQUE (webhook_id, notification_id)
);
CREATE INDEX deliveries_due ON deliveries (state, next_at);
