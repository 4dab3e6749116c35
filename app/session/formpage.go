package session

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// What forms.go has to know of a page: its forms, and where in it their fields
// are.

// form is one on the page.
type form struct {
	id, action string
	posts      bool
	at         int // where its first tag ends
	fields     []field
}

// asks reports whether a form has anything to fill in.
func (f *form) asks() bool {
	return slices.ContainsFunc(f.fields, func(field field) bool {
		return !slices.Contains([]string{"hidden", "submit", "reset", "button", "image"}, field.kind)
	})
}

// kept returns the names of the fields that may be kept: no password or code.
func (f *form) kept() (names []string) {
	isSecret := func(name string) bool {
		return slices.ContainsFunc(f.fields, func(field field) bool { return field.name == name && field.isSecret() })
	}
	for _, field := range f.fields {
		if !isSecret(field.name) {
			names = append(names, field.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// field is an input, a textarea, or an option of a select.
type field struct {
	html.Token
	control    html.Token // the same tag, or the select of an option
	kind, name string     // the kind is an input's type, or what the tag says
	from, to   int        // its tag, or the text in a textarea
	text       string     // of an option
	disabled   bool
	owner      *form // that it is inside of
}

// value returns what a box or an option stands for, or what is in a hidden field.
func (f *field) value() string {
	value, ok := attribute(f.Token, "value")
	switch {
	case ok:
		return value
	case f.kind == "option":
		return strings.Join(strings.Fields(f.text), " ")
	case f.kind == "hidden":
		return ""
	}
	return "on"
}

// isSecret reports whether a field holds a password or a code, be it shown as text.
func (f *field) isSecret() bool {
	autocomplete, _ := attribute(f.control, "autocomplete")
	return f.kind == "password" || slices.ContainsFunc(strings.Fields(strings.ToLower(autocomplete)), func(word string) bool {
		return slices.Contains([]string{"current-password", "new-password", "one-time-code"}, word)
	})
}

// set returns the edit that gives the field's tag an attribute, or takes it away.
func (f *field) set(key, value string, present bool) edit {
	tag := f.Token
	tag.Attr = slices.DeleteFunc(slices.Clone(tag.Attr), func(a html.Attribute) bool { return a.Key == key })
	if present {
		tag.Attr = append(tag.Attr, html.Attribute{Key: key, Val: value})
	}
	return edit{f.from, f.to, tag.String()}
}

func attribute(tag html.Token, key string) (string, bool) {
	for _, a := range tag.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// edit puts text in the place of some bytes of a page.
type edit struct {
	from, to int
	text     string
}

func apply(edits []edit, page []byte) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var changed []byte
	at := 0
	for _, e := range edits {
		changed = append(append(changed, page[at:e.from]...), e.text...)
		at = e.to
	}
	return append(changed, page[at:]...)
}

// mayAsk reports whether a page may have a form to fill in. It costs less than
// to look closely, which most pages have no need of.
func mayAsk(page []byte) bool {
	inForm := false
	for {
		_, tag, found := bytes.Cut(page, []byte("<"))
		if !found {
			return false
		}
		page = tag
		switch {
		case begins(tag, "!--"):
			_, page, _ = bytes.Cut(tag, []byte("-->"))
		case begins(tag, "form"):
			tag, _, _ = bytes.Cut(tag, []byte(">"))
			inForm = !says(tag, ` method="get"`)
		case begins(tag, "/form"):
			inForm = false
		case begins(tag, "input"), begins(tag, "textarea"), begins(tag, "select"):
			tag, _, _ = bytes.Cut(tag, []byte(">"))
			if (inForm || bytes.Contains(tag, []byte("form="))) && !says(tag, ` type="hidden"`) {
				return true
			}
		}
	}
}

// says reports whether a tag has an attribute, for certain: it isn't what stands
// in another one, between quotes of the other kind.
func says(tag []byte, attribute string) bool {
	return bytes.Contains(tag, []byte(attribute)) && !bytes.Contains(tag, []byte("'"))
}

// begins reports whether text begins with name, in whichever case.
func begins(text []byte, name string) bool {
	return len(text) > len(name) && text[0]|0x20 == name[0]|0x20 && bytes.EqualFold(text[:len(name)], []byte(name))
}

// findForms returns the forms of a page that post and that are closed, each with
// the fields that a browser sends with it: those inside, and those elsewhere
// that name it. A browser goes by the order of tags, too: from a table it moves
// the form away, and the fields in the table remain the form's. A form that only
// the formmethod of a button has post isn't among them: by its other buttons the
// mark would come into an address.
func findForms(page []byte) []*form {
	var p parser
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		p.from, p.to = p.to, p.to+len(tokens.Raw())
		token := tokens.Token()
		inText := p.inText
		p.inText = false
		switch kind {
		case html.TextToken:
			if inText {
				p.text(token.Data)
			}
		case html.EndTagToken:
			p.end(token)
		case html.StartTagToken, html.SelfClosingTagToken:
			if token.DataAtom == atom.Noscript { // where it counts, what is in it is no text
				tokens.NextIsNotRawText()
			}
			p.start(token)
		}
	}
	for _, field := range p.fields {
		owner := field.owner
		if id, elsewhere := attribute(field.control, "form"); elsewhere {
			owner = nil
			if i := slices.IndexFunc(p.forms, func(f *form) bool { return f.id == id }); i >= 0 {
				owner = p.forms[i]
			}
		}
		if owner != nil {
			owner.fields = append(owner.fields, field)
		}
	}
	return p.forms
}

type parser struct {
	from, to int // of the token
	forms    []*form
	form     *form // that is open
	fields   []field
	list     html.Token // the select that is open
	disabled int        // fieldsets that are open, from one that is disabled on
	inText   bool       // a textarea or an option has just begun
}

func (p *parser) start(tag html.Token) {
	value := func(key string) string { v, _ := attribute(tag, key); return v }
	_, disabled := attribute(tag, "disabled")
	switch tag.DataAtom {
	case atom.Form:
		if p.form == nil { // they don't nest
			p.form = &form{id: value("id"), action: value("action"), posts: strings.EqualFold(value("method"), "post"), at: p.to}
		}
	case atom.Fieldset:
		if disabled || p.disabled > 0 {
			p.disabled++
		}
	case atom.Select:
		p.list = tag
	case atom.Input, atom.Textarea:
		f := field{Token: tag, control: tag, kind: tag.Data, from: p.from, to: p.to}
		if tag.DataAtom == atom.Textarea {
			f.from, p.inText = p.to, true
		} else {
			f.kind = strings.ToLower(value("type"))
		}
		p.add(f)
	case atom.Option:
		if p.list.DataAtom == atom.Select {
			p.add(field{Token: tag, control: p.list, kind: "option", from: p.from, to: p.to})
			p.inText = true
		}
	}
}

func (p *parser) add(f field) {
	_, disabled := attribute(f.control, "disabled")
	f.name, _ = attribute(f.control, "name")
	f.disabled = disabled || p.disabled > 0
	f.owner = p.form
	p.fields = append(p.fields, f)
}

func (p *parser) text(text string) {
	f := &p.fields[len(p.fields)-1]
	f.text = text
	if f.kind == "textarea" {
		f.to = p.to
	}
}

func (p *parser) end(tag html.Token) {
	switch tag.DataAtom {
	case atom.Form:
		if p.form != nil && p.form.posts {
			p.forms = append(p.forms, p.form)
		}
		p.form = nil
	case atom.Select:
		p.list = html.Token{}
	case atom.Fieldset:
		p.disabled = max(0, p.disabled-1)
	}
}
