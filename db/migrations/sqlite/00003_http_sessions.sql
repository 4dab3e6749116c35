-- +goose Up
-- pgstore's table: a visitor's data. It stays empty on SQLite, where sessions
-- live in files or in the cookie; it is here so that both engines have the
-- same tables.
CREATE TABLE http_sessions (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  key         BLOB NOT NULL UNIQUE,
  data        BLOB NOT NULL,
  created_on  TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  modified_on TIMESTAMP NOT NULL,
  expires_on  TIMESTAMP NOT NULL
);

CREATE INDEX http_sessions_expiry_idx ON http_sessions (expires_on);

-- +goose Down
DROP TABLE http_sessions;
