package session

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
)

// TestATokenIs256RandomBitsAndOnlyItsHashIsKept signs in again and again, and
// reads all that the database has of it (ASVS 7.2.1 to 7.2.3).
func TestATokenIs256RandomBitsAndOnlyItsHashIsKept(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		var token string
		s.do("/token", func(session *Session) error {
			session.load()
			token = session.data.Token
			return nil
		})
		const times = 48
		seen := map[string]bool{}
		var ones [256]int
		for range times {
			s.signedIn(s.ada).do("/token")
			key, err := base64.RawURLEncoding.DecodeString(token)
			if err != nil || len(key) != 32 || seen[token] {
				t.Fatalf("%q is %d bytes, seen before: %v, %v", token, len(key), seen[token], err)
			}
			seen[token] = true
			for bit := range ones {
				ones[bit] += int(key[bit/8] >> (bit % 8) & 1)
			}
		}
		for bit, n := range ones { // by chance in one of 10¹¹ runs
			if n == 0 || n == times {
				t.Errorf("bit %d is always the same", bit)
			}
		}

		hashes, tables := 0, []string{"user_sessions"}
		if s.options.DB.Postgres() {
			tables = append(tables, "http_sessions")
		}
		for _, table := range tables {
			for _, kept := range s.values(table) {
				for token := range seen {
					key, _ := base64.RawURLEncoding.DecodeString(token)
					if bytes.Equal(kept, hashToken(token)) {
						hashes++
					}
					for _, secret := range [][]byte{[]byte(token), key, []byte(hex.EncodeToString(key))} {
						if bytes.Contains(kept, secret) {
							t.Fatalf("%s holds a token: %q", table, kept)
						}
					}
				}
			}
		}
		if hashes != times {
			t.Errorf("%d hashes of %d tokens", hashes, times)
		}
	})
}

// do adds a page to the site.
func (s *site) do(path string, f func(*Session) error) {
	s.Any(path, func(c echo.Context) error {
		if err := f(From(c)); err != nil {
			return err
		}
		return c.NoContent(http.StatusOK)
	})
}

// values returns all that is in a table.
func (s *site) values(table string) (values [][]byte) {
	s.t.Helper()
	rows, err := s.options.DB.Pool().QueryContext(s.t.Context(), "SELECT * FROM "+table)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		s.t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			s.t.Fatal(err)
		}
		for _, value := range row {
			if b, ok := value.([]byte); ok {
				values = append(values, b)
			} else {
				values = append(values, fmt.Append(nil, value))
			}
		}
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return values
}
