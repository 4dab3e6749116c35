-- +goose Up
-- The roles that a person can have. A new one is a row: see docs/roles.md.
CREATE TABLE roles (
  name TEXT PRIMARY KEY NOT NULL
);

INSERT INTO roles (name) VALUES ('member'), ('admin');

CREATE TABLE users (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  email         TEXT NOT NULL UNIQUE CHECK (email <> ''),
  name          TEXT NOT NULL CHECK (name <> ''),
  password_hash TEXT NOT NULL,
  role          TEXT NOT NULL DEFAULT 'member' REFERENCES roles (name),
  disabled_at   TIMESTAMP,
  created_at    TIMESTAMP NOT NULL,
  updated_at    TIMESTAMP NOT NULL
);

-- +goose Down
DROP TABLE users;
DROP TABLE roles;
