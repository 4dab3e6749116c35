-- +goose Up
-- The roles that a person can have. A new one is a row: see docs/roles.md.
CREATE TABLE roles (
  name TEXT PRIMARY KEY
);

INSERT INTO roles (name) VALUES ('member'), ('admin');

CREATE TABLE users (
  id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email         TEXT NOT NULL UNIQUE CHECK (email <> ''),
  name          TEXT NOT NULL CHECK (name <> ''),
  password_hash TEXT NOT NULL,
  role          TEXT NOT NULL DEFAULT 'member' REFERENCES roles (name),
  disabled_at   TIMESTAMPTZ,
  created_at    TIMESTAMPTZ NOT NULL,
  updated_at    TIMESTAMPTZ NOT NULL
);

-- +goose Down
DROP TABLE users;
DROP TABLE roles;
