-- name: CreateUser :one
-- CreateUser adds a person and returns the id. An e-mail address that is taken
-- is a unique violation: see IsUniqueViolation.
INSERT INTO users (email, name, password_hash, role, created_at, updated_at)
VALUES (@email, @name, @password_hash, @role, @now, @now)
RETURNING id;

-- name: GetCredentials :one
-- GetCredentials returns what a sign-in needs to know about an address.
SELECT id, password_hash, disabled_at
FROM users
WHERE email = @email;

-- name: GetUserByEmail :one
-- GetUserByEmail returns the person with an address.
SELECT id, email, name, role, disabled_at, password_hash
FROM users
WHERE email = @email;

-- name: GetUserID :one
-- GetUserID returns the id of the person with an address.
SELECT id
FROM users
WHERE email = @email;

-- name: GetUser :one
-- GetUser returns a person.
SELECT id, email, name
FROM users
WHERE id = @id;

-- name: GetUserDetails :one
-- GetUserDetails returns a person as administrators see them.
SELECT id, email, name, role, disabled_at, created_at, last_seen_at
FROM users
WHERE id = @id;

-- name: ListUsers :many
-- ListUsers returns everybody, by address.
SELECT id, email, name, role, disabled_at, created_at
FROM users
ORDER BY email;

-- name: ListUserPage :many
-- ListUserPage returns one page of everybody, by address; OrderBy lists them
-- otherwise. An empty search finds all; else it is a LIKE pattern for the name in
-- small letters, or the address.
SELECT id, email, name, role, disabled_at, created_at, last_seen_at
FROM users
WHERE (NOT CAST(@only_admins AS boolean) OR role = 'admin')
  AND (NOT CAST(@only_disabled AS boolean) OR disabled_at IS NOT NULL)
  AND (CAST(@search AS text) = '' OR lower(name) LIKE @search ESCAPE '\' OR email LIKE @search ESCAPE '\')
ORDER BY email
LIMIT @max_rows OFFSET @skip;

-- name: CountUsers :one
-- CountUsers returns how many people ListUserPage has in all, or max_rows when
-- they are more.
SELECT count(*)
FROM (
  SELECT 1
  FROM users
  WHERE (NOT CAST(@only_admins AS boolean) OR role = 'admin')
    AND (NOT CAST(@only_disabled AS boolean) OR disabled_at IS NOT NULL)
    AND (CAST(@search AS text) = '' OR lower(name) LIKE @search ESCAPE '\' OR email LIKE @search ESCAPE '\')
  LIMIT @max_rows
) AS counted;

-- name: UpdateUserName :execrows
-- UpdateUserName changes a person's own name, unless it is that.
UPDATE users
SET name = @name, updated_at = @now
WHERE id = @id
  AND name <> @name;

-- name: UpdateUserEmail :execrows
-- UpdateUserEmail changes a person's address. One that is taken is a unique
-- violation: see IsUniqueViolation.
UPDATE users
SET email = @email, updated_at = @now
WHERE id = @id
  AND disabled_at IS NULL;

-- name: ReplacePasswordHash :execrows
-- ReplacePasswordHash replaces a person's password hash, if it is still the one
-- that was verified.
UPDATE users
SET password_hash = @password_hash, updated_at = @now
WHERE id = @id
  AND password_hash = @verified_hash;

-- name: SetPasswordHash :execrows
-- SetPasswordHash gives a person a password, whatever it was: to somebody who has
-- proved to own the address. An empty hash is that of no password.
UPDATE users
SET password_hash = @password_hash, updated_at = @now
WHERE id = @id
  AND disabled_at IS NULL;

-- name: LockVerifiedUser :execrows
-- LockVerifiedUser keeps an account as it is until the transaction ends, but for
-- when the person was last seen. It changes no row if the password is no longer the
-- one that was verified, or if the account has been disabled.
UPDATE users
SET last_seen_at = @now
WHERE id = @id
  AND password_hash = @verified_hash
  AND disabled_at IS NULL;

-- name: DeleteUser :execrows
-- DeleteUser removes the person who has this address, and with them all rows that
-- refer to them and are deleted along.
DELETE FROM users
WHERE id = @id
  AND email = @email;

-- name: GetOwnProfile :one
-- GetOwnProfile returns what is known of a person.
SELECT id, email, name, role, created_at, updated_at, last_seen_at
FROM users
WHERE id = @id;

-- name: SetUserSeen :exec
-- SetUserSeen records that a person is here.
UPDATE users
SET last_seen_at = @now
WHERE id = @id;

-- name: UpdateUserRole :one
-- UpdateUserRole makes a person a member or an administrator, and returns the id:
-- no row where they are that.
UPDATE users
SET role = @role, updated_at = @now
WHERE email = @email
  AND role <> @role
RETURNING id;

-- name: DisableUser :one
-- DisableUser keeps a person from signing in, and returns the id: no row where
-- that is so.
UPDATE users
SET updated_at = @now, disabled_at = @now
WHERE email = @email
  AND disabled_at IS NULL
RETURNING id;

-- name: EnableUser :one
-- EnableUser lets a person sign in again, and returns the id: no row where they
-- can.
UPDATE users
SET disabled_at = NULL, updated_at = @now
WHERE email = @email
  AND disabled_at IS NOT NULL
RETURNING id;

-- name: LockRole :execrows
-- LockRole has whoever locks the same role wait until the transaction ends. People
-- can be added to it meanwhile.
UPDATE roles
SET name = name
WHERE name = @name;

-- name: HasAdministrator :one
-- HasAdministrator reports whether somebody is an administrator who can sign in.
SELECT EXISTS (
  SELECT 1
  FROM users
  WHERE role = 'admin'
    AND disabled_at IS NULL
);
