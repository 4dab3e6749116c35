//go:build !dev

package templates

import "embed"

// What begins with "_" is for developers, and left out.
//
//go:embed layout.html partials pages mail
var files embed.FS
