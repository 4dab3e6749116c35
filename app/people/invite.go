package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/db"
)

// ErrHasAccount says that somebody has the address who could be invited to it.
var ErrHasAccount = errors.New("somebody has an account with this address")

// Invite offers an account to an address, in the transaction of q, and ends an older
// invitation to it. It returns the path of the link, for where there is no mail;
// else that is sent. The error is ErrHasAccount for somebody who has one.
func Invite(ctx context.Context, q *db.Queries, o *outbox.Outbox, appName, email, role string) (path string, err error) {
	_, err = q.GetUserID(ctx, email)
	switch {
	case err == nil:
		return "", ErrHasAccount
	case !errors.Is(err, sql.ErrNoRows):
		return "", err
	}
	path, err = links.New(ctx, q, links.Link{Purpose: links.Invite, Email: email, Role: role})
	if err != nil || !o.On() {
		return path, err
	}
	days := int(links.Invite.GoodFor().Hours() / 24)
	return path, o.Add(ctx, q, mail.Message{
		Kind: "invitation", To: email, GoodFor: links.Invite.GoodFor(),
		Subject:    "You are invited to " + appName,
		Preview:    fmt.Sprintf("The link is good for %d days.", days),
		Paragraphs: []string{fmt.Sprintf("An administrator of %s offers you an account there. The link below is good for %d days, and once: with it you set your name and a password.", appName, days)},
		Action:     mail.Action{Label: "Accept the invitation", Path: path},
		Notes:      []string{"If you don’t know what this is about, there is nothing to do: without the link nobody gets an account."},
	})
}
