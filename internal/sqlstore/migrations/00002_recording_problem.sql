-- +goose Up
-- What is wrong with the recording of a camera that is online, and since when.
ALTER TABLE camera_status ADD COLUMN problem TEXT NOT NULL DEFAULT '';
ALTER TABLE camera_status ADD COLUMN problem_since BIGINT NOT NULL DEFAULT 0;
