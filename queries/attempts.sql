-- name: GetAttempts :one
-- GetAttempts returns the failures counted in a bucket whose window is open.
SELECT failures, expires_at
FROM attempts
WHERE bucket = @bucket
  AND expires_at > @now;

-- name: AddAttempt :one
-- AddAttempt counts one failure and returns the sum. A window that has ended
-- begins anew.
INSERT INTO attempts (bucket, failures, expires_at)
VALUES (@bucket, 1, @expires_at)
ON CONFLICT (bucket) DO UPDATE
SET failures = CASE WHEN attempts.expires_at > @now THEN attempts.failures + 1 ELSE 1 END,
    expires_at = CASE WHEN attempts.expires_at > @now THEN attempts.expires_at ELSE excluded.expires_at END
RETURNING failures, expires_at;

-- name: LockPlaces :one
-- LockPlaces has whoever locks the same bucket of places wait until the transaction
-- ends, and returns from when on all of its places are free.
INSERT INTO attempts (bucket, failures, expires_at)
VALUES (@bucket, 0, @now)
ON CONFLICT (bucket) DO UPDATE
SET failures = attempts.failures
RETURNING expires_at;

-- name: TakePlace :exec
-- TakePlace says from when on all places of a bucket are free: later by what one
-- takes.
UPDATE attempts
SET expires_at = @free_at
WHERE bucket = @bucket;

-- name: ClearAttempts :exec
-- ClearAttempts forgets a bucket.
DELETE FROM attempts
WHERE bucket = @bucket;

-- name: DeleteExpiredAttempts :exec
-- DeleteExpiredAttempts forgets the windows that have ended.
DELETE FROM attempts
WHERE expires_at <= @now;
