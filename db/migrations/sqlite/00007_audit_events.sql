-- +goose Up
-- Who did what to whose account. Rows are added and, when they are old enough,
-- removed: never changed. People are named by their ids alone, without a
-- reference: an event stays when its people go, and their names and addresses go
-- with them.
CREATE TABLE audit_events (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  happened_at TIMESTAMP NOT NULL,
  action      TEXT NOT NULL CHECK (action <> ''),
  actor_id    INTEGER,
  subject_id  INTEGER,
  address     TEXT NOT NULL,
  device      TEXT NOT NULL,
  request_id  TEXT NOT NULL,
  details     TEXT NOT NULL
);

-- One for each way to look through them. Those of a person have the action too, so
-- that it is told there and not in each row. Most people act on their own account,
-- which the third index has already.
CREATE INDEX audit_events_happened_at_idx ON audit_events (happened_at, id);
CREATE INDEX audit_events_action_idx ON audit_events (action, happened_at, id);
CREATE INDEX audit_events_subject_id_idx ON audit_events (subject_id, happened_at, id, action);
CREATE INDEX audit_events_actor_id_idx ON audit_events (actor_id, happened_at, id, action)
  WHERE subject_id IS NULL OR subject_id <> actor_id;

-- +goose Down
DROP TABLE audit_events;
