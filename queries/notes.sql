-- name: ListNotes :many
-- ListNotes returns one page of a person's notes, the latest change first;
-- OrderBy lists them otherwise. An empty search finds all; else it is a LIKE
-- pattern for search_text.
SELECT id, title, pinned, due_on, updated_at
FROM notes
WHERE user_id = @user_id
  AND (NOT CAST(@only_pinned AS boolean) OR pinned)
  AND (CAST(@search AS text) = '' OR search_text LIKE @search ESCAPE '\')
ORDER BY updated_at DESC, id DESC
LIMIT @max_rows OFFSET @skip;

-- name: CountNotes :one
-- CountNotes returns how many notes ListNotes has in all.
SELECT count(*)
FROM notes
WHERE user_id = @user_id
  AND (NOT CAST(@only_pinned AS boolean) OR pinned)
  AND (CAST(@search AS text) = '' OR search_text LIKE @search ESCAPE '\');

-- name: GetNote :one
-- GetNote returns a person's own note.
SELECT id, title, body, pinned, due_on, created_at, updated_at
FROM notes
WHERE id = @id
  AND user_id = @user_id;

-- name: CreateNote :one
-- CreateNote adds a note and returns its id.
INSERT INTO notes (user_id, title, body, pinned, due_on, search_text, created_at, updated_at)
VALUES (@user_id, @title, @body, @pinned, @due_on, @search_text, @now, @now)
RETURNING id;

-- name: UpdateNote :execrows
-- UpdateNote changes a person's own note.
UPDATE notes
SET title = @title, body = @body, pinned = @pinned, due_on = @due_on, search_text = @search_text, updated_at = @now
WHERE id = @id
  AND user_id = @user_id;

-- name: DeleteNote :execrows
-- DeleteNote removes a person's own note.
DELETE FROM notes
WHERE id = @id
  AND user_id = @user_id;

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
