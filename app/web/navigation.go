package web

import (
	"strings"

	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// navItem is a link of the main navigation.
type navItem struct {
	Path, Label string
	Current     bool // this page, or one below it
}

// navigation is what the header leads to, for this person on this path.
func navigation(user *session.User, path string) []navItem {
	if user == nil {
		return nil
	}
	items := []navItem{
		{Path: "/dashboard", Label: "Dashboard"},
		{Path: "/notes", Label: "Notes"},
	}
	if user.Role == db.RoleAdmin {
		items = append(items, navItem{Path: "/admin/users", Label: "People"})
	}
	for i, item := range items {
		items[i].Current = path == item.Path || strings.HasPrefix(path, item.Path+"/")
	}
	return items
}
