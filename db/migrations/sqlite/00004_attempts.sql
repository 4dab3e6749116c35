-- +goose Up
-- Failed tries per limit and subject, counted for one window of time.
CREATE TABLE attempts (
  bucket     TEXT PRIMARY KEY NOT NULL,
  failures   INTEGER NOT NULL CHECK (failures >= 0),
  expires_at TIMESTAMP NOT NULL
);

CREATE INDEX attempts_expires_at_idx ON attempts (expires_at);

-- +goose Down
DROP TABLE attempts;
