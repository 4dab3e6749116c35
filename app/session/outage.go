package session

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
)

// When its store can't be had, a visitor's session is left as it is: no cookie
// is cleared, and nobody is signed out. Who it is can't be told, so pages that
// need to know answer 503. What the visitor gets meanwhile is kept in an
// encrypted cookie of another name: messages, and the values of somebody who
// came without a session. (A session that can't be read isn't written to
// either.) When the store is back, the next request moves it there.
//
// Deleting this file, its tests, the call of newOutageCookie, and the tests' names
// in docs/security.md leaves a portal that signs nobody out either, but answers
// 503 where there is something to keep.

// outageLifetime bounds how long such a cookie is good for.
const outageLifetime = time.Hour

type outageCookie struct {
	cookie  http.Cookie // but for what is in it
	session string      // the name of the session's cookie
	codecs  []securecookie.Codec
}

func newOutageCookie(keys [][]byte, secure bool) outage {
	name := "portal_outage"
	if secure {
		name = "__Host-" + name
	}
	return &outageCookie{
		cookie:  http.Cookie{Name: name, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode},
		session: CookieName(secure),
		codecs:  newCodecs(keys, outageLifetime, maxCookie),
	}
}

// held returns what was kept for the visitor, if it was for the same session.
func (o *outageCookie) held(r *http.Request) (d data) {
	cookie, err := r.Cookie(o.cookie.Name)
	if err != nil {
		return d
	}
	var values map[any]any
	if securecookie.DecodeMulti(cookie.Name, cookie.Value, &values, o.codecs...) != nil || values[idKey] != o.visitor(r) {
		return d
	}
	text, _ := values[dataKey].(string)
	if json.Unmarshal([]byte(text), &d) != nil {
		return data{}
	}
	return d
}

// hold keeps d. It returns an error when that is more than a cookie holds.
func (o *outageCookie) hold(w http.ResponseWriter, r *http.Request, d data) error {
	if d.empty() {
		o.release(w)
		return nil
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	value, err := securecookie.EncodeMulti(o.cookie.Name, map[any]any{idKey: o.visitor(r), dataKey: string(text)}, o.codecs...)
	if err != nil {
		return err
	}
	o.set(w, value, int(outageLifetime.Seconds()))
	return nil
}

func (o *outageCookie) release(w http.ResponseWriter) { o.set(w, "", -1) }

func (o *outageCookie) set(w http.ResponseWriter, value string, maxAge int) {
	cookie := o.cookie
	cookie.Value, cookie.MaxAge = value, maxAge
	http.SetCookie(w, &cookie)
}

// visitor tells visitors apart who use one browser after another, by the cookie
// of the session that can't be read.
func (o *outageCookie) visitor(r *http.Request) string {
	cookie, err := r.Cookie(o.session)
	if err != nil {
		return "nobody"
	}
	sum := sha256.Sum256([]byte(cookie.Value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
