package start

import (
	"slices"
	"strconv"
)

// changesFor lists all that a project has otherwise than the template.
func changesFor(req request) changes {
	c := changes{leftOut: []string{
		// The template's own: how it makes projects, its history, its pictures.
		"gen/start/", "gen/upgrade.go", "LICENSE", "docs/img/", "docs/performance.md",
		// Tests of gen that make all it can.
		"gen/project_test.go", "gen/kill_test.go", "gen/upgrade_test.go",
		// And that what it makes is in the tree: a project's is its own to change.
		"gen/specimen_test.go",
		// Benchmarks.
		"app/web/*_bench_test.go", "app/session/*_bench_test.go",
		// Tests of what a project takes over as it is, which take long or much of a
		// machine: load, outages, instances, fuzzing; make dev and its pages; and
		// what tests stand on.
		"app/instances_test.go", "app/load_test.go", "app/outage_test.go", "app/race_test.go", "app/norace_test.go",
		"app/session/disk_test.go", "app/session/fuzz_test.go", "app/session/prune_test.go",
		"app/web/waits_test.go", "db/watch_test.go", "db/pooler_test.go",
		"app/devtools/*_test.go", "app/web/cockpit_dev_test.go", "app/web/devtools_dev_test.go", "db/dev_test.go", "dev/dev_test.go",
		"e2e/cockpit_test.go", "e2e/devtools_test.go", "e2e/faults_test.go", "e2e/mistakes_test.go", "e2e/reload_test.go",
		"db/dbtest/dbtest_test.go", "db/dbtest/withpg/main_test.go",
	}}
	c.edits = slices.Concat(displayed(req.Display), makefile, code, docs)
	if req.DB == postgresOnly {
		c = c.and(postgresAlone)
	}
	if !req.Notes {
		c = c.and(withoutNotes)
	}
	return c
}

// displayed are the places of the name that people read.
func displayed(name string) []edit {
	line, _ := dotenv("APP_NAME", name) // newNames has looked
	return []edit{
		{path: "app/config/config.go", old: `r.value("APP_NAME", "Portal")`, new: `r.value("APP_NAME", ` + strconv.Quote(name) + `)`},
		{path: ".env.example", old: "# APP_NAME=Portal", new: "# " + line},
	}
}

var makefile = []edit{
	{path: "Makefile", from: "\t@echo 'make bench ", upTo: "\t@echo 'make e2e"},
	{path: "Makefile", old: "only the tests in a browser", new: "the tests in a browser, which make test leaves out"},
	{path: "Makefile", old: "every test, on SQLite and PostgreSQL", new: "every other test, on SQLite and PostgreSQL"},
	{path: "Makefile", from: "# What is another thing with the tag dev,", upTo: "# Where Go code is."},
	{path: "Makefile", from: "\t@if echo 'int main(void)", upTo: ".PHONY: bench", new: `	@if [ -z "$(RACE)" ]; then cgo=0; flags='-parallel 4'; \
	elif echo 'int main(void) { return 0; }' | $$(go env CC) -x c -o /dev/null - 2>/dev/null; then cgo=1; flags=-race; \
	else echo 'The race detector needs a C compiler: install gcc or clang.'; exit 1; fi; \
	CGO_ENABLED=$$cgo tmp/withpg go test $$flags $(if $(RUN),-run '$(RUN)') $(or $(PKG),$$(go list ./... | grep -v '/e2e$$'))

`},
	{path: "Makefile", from: ".PHONY: bench\n", upTo: "# They build the portal themselves."},
	{path: "Makefile", old: "# They build the portal themselves. In make test they run too.", new: "# They build the portal themselves."},
	{path: "Makefile", old: "\t@test ! -d bench || { cd bench && go vet ./... && go mod tidy -diff; }\n"},
	{path: "Makefile", old: " bench db dev e2e gen static", new: " db dev e2e gen static"},
	{path: "Makefile", from: "# The one library of pages in development, as npm has it.", upTo: ".PHONY: build"},
	{path: "app/devtools/assets/README.md", from: "To renew it:"},
	{path: ".github/workflows/ci.yml", old: "      - run: bash .ci/run\n", new: `      - run: sudo apt-get update && sudo apt-get install -y --no-install-recommends postgresql pgbouncer
      - run: make check
      - run: make e2e
`},
}

