//go:build !dev

package web

import (
	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/static"
	"github.com/managethefans/portal/templates"
)

// devtools is what a developer needs: devtools_dev.go has it.
type devtools struct{}

func loadPages(config.Config) (*templates.Set, error) { return templates.Load(static.URL) }

func (s *Server) addDevtools() error { return nil }

func (s *Server) showFault(echo.Context, error, int) bool { return false }

// endStreams ends the answers that have no end by themselves, when the program
// is about to.
func (devtools) endStreams() {}
