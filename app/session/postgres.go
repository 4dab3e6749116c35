package session

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/antonlindstrom/pgstore"
	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/managethefans/portal/db"
)

// postgresTurns bounds the calls in pgstore at once. It stays below the size
// of the pool: pgstore knows no contexts, so its callers must not have to wait
// for a connection.
const postgresTurns = 16

// postgresStore is pgstore on the pool that the queries use. pgstore writes to
// its own options while it serves, so each call gets a PGStore of its own (a
// quarter of a microsecond); and a call waits for its turn no longer than its
// request lasts. The table comes from our migrations.
type postgresStore struct {
	db      *db.DB
	options *sessions.Options
	codecs  []securecookie.Codec
	turns   chan struct{}
}

func newPostgresStore(d *db.DB, options *sessions.Options, codecs []securecookie.Codec) *postgresStore {
	return &postgresStore{db: d, options: options, codecs: codecs, turns: make(chan struct{}, postgresTurns)}
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
	return s.use(r.Context(), func(p *pgstore.PGStore) error { return p.Save(r, w, session) })
}

func (s *postgresStore) use(ctx context.Context, f func(*pgstore.PGStore) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.Timeout)
	defer cancel()
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	options := *s.options
	return f(&pgstore.PGStore{Codecs: s.codecs, Options: &options, DbPool: s.db.Pool()})
}
