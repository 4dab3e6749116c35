-- name: AddMessage :one
-- AddMessage keeps a message until it is delivered.
INSERT INTO outbox (message_id, kind, recipient, subject, text_body, html_body, created_at, give_up_at, useless_at, due_at, attempts, fault, delivered_at)
VALUES (@message_id, @kind, @recipient, @subject, @text_body, @html_body, @now, @give_up_at, sqlc.narg(useless_at), sqlc.narg(due_at), 0, '', sqlc.narg(delivered_at))
RETURNING id;

-- name: ListDueMessages :many
-- ListDueMessages returns messages that nobody has in hand and that are due, at
-- most max_rows of them, the one whose time ends soonest first.
SELECT id, kind, message_id, attempts, fault, give_up_at
FROM outbox
WHERE due_at <= @now
ORDER BY give_up_at, id
LIMIT @max_rows;

-- name: ClaimMessage :one
-- ClaimMessage takes a message in hand until a time, after which another may
-- have it. It returns none when somebody else was faster. Until it is known how
-- it went, it has no fault: ones to be tried again are known by theirs.
UPDATE outbox
SET due_at = @until, attempts = attempts + 1, fault = ''
WHERE id = @id
  AND attempts = @attempts
  AND due_at <= @now
RETURNING recipient, subject, text_body, html_body, created_at;

-- name: SetMessageDelivered :exec
-- SetMessageDelivered ends a message that the mail server has taken. Of its words
-- stays what is given.
UPDATE outbox
SET delivered_at = @now, due_at = NULL, failed_at = NULL, fault = '', text_body = @text_body, html_body = @html_body
WHERE id = @id;

-- name: DeferMessage :exec
-- DeferMessage has a message tried again at a time, unless somebody else has it
-- in hand by now.
UPDATE outbox
SET due_at = @due_at, fault = @fault
WHERE id = @id
  AND attempts = @attempts
  AND due_at IS NOT NULL;

-- name: SetMessageFailed :execrows
-- SetMessageFailed ends a message that won't be delivered, unless somebody else
-- has it in hand by now.
UPDATE outbox
SET failed_at = @now, due_at = NULL, fault = @fault
WHERE id = @id
  AND attempts = @attempts
  AND due_at IS NOT NULL;

-- name: RetryMessages :execrows
-- RetryMessages has messages tried at once that have failed or wait to be tried
-- again, and are of use until then: the one with an id, or all when that is 0.
UPDATE outbox
SET due_at = @now, give_up_at = CASE WHEN useless_at < @give_up_at THEN useless_at ELSE @give_up_at END, failed_at = NULL, fault = ''
WHERE (CAST(@id AS bigint) = 0 OR id = @id)
  AND delivered_at IS NULL
  AND (useless_at IS NULL OR useless_at > @now)
  AND fault <> '';

-- name: ListMessages :many
-- ListMessages returns the latest messages without their words, at most max_rows
-- of them: all, or only those that have not been delivered.
SELECT id, kind, recipient, subject, created_at, useless_at, due_at, attempts, fault, delivered_at, failed_at
FROM outbox
WHERE (CAST(@undelivered AS boolean) = FALSE OR delivered_at IS NULL)
ORDER BY id DESC
LIMIT @max_rows;

-- name: GetMessage :one
-- GetMessage returns a message with its words, if they are still there.
SELECT id, message_id, kind, recipient, subject, text_body, html_body, created_at, useless_at, due_at, attempts, fault, delivered_at, failed_at
FROM outbox
WHERE id = @id;

-- name: CountMessages :one
-- CountMessages returns how many messages wait, and how many have failed.
SELECT count(due_at) AS waiting, count(failed_at) AS failed
FROM outbox
WHERE delivered_at IS NULL;

-- name: DeleteEndedMessages :execrows
-- DeleteEndedMessages removes messages that were written before a time and have
-- ended, at most max_rows of them.
DELETE FROM outbox
WHERE id IN (
    SELECT ended.id
    FROM outbox AS ended
    WHERE ended.created_at < @before
      AND ended.due_at IS NULL
    ORDER BY ended.created_at
    LIMIT @max_rows
  );

-- name: ForgetFailedMessages :exec
-- ForgetFailedMessages removes the words of messages to an address that were never
-- delivered, and won't be: they are not tried again.
UPDATE outbox
SET text_body = '', html_body = '', useless_at = @now
WHERE recipient = @recipient
  AND delivered_at IS NULL
  AND failed_at IS NOT NULL;
