package session

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
)

// knownLifetime is how long a browser is remembered in which somebody has signed
// in, and maxKnown how many people it remembers.
const (
	knownLifetime = 365 * 24 * time.Hour
	maxKnown      = 8
)

// knownCookie remembers who has signed in in a browser, so that a sign-in from
// another one can be told of. It outlives the sign-in, says nothing to whoever
// reads it, and opens nothing.
type knownCookie struct {
	cookie http.Cookie // but for what is in it
	codecs []securecookie.Codec
}

func newKnownCookie(keys [][]byte, secure bool) knownCookie {
	name := "portal_devices"
	if secure {
		name = "__Host-" + name
	}
	return knownCookie{
		cookie: http.Cookie{Name: name, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode, MaxAge: int(knownLifetime.Seconds())},
		codecs: newCodecs(keys, knownLifetime, maxCookie),
	}
}

// people returns the ids of who has signed in in this browser, the last one first.
func (k knownCookie) people(r *http.Request) []string {
	cookie, err := r.Cookie(k.cookie.Name)
	var text string
	if err != nil || securecookie.DecodeMulti(k.cookie.Name, cookie.Value, &text, k.codecs...) != nil {
		return nil
	}
	return strings.Split(text, " ")
}

// remember adds a person.
func (k knownCookie) remember(w http.ResponseWriter, r *http.Request, userID int64) error {
	id := strconv.FormatInt(userID, 10)
	people := slices.DeleteFunc(k.people(r), func(other string) bool { return other == id })
	people = append([]string{id}, people...)
	value, err := securecookie.EncodeMulti(k.cookie.Name, strings.Join(people[:min(len(people), maxKnown)], " "), k.codecs...)
	if err != nil {
		return err
	}
	cookie := k.cookie
	cookie.Value = value
	http.SetCookie(w, &cookie)
	return nil
}

// Remember has this browser know a person once the session is saved in which they
// have signed in.
func (s *Session) Remember(userID int64) { s.remember = userID }

// Knows reports whether a person has signed in in this browser before, as far as
// it remembers. Somebody who has the cookie of another browser is taken for that.
func (s *Session) Knows(userID int64) bool {
	return slices.Contains(s.manager.known.people(s.c.Request()), strconv.FormatInt(userID, 10))
}
