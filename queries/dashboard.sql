-- name: ListDashboardNotes :many
-- ListDashboardNotes returns what a person sees first, in one round trip: those
-- notes that are due next, by date, and then those that were changed last. Each
-- list has at most max_rows.
SELECT due, place, id, title, pinned, due_on, updated_at
FROM (
  SELECT true AS due, row_number() OVER (ORDER BY due_on, id) AS place, id, title, pinned, due_on, updated_at
  FROM notes AS dated
  WHERE dated.user_id = @user_id
    AND due_on IS NOT NULL
  ORDER BY due_on, id
  LIMIT @max_rows
) AS next
UNION ALL
SELECT due, place, id, title, pinned, due_on, updated_at
FROM (
  SELECT false AS due, row_number() OVER (ORDER BY updated_at DESC, id DESC) AS place, id, title, pinned, due_on, updated_at
  FROM notes AS every
  WHERE every.user_id = @user_id
  ORDER BY updated_at DESC, id DESC
  LIMIT @max_rows
) AS latest
ORDER BY due DESC, place;
