package session

import (
	"bytes"
	"cmp"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/labstack/echo/v4"
	"golang.org/x/net/html"
)

// A form that is sent after the sign-in has ended isn't lost. What was typed is
// kept in the new session of the visitor, who signs in and finds it in the form
// again. For that, each form on the pages of somebody who is signed in says, in
// a hidden field that only this portal can make, whose it is, which page it is
// on, and which of its fields may be kept: never passwords, nor what wasn't on the
// page when it was written. Nobody else is ever shown what is kept.
//
// Deleting this file and formpage.go, the call of KeepForms, and what tests and
// tells of it (forms_test.go here, in app/web and in e2e; spare in value.go; the
// paragraph in docs/security.md that names their tests) leaves a portal whose
// visitors sign in and type again.

// formField is the name of the hidden field.
const formField = "_form"

// What is kept is bounded for each session, since somebody who has such a field
// may send it without being signed in, for as long as the field is good. The
// sessions themselves end when they aren't used, as any visitor's do.
const (
	maxForms     = 4        // for one visitor
	maxForm      = 16 << 10 // bytes of one form, as JSON
	formLifetime = 24 * time.Hour
)

// maxAddress is from which length on pages are told apart by their path alone:
// the way back from a sign-in (maxNext in app/web) has no room for such a query.
const maxAddress = 2000

// formMark is what the hidden field says, encrypted.
type formMark struct {
	Owner  int64
	Page   string   // the address of the page that the form is on
	Action string   // where it is sent
	Names  []string // of the fields that may be kept
}

type keptForm struct {
	formMark
	Fields url.Values
	Sent   int64 // in seconds since 1970
}

var keptForms = NewValue[[]keptForm](spare)

// KeepForms wraps a handler that sends visitors who aren't signed in to the
// sign-in page. A form of theirs that is too large for the store, or one too
// many, or that can't be told whose it is, is refused with ErrEnded. Pages that
// are written in pieces, or don't end in </html>, are left as they are.
func (m *Manager) KeepForms(next echo.HandlerFunc) echo.HandlerFunc {
	codecs := newCodecs(m.keys, m.absolute+m.idle, maxForm)
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
		w := &formWriter{ResponseWriter: c.Response().Writer, s: s, codecs: codecs, owner: user.ID}
		if r.Method == http.MethodGet {
			w.kept = s.formsOf(user.ID)
		}
		c.Response().Writer = w
		defer func() {
			w.sendHeader()
			c.Response().Writer = w.ResponseWriter
		}()
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
	kept := keptForm{mark, url.Values{}, s.manager.now().Unix()}
	for _, name := range mark.Names {
		if values := r.PostForm[name]; values != nil {
			kept.Fields[name] = values
		}
	}
	r.Header.Set("Referer", "http://"+r.Host+mark.Page) // to come back to, also from an answer to the form
	if len(kept.Fields) == 0 {
		return nil
	}
	forms, _ := keptForms.Get(s)
	forms = slices.DeleteFunc(forms, func(f keptForm) bool { // old, or the same sent twice
		return s.isOld(f) || reflect.DeepEqual(f.formMark, kept.formMark) && reflect.DeepEqual(f.Fields, kept.Fields)
	})
	text, err := json.Marshal(kept)
	if err != nil || len(text) > maxForm || len(forms) >= maxForms || keptForms.Set(s, append(forms, kept)) != nil {
		return ErrEnded
	}
	s.Flash(Error, "Your sign-in has ended. Sign in again, and what you typed is back.")
	return nil
}

func (s *Session) isOld(f keptForm) bool {
	return s.manager.now().Sub(time.Unix(f.Sent, 0)) > formLifetime
}

// formsOf returns what is kept for its owner, if anything is. The rest is
// forgotten whenever the session is saved next, which isn't urgent: nobody sees
// it.
func (s *Session) formsOf(owner int64) []keptForm {
	forms, _ := keptForms.Get(s)
	kept := slices.DeleteFunc(slices.Clone(forms), func(f keptForm) bool { return f.Owner != owner || s.isOld(f) })
	if len(kept) == len(forms) {
		return kept
	}
	delete(s.data.Values, spare)
	if text, err := json.Marshal(kept); err == nil && len(kept) > 0 {
		s.data.setValue(spare, text)
	}
	return kept
}

// forget leaves only these forms.
func (s *Session) forget(left []keptForm) {
	if len(left) == 0 {
		keptForms.Delete(s)
	} else {
		keptForms.Set(s, left) // smaller than it was
	}
	s.Commit() // if that fails they are filled in once more
}

// encode returns the hidden field's value. What is too long for it gets one
// that is refused when it is sent.
func (m formMark) encode(codecs []securecookie.Codec) string {
	text, err := json.Marshal(m)
	if err != nil {
		return "none"
	}
	value, err := securecookie.EncodeMulti(formField, string(text), codecs...)
	if err != nil {
		return "none"
	}
	return value
}

