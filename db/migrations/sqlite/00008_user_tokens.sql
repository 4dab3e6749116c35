-- +goose Up
-- What a link in a message is good for, once and until it expires: see app/links.
-- Only the hash of its token is kept. user_id is whose account it is about, NULL
-- where nobody has one yet; role is what an invitation leads to.
CREATE TABLE user_tokens (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  token_hash BLOB NOT NULL UNIQUE,
  purpose    TEXT NOT NULL CHECK (purpose IN ('register', 'invite', 'reset', 'change_email', 'undo_email')),
  user_id    INTEGER REFERENCES users (id) ON DELETE CASCADE,
  email      TEXT NOT NULL CHECK (email <> ''),
  role       TEXT NOT NULL DEFAULT 'member' REFERENCES roles (name),
  created_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  used_at    TIMESTAMP
);

CREATE INDEX user_tokens_email_idx ON user_tokens (email);
CREATE INDEX user_tokens_user_id_idx ON user_tokens (user_id);
CREATE INDEX user_tokens_expires_at_idx ON user_tokens (expires_at);

-- +goose Down
DROP TABLE user_tokens;
