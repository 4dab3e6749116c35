package main

import (
	"fmt"
	"path"
	"strings"
)

// files renders what a resource is made of, by path.
func (r *resource) files(engines []string) (map[string][]byte, error) {
	t, err := renderer()
	if err != nil {
		return nil, err
	}
	templates := map[string]string{
		"queries/" + r.Table() + ".sql":             "queries.sql.tmpl",
		"app/web/" + r.Table() + ".go":              "handlers.go.tmpl",
		"app/web/" + r.Table() + "_test.go":         "handlers_test.go.tmpl",
		"templates/partials/" + r.Snake() + ".html": "partial.html.tmpl",
		"app/seed_" + r.Table() + ".go":             "seed.go.tmpl",
	}
	for _, page := range []string{"list", "new", "show", "edit", "delete"} {
		templates["templates/pages/"+r.Section()+"/"+page+".html"] = page + ".html.tmpl"
	}
	files := map[string][]byte{}
	for file, name := range templates {
		if files[file], err = render(t, "resource/"+name, file, r); err != nil {
			return nil, err
		}
	}
	for _, engine := range engines {
		file := path.Join("db/migrations", engine, r.Number+"_"+r.Table()+".sql")
		if files[file], err = render(t, "resource/migration.sql.tmpl", file, newMigration(r, engine)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// planResource plans all of a resource but what sqlc and the tests make of it.
func planResource(root string, r *resource, rec *record, command []string) (*plan, error) {
	p := &plan{root: root, trial: true, made: &made{
		Command: command, Access: r.Access, Heading: r.Heading().Column(), One: r.one, Many: r.many, Files: map[string]string{},
	}}
	files, err := r.files(engines(root))
	if err != nil {
		return nil, err
	}
	for _, file := range sortedKeys(files) {
		if err := p.make(file, files[file]); err != nil {
			return nil, err
		}
	}
	rec.Resources[r.Table()] = p.made
	return p, p.finishMade(r.insertions(), rec)
}

// finishMade plans the insertions, and then the record, which has what was made.
func (p *plan) finishMade(inserts []insertion, rec *record) error {
	if err := p.checkNames(); err != nil {
		return err
	}
	for _, in := range inserts {
		if err := p.insert(in); err != nil {
			return err
		}
	}
	p.made.Inserts = inserts
	return p.record(rec)
}

// navLink is a link in the navigation.
func navLink(n noun, path, title string, administrators bool) string {
	link := fmt.Sprintf("<a href=%q{{if eq .Section %q}} aria-current=\"page\"{{end}}>%s</a>", path, n.Section(), title)
	if administrators {
		link = `{{if eq .User.Role "admin"}}` + link + "{{end}}"
	}
	return link + "\n"
}

// make creates a file that is taken back with the rest.
func (p *plan) make(file string, content []byte) error {
	p.made.Files[file] = sum(content)
	return p.create(file, content)
}

// record plans the record itself.
func (p *plan) record(rec *record) error {
	content, err := rec.encode()
	if err != nil {
		return err
	}
	if _, err := p.read(recordFile); err != nil {
		return p.create(recordFile, content)
	}
	return p.replace(recordFile, content)
}

// insertions are the lines of a resource in files that others share.
func (r *resource) insertions() []insertion {
	route := func(method, path, access, handler string) string {
		return fmt.Sprintf("\t\ts.handle(http.Method%s, %q, %s, s.%s),\n", method, r.Path()+path, access, handler)
	}
	reads, writes, one := r.Reads(), r.Writes(), r.Type()
	routes := route("Get", "", reads, "list"+r.Types()) + route("Get", "/new", writes, "new"+one) + route("Post", "", writes, "create"+one) +
		route("Get", "/:id", reads, "show"+one) + route("Get", "/:id/edit", writes, "edit"+one) + route("Post", "/:id", writes, "update"+one) +
		route("Get", "/:id/delete", writes, "confirmDelete"+one) + route("Post", "/:id/delete", writes, "delete"+one) + "\n"
	writer := "owner"
	if r.ByAdministrators() {
		writer = r.Var() + "Writer(owner)"
	}
	row, form := "&"+r.Var()+"Page{}", "&"+r.Var()+"FormPage{}"
	types := ""
	for _, page := range [][2]string{{"delete", row}, {"edit", form}, {"list", "&" + r.Vars() + "Page{List: aList}"}, {"new", form}, {"show", row}} {
		types += fmt.Sprintf("\t\t\"%s/%s\": %s,\n", r.Section(), page[0], page[1])
	}
	return []insertion{
		{Path: "app/web/routes.go", Text: routes},
		{Path: "templates/partials/nav.html", Text: navLink(r.noun, r.Path(), r.Titles(), r.Access == "admin")},
		{Path: "app/web/pages_test.go", Text: types},
		{Path: "app/web/access_test.go", Text: fmt.Sprintf("\tcase strings.HasPrefix(path, %q):\n\t\treturn strconv.FormatInt(new%s(%s), 10)\n", r.Path()+"/", one, writer)},
		{Path: "app/seed.go", Text: "\tseed" + r.Types() + ",\n"},
	}
}

// migration is what its template is given.
type migration struct {
	Resource *resource
	Columns  string
	Indexes  []string
}

func newMigration(r *resource, engine string) migration {
	number := map[string]int{"postgres": postgres, "sqlite": sqlite}[engine]
	id, key, moment := "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BIGINT", "TIMESTAMPTZ"
	if number == sqlite {
		id, key, moment = "INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER", "TIMESTAMP"
	}
	columns := [][2]string{{"id", id}}
	if r.Owner() {
		columns = append(columns, [2]string{"user_id", key + " NOT NULL REFERENCES users (id) ON DELETE CASCADE"})
	}
	for _, f := range r.Fields {
		columns = append(columns, [2]string{f.Column(), f.Definition(number)})
	}
	if len(r.Searched()) > 0 {
		columns = append(columns, [2]string{"search_text", "TEXT NOT NULL"})
	}
	columns = append(columns, [2]string{"created_at", moment + " NOT NULL"}, [2]string{"updated_at", moment + " NOT NULL"})
	width := 0
	for _, c := range columns {
		width = max(width, len(c[0]))
	}
	var lines []string
	for _, c := range columns {
		lines = append(lines, fmt.Sprintf("  %-*s %s", width, c[0], c[1]))
	}
	return migration{r, strings.Join(lines, ",\n"), r.Indexes(number)}
}
