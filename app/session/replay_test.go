package session

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/managethefans/portal/db/dbtest"
)

// Attacks with what was somebody's: a cookie in another place, a cookie of
// another site, data in another's row or file, an id that has ended.

// TestACookieIsGoodInItsOwnPlaceOnly moves a cookie that is good: to another
// name, and to sites that have another secret or other people.
func TestACookieIsGoodInItsOwnPlaceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		v.do("/set", "value", "secret")
		good := v.cookies["portal_session"]
		nobody := func(where string, s *site) {
			t.Helper()
			thief := &visitor{site: s, cookies: map[string]string{s.manager.cookie: good}}
			for path, want := range map[string]string{"/who": "nobody", "/get": ""} {
				if got := thief.do(path); got != want {
					t.Errorf("%s: %s is %q", where, path, got)
				}
			}
		}

		renamed := s.instance()
		o := renamed.options
		o.Secure = true // the cookie has another name then
		renamed.restart(o)
		nobody("under another name", renamed)

		other := s.instance()
		o = other.options
		o.Secrets = []string{newSecret}
		other.restart(o)
		nobody("another secret", other)

		// Somebody has copied the settings: all is the same but people and data.
		copied := s.instance()
		o = copied.options
		o.DB, o.Dir = dbtest.SQLite(t), t.TempDir()
		if s.options.Store == "postgres" {
			o.DB = dbtest.Postgres(t)
		}
		copied.restart(o)
		nobody("the same secret on another site", copied)

		v.want("/who", "ada@example.com")
	})
}

// TestPiecesOfTwoCookiesMakeNone joins what Eve's cookie is made of (a time, an
// encrypted value, a signature) with pieces of Ada's.
func TestPiecesOfTwoCookiesMakeNone(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		pieces := func(v *visitor) [][]byte {
			text, err := base64.URLEncoding.DecodeString(v.cookies["portal_session"])
			if err != nil {
				t.Fatal(err)
			}
			return bytes.SplitN(text, []byte("|"), 3)
		}
		of := [2][][]byte{pieces(s.signedIn(s.ada)), pieces(s.signedIn(s.eve))}
		if len(of[0]) != 3 || len(of[1]) != 3 {
			t.Fatalf("pieces: %q", of)
		}
		for choice := range 8 {
			mixed := [][]byte{of[choice&1][0], of[choice>>1&1][1], of[choice>>2&1][2]}
			joined := base64.URLEncoding.EncodeToString(bytes.Join(mixed, []byte("|")))
			got := (&visitor{site: s, cookies: map[string]string{"portal_session": joined}}).do("/who")
			want := "nobody" // but for whose all the pieces are; both may have the same time
			if choice>>1 == 0 && bytes.Equal(mixed[0], of[0][0]) {
				want = "ada@example.com"
			} else if choice>>1 == 3 && bytes.Equal(mixed[0], of[1][0]) {
				want = "eve@example.com"
			}
			if got != want {
				t.Errorf("pieces %03b: %s, want %s", choice, got, want)
			}
		}
	})
}

// TestDataInAnothersPlaceSignsNobodyIn has somebody who can write to the store,
// and has no secret, put Eve's data where Ada's is, and the other way round.
func TestDataInAnothersPlaceSignsNobodyIn(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		if s.options.Store == "cookie" {
			t.Skip("the cookie is the data")
		}
		ada, eve := s.signedIn(s.ada), s.signedIn(s.eve)
		ada.do("/set", "value", "Ada's")
		eve.do("/set", "value", "Eve's")
		of := [2]string{s.stored(ada.id()), s.stored(eve.id())}
		s.store(ada.id(), of[1])
		for _, v := range []*visitor{ada.copy(), ada} {
			v.want("/who", "nobody")
			v.want("/get", "")
		}
		eve.want("/who", "eve@example.com")
		eve.want("/get", "Eve's")
		s.store(eve.id(), of[0])
		eve.want("/who", "nobody")
		eve.want("/get", "")
	})
}

