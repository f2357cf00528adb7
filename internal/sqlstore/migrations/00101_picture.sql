-- What a gateway found on a camera's pictures, and since when.

-- +goose Up
ALTER TABLE camera_status ADD COLUMN picture TEXT NOT NULL DEFAULT '';
ALTER TABLE camera_status ADD COLUMN picture_since BIGINT NOT NULL DEFAULT 0;
