package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/static"
)

// page is what the layout needs; the type of every page embeds it.
type page struct {
	AppName     string
	RequestID   string
	Theme       string
	Here        string        // this page, to come back to
	User        *session.User // nil for a visitor who isn't signed in
	Unknown     bool          // who it is, since the database is away
	MayRegister bool          // everybody may
	Section     string        // the first part of this page's path, for the navigation
	Flashes     []session.Flash
}

func (p *page) base() *page { return p }

// Layout is what templates take that need nothing of the page itself: a field of
// an embedded struct takes them ten times as long to find.
func (p *page) Layout() *page { return p }

// pageData is a pointer to a struct that embeds page.
type pageData interface{ base() *page }

func (s *Server) newPage(c echo.Context) page {
	p := page{AppName: s.cfg.AppName, RequestID: c.Response().Header().Get(echo.HeaderXRequestID), Theme: s.theme(c), MayRegister: s.cfg.Registration == config.Open}
	user, err := session.From(c).User()
	p.User, p.Unknown = user, err != nil
	p.Section, _, _ = strings.Cut(strings.TrimPrefix(c.Request().URL.Path, "/"), "/")
	if p.Here = here(c.Request()); hasToken(p.Here) {
		guardToken(c)
	}
	return p
}

// here is the page that the visitor is on: where a form was sent from, if that
// is one of ours, else what was asked for.
func here(r *http.Request) string {
	if r.Method == http.MethodGet {
		return r.URL.RequestURI()
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return "/"
	}
	return localPath(from.RequestURI(), "/")
}

// render answers with a page: it fills in what the layout needs and commits the
// session. While the database is away a page that is open to all shows nobody
// as signed in.
func (s *Server) render(c echo.Context, status int, name string, data pageData) error {
	p := data.base()
	*p = s.newPage(c)
	if c.Request().Method != http.MethodHead { // which nobody reads
		p.Flashes = session.From(c).TakeFlashes()
	}
	return s.write(c, status, name, data)
}

// buffers are used again: one that grows with each page is most of what the
// garbage collector has to do.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// write renders to a buffer, so that a fault in a template becomes an error
// page and not half a page, commits the session, and sends the page.
func (s *Server) write(c echo.Context, status int, name string, data pageData) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := s.pages.Load().Render(buf, name, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	if err := session.From(c).Commit(); err != nil {
		return err
	}
	h := c.Response().Header()
	if data.base().User != nil || h.Get("Cache-Control") == "no-store" {
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

// bind reads a form into the fields of form by their `form` tag: strings, and
// bools for boxes to tick. Only what is in the body counts (a password in a URL
// would end in logs), and only text that a database can hold. Line breaks are
// single line feeds afterwards; browsers send two characters.
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
		return unread(fmt.Errorf("read form: %w", err))
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
		if fields.Field(i).Kind() == reflect.Bool {
			fields.Field(i).SetBool(text != "")
			continue
		}
		fields.Field(i).SetString(strings.ReplaceAll(text, "\r\n", "\n"))
	}
	return nil
}

// pathID returns the number in the route's :id. One that can't be a row's is
// not found.
func pathID(c echo.Context) (int64, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, echo.ErrNotFound
	}
	return id, nil
}
