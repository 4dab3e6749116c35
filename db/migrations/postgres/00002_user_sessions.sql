-- +goose Up
-- Who is signed in where. Ending a row signs out with every session store.
CREATE TABLE user_sessions (
  id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  token_hash   BYTEA NOT NULL UNIQUE,
  user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key_id       TEXT NOT NULL,
  address      TEXT NOT NULL,
  device       TEXT NOT NULL,
  created_at   TIMESTAMPTZ NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  expires_at   TIMESTAMPTZ NOT NULL
);

CREATE INDEX user_sessions_user_id_idx ON user_sessions (user_id);
CREATE INDEX user_sessions_expires_at_idx ON user_sessions (expires_at);

-- +goose Down
DROP TABLE user_sessions;
