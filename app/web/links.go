package web

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/db"
)

// Pages that links in messages lead to. A token is in their query, which isn't
// logged; GET shows a form and changes nothing, since programs that look through
// mail open links too.

// linkSentPage says that a message is on its way: the same to everybody.
type linkSentPage struct {
	page
	Email   string
	What    string // the message brings
	GoodFor string
	Again   string // the page that asks for another one
	Mailbox bool   // developers have one
}

// askForm is where somebody asks for a link to an address.
type askForm struct {
	Email  string `form:"email"`
	Errors input.Errors
}

// check tidies the form up and reports whether it is right.
func (f *askForm) check() bool {
	f.Errors = input.Errors{}
	email, ok := auth.NormalizeEmail(f.Email)
	if f.Email = email; !ok {
		f.Errors.Add("email", "Enter an e-mail address, such as name@example.com.")
	}
	return ok
}

// answerAsked has send write to an address, unless too much was asked for, and
// says that the message with what is on its way. It says nothing of whether anybody
// has the address.
func (s *Server) answerAsked(c echo.Context, email, what, again string, p links.Purpose, send func(ctx context.Context, email string) error) error {
	may, err := s.countMail(c, email, p)
	if err == nil && may {
		err = send(c.Request().Context(), email)
	}
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "links/sent", &linkSentPage{
		Email: email, What: what, GoodFor: lasting(p.GoodFor()), Again: again, Mailbox: s.hasMailbox(),
	})
}

// whoHas returns the person with an address, whose id is 0 where nobody has it.
func (s *Server) whoHas(ctx context.Context, email string) (db.GetUserByEmailRow, error) {
	person, err := s.db.GetUserByEmail(ctx, email)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return person, err
}

// sendLink makes a link and writes the message with it to its address, in the
// transaction of q.
func (s *Server) sendLink(ctx context.Context, q *db.Queries, link links.Link, message func(path, goodFor string) mail.Message) error {
	path, err := links.New(ctx, q, link)
	if err != nil {
		return err
	}
	m := message(path, lasting(link.Purpose.GoodFor()))
	m.To, m.GoodFor = link.Email, link.Purpose.GoodFor()
	return s.outbox.Add(ctx, q, m)
}

// hasMailbox reports whether developers find messages at /_dev/mail.
func (s *Server) hasMailbox() bool {
	return !s.cfg.Production() && slices.ContainsFunc(s.routes, func(r Route) bool { return r.Path == "/_dev/mail" })
}

// linkEndedPage says that a link is good no longer, or not now.
type linkEndedPage struct {
	page
	Disabled    bool   // the account is, and the link does nothing until it is enabled
	Label, Path string // how to get another, if there is a way
}

// renderLinkEnded answers whoever opens a link that has ended. Nothing tells one
// that never was from one that was used.
func (s *Server) renderLinkEnded(c echo.Context, p links.Purpose) error {
	ended := &linkEndedPage{}
	switch p {
	case links.Reset:
		ended.Label, ended.Path = "Ask for another one", "/forgot-password"
	case links.Register:
		ended.Label, ended.Path = "Ask for another one", "/register"
	case links.ChangeEmail:
		ended.Label, ended.Path = "Ask for another one", "/account/email"
	}
	return s.render(c, http.StatusNotFound, "links/ended", ended)
}

// renderDisabled answers whoever opens a link to an account that is disabled.
func (s *Server) renderDisabled(c echo.Context) error {
	return s.render(c, http.StatusNotFound, "links/ended", &linkEndedPage{Disabled: true})
}

// lookAt returns what the link with a token is about, for a page that is nobody
// else's business.
func (s *Server) lookAt(c echo.Context, p links.Purpose, token string) (links.Link, error) {
	guardToken(c)
	return links.Look(c.Request().Context(), s.db.Queries, p, token)
}

// guardToken is for a page that has a token in its address, or in itself: no cache
// keeps it, it isn't compressed, and what it loads isn't told its address. Of a
// form's own address browsers tell where it is from, which refuseCrossOrigin asks;
// no-referrer would keep that back too.
func guardToken(c echo.Context) {
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "strict-origin")
}

// hasToken reports whether the address of a page has a token, or leads on to one
// that has, as the sign-in page's does.
func hasToken(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.RawQuery == "" {
		return false
	}
	query := u.Query()
	return query.Has("token") || hasToken(query.Get("next"))
}

// ended answers an error of a link: with a page that says so, where it has ended.
func (s *Server) ended(c echo.Context, p links.Purpose, err error) error {
	if errors.Is(err, links.ErrEnded) {
		return s.renderLinkEnded(c, p)
	}
	return err
}

// lasting says for how long, in words.
func lasting(d time.Duration) string {
	n, unit := int(d.Minutes()), "minute"
	switch {
	case d >= 48*time.Hour:
		n, unit = int(d.Hours()/24), "day"
	case d >= time.Hour:
		n, unit = int(d.Hours()), "hour"
	}
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
