-- name: ListNotes :many
-- ListNotes returns one page of a person's notes, the latest change first;
-- OrderBy lists them otherwise. An empty search finds all; else it is a LIKE
-- pattern for search_text.
SELECT id, title, due_on, pinned, updated_at
FROM notes
WHERE user_id = @user_id
  AND (NOT CAST(@only_pinned AS boolean) OR pinned)
  AND (CAST(@search AS text) = '' OR search_text LIKE @search ESCAPE '\')
ORDER BY updated_at DESC, id DESC
LIMIT @max_rows OFFSET @skip;

-- name: CountNotes :one
-- CountNotes returns how many notes ListNotes has in all, or max_rows when
-- they are more.
SELECT count(*)
FROM (
  SELECT 1
  FROM notes
  WHERE user_id = @user_id
    AND (NOT CAST(@only_pinned AS boolean) OR pinned)
    AND (CAST(@search AS text) = '' OR search_text LIKE @search ESCAPE '\')
  LIMIT @max_rows
) AS counted;

-- name: GetNote :one
-- GetNote returns a person's own note.
SELECT id, title, body, due_on, pinned, updated_at
FROM notes
WHERE id = @id
  AND user_id = @user_id;

-- name: CreateNote :one
-- CreateNote adds a note and returns its id.
INSERT INTO notes (user_id, title, body, due_on, pinned, search_text, created_at, updated_at)
VALUES (@user_id, @title, @body, @due_on, @pinned, @search_text, @now, @now)
RETURNING id;

-- name: UpdateNote :execrows
-- UpdateNote changes a person's own note.
UPDATE notes
SET title = @title, body = @body, due_on = @due_on, pinned = @pinned, search_text = @search_text, updated_at = @now
WHERE id = @id
  AND user_id = @user_id;

-- name: DeleteNote :execrows
-- DeleteNote removes a person's own note.
DELETE FROM notes
WHERE id = @id
  AND user_id = @user_id;
