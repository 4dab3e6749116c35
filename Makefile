# make alone lists what there is. A laptop with Go, make and git is enough.

export CGO_ENABLED = 0
# The version is stamped below. Go's own look at git fails in a clone that belongs to somebody else.
export GOFLAGS := $(GOFLAGS) -buildvcs=false
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
GENERATED = db/models.go db/sqlc.go db/*.sql.go
# What is another thing with the tag dev, and is tested with it too.
DEVELOPMENT = ./app/devtools ./app/web ./db ./dev
# What only runs other programs: the race detector would see nothing of them.
DRIVERS = /(e2e|gen)(/|$$)
# Where Go code is. A folder may be missing.
CODE = $(wildcard *.go app bench db dev e2e gen static templates)

.PHONY: help
help:
	@echo 'make dev        build, serve, and show what is saved at once (ADDR=0.0.0.0:8080 for a phone, too)'
	@echo 'make run        build and serve once'
	@echo 'make seed       people and notes to look at, and how to sign in'
	@echo 'make test       every test, on SQLite and PostgreSQL (PKG=./app/web RUN=TestName for some)'
	@echo 'make bench      the benchmarks, and the portal beside other stacks (BENCH=peers for these alone;'
	@echo '                BENCH=Notes for one benchmark, VERBOSE=1 for its query plans)'
	@echo 'make bench-reload  how long it takes from a save to what a browser shows'
	@echo 'make e2e        only the tests in a browser (RUN=TestName for some)'
	@echo 'make check      what CI runs: format, vet, lint, generated code, tests with the race detector'
	@echo 'make generate   Go from queries/*.sql and db/migrations, and docs/access.md from the routes'
	@echo 'make build      bin/portal: one static binary for production'
	@echo 'make image      the same in an image, built by docker, podman or buildah'
	@echo 'make setup      fetch and build beforehand all that the others need'
	@echo 'make clean      remove what was built'

.PHONY: dev
dev: .tools/air
	@go build -tags dev -o tmp/dev ./dev
	@tmp/dev

.PHONY: run
run: tmp/portal
	@$(MAKE) -s tmp/build
	@rm -f tmp/dev.json
	@trap 'exit 0' INT; tmp/portal

# What the first build of the program prints, so that nobody waits in silence.
tmp/portal:
	@echo 'Building the portal. The first time this fetches 60 MB and takes a minute or two.'
	@$(MAKE) -s tmp/build

.PHONY: tmp/build
tmp/build:
	@go build -tags dev -ldflags '-s -w' -o tmp/portal ./app

.PHONY: seed
seed: tmp/portal
	@$(MAKE) -s tmp/build
	@tmp/portal seed

# A test that waits for an outage to end keeps its place: four at a time keep two cores busy.
# Under the race detector each test fills a core by itself, and so does the browser or
# the compiler that a test drives: those packages come one after the other.
.PHONY: test
test:
	@go build -o tmp/withpg ./db/dbtest/withpg
	@if echo 'int main(void) { return 0; }' | $$(go env CC) -x c -o /dev/null - 2>/dev/null; then cgo=1; flags=-race; \
	elif [ "$(RACE)" ] || [ "$$CI" = true ]; then echo 'The race detector needs a C compiler: install gcc or clang.'; exit 1; \
	else cgo=0; flags='-parallel 4'; echo 'No C compiler: the tests run without the race detector.'; fi; \
	packages='$(PKG)'; test "$$packages" || packages=$$(go list ./... | grep -vE '$(DRIVERS)'); \
	CGO_ENABLED=$$cgo tmp/withpg go test $$flags $(if $(RUN),-run '$(RUN)') $$packages || exit; \
	packages='$(if $(PKG),$(filter $(DEVELOPMENT),$(PKG)),$(DEVELOPMENT))'; \
	test -z "$$packages" || CGO_ENABLED=$$cgo tmp/withpg go test $$flags -tags dev $(if $(RUN),-run '$(RUN)') $$packages || exit; \
	test "$(PKG)" || tmp/withpg go test -p 1 $(if $(RUN),-run '$(RUN)') $$(go list ./... | grep -E '$(DRIVERS)')

.PHONY: bench
ifneq ($(BENCH),peers)
bench:
	@go build -o tmp/withpg ./db/dbtest/withpg
	@tmp/withpg go test -run '^$$' -bench '$(or $(BENCH),.)' $(if $(VERBOSE),-v) $(or $(PKG),./...) $(ARGS)
endif
ifeq ($(filter-out peers,$(BENCH))$(PKG),)
bench: tmp/peers
endif

# The portal beside other stacks. ARGS are its own options: ARGS='-rounds 3 -only Express'.
.PHONY: tmp/peers
tmp/peers:
	@mkdir -p tmp/bench
	@go build -trimpath -ldflags '-s -w' -o tmp/bench/portal ./app
	@cd bench && go build -o ../tmp/bench/bench .
	@tmp/bench/bench -dir tmp/bench -portal 'the portal=tmp/bench/portal' $(ARGS)

# From a save to the browser's paint, and Air as it comes beside it. EDITS=5 is quicker.
.PHONY: bench-reload
bench-reload: .tools/air
	@cd e2e && go test -count=1 -timeout 1h -run '^TestReload$$' -reload -edits=$(or $(EDITS),20)

# They build the portal themselves. In make test they run too.
.PHONY: e2e
e2e:
	@$(MAKE) -s test PKG=./e2e/...

.PHONY: check
check: .tools/staticcheck .tools/sqlc .tools/air
	@echo '— format'
	@test -z "$$(gofmt -l $(CODE))" || { gofmt -l $(CODE); echo 'gofmt -w mends these.'; exit 1; }
	@echo '— go.mod'
	@go mod tidy -diff
	@echo '— vet'
	@go vet ./...
	@go vet -tags dev ./...
	@test ! -d bench || { cd bench && go vet ./... && go mod tidy -diff; }
	@echo '— staticcheck'
	@.tools/staticcheck ./...
	@.tools/staticcheck -tags dev ./...
	@echo '— generated code'
	@$(MAKE) -s tmp/_generate
	@for file in $(GENERATED); do cmp -s $$file tmp/_generate/$$file || stale="$$stale $$file"; done; \
	for file in tmp/_generate/db/*.go; do test -f $${file#tmp/_generate/} || stale="$$stale $$file"; done; \
	rm -rf tmp/_generate; \
	test -z "$$stale" || { echo "Not fresh:$$stale. Run make generate."; exit 1; }
	@echo '— tests'
	@$(MAKE) -s test RACE=1

# Generated aside and then swapped: a fault in the SQL leaves what was there, and
# the code of a query file that was removed goes too.
.PHONY: generate
generate: .tools/sqlc
	@$(MAKE) -s tmp/_generate
	@rm -f $(GENERATED)
	@mv tmp/_generate/db/*.go db/
	@rm -r tmp/_generate
	@out=$$(go test -count=1 -run '^TestAccess$$' ./app/web -update 2>&1) || \
		{ echo "$$out"; echo 'docs/access.md was left as it is.'; exit 1; }

.PHONY: tmp/_generate
tmp/_generate:
	@rm -rf tmp/_generate
	@mkdir -p tmp/_generate/db
	@cp -R queries sqlc.yaml tmp/_generate
	@cp -R db/migrations tmp/_generate/db
	@.tools/sqlc generate -f tmp/_generate/sqlc.yaml

# The one library of pages in development, as npm has it. It is part of the
# repository; this is for a newer version, with the sum that npm shows for it.
IDIOMORPH = 0.8.0
IDIOMORPH_SHA512 = R47JBL+6jHDQvcnbppIUtXXcxi5h6+wuCEEZXnRhUltsgzPFKzThL5PuHppP9ypJuy+7WawcY1TsSBD/iQbMhw==
.PHONY: vendor-devtools
vendor-devtools:
	@rm -rf tmp/_vendor && mkdir -p tmp/_vendor
	@cd tmp/_vendor && npm pack --silent idiomorph@$(IDIOMORPH) && tar -xzf idiomorph-$(IDIOMORPH).tgz
	@test "$$(openssl dgst -sha512 -binary tmp/_vendor/idiomorph-$(IDIOMORPH).tgz | openssl base64 -A)" = "$(IDIOMORPH_SHA512)" || \
		{ echo 'What npm has is not what IDIOMORPH_SHA512 in the Makefile says.'; exit 1; }
	@cp tmp/_vendor/package/dist/idiomorph.min.js app/devtools/assets/
	@cp tmp/_vendor/package/LICENSE app/devtools/assets/idiomorph.LICENSE
	@rm -r tmp/_vendor
	@git status --short app/devtools/assets

.PHONY: build
build:
	@go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/portal ./app
	@echo "bin/portal, $(VERSION), $$(du -k bin/portal | cut -f1) kB"

# The first that is here and answers. Docker's format is the one with health checks.
IMAGE = portal
.PHONY: image
image:
	@if docker info >/dev/null 2>&1; then build='docker build'; \
	elif podman info >/dev/null 2>&1; then build='podman build --format docker'; \
	elif buildah info >/dev/null 2>&1; then build='buildah build --format docker'; \
	else echo 'Building an image takes docker, podman or buildah: install one, or start the one that is there.'; exit 1; fi; \
	echo "$$build, $(VERSION)"; $$build --build-arg VERSION=$(VERSION) --tag $(IMAGE) .

.PHONY: setup
setup: tmp/portal .tools/air .tools/staticcheck .tools/sqlc
	@echo 'Everything is there.'

# Tools are built once from tools.mod, at the versions that it names.
.tools/air: tools.mod
	@echo 'Building Air, which rebuilds on save: about half a minute, once.'
	@go build -modfile=tools.mod -o $@ github.com/air-verse/air
	@touch $@
.tools/staticcheck: tools.mod
	@echo 'Building staticcheck, the linter: about half a minute, once.'
	@go build -modfile=tools.mod -o $@ honnef.co/go/tools/cmd/staticcheck
	@touch $@
.tools/sqlc: tools.mod
	@echo 'Building sqlc, which makes Go from SQL: about two minutes, once.'
	@go build -modfile=tools.mod -o $@ github.com/sqlc-dev/sqlc/cmd/sqlc
	@touch $@

.PHONY: clean
clean:
	@rm -rf bin tmp .tools
