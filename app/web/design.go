package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

type designPage struct {
	page
	List    *list
	Log     older
	Samples []session.Flash
	Error   string
	Due     time.Time
	Choices []input.Choice
}

// showDesign shows every part that pages are made of, for those who make them.
func (s *Server) showDesign(c echo.Context) error {
	list := newList(c, sorts{"name": {db.By("name, id"), db.By("name DESC, id DESC")}}, "name")
	list.setTotal(12 * pageSize)
	return s.render(c, http.StatusOK, "design/show", &designPage{
		List: list,
		Log:  older{Newest: "#logs", Older: "#logs"},
		Samples: []session.Flash{
			{Kind: session.Success, Text: "The invoice is sent."},
			{Kind: session.Error, Text: "The invoice could not be sent. Check the address."},
		},
		Error:   "Enter an e-mail address, such as name@example.com.",
		Due:     time.Now(),
		Choices: input.Choices("open", "waiting", "done"),
	})
}
