-- name: CreateUserToken :exec
-- CreateUserToken adds a token, in the place of the one before of those of which
-- there is one: see links.New. The conflict is that of user_tokens_one_idx.
INSERT INTO user_tokens (token_hash, purpose, user_id, email, role, created_at, expires_at)
VALUES (@token_hash, @purpose, @user_id, @email, @role, @now, @expires_at)
ON CONFLICT (purpose, COALESCE(user_id, 0), (CASE WHEN user_id IS NULL THEN email ELSE '' END)) WHERE purpose <> 'undo_email' DO UPDATE
SET token_hash = excluded.token_hash,
    email = excluded.email,
    role = excluded.role,
    created_at = excluded.created_at,
    expires_at = excluded.expires_at,
    used_at = NULL;

-- name: GetUserToken :one
-- GetUserToken returns what a token is good for: none when it is unknown, of
-- another purpose, used or expired.
SELECT id, user_id, email, role, created_at, expires_at
FROM user_tokens
WHERE token_hash = @token_hash
  AND purpose = @purpose
  AND used_at IS NULL
  AND expires_at > @now;

-- name: UseUserToken :one
-- UseUserToken is GetUserToken for once: of many at a time one gets it.
UPDATE user_tokens
SET used_at = @now
WHERE token_hash = @token_hash
  AND purpose = @purpose
  AND used_at IS NULL
  AND expires_at > @now
RETURNING id, user_id, email, role, created_at, expires_at;

-- name: ListAddressesOfUserTokens :many
-- ListAddressesOfUserTokens returns where tokens of a purpose were sent that are
-- about a person and still good.
SELECT DISTINCT email
FROM user_tokens
WHERE user_id = CAST(@user_id AS bigint)
  AND purpose = @purpose
  AND used_at IS NULL
  AND expires_at > @now
ORDER BY email;

-- name: DeleteUserTokensForEmail :execrows
-- DeleteUserTokensForEmail ends the tokens of a purpose that are about an address.
DELETE FROM user_tokens
WHERE email = @email
  AND purpose = @purpose;

-- name: DeleteUserTokens :execrows
-- DeleteUserTokens ends the tokens of a purpose that are about a person.
DELETE FROM user_tokens
WHERE user_id = CAST(@user_id AS bigint)
  AND purpose = @purpose;

-- name: DeleteLaterUserTokens :execrows
-- DeleteLaterUserTokens ends what was made for a person after a token.
DELETE FROM user_tokens
WHERE user_id = CAST(@user_id AS bigint)
  AND id > @id;

-- name: DeleteExpiredUserTokens :execrows
-- DeleteExpiredUserTokens removes tokens that have expired, at most max_rows of
-- them.
DELETE FROM user_tokens
WHERE id IN (
    SELECT expired.id
    FROM user_tokens AS expired
    WHERE expired.expires_at <= @now
    ORDER BY expired.expires_at
    LIMIT @max_rows
  );

-- name: ListInvitations :many
-- ListInvitations returns one page of the invitations that can be accepted, the
-- last one first.
SELECT id, email, role, created_at, expires_at
FROM user_tokens
WHERE purpose = 'invite'
  AND used_at IS NULL
  AND expires_at > @now
ORDER BY created_at DESC, id DESC
LIMIT @max_rows OFFSET @skip;

-- name: CountInvitations :one
-- CountInvitations returns how many invitations ListInvitations has in all, or
-- max_rows when they are more.
SELECT count(*)
FROM (
  SELECT 1
  FROM user_tokens
  WHERE purpose = 'invite'
    AND used_at IS NULL
    AND expires_at > @now
  LIMIT @max_rows
) AS counted;

-- name: GetInvitation :one
-- GetInvitation returns an invitation that can be accepted.
SELECT email, role
FROM user_tokens
WHERE id = @id
  AND purpose = 'invite'
  AND used_at IS NULL
  AND expires_at > @now;

-- name: DeleteInvitation :one
-- DeleteInvitation takes back an invitation that wasn't accepted, and returns what
-- role it offered.
DELETE FROM user_tokens
WHERE id = @id
  AND purpose = 'invite'
  AND used_at IS NULL
RETURNING role;