// TestASaveThatComesAfterTheEndBringsNothingBack has a session end, by signing
// out or by the new id of a sign-in, while another tab's request has loaded it
// and is about to save it.
func TestASaveThatComesAfterTheEndBringsNothingBack(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		for name, test := range map[string]struct {
			v   *visitor
			end string
		}{
			"signing out": {s.signedIn(s.ada), "/out"},
			"signing in":  {s.visitor(), fmt.Sprint("/in?id=", s.ada)},
		} {
			v := test.v
			v.do("/set", "value", "before")
			tab, planted := v.copy(), v.copy()
			s.between = func() { v.do(test.end) }
			unknown := s.options.Store == "cookie" && name == "signing in" // an anonymous visitor's cookie is all that there is
			if status, text := tab.send("/slow"); !unknown && (status == 200 || text != ErrEnded.Error()) {
				t.Errorf("%s: the change is answered with %d %s", name, status, text)
			}
			for _, visitor := range []*visitor{tab, planted} {
				visitor.want("/who", "nobody")
				if unknown {
					continue
				}
				visitor.want("/get", "")
				if id := visitor.id(); id != "" {
					t.Errorf("%s: the old id is back", name)
				}
			}
		}
	})
}

// stored returns what the store has under an id.
func (s *site) stored(id string) (content string) {
	s.t.Helper()
	var err error
	if s.options.Store == "filesystem" {
		var b []byte
		b, err = os.ReadFile(filepath.Join(s.options.Dir, "session_"+id))
		content = string(b)
	} else {
		err = s.options.DB.Pool().QueryRowContext(s.t.Context(), "SELECT data FROM http_sessions WHERE key = $1", []byte(id)).Scan(&content)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return content
}

// store puts content where the store has what is under an id.
func (s *site) store(id, content string) {
	s.t.Helper()
	var err error
	if s.options.Store == "filesystem" {
		err = os.WriteFile(filepath.Join(s.options.Dir, "session_"+id), []byte(content), 0o600)
	} else {
		_, err = s.options.DB.Pool().ExecContext(s.t.Context(), "UPDATE http_sessions SET data = $1 WHERE key = $2", []byte(content), []byte(id))
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestAnEndedIdThatManyReplayNeverComesBack has eight visitors come with the
// cookie of a session that has ended, read and write, at once and later; one of
// them signs in.
func TestAnEndedIdThatManyReplayNeverComesBack(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		v.do("/set", "value", "secret")
		stolen, id := v.copy(), v.id()
		v.do("/out")

		replay := func() []*visitor {
			all := make([]*visitor, 8)
			var group sync.WaitGroup
			for i := range all {
				all[i] = stolen.copy()
				group.Go(func() {
					for j := range 5 {
						for _, path := range []string{"/who", "/get", "/flash?text=x"} {
							if status, text := all[i].send(path); status != 200 || strings.Contains(text, "ada") || strings.Contains(text, "secret") {
								t.Errorf("visitor %d, %d, %s: %d %s", i, j, path, status, text)
							}
						}
						if status, text := all[i].send("/set", "value", fmt.Sprint("of visitor ", i)); status != 200 {
							t.Errorf("visitor %d, %d: %d %s", i, j, status, text)
						}
					}
				})
			}
			group.Wait()
			return all
		}
		ids := map[string]bool{id: true}
		for i, visitor := range append(replay(), replay()...) {
			visitor.want("/get", fmt.Sprint("of visitor ", i%8)) // each has a session of their own
			if found := visitor.id(); found != "" && ids[found] {
				t.Errorf("visitor %d has the id of another", i)
			} else {
				ids[found] = true
			}
		}
		thief := stolen.copy()
		thief.do(fmt.Sprint("/in?id=", s.eve))
		thief.want("/who", "eve@example.com")
		stolen.want("/who", "nobody")
		stolen.want("/get", "")
	})
}