var code = []edit{
	{path: "gen/main.go", old: "\n\t\"github.com/managethefans/portal/gen/start\"\n"},
	{path: "gen/main.go", old: "\troot.Commands = append(root.Commands, start.Commands(writeChanges, remake, finishOther)...)\n"},
	{path: "app/imports_test.go", old: "\t\t\"gen\":              {\"gen/start\"},\n\t\t\"gen/start\":        {\"\"},\n"},
	{path: "app/imports_test.go", old: "\t\t\"bench\":            {\"app/session\", \"db\", \"db/dbtest\"},\n"},
	{path: "app/imports_test.go", old: `"app/devtools", "bench", "dev"`, new: `"app/devtools", "dev"`},
	{path: "app/app_test.go", old: "\t\tgo weighOnSignal()\n"},
	{path: "app/app_test.go", old: "\tcode := m.Run()\n\tos.RemoveAll(buildDir)\n\tos.Exit(code)\n", new: "\tm.Run()\n"},
	{path: "app/app_test.go", from: "// TestEightProgramsStartAtOnce", upTo: "func discardLog()"},
	{path: "app/session/session_test.go", old: ", \"postgres through PgBouncer\": bouncedURL,", new: ","},
	{path: "app/session/session_test.go", old: "\t\t\tstore, _, _ := strings.Cut(name, \" \")\n\t\t\tf(t, newSite(t, store, url(t)))\n", new: "\t\t\tf(t, newSite(t, name, url(t)))\n"},
	{path: "app/session/lifecycle_test.go", from: "// TestManySmallValuesHaveTheSameLimit", upTo: "// TestANewSecretComesInTwoSteps"},
	{path: "app/session/lifecycle_test.go", old: "\t\"errors\"\n"},
	{path: "app/session/lifecycle_test.go", old: "\t\"strings\"\n"},
	{path: "app/web/sessions_test.go", from: "// TestACrowd is the start"},
	{path: "app/web/sessions_test.go", old: "\t\"fmt\"\n"},
	{path: "app/web/outage_test.go", old: "[]string{config.Cookie, config.Filesystem, config.Postgres}", new: "[]string{config.Filesystem, config.Postgres}"},
	{path: "app/session/session_test.go", from: "func bouncedURL(", upTo: "func newSite("},
	{path: "e2e/tab_test.go", from: "func (b *tab) another() *tab {", upTo: "func (b *tab) prepare() {"},
	{path: "go.mod", old: "\tgolang.org/x/mod v0.42.0\n"},
}

var docs = []edit{
	{path: "AGENTS.md", old: "is green, and `git status`", new: "is green, after a change of pages `make e2e` too, and `git status`"},
	{path: "AGENTS.md", old: " Change `gen/templates/resource` with it, or `TestTheSpecimenIsWhatGenMakes` fails."},
	{path: "docs/decisions.md", old: " `make bench BENCH=Notes VERBOSE=1` shows the plans."},
	{path: "docs/decisions.md", old: " [performance.md](performance.md) has the commands."},
	{path: "docs/decisions.md", from: "| step | gained | cost |", upTo: "The closures are made of"},
	{path: "docs/decisions.md", old: "; `make vendor-devtools` fetches another version"},
	{path: "docs/decisions.md", old: "saving at each request, as our origin did;", new: "saving at each request;"},
	{path: "docs/decisions.md", old: "; nothing of ours does but the comparison in bench/", new: "; nothing of ours does"},
	{path: "docs/decisions.md", from: "| golang.org/x/mod |", upTo: "| golang.org/x/net |"},

	{path: "docs/development.md", from: "![The overlay:", upTo: "What the compiler,"},
	{path: "docs/development.md", from: "| what is wrong | how it looks |", upTo: "- **It doesn't compile"},
	{path: "docs/development.md", from: "## How fast", upTo: "## How it works"},
	{path: "docs/development.md", from: "Its tests ("},

	{path: "docs/generator.md", old: " (`make bench BENCH=Notes/postgres PKG=./app/web VERBOSE=1 ARGS='-notes 1000000 -test.benchtime 5x'`, which also shows how the rows are found)"},
	{path: "docs/generator.md", old: " (`TestTheSpecimenIsWhatGenMakes`)"},
	{path: "docs/generator.md", from: "## From nothing to a resource in use", upTo: "## A resource"},
	{path: "docs/generator.md", from: "## Bringing a project up to the template"},
	{path: "docs/decisions.md", old: ", compared byte for byte, and shared", new: ", and shared"},
	{path: "docs/decisions.md", old: ", tests of the specimen are tests of it, and a template that drifts from the code beside it is found at once.", new: ", and tests of the specimen are tests of it."},
	{path: "docs/decisions.md", from: "## A project is upgraded by a merge of three", upTo: "## The dependencies,"},

	{path: "docs/people.md", from: "\n## How long it takes"},
	{path: "docs/administration.md", from: "\n## Many people"},

	{path: "docs/mail.md", from: "By hand, with Debian's Postfix"},

	{path: "docs/outages.md", old: ", what was measured, and how to try it. The tests are in [app/outage_test.go](../app/outage_test.go) and [app/instances_test.go](../app/instances_test.go); the clients in [app/load_test.go](../app/load_test.go).", new: "."},
	{path: "docs/outages.md", from: "## What was measured", upTo: "## Replacing an instance"},
	{path: "docs/outages.md", old: " No test of ours covers this one."},
	{path: "docs/outages.md", old: "requests are lost, and the test fails", new: "requests are lost"},

	{path: "docs/security.md", old: "`TestAnOutageSignsNobodyOut`, `TestAFullDiskDestroysNoSession`, `TestTheDatabaseGoesAndComesBack`; nor does replacing an instance, `TestARollingRestartLosesNothing`.", new: "`TestTheDatabaseGoesAndComesBack`."},
	{path: "docs/security.md", from: "**Any bytes at all.**", upTo: "**Seven days idle,"},
}
