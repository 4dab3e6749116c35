-- +goose Up
-- Messages to people, written with what caused them. due_at is when somebody may
-- take one to deliver it: now, after a pause, or when the lease of the instance
-- that has it in hand ends; NULL when it was delivered or has failed. attempts
-- counts how often it was taken, and tells one who has it in hand from the next.
CREATE TABLE outbox (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id   TEXT NOT NULL UNIQUE,
  kind         TEXT NOT NULL CHECK (kind <> ''),
  recipient    TEXT NOT NULL CHECK (recipient <> ''),
  subject      TEXT NOT NULL,
  text_body    TEXT NOT NULL,
  html_body    TEXT NOT NULL,
  created_at   TIMESTAMP NOT NULL,
  give_up_at   TIMESTAMP NOT NULL,
  due_at       TIMESTAMP,
  attempts     INTEGER NOT NULL,
  fault        TEXT NOT NULL,
  delivered_at TIMESTAMP,
  failed_at    TIMESTAMP,
  CHECK ((due_at IS NULL) = (delivered_at IS NOT NULL OR failed_at IS NOT NULL))
);

-- What waits, in the order in which it is delivered.
CREATE INDEX outbox_waiting_idx ON outbox (give_up_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_created_at_idx ON outbox (created_at);

-- +goose Down
DROP TABLE outbox;
