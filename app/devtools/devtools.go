//go:build dev

// Package devtools is the half of the development loop that is inside the
// program: it tells browsers what was saved, shows faults over the page, and
// serves the cockpit. It is built with the tag dev only.
package devtools
