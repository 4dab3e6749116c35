-- +goose Up
-- When a person was last here, to an hour: NULL for never. The row of a sign-in has
-- it to the minute, and goes with it.
ALTER TABLE users ADD COLUMN last_seen_at TIMESTAMPTZ;

UPDATE users
SET last_seen_at = (SELECT max(s.last_seen_at) FROM user_sessions s WHERE s.user_id = users.id)
WHERE id IN (SELECT user_id FROM user_sessions);

-- One for each column that the list of people can be sorted by, and for each of its
-- filters; addresses have theirs.
CREATE INDEX users_name_idx ON users (lower(name), id);
CREATE INDEX users_created_at_idx ON users (created_at, id);
CREATE INDEX users_last_seen_at_idx ON users (last_seen_at NULLS FIRST, id);
CREATE INDEX users_role_idx ON users (role, email);
CREATE INDEX users_disabled_idx ON users (email) WHERE disabled_at IS NOT NULL;

-- What waits or has failed, among the many messages that were delivered.
CREATE INDEX outbox_undelivered_idx ON outbox (id) WHERE delivered_at IS NULL;

-- +goose Down
DROP INDEX outbox_undelivered_idx;
DROP INDEX users_disabled_idx;
DROP INDEX users_role_idx;
DROP INDEX users_last_seen_at_idx;
DROP INDEX users_created_at_idx;
DROP INDEX users_name_idx;
ALTER TABLE users DROP COLUMN last_seen_at;
