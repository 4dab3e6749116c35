-- name: GetHTTPSession :one
-- GetHTTPSession returns a visitor's data and, in the same round trip, whom the
-- token with this hash signs in: nobody when it is unknown or ended, or when the
-- account is disabled. Whether it has expired is for the caller to tell.
SELECT h.data, s.expires_at, u.id, u.email, u.name, u.role, s.created_at AS authenticated_at, s.last_seen_at
FROM http_sessions h
LEFT JOIN user_sessions s ON s.token_hash = @token_hash
LEFT JOIN users u ON u.id = s.user_id AND u.disabled_at IS NULL
WHERE h.key = @key;

-- name: DeleteExpiredHTTPSessions :execrows
-- DeleteExpiredHTTPSessions removes what visitors had in sessions that have
-- expired, at most max_rows of them. It looks twice, as
-- DeleteExpiredUserSessions does.
DELETE FROM http_sessions
WHERE id IN (
    SELECT expired.id
    FROM http_sessions AS expired
    WHERE expired.expires_on <= @now
    ORDER BY expired.expires_on
    LIMIT @max_rows
  )
  AND http_sessions.expires_on <= @now;
