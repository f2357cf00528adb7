-- How often an invitation was tried, so that nobody learns from it which logins are taken.

-- +goose Up
ALTER TABLE invitations ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
