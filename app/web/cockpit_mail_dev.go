//go:build dev

package web

import (
	"database/sql"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/db"
)

// mailboxSize is how many messages the mailbox shows.
const mailboxSize = 100

type mailboxPage struct {
	page
	Server   string // where they go, or ""
	Messages []mailboxRow
}

type mailboxRow struct {
	db.ListMessagesRow
	State string
}

func (r mailboxRow) Bad() bool { return r.Fault != "" }

// listMailbox shows every message to people, delivered or not: without a mail
// server this is where they end.
func (c *cockpit) listMailbox(e echo.Context) error {
	list, err := c.db.ListMessages(e.Request().Context(), db.ListMessagesParams{MaxRows: mailboxSize})
	if err != nil {
		return err
	}
	p := &mailboxPage{Server: c.outbox.Where()}
	for _, m := range list {
		p.Messages = append(p.Messages, mailboxRow{m, outbox.State(m)})
	}
	return c.render(e, http.StatusOK, "_dev/mail", p)
}

type cockpitMessagePage struct {
	page
	From    string
	Message db.GetMessageRow
	State   string
	Bad     bool
	Pieces  []textPiece // of the text
}

// textPiece is a part of a text: an address, or what is between two.
type textPiece struct{ Text, Link string }

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

func pieces(text string) []textPiece {
	var list []textPiece
	done := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		link := text[at[0]:at[1]]
		list = append(list, textPiece{Text: text[done:at[0]]}, textPiece{link, link})
		done = at[1]
	}
	return append(list, textPiece{Text: text[done:]})
}

func (c *cockpit) showMessage(e echo.Context) error {
	m, err := c.message(e)
	if err != nil {
		return err
	}
	state := outbox.State(db.ListMessagesRow{DeliveredAt: m.DeliveredAt, FailedAt: m.FailedAt, Fault: m.Fault})
	p := &cockpitMessagePage{From: c.cfg.MailFrom.String(), Message: m, State: state, Bad: m.Fault != "", Pieces: pieces(m.TextBody)}
	e.Response().Header().Set("Content-Security-Policy", csp+"; frame-src 'self'")
	return c.render(e, http.StatusOK, "_dev/message", p)
}

// messageCSP lets a message's HTML do no more than it can in a mail program: be
// styled, and lead elsewhere. It is shown in a frame, as if from another site.
const messageCSP = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; " +
	"sandbox allow-popups allow-popups-to-escape-sandbox"

func (c *cockpit) showMessageHTML(e echo.Context) error {
	m, err := c.message(e)
	if err != nil {
		return err
	}
	h := e.Response().Header()
	h.Set("Content-Security-Policy", messageCSP)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(m.HtmlBody))) // no script is put in then
	return e.HTMLBlob(http.StatusOK, []byte(m.HtmlBody))
}

func (c *cockpit) message(e echo.Context) (db.GetMessageRow, error) {
	id, err := pathID(e)
	if err != nil {
		return db.GetMessageRow{}, err
	}
	m, err := c.db.GetMessage(e.Request().Context(), id)
	if errors.Is(err, sql.ErrNoRows) {
		return m, echo.ErrNotFound
	}
	// Links work wherever the mailbox is looked at: on a phone, this machine has
	// another name. refuseForeigners has seen that it is one of its own.
	if strings.HasPrefix(c.cfg.BaseURL, "http://localhost:") {
		here := "http://" + e.Request().Host
		m.TextBody, m.HtmlBody = strings.ReplaceAll(m.TextBody, c.cfg.BaseURL, here), strings.ReplaceAll(m.HtmlBody, c.cfg.BaseURL, here)
	}
	return m, err
}
