package templates

import (
	"html/template"
	"io"
	"io/fs"
	texttemplate "text/template"
)

// Mail is what every message to people is laid out by: mail/message.html and
// mail/message.txt. It is safe for concurrent use.
type Mail struct {
	html *template.Template
	text *texttemplate.Template
}

// LoadMail parses both.
func LoadMail() (*Mail, error) { return loadMail(files) }

func loadMail(files fs.FS) (*Mail, error) {
	html := template.New("mail")
	if err := addFile(html, files, "mail/message.html"); err != nil {
		return nil, err
	}
	text, err := texttemplate.ParseFS(files, "mail/message.txt")
	if err != nil {
		return nil, err
	}
	return &Mail{html.Lookup("mail/message.html"), text}, nil
}

// Render writes a message in HTML and as text.
func (m *Mail) Render(html, text io.Writer, data any) error {
	if err := m.html.Execute(html, data); err != nil {
		return err
	}
	return m.text.Execute(text, data)
}
