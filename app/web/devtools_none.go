//go:build !dev

package web

import "github.com/labstack/echo/v4"

// devtools is what a developer needs: devtools_dev.go has it.
type devtools struct{}

func (s *Server) addDevtools() error { return nil }

func (s *Server) showFault(echo.Context, error, int) bool { return false }

// endStreams ends the answers that have no end by themselves, when the program
// is about to.
func (devtools) endStreams() {}
