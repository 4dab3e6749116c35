package people

import (
	"context"
	"errors"
	"fmt"

	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/db"
)

// ErrDisabled says that somebody's account is disabled: it has to be enabled first.
var ErrDisabled = errors.New("the account is disabled")

// SendReset gives the person with an address a link to set a new password, in the
// transaction of q, and ends an older one. It returns the person's id, and the path
// of the link, for where there is no mail; else that is sent. The error is
// sql.ErrNoRows where nobody has the address, and ErrDisabled.
func SendReset(ctx context.Context, q *db.Queries, o *outbox.Outbox, appName, email string) (id int64, path string, err error) {
	person, err := q.GetUserByEmail(ctx, email)
	if err != nil {
		return 0, "", err
	}
	if person.DisabledAt != nil {
		return person.ID, "", ErrDisabled
	}
	path, err = links.New(ctx, q, links.Link{Purpose: links.Reset, UserID: person.ID, Email: email})
	if err != nil || !o.On() {
		return person.ID, path, err
	}
	minutes := int(links.Reset.GoodFor().Minutes())
	return person.ID, path, o.Add(ctx, q, mail.Message{
		Kind: "new password", To: email, GoodFor: links.Reset.GoodFor(),
		Subject:    "Set a new password",
		Preview:    fmt.Sprintf("The link is good for %d minutes, and once.", minutes),
		Paragraphs: []string{fmt.Sprintf("An administrator of %s has sent you a link to set a new password for your account. It is good for %d minutes, and once. You can ask for another one yourself.", appName, minutes)},
		Action:     mail.Action{Label: "Set a new password", Path: path},
		Other:      mail.Action{Label: "Ask for another link", Path: "/forgot-password"},
		Notes:      []string{"Until then your password is as it was. Nobody else needs the link: administrators don’t ask for it."},
	})
}
