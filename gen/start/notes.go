package start

// withoutNotes is how a project does without the one resource that the template
// has, and the tests that go through its forms.
var withoutNotes = changes{
	leftOut: []string{
		"app/web/notes.go", "app/web/notes_test.go", "app/web/notes_details_test.go", "app/web/list_test.go", "app/web/dashboard_test.go", "app/seed_notes.go",
		"queries/notes.sql", "db/notes.sql.go", "queries/dashboard.sql", "db/dashboard.sql.go", "db/migrations/*/00005_notes.sql",
		"templates/pages/notes/", "templates/partials/note.html",
		"app/web/forms_test.go", "app/web/roundtrips_test.go", "e2e/forms_test.go",
	},
	edits: []edit{
		{path: "app/web/routes.go", from: "\t\ts.handle(http.MethodGet, \"/notes\",", upTo: "\t\t// gen adds routes"},
		{path: "gen/record.json", from: "  \"resources\": {", new: "  \"resources\": {},\n  \"pages\": {}\n}\n"},
		{path: "docs/access.md", from: "| GET /notes |", upTo: "| GET /admin |"},
		{path: "templates/partials/nav.html", from: `<a href="/notes"`, upTo: "{{- /* gen adds"},

		{path: "app/web/dashboard.go", old: "\n\t\"github.com/managethefans/portal/db\"\n"},
		{path: "app/web/dashboard.go", from: "// onDashboard is", upTo: "type dashboardPage"},
		{path: "app/web/dashboard.go", old: "\tDue, Latest []db.ListDashboardNotesRow\n"},
		{path: "app/web/dashboard.go", from: "\tnotes, err := ", upTo: "\treturn s.render("},
		{path: "app/web/dashboard.go", old: `"dashboard/show", p)`, new: `"dashboard/show", &dashboardPage{})`},
		{path: "templates/pages/dashboard/show.html", old: "What is due, and where you left off.", new: "What is new, and where you left off."},
		{path: "templates/pages/dashboard/show.html", old: `  <p class="actions"><a class="button" href="/notes/new">{{template "icon-plus"}} New note</a></p>` + "\n</header>", new: "</header>"},
		{path: "templates/pages/dashboard/show.html", from: "{{if .Latest}}", new: `<section class="card empty" aria-labelledby="begin">
  {{template "icon-layers"}}
  <h2 id="begin">Nothing here yet</h2>
  <p>What you work on will be on this page.</p>
</section>
{{end}}
`},

		{path: "app/commands.go", old: "add people and notes to look at", new: "add people to look at"},
		{path: "Makefile", old: "people and notes to look at", new: "people to look at"},
		{path: "app/seed.go", old: "// demoPeople are whom seed makes. The first one has the notes.", new: "// demoPeople are whom seed makes."},
		{path: "app/seed.go", old: "people and notes to look at, and\n// prints how to sign in. It can be run again: the people get a new password,\n// and notes are added only where there are none.", new: "people to look at, and prints how\n// to sign in. It can be run again: they get a new password."},
		{path: "app/seed.go", old: "a member with notes,", new: "a member,"},
		{path: "app/seed.go", old: "\tseedNotes,\n"},
		{path: "app/app_test.go", from: "\t\t\tn, err := d.CountNotes(", upTo: "\t\t\twords := strings.Fields(second)"},

		{path: "app/web/access_test.go", from: "\tcase strings.HasPrefix(path, \"/notes/\"):", upTo: "\t\t// gen adds cases"},
		{path: "app/web/attacks_test.go", old: "\t\tpath := notePath(newNote(b, \"title\", attack, \"body\", attack, \"due_on\", \"2020-01-01\", \"pinned\", \"yes\"))\n"},
		{path: "app/web/attacks_test.go", old: `"/dashboard": 4, "/account": 2, "/notes": 2, path: 3, path + "/edit": 3, path + "/delete": 2, "/admin/users"`, new: `"/dashboard": 2, "/account": 2, "/admin/users"`},
		{path: "app/web/attacks_test.go", old: "\tnewNote(b, \"title\", \"one\")\n"},
		{path: "app/web/attacks_test.go", from: "\t\t\"/notes?q=\" + value,", upTo: "\t\t\"/account/reauthenticate?next="},
		{path: "app/web/attacks_test.go", old: `"/notes/" + url.PathEscape(attack), `},
		{path: "app/web/attacks_test.go", from: "\tb.post(\"/notes\", url.Values{", upTo: "\tb.post(\"/account/profile\""},
		{path: "app/web/attacks_test.go", from: "\t\t\"an id\": ", upTo: "\t} {"},
		{path: "app/web/attacks_test.go", old: "\tpath := notePath(newNote(b, \"title\", \"mine\"))\n"},
		{path: "app/web/attacks_test.go", old: `strings.ReplaceAll(route.Path, "/notes/:id", path)`, new: "route.Path"},
		{path: "app/web/attacks_test.go", old: "\tb.get(path).wantText(\"mine\")\n\tb.wantUser(true)\n", new: "\tb.wantUser(true)\n"},
		{path: "app/web/pages_test.go", old: `aList := &list{path: "/notes"`, new: `aList := &list{path: "/admin/users"`},
		{path: "app/web/pages_test.go", from: "\t\t\"notes/delete\":", upTo: "\t\t\"passwords/forgot\":"},

		{path: "e2e/keyboard_test.go", from: "\tb.reach(tabKey, \"link\", \"/notes\").hit", upTo: "\tb.reach(tabKey, \"button\", \"/logout\")"},
		{path: "e2e/pages_test.go", old: "\t\t{path: \"/dashboard\", status: 200},\n\t\t{path: \"/notes\", status: 200},\n\t\t{path: \"/account\"", new: "\t\t{path: \"/dashboard\", status: 200},\n\t\t{path: \"/account\""},
		{path: "e2e/pages_test.go", from: "\t\t{path: \"/notes/999\",", upTo: "\t}\n\tmemberViews"},
		{path: "e2e/pages_test.go", from: "\t\t{path: \"/notes\",", upTo: "\t\t{path: \"/account/sessions\", status: 200},\n\t\t{path: \"/account/activity\", status: 200}"},
		{path: "e2e/pages_test.go", old: `b.hover("link", "/notes").touch(`, new: `b.touch(`},
		{path: "e2e/path_test.go", from: "// notesPath goes", upTo: "// TestTheThemeIsAChoice"},
		{path: "e2e/path_test.go", old: "\t\t\tnotesPath(b)\n"},
		{path: "e2e/path_test.go", old: "\n\tnotesPath(b)\n\taddressPath", new: "\n\taddressPath"},
		{path: "e2e/program_test.go", old: "// The people of `portal seed`: the member has notes.", new: "// The people of `portal seed`."},
		{path: "e2e/program_test.go", old: "with people and notes,", new: "with people,"},

		{path: "AGENTS.md", old: "; `note` is one: `git ls-files | grep note` lists all of it. A list", new: ". A list"},
		{path: "docs/generator.md", from: "| what | where | lines for `note` |", upTo: "### Who may use it", new: "To bend it to your style, edit `gen/templates/resource`.\n\n"},
		{path: "docs/generator.md", from: "The notes that a project begins with", upTo: "## A page"},
		{path: "docs/roles.md", old: "as in `queries/notes.sql`", new: "as in `queries/user_sessions.sql`"},
		{path: "docs/security.md", old: ", `TestManyFormsWithoutAPageBetweenThemAreAllTaken`"},
		{path: "docs/security.md", old: ", `TestLookingAtANoteChangesNothing`"},
		{path: "docs/security.md", from: "| titles that can't be seen,", upTo: "| SQL in a search"},
		{path: "docs/security.md", old: "`TestASearchTakesEveryCharacterAsItIs`, `TestAnAddressThatMakesNoSenseShowsTheList`", new: "`TestASearchPatternFindsTextAsItIs`"},
		{path: "docs/security.md", old: "`TestWhatWasTypedIsForNobodyElse`, `TestPasswordsAreNeverKept`", new: "`TestWhatIsSomebodyElsesIsForgotten`, `TestEveryKindOfFieldIsFilledInAgain`"},
		{path: "docs/security.md", old: ", `TestAFormThatCantBeKeptCanBeSentAgain`, `TestAFormThatComesTooLateIsFilledInAgain`"},
		{path: "docs/decisions.md", old: "`d.OrderBy(db.By(\"lower(title), id\")).ListNotes(…)`", new: "`d.OrderBy(db.By(\"lower(name), id\")).ListUserPage(…)`"},
		{path: "docs/decisions.md", old: "the first page of 100,000 notes", new: "the first page of 100,000 rows"},
		{path: "docs/decisions.md", old: ", six for notes"},
		{path: "docs/decisions.md", old: "for 100,000 notes", new: "for 100,000 rows"},
	},
}
