-- Keys of evidence that may be in other hands.

-- +goose Up
ALTER TABLE evidence_keys ADD COLUMN withdrawn_at BIGINT;
ALTER TABLE evidence_keys ADD COLUMN untrusted_since BIGINT; -- set with withdrawn_at
ALTER TABLE evidence_keys ADD COLUMN withdrawn_reason TEXT NOT NULL DEFAULT '';
