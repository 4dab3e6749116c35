-- +goose Up
-- From when on what a message says is of no use, since a link in it has ended: NULL
-- for never.
ALTER TABLE outbox ADD COLUMN useless_at TIMESTAMPTZ;

-- One for each purpose and person, or address where there is no person: a newer one
-- takes the place of the row. Ways back to an address stay beside each other.
DELETE FROM user_tokens
WHERE purpose <> 'undo_email' AND EXISTS (
  SELECT 1
  FROM user_tokens newer
  WHERE newer.purpose = user_tokens.purpose
    AND newer.id > user_tokens.id
    AND (newer.user_id = user_tokens.user_id OR newer.user_id IS NULL AND user_tokens.user_id IS NULL AND newer.email = user_tokens.email)
);

CREATE UNIQUE INDEX user_tokens_one_idx ON user_tokens (purpose, COALESCE(user_id, 0), (CASE WHEN user_id IS NULL THEN email ELSE '' END))
WHERE purpose <> 'undo_email';

-- +goose Down
DROP INDEX user_tokens_one_idx;
ALTER TABLE outbox DROP COLUMN useless_at;
