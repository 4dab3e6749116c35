//go:build dev

package devtools

// Fault is something that keeps the developer from seeing what they wrote.
type Fault struct {
	Kind   string  `json:"kind"`   // one of the constants below
	Title  string  `json:"title"`  // a sentence
	Text   string  `json:"text"`   // the tool's message, whole
	Places []Place `json:"places"` // where to look, the likeliest first
}

// Kinds of faults.
const (
	Compile   = "compile"
	SQL       = "sqlc"
	Start     = "start"
	Template  = "template"
	Panic     = "panic"
	Migration = "migration"
)

// Place is a line in a file of the project.
type Place struct {
	File    string   `json:"file"` // relative to the project
	Line    int      `json:"line"`
	Column  int      `json:"column,omitempty"`
	Note    string   `json:"note,omitempty"`    // the message at this place, or a stack frame's function
	First   int      `json:"first,omitempty"`   // the number of the first line of Excerpt
	Excerpt []string `json:"excerpt,omitempty"` // the lines around it
}
