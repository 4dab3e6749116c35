// Package start makes new projects of the template.
package start

import "github.com/urfave/cli/v3"

// Commands are the commands that only the template has.
func Commands() []*cli.Command { return nil }
