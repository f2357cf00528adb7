-- What else share links say, who opened them, and signing keys that are withdrawn.

-- +goose Up
ALTER TABLE shares ADD COLUMN networks TEXT NOT NULL DEFAULT ''; -- CIDR, with spaces between
ALTER TABLE shares ADD COLUMN origins TEXT NOT NULL DEFAULT ''; -- of embedding pages, with spaces between
ALTER TABLE shares ADD COLUMN legal_basis TEXT NOT NULL DEFAULT '';

-- What a link's holders did: entries have "share:<id>" for an actor.
CREATE INDEX ledger_actor ON ledger (actor, id);

-- A withdrawn key verifies nothing; its row, without its seed, is there for
-- gateways to learn of it until no token that it signed can live any more.
ALTER TABLE signing_keys ADD COLUMN withdrawn_at BIGINT;
