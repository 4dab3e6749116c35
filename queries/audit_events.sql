-- name: CreateAuditEvent :exec
-- CreateAuditEvent adds an event: see audit.Record.
INSERT INTO audit_events (happened_at, action, actor_id, subject_id, address, device, request_id, details)
VALUES (@now, @action, @actor_id, @subject_id, @address, @device, @request_id, @details);

-- name: ListAuditEvents :many
-- ListAuditEvents returns the events since a time, the latest first: those
-- before another time, and those at that time whose id is lower than before_id.
-- Whoever is deleted has no address.
SELECT e.id, e.happened_at, e.action, e.actor_id, e.subject_id, e.address, e.device, e.request_id, e.details,
  actor.email AS actor_email, subject.email AS subject_email
FROM audit_events e
LEFT JOIN users actor ON actor.id = e.actor_id
LEFT JOIN users subject ON subject.id = e.subject_id
WHERE e.happened_at >= @since
  AND (e.happened_at, e.id) < (@before, CAST(@before_id AS bigint))
ORDER BY e.happened_at DESC, e.id DESC
LIMIT @max_rows;

-- name: ListAuditEventsOfAction :many
-- ListAuditEventsOfAction is ListAuditEvents for one action. It is a query of its
-- own so that an index serves each of them.
SELECT e.id, e.happened_at, e.action, e.actor_id, e.subject_id, e.address, e.device, e.request_id, e.details,
  actor.email AS actor_email, subject.email AS subject_email
FROM audit_events e
LEFT JOIN users actor ON actor.id = e.actor_id
LEFT JOIN users subject ON subject.id = e.subject_id
WHERE e.action = @action
  AND e.happened_at >= @since
  AND (e.happened_at, e.id) < (@before, CAST(@before_id AS bigint))
ORDER BY e.happened_at DESC, e.id DESC
LIMIT @max_rows;

-- name: ListAuditEventsOfPerson :many
-- ListAuditEventsOfPerson is ListAuditEvents for what was done to a person's
-- account, or by that person to others and to nobody's.
SELECT e.id, e.happened_at, e.action, e.actor_id, e.subject_id, e.address, e.device, e.request_id, e.details,
  actor.email AS actor_email, subject.email AS subject_email
FROM (
  SELECT * FROM (
    SELECT id, happened_at, action, actor_id, subject_id, address, device, request_id, details
    FROM audit_events AS on_them
    WHERE on_them.subject_id = CAST(@person_id AS bigint)
      AND on_them.happened_at >= @since
      AND (on_them.happened_at, on_them.id) < (@before, CAST(@before_id AS bigint))
    ORDER BY on_them.happened_at DESC, on_them.id DESC
    LIMIT @max_rows
  ) AS one
  UNION ALL
  SELECT * FROM (
    SELECT id, happened_at, action, actor_id, subject_id, address, device, request_id, details
    FROM audit_events AS by_them
    WHERE by_them.actor_id = CAST(@person_id AS bigint)
      AND (by_them.subject_id IS NULL OR by_them.subject_id <> by_them.actor_id)
      AND by_them.happened_at >= @since
      AND (by_them.happened_at, by_them.id) < (@before, CAST(@before_id AS bigint))
    ORDER BY by_them.happened_at DESC, by_them.id DESC
    LIMIT @max_rows
  ) AS other
) AS e
LEFT JOIN users actor ON actor.id = e.actor_id
LEFT JOIN users subject ON subject.id = e.subject_id
ORDER BY e.happened_at DESC, e.id DESC
LIMIT @max_rows;

-- name: ListAuditEventsOfPersonAndAction :many
-- ListAuditEventsOfPersonAndAction is ListAuditEventsOfPerson for one action.
SELECT e.id, e.happened_at, e.action, e.actor_id, e.subject_id, e.address, e.device, e.request_id, e.details,
  actor.email AS actor_email, subject.email AS subject_email
FROM (
  SELECT * FROM (
    SELECT id, happened_at, action, actor_id, subject_id, address, device, request_id, details
    FROM audit_events AS on_them
    WHERE on_them.subject_id = CAST(@person_id AS bigint)
      AND on_them.action = @action
      AND on_them.happened_at >= @since
      AND (on_them.happened_at, on_them.id) < (@before, CAST(@before_id AS bigint))
    ORDER BY on_them.happened_at DESC, on_them.id DESC
    LIMIT @max_rows
  ) AS one
  UNION ALL
  SELECT * FROM (
    SELECT id, happened_at, action, actor_id, subject_id, address, device, request_id, details
    FROM audit_events AS by_them
    WHERE by_them.actor_id = CAST(@person_id AS bigint)
      AND (by_them.subject_id IS NULL OR by_them.subject_id <> by_them.actor_id)
      AND by_them.action = @action
      AND by_them.happened_at >= @since
      AND (by_them.happened_at, by_them.id) < (@before, CAST(@before_id AS bigint))
    ORDER BY by_them.happened_at DESC, by_them.id DESC
    LIMIT @max_rows
  ) AS other
) AS e
LEFT JOIN users actor ON actor.id = e.actor_id
LEFT JOIN users subject ON subject.id = e.subject_id
ORDER BY e.happened_at DESC, e.id DESC
LIMIT @max_rows;

-- name: ListOwnAuditEvents :many
-- ListOwnAuditEvents returns what was done to a person's account, as
-- ListAuditEvents does.
SELECT id, happened_at, action, actor_id, address, device, details
FROM audit_events
WHERE subject_id = CAST(@person_id AS bigint)
  AND (happened_at, id) < (@before, CAST(@before_id AS bigint))
ORDER BY happened_at DESC, id DESC
LIMIT @max_rows;

-- name: DeleteOldAuditEvents :execrows
-- DeleteOldAuditEvents removes events from before a time, at most max_rows of
-- them.
DELETE FROM audit_events
WHERE id IN (
    SELECT old.id
    FROM audit_events AS old
    WHERE old.happened_at < @before
    ORDER BY old.happened_at
    LIMIT @max_rows
  );
