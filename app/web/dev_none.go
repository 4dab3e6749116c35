//go:build !dev

package web

import (
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/static"
	"github.com/managethefans/portal/templates"
)

// developing is what a developer needs: devtools_dev.go has it.
type developing struct{}

func loadPages(config.Config) (*templates.Set, developing, error) {
	pages, err := builtIn()
	return pages, developing{}, err
}

// builtIn has the pages, parsed once: tests make hundreds of servers.
var builtIn = sync.OnceValues(func() (*templates.Set, error) { return templates.Load(static.URL) })

func (s *Server) addDevelopment() error { return nil }

func (s *Server) showFault(echo.Context, error, int) bool { return false }

// endStreams ends the answers that have no end by themselves, when the program
// is about to.
func (developing) endStreams() {}
