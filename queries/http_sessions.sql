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
