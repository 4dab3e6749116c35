package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"
)

// singlePage is what `gen page` makes: a page with its route and test.
type singlePage struct {
	noun
	Module, Access string
	SQLite         bool
	link           bool
}

func (g *generator) pageCommand() *cli.Command {
	return &cli.Command{
		Name:      "page",
		Usage:     "add a page with its route and test",
		ArgsUsage: "NAME --access WHO",
		Description: "The page is at /NAME. What it shows is yours to write.\n\nExamples:\n\n  go run ./gen page imprint --access public\n" +
			"  go run ./gen page reports --access members --nav",
		Flags: planFlags(
			&cli.StringFlag{Name: "access", Usage: "who may see it: public, members or admin"},
			&cli.BoolFlag{Name: "nav", Usage: "add it to the navigation of those who are signed in"},
		),
		Action: func(ctx context.Context, c *cli.Command) error {
			return g.inProject(ctx, c, func(root string, rec *record) (*plan, error) {
				if c.Args().Len() != 1 {
					return nil, errors.New("say what the page is called, such as: go run ./gen page reports --access members")
				}
				words, err := splitWords(c.Args().First())
				if err != nil {
					return nil, err
				}
				page := &singlePage{noun: noun{words, words}, Access: c.String("access"), SQLite: slices.Contains(engines(root), "sqlite"), link: c.Bool("nav")}
				if err := page.check(); err != nil {
					return nil, err
				}
				if m, ok := rec.Pages[page.Snake()]; ok {
					return nil, fmt.Errorf("there is a page of that name, made by `gen %s`", strings.Join(m.Command, " "))
				}
				if page.Module, err = module(root); err != nil {
					return nil, err
				}
				if err := isFreePath(root, page.Path()); err != nil {
					return nil, err
				}
				command := []string{"page", c.Args().First(), "--access", page.Access}
				if page.link {
					command = append(command, "--nav")
				}
				return planPage(root, page, rec, command)
			}, func(p *plan) string {
				return fmt.Sprintf("Write what it shows: templates/pages/%s/show.html. Take it back: go run ./gen destroy page %s\n", strings.Join(p.made.One, "-"), strings.Join(p.made.One, "_"))
			})
		},
	}
}

func (s *singlePage) check() error {
	if !slices.Contains([]string{"public", "members", "admin"}, s.Access) {
		return errors.New("say who may see it: --access public, members or admin")
	}
	return s.checkWords(s.Var())
}

// files renders what a page is made of, by path.
func (s *singlePage) files() (map[string][]byte, error) {
	t, err := renderer()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for file, name := range map[string]string{
		"app/web/" + s.Snake() + ".go":                         "handler.go.tmpl",
		"app/web/" + s.Snake() + "_test.go":                    "handler_test.go.tmpl",
		path.Join("templates/pages", s.Section(), "show.html"): "show.html.tmpl",
	} {
		if files[file], err = render(t, "page/"+name, file, s); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func planPage(root string, page *singlePage, rec *record, command []string) (*plan, error) {
	p := &plan{root: root, trial: true, made: &made{Command: command, Access: page.Access, One: page.one, Files: map[string]string{}}}
	files, err := page.files()
	if err != nil {
		return nil, err
	}
	for _, file := range sortedKeys(files) {
		if err := p.make(file, files[file]); err != nil {
			return nil, err
		}
	}
	access := map[string]string{"public": "public", "members": "signedIn", "admin": "administrator"}[page.Access]
	inserts := []insertion{
		{Path: "app/web/routes.go", Text: fmt.Sprintf("\t\ts.handle(http.MethodGet, %q, %s, s.show%s),\n\n", page.Path(), access, page.Type())},
		{Path: "app/web/pages_test.go", Text: fmt.Sprintf("\t\t\"%s/show\": &%sPage{},\n", page.Section(), page.Var())},
	}
	if page.link {
		inserts = append(inserts, insertion{Path: "templates/partials/nav.html", Text: navLink(page.noun, page.Path(), page.Title(), page.Access == "admin")})
	}
	rec.Pages[page.Snake()] = p.made
	return p, p.finishMade(inserts, rec)
}
