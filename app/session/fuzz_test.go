package session

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// FuzzCookie sends cookies of any kind: none is a fault of the portal, and none
// signs anybody in. What leads to a file leads to a row too: pgstore reads its
// cookie as gorilla's filesystem store does.
func FuzzCookie(f *testing.F) {
	inCookie, inFile := fuzzSite(f, "cookie"), fuzzSite(f, "filesystem")
	good := map[*site]string{}
	for _, s := range []*site{inCookie, inFile} {
		v := s.visitor()
		v.send(fmt.Sprint("/in?id=", s.ada))
		good[s] = v.cookies["portal_session"]
		f.Add(good[s])
	}
	f.Add("")
	f.Add(strings.Repeat("A", 5000))
	f.Fuzz(func(t *testing.T, cookie string) {
		for s, good := range good {
			status, who := (&visitor{site: s, cookies: map[string]string{"portal_session": cookie}}).send("/who")
			if status != http.StatusOK || who != "nobody" && cookie != good {
				t.Errorf("%s: %d %s", s.options.Store, status, who)
			}
		}
	})
}

// FuzzStored has a session hold anything, properly signed, as another version
// of the program may have left it: it can be read and written again.
func FuzzStored(f *testing.F) {
	s := fuzzSite(f, "filesystem")
	v := s.visitor()
	v.do("/set", "value", "basket")
	id := v.id()
	keys, err := keyPairs(s.options.Secrets[:1])
	if err != nil {
		f.Fatal(err)
	}
	raw := securecookie.New(keys[0], keys[1]).MaxLength(0).SetSerializer(securecookie.NopEncoder{})
	now := time.Now().Unix()
	f.Add(`{}`)
	f.Add(`null`)
	f.Add(fmt.Sprintf(`{"t":"token","f":[{"k":"success","t":"Saved."}],"v":{"note":"basket"},"k":"00000000","b":%d,"s":%d}`, now, now))
	f.Add(fmt.Sprintf(`{"v":{"note":{}},"b":%d,"s":9223372036854775807}`, now))
	f.Fuzz(func(t *testing.T, data string) {
		if s.t = t; len(data) > 8<<10 {
			t.Skip("there is a limit to what a session holds")
		}
		content, err := raw.Encode("portal_session", []byte(`{"id":"`+id+`","data":`+data+`}`))
		if err != nil {
			t.Fatal(err)
		}
		s.store(id, content)
		v := v.copy()
		for _, path := range []string{"/who", "/get", "/flash?text=x", "/flashes", "/set?value=x"} {
			if status, text := v.send(path); status != http.StatusOK || path == "/who" && text != "nobody" {
				t.Errorf("%s: %d %s", path, status, text)
			}
		}
		v.want("/get", "x")
	})
}

// fuzzSite is a site on SQLite, where Ada has an account.
func fuzzSite(f *testing.F, store string) *site {
	f.Helper()
	d := dbtest.SQLite(f)
	ada, err := d.CreateUser(f.Context(), db.CreateUserParams{Email: "ada@example.com", Name: "A", PasswordHash: hash, Role: db.RoleMember, Now: db.Now()})
	if err != nil {
		f.Fatal(err)
	}
	s := &site{t: f, ada: ada}
	s.restart(Options{Store: store, Dir: f.TempDir(), Secrets: []string{newSecret, oldSecret}, DB: d, Idle: time.Hour, Absolute: time.Hour})
	return s
}
