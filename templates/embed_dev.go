//go:build dev

package templates

import "embed"

//go:embed layout.html partials all:pages mail
var files embed.FS
