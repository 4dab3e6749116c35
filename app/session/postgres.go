package session

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/antonlindstrom/pgstore"
	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/managethefans/portal/db"
)

// postgresStore is pgstore on the pool that the queries use. pgstore writes to
// its own options while it serves, so each call gets a PGStore of its own (a
// quarter of a microsecond); and it knows no contexts, so it is lent connections
// that keep to the request's. The table comes from our migrations.
type postgresStore struct {
	db      *db.DB
	options *sessions.Options
	codecs  []securecookie.Codec
}

func newPostgresStore(d *db.DB, options *sessions.Options, codecs []securecookie.Codec) *postgresStore {
	return &postgresStore{db: d, options: options, codecs: codecs}
}

func (s *postgresStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return s.New(r, name)
}

// New reads the session by a query of ours, which brings along who is signed in
// (see signInKey): both rows in one round trip.
func (s *postgresStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.IsNew = true
	cookie, err := r.Cookie(name)
	if err != nil {
		return session, nil
	}
	if err := securecookie.DecodeMulti(name, cookie.Value, &session.ID, s.codecs...); err != nil {
		return session, err
	}
	row, err := s.db.GetHTTPSession(r.Context(), db.GetHTTPSessionParams{Key: []byte(session.ID), TokenHash: tokenHashOf(session.ID)})
	if errors.Is(err, sql.ErrNoRows) {
		return session, nil
	}
	if err != nil {
		return session, err
	}
	if err := securecookie.DecodeMulti(name, string(row.Data), &session.Values, s.codecs...); err != nil {
		return session, err
	}
	session.Values[signInKey] = row
	session.IsNew = false
	return session, nil
}

func (s *postgresStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	options := *s.options
	return s.db.Lend(r.Context(), func(pool *sql.DB) error {
		return (&pgstore.PGStore{Codecs: s.codecs, Options: &options, DbPool: pool}).Save(r, w, session)
	})
}
