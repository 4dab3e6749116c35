//go:build !dev

package web

// developersPages are the types of the pages below templates/pages/_dev.
var developersPages map[string]any
