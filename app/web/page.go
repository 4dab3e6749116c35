package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/static"
)

// page is what the layout needs; the type of every page embeds it.
type page struct {
	AppName   string
	RequestID string
	User      *session.User // nil for a visitor who isn't signed in
	Flashes   []session.Flash
}

func (p *page) base() *page { return p }

// pageData is a pointer to a struct that embeds page.
type pageData interface{ base() *page }

// formErrors has a sentence for each field of a form that was filled in wrong,
// by the field's name.
type formErrors map[string]string

// add keeps a fault, if there is one.
func (e formErrors) add(field, fault string) {
	if fault != "" {
		e[field] = fault
	}
}

// For returns the fault of a field, or "".
func (e formErrors) For(field string) string { return e[field] }

func (s *Server) newPage(c echo.Context) page {
	return page{AppName: s.cfg.AppName, RequestID: c.Response().Header().Get(echo.HeaderXRequestID)}
}

// render answers with a page: it fills in what the layout needs and commits the
// session. While the database is away a page that is open to all shows nobody
// as signed in.
func (s *Server) render(c echo.Context, status int, name string, data pageData) error {
	p, sess := data.base(), session.From(c)
	*p = s.newPage(c)
	p.User, _ = sess.User()
	p.Flashes = sess.TakeFlashes()
	return s.write(c, status, name, data)
}

// write renders to a buffer, so that a fault in a template becomes an error
// page and not half a page, commits the session, and sends the page.
func (s *Server) write(c echo.Context, status int, name string, data pageData) error {
	var buf bytes.Buffer
	if err := s.pages.Render(&buf, name, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	if err := session.From(c).Commit(); err != nil {
		return err
	}
	h := c.Response().Header()
	if data.base().User != nil {
		h.Set("Cache-Control", "no-store") // ASVS 14.3.2: not in the browser's cache after sign-out
		return c.HTMLBlob(status, buf.Bytes())
	}
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding, Cookie")
	if !static.Accepts(c.Request(), "gzip") {
		return c.HTMLBlob(status, buf.Bytes())
	}
	// Only what everybody may read is compressed: beside a secret, what an
	// attacker puts into the page tells the secret by its length (BREACH).
	body, err := compress(buf.Bytes())
	if err != nil {
		return err
	}
	h.Set("Content-Encoding", "gzip")
	return c.HTMLBlob(status, body)
}

func compress(body []byte) ([]byte, error) {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	err := w.Close()
	return buf.Bytes(), err
}

// redirect answers with 303 See Other to a path of the portal and commits the
// session.
func (s *Server) redirect(c echo.Context, path string) error {
	if err := session.From(c).Commit(); err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Redirect(http.StatusSeeOther, path)
}

// bind reads a form into the fields of form, which are strings, by their `form`
// tag. Only what is in the body counts (a password in a URL would end in logs),
// and only text that a database can hold.
func (s *Server) bind(c echo.Context, form any) error {
	r := c.Request()
	var err error
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); kind {
	case echo.MIMEApplicationForm:
		err = r.ParseForm()
	case echo.MIMEMultipartForm:
		err = r.ParseMultipartForm(maxBody)
	default:
		return echo.ErrUnsupportedMediaType
	}
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(fmt.Errorf("read form: %w", err))
	}
	fields := reflect.ValueOf(form).Elem()
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Tag.Get("form")
		if name == "" {
			continue
		}
		text := r.PostForm.Get(name)
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return echo.NewHTTPError(http.StatusBadRequest, "text is not UTF-8")
		}
		fields.Field(i).SetString(text)
	}
	return nil
}

// currentUser returns who is signed in, on a route that demands it.
func currentUser(c echo.Context) *session.User {
	user, _ := session.From(c).User()
	return user
}

// maxNext bounds the page that a sign-in leads back to, in bytes. A longer one
// loses its query.
const maxNext = 2000

// signInPath leads to the sign-in page and back to the page that was asked for,
// if that can be asked for again.
func signInPath(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || len(r.URL.Path) > maxNext {
		return "/login"
	}
	next := r.URL.RequestURI()
	if len(next) > maxNext {
		next = r.URL.EscapedPath()
	}
	return "/login?" + url.Values{"next": {next}}.Encode()
}

// localPath returns next if it is a path of the portal, else the dashboard: a
// link to our sign-in must not lead to somebody else's site (ASVS 3.7.2).
// Browsers take "//host" and "/\host" for another site, and drop tabs and line
// breaks before they look.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" ||
		!strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\t\r\n") {
		return "/dashboard"
	}
	return next
}
