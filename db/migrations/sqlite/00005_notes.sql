-- +goose Up
-- search_text is what a search looks through: see SearchText in db.
CREATE TABLE notes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  title       TEXT NOT NULL CHECK (title <> ''),
  body        TEXT NOT NULL,
  due_on      DATE,
  pinned      BOOLEAN NOT NULL,
  search_text TEXT NOT NULL,
  created_at  TIMESTAMP NOT NULL,
  updated_at  TIMESTAMP NOT NULL
);

-- One for each column that a list can be sorted by.
CREATE INDEX notes_updated_at_idx ON notes (user_id, updated_at, id);
CREATE INDEX notes_title_idx ON notes (user_id, lower(title), id);
CREATE INDEX notes_due_on_idx ON notes (user_id, due_on, id);

-- +goose Down
DROP TABLE notes;
