-- name: CreateUserSession :exec
-- CreateUserSession records a sign-in.
INSERT INTO user_sessions (token_hash, user_id, key_id, address, device, created_at, last_seen_at, expires_at)
VALUES (@token_hash, @user_id, @key_id, @address, @device, @now, @now, @expires_at);

-- name: GetSessionUser :one
-- GetSessionUser returns the person whom a token signs in: none when it is
-- unknown, ended or expired, or when the account is disabled.
SELECT u.id, u.email, u.name, u.role, s.created_at AS authenticated_at, s.last_seen_at
FROM user_sessions s
JOIN users u ON u.id = s.user_id
WHERE s.token_hash = @token_hash
  AND s.expires_at > @now
  AND u.disabled_at IS NULL;

-- name: TouchUserSession :execrows
-- TouchUserSession records that a sign-in is in use, unless that was recorded
-- after seen_before under the same key. One that has ended stays so.
UPDATE user_sessions
SET last_seen_at = @now, expires_at = @expires_at, key_id = @key_id
WHERE token_hash = @token_hash
  AND expires_at > @now
  AND (last_seen_at <= @seen_before OR key_id <> @key_id);

-- name: DeleteUserSession :execrows
-- DeleteUserSession ends one sign-in, if it is there.
DELETE FROM user_sessions
WHERE token_hash = @token_hash;

-- name: DeleteOtherUserSessions :execrows
-- DeleteOtherUserSessions ends every sign-in of a person but one.
DELETE FROM user_sessions
WHERE user_id = @user_id
  AND token_hash <> @token_hash;

-- name: CountUserSessions :one
-- CountUserSessions returns how many sign-ins of a person haven't ended: by what
-- their row says, and by the limits of now, which may be lower.
SELECT count(*)
FROM user_sessions
WHERE user_id = @user_id
  AND expires_at > @now
  AND last_seen_at >= @seen_since
  AND created_at >= @begun_since;

-- name: CountUserSessionsOfOtherKeys :one
-- CountUserSessionsOfOtherKeys returns how many sign-ins would end if every
-- secret but one were taken away.
SELECT count(*)
FROM user_sessions
WHERE key_id <> @key_id
  AND expires_at > @now
  AND last_seen_at >= @seen_since
  AND created_at >= @begun_since;

-- name: DeleteUserSessions :execrows
-- DeleteUserSessions ends every sign-in of a person.
DELETE FROM user_sessions
WHERE user_id = @user_id;

-- name: DeleteUserSessionsByEmail :execrows
-- DeleteUserSessionsByEmail ends every sign-in of the person with an address.
DELETE FROM user_sessions
WHERE user_id = (SELECT id FROM users WHERE email = @email);

-- name: DeleteExpiredUserSessions :execrows
-- DeleteExpiredUserSessions removes sign-ins that have expired, at most
-- max_rows of them. It looks twice: on PostgreSQL a row may be prolonged after
-- it was found, while the deletion waits for it.
DELETE FROM user_sessions
WHERE id IN (
    SELECT expired.id
    FROM user_sessions AS expired
    WHERE expired.expires_at <= @now
    ORDER BY expired.expires_at
    LIMIT @max_rows
  )
  AND user_sessions.expires_at <= @now;

-- name: ListUserSessions :many
-- ListUserSessions returns a person's sign-ins that haven't ended, as
-- CountUserSessions has it, the one last seen first.
SELECT id, token_hash, device, address, created_at, last_seen_at
FROM user_sessions
WHERE user_id = @user_id
  AND expires_at > @now
  AND last_seen_at >= @seen_since
  AND created_at >= @begun_since
ORDER BY last_seen_at DESC, id DESC;

-- name: DeleteOwnUserSession :one
-- DeleteOwnUserSession ends one sign-in of a person, and returns the hash of its
-- token and its device.
DELETE FROM user_sessions
WHERE id = @id
  AND user_id = @user_id
RETURNING token_hash, device;

-- name: DeleteEverybodysUserSessions :execrows
-- DeleteEverybodysUserSessions ends every sign-in of everybody.
DELETE FROM user_sessions;

-- name: DeleteEveryOtherUserSession :execrows
-- DeleteEveryOtherUserSession ends every sign-in of everybody but one.
DELETE FROM user_sessions
WHERE token_hash <> @token_hash;

-- name: ListSignIns :many
-- ListSignIns returns the sign-ins that haven't ended, by person, the one last
-- seen first: of everybody, or of the person with an address unless that is
-- empty.
SELECT u.email, s.device, s.address, s.created_at, s.last_seen_at
FROM user_sessions s
JOIN users u ON u.id = s.user_id
WHERE s.expires_at > @now
  AND s.last_seen_at >= @seen_since
  AND s.created_at >= @begun_since
  AND u.disabled_at IS NULL
  AND (CAST(@email AS text) = '' OR u.email = @email)
ORDER BY u.email, s.last_seen_at DESC, s.id DESC;
