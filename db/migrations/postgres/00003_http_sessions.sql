-- +goose Up
-- pgstore's table: a visitor's data. The columns are the ones it expects; NOT
-- NULL and UNIQUE are ours, so that one key can never have two rows.
CREATE TABLE http_sessions (
  id          BIGSERIAL PRIMARY KEY,
  key         BYTEA NOT NULL UNIQUE,
  data        BYTEA NOT NULL,
  created_on  TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  modified_on TIMESTAMPTZ NOT NULL,
  expires_on  TIMESTAMPTZ NOT NULL
);

CREATE INDEX http_sessions_expiry_idx ON http_sessions (expires_on);

-- +goose Down
DROP TABLE http_sessions;
