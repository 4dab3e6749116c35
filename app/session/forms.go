package session

import (
	"bytes"
	"cmp"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/labstack/echo/v4"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A form that is sent after the sign-in has ended isn't lost. What was typed is
// kept in the new session of the visitor, who signs in and finds it in the form
// again. For that, each form on the pages of somebody who is signed in says, in
// a hidden field that only this portal can make, whose it is, which page it is
// on, and which of its fields are passwords: these are never kept, and nobody
// else is ever shown the rest.
//
// Deleting this file, the call of KeepForms, and what tests and tells of it
// (forms_test.go here, in app/web and in e2e; a paragraph in docs/security.md)
// leaves a portal whose visitors sign in and type again.

// formField is the name of the hidden field.
const formField = "_form"

// formLifetime is how long what was typed is kept.
const formLifetime = 24 * time.Hour

type keptForm struct {
	Owner  int64
	Page   string // path and query of the page that it is on
	Action string // the path that it was sent to
	Fields url.Values
	Sent   int64 // in seconds since 1970
}

var keptForms = NewValue[[]keptForm]("portal.forms")

// KeepForms wraps a handler that sends visitors who aren't signed in to the
// sign-in page. A form of theirs that is too large for the store, or that can't
// be told whose it is, is refused with ErrEnded.
func (m *Manager) KeepForms(next echo.HandlerFunc) echo.HandlerFunc {
	codecs := newCodecs(m.keys, m.absolute+m.idle, maxCookie)
	return func(c echo.Context) error {
		s, r := From(c), c.Request()
		user, err := s.User()
		switch {
		case err != nil:
			return next(c)
		case user == nil:
			if err := s.keepForm(codecs); err != nil {
				return err
			}
			return next(c)
		}
		w := &formWriter{ResponseWriter: c.Response().Writer, r: r, codecs: codecs, owner: user.ID}
		if r.Method == http.MethodGet {
			w.kept = s.takeForm(user.ID)
		}
		c.Response().Writer = w
		defer func() { c.Response().Writer = w.ResponseWriter }()
		return next(c)
	}
}

// keepForm keeps what the request has sent, if that is a form.
func (s *Session) keepForm(codecs []securecookie.Codec) error {
	r := s.c.Request()
	if r.Method != http.MethodPost || r.PostFormValue(formField) == "" {
		return nil // there is nothing to keep
	}
	mark, err := decodeMark(r.PostForm.Get(formField), codecs)
	if err != nil || r.MultipartForm != nil && len(r.MultipartForm.File) > 0 {
		return ErrEnded
	}
	kept := keptForm{Owner: mark.Owner, Page: mark.Page, Action: r.URL.Path, Fields: url.Values{}, Sent: s.manager.now().Unix()}
	for name, values := range r.PostForm {
		if name != formField && !slices.Contains(mark.Passwords, name) {
			kept.Fields[name] = values
		}
	}
	r.Header.Set("Referer", "http://"+r.Host+mark.Page) // to come back to, also from an answer to the form
	if len(kept.Fields) == 0 {
		return nil
	}
	forms, _ := keptForms.Get(s)
	forms = slices.DeleteFunc(forms, func(f keptForm) bool { return f.Page == kept.Page && f.Action == kept.Action })
	if keptForms.Set(s, append(forms, kept)) != nil {
		return ErrEnded
	}
	s.Flash(Error, "Your sign-in has ended. Sign in again, and what you typed is back.")
	return nil
}

// takeForm returns what was kept for this page, if anything was, and forgets it.
// What is somebody else's is forgotten too.
func (s *Session) takeForm(owner int64) *keptForm {
	forms, ok := keptForms.Get(s)
	if !ok {
		return nil
	}
	var taken *keptForm
	left := slices.DeleteFunc(forms, func(f keptForm) bool {
		switch {
		case f.Owner != owner, s.manager.now().Sub(time.Unix(f.Sent, 0)) > formLifetime:
			return true
		case f.Page == s.c.Request().URL.RequestURI():
			taken = &f
			return true
		}
		return false
	})
	if len(left) == 0 {
		keptForms.Delete(s)
	} else if taken != nil {
		keptForms.Set(s, left) // smaller than it was
	}
	return taken
}

// formMark is what the hidden field says, encrypted.
type formMark struct {
	Owner     int64
	Page      string
	Passwords []string // the names of its fields that hold one
}

func (m formMark) encode(codecs []securecookie.Codec) (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	return securecookie.EncodeMulti(formField, string(text), codecs...)
}

func decodeMark(value string, codecs []securecookie.Codec) (m formMark, err error) {
	var text string
	if err := securecookie.DecodeMulti(formField, value, &text, codecs...); err != nil {
		return m, err
	}
	return m, json.Unmarshal([]byte(text), &m)
}

// formWriter marks the forms of the page that is written through it, and fills
// in what was kept.
type formWriter struct {
	http.ResponseWriter
	r      *http.Request
	codecs []securecookie.Codec
	owner  int64
	kept   *keptForm
}

func (w *formWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *formWriter) Write(page []byte) (int, error) {
	h := w.Header()
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if kind != "text/html" || h.Get("Content-Encoding") != "" || h.Get("Content-Length") != "" {
		return w.ResponseWriter.Write(page)
	}
	if _, err := w.ResponseWriter.Write(w.markForms(w.kept.fill(page))); err != nil {
		return 0, err
	}
	return len(page), nil
}

// markForms adds the hidden field to each form that posts what somebody fills in.
func (w *formWriter) markForms(page []byte) []byte {
	mark := formMark{Owner: w.owner, Page: w.r.URL.RequestURI()}
	if w.r.Method == http.MethodPost { // the answer to a form: the page is where that was
		sent, _ := decodeMark(w.r.PostFormValue(formField), w.codecs)
		mark.Page = cmp.Or(sent.Page, mark.Page)
	}
	var marked []byte
	copied, at := 0, 0
	for {
		_, rest, found := bytes.Cut(page[at:], []byte("<form"))
		tag, rest, closed := bytes.Cut(rest, []byte(">"))
		if !found || !closed {
			break
		}
		at = len(page) - len(rest)
		if form, _, _ := bytes.Cut(rest, []byte("</form>")); bytes.Contains(tag, []byte(`method="post"`)) && asks(form) {
			mark.Passwords = passwords(form)
			marked = append(append(marked, page[copied:at]...), w.input(mark)...)
			copied = at
		}
	}
	if marked == nil {
		return page
	}
	return append(marked, page[copied:]...)
}

// asks reports whether a form has anything to fill in.
func asks(form []byte) bool {
	return bytes.Contains(form, []byte("<textarea")) || bytes.Contains(form, []byte("<select")) ||
		bytes.Count(form, []byte("<input")) > bytes.Count(form, []byte(`type="hidden"`))
}

// input is the hidden field. A form whose page has too long an address for it
// goes without.
func (w *formWriter) input(mark formMark) string {
	value, err := mark.encode(w.codecs)
	if err != nil {
		return ""
	}
	return `<input type="hidden" name="` + formField + `" value="` + value + `">`
}

// passwords returns the names of the fields that hold one.
func passwords(form []byte) (names []string) {
	if !bytes.Contains(form, []byte("password")) {
		return nil
	}
	for tokens := html.NewTokenizer(bytes.NewReader(form)); tokens.Next() != html.ErrorToken; {
		token := tokens.Token()
		if token.DataAtom == atom.Input && attribute(token.Attr, "type") == "password" {
			names = append(names, attribute(token.Attr, "name"))
		}
	}
	return names
}

// fill puts what was typed into the form that it is of, and says so there.
func (k *keptForm) fill(page []byte) []byte {
	if k == nil {
		return page
	}
	document, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return page
	}
	for form := range document.Descendants() {
		if form.DataAtom != atom.Form || attribute(form.Attr, "action") != k.Action {
			continue
		}
		for field := range form.Descendants() {
			k.fillField(field)
		}
		notice := &html.Node{Type: html.ElementNode, Data: "p", Attr: []html.Attribute{{Key: "class", Val: "flash success"}, {Key: "role", Val: "status"}}}
		notice.AppendChild(&html.Node{Type: html.TextNode, Data: "What you typed before your sign-in ended is back. Look it over and send it again."})
		form.InsertBefore(notice, form.FirstChild)
		break
	}
	var filled bytes.Buffer
	if html.Render(&filled, document) != nil {
		return page
	}
	return filled.Bytes()
}

