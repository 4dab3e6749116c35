//go:build dev

package templates

import "embed"

//go:embed layout.html partials all:pages
var files embed.FS
