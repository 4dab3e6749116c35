//go:build dev

package devtools

import (
	_ "embed"
	"html/template"
	"io"
)

// PageCSS is the style sheet of what WritePage writes, at /_dev/page.css.
//
//go:embed page.css
var PageCSS []byte

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"link": func(p Place) template.URL { return template.URL(Link(p)) }, // its scheme is the editor's
	"line": func(p Place, i int) int { return p.First + i },
}).Parse(pageHTML))

// WritePage writes the page that says how the program is doing: the fault, or
// that it is being built. Progress is what there is to say meanwhile.
func WritePage(w io.Writer, s State, progress string) error {
	return pageTemplate.Execute(w, struct {
		State
		Progress string
	}{s, progress})
}

// WriteFault writes a fault alone, to be put into another page.
func WriteFault(w io.Writer, f *Fault) error {
	return pageTemplate.ExecuteTemplate(w, "fault", f)
}