// fillField sets one field. Those that somebody can't type into, and passwords,
// are left as they are.
func (k *keptForm) fillField(field *html.Node) {
	name := attribute(field.Attr, "name")
	values := k.Fields[name]
	switch field.DataAtom {
	case atom.Textarea:
		for field.FirstChild != nil {
			field.RemoveChild(field.FirstChild)
		}
		field.AppendChild(&html.Node{Type: html.TextNode, Data: k.next(name)})
	case atom.Select:
		for option := range field.Descendants() {
			if option.DataAtom == atom.Option {
				setAttribute(option, "selected", "", slices.Contains(values, attribute(option.Attr, "value")))
			}
		}
	case atom.Input:
		switch attribute(field.Attr, "type") {
		case "hidden", "password", "file", "submit", "reset", "button", "image":
		case "checkbox", "radio":
			setAttribute(field, "checked", "", slices.Contains(values, cmp.Or(attribute(field.Attr, "value"), "on")))
		default:
			setAttribute(field, "value", k.next(name), true)
		}
	}
}

// next returns the next value of a name: several fields may have the same.
func (k *keptForm) next(name string) string {
	values := k.Fields[name]
	if len(values) == 0 {
		return ""
	}
	k.Fields[name] = values[1:]
	return values[0]
}

func attribute(attributes []html.Attribute, key string) string {
	for _, a := range attributes {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func setAttribute(n *html.Node, key, value string, present bool) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
	if present {
		n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
	}
}