func decodeMark(value string, codecs []securecookie.Codec) (m formMark, err error) {
	var text string
	if err := securecookie.DecodeMulti(formField, value, &text, codecs...); err != nil {
		return m, err
	}
	return m, json.Unmarshal([]byte(text), &m)
}

// address is how a page, or where a form is sent, is told from others.
func address(u *url.URL) string {
	uri := u.RequestURI()
	if len(uri) > maxAddress {
		uri, _, _ = strings.Cut(uri, "?")
	}
	return uri
}

// formWriter marks the forms of the page that is written through it, and fills
// in what was kept.
type formWriter struct {
	http.ResponseWriter
	s      *Session
	codecs []securecookie.Codec
	owner  int64
	kept   []keptForm
	begun  bool
	status int // to be sent, after the cookie of a session that has forgotten what is filled in
}

func (w *formWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *formWriter) WriteHeader(status int) {
	if len(w.kept) > 0 && status >= http.StatusOK {
		w.status = status
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *formWriter) sendHeader() {
	if w.status > 0 {
		w.ResponseWriter.WriteHeader(w.status)
		w.status = 0
	}
}

func (w *formWriter) FlushError() error {
	w.sendHeader()
	w.begun = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *formWriter) Write(page []byte) (int, error) {
	written := page
	if !w.begun && w.isPage() && bytes.HasSuffix(bytes.TrimSpace(page), []byte("</html>")) && mayAsk(page) {
		written = w.change(page)
	}
	w.begun = true
	w.sendHeader()
	if _, err := w.ResponseWriter.Write(written); err != nil {
		return 0, err
	}
	return len(page), nil
}

func (w *formWriter) isPage() bool {
	h := w.Header()
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind == "text/html" && h.Get("Content-Encoding") == "" && h.Get("Content-Length") == ""
}

// change adds the hidden field to each form that posts what somebody fills in,
// and fills in what was kept for it, the latest first.
func (w *formWriter) change(page []byte) []byte {
	r := w.s.c.Request()
	mark := formMark{Owner: w.owner, Page: address(r.URL)}
	if r.Method == http.MethodPost { // the answer to a form: the page is where that was
		sent, _ := decodeMark(r.PostFormValue(formField), w.codecs)
		mark.Page = cmp.Or(sent.Page, mark.Page)
	}
	var edits []edit
	left := len(w.kept)
	for _, f := range findForms(page) {
		action, err := r.URL.Parse(f.action)
		if err != nil || !f.asks() {
			continue
		}
		mark.Action, mark.Names = address(action), f.kept()
		first := edit{f.at, f.at, `<input type="hidden" name="` + formField + `" value="` + mark.encode(w.codecs) + `">`}
		var filled []edit
		for i, k := range slices.Backward(w.kept) {
			if k.Page == mark.Page && k.Action == mark.Action && k.isOf(f) {
				first.text += `<p class="flash success" role="status">What you typed before your sign-in ended is back. Look it over and send it again.</p>`
				filled = k.fill(f)
				w.kept = slices.Delete(w.kept, i, i+1)
				break
			}
		}
		edits = append(append(edits, first), filled...)
	}
	if len(w.kept) < left {
		w.s.forget(w.kept)
	}
	if len(edits) == 0 {
		return page
	}
	return apply(edits, page)
}

// isOf reports whether this was typed into f. Forms that are sent to the same
// place, such as one in each row, are told apart by their hidden fields.
func (k keptForm) isOf(f *form) bool {
	return !slices.ContainsFunc(f.fields, func(field field) bool {
		return field.kind == "hidden" && field.name != "" && !field.disabled && !slices.Contains(k.Fields[field.name], field.value())
	})
}

// fill returns what puts the text into the form. A field that wasn't sent stays
// as it is, but for boxes and lists: where nothing is chosen, nothing is sent.
func (k keptForm) fill(f *form) (edits []edit) {
	for _, field := range f.fields {
		values := k.Fields[field.name]
		_, several := attribute(field.control, "multiple")
		switch {
		case field.name == "" || field.disabled:
		case field.kind == "checkbox", field.kind == "radio":
			edits = append(edits, field.set("checked", "", slices.Contains(values, field.value())))
		case field.kind == "option" && (several || len(values) > 0):
			edits = append(edits, field.set("selected", "", slices.Contains(values, field.value())))
		case field.kind == "option" || len(values) == 0:
		default: // of several fields of one name each takes the next value
			k.Fields[field.name] = values[1:]
			edits = append(edits, field.fill(values[0])...)
		}
	}
	return edits
}

// fill returns what puts text into a field that somebody can type into.
func (f *field) fill(text string) []edit {
	switch f.kind {
	case "textarea":
		return []edit{{f.from, f.to, "\n" + html.EscapeString(text)}} // a browser drops the first line break
	case "hidden", "password", "file", "submit", "reset", "button", "image":
		return nil
	}
	return []edit{f.set("value", text, true)}
}
