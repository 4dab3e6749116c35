//go:build dev

package web

// developersPages are the types of the pages below templates/pages/_dev.
var developersPages = map[string]any{
	"_dev/mail":       &mailboxPage{},
	"_dev/message":    &cockpitMessagePage{},
	"_dev/migrations": &migrationsPage{},
	"_dev/overview":   &overviewPage{},
	"_dev/reset":      &resetPage{},
	"_dev/routes":     &routesPage{},
	"_dev/settings":   &cockpitSettingsPage{},
	"_dev/sql":        &sqlPage{},
}
