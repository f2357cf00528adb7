-- The legal category belongs to what a camera was, for reports.

-- +goose Up
ALTER TABLE camera_history ADD COLUMN category TEXT NOT NULL DEFAULT 'general';
ALTER TABLE camera_days ADD COLUMN category TEXT NOT NULL DEFAULT 'general';
UPDATE camera_history SET category = (SELECT category FROM cameras WHERE cameras.id = camera_history.camera_id);
