# make help lists the targets.
GO      ?= go
LDFLAGS := -s -w
BIN     := bin/ordermux

.PHONY: help build test lint bench bench-postgres demo torture listen setup

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 18

build: ## build bin/ordermux, stripped
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/ordermux

setup: # what the tests need and a fresh machine may lack
	@./.ci/setup

test: setup lint ## install what is missing, then lint and run every test, those of packages with the race detector
	$(GO) test -race -timeout 9m ./cmd/... ./internal/...
	$(GO) test -timeout 9m ./e2e/...

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l cmd internal e2e)" || { echo "not gofmt-ed:"; gofmt -l cmd internal e2e; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=.ci/tools.mod staticcheck ./...

bench: build ## the load figures of docs/performance.md, on this machine
	$(BIN) bench

SCENARIOS ?= accept-batch,accept-single,accept-shops,deliver,deliver-half,nodes
ARGS      ?=

bench-postgres: setup build ## the same on PostgreSQL beside SQLite, with a server of its own; SCENARIOS=…, ARGS=…
	./.ci/with-postgres sh -c '$(BIN) bench --database "$$DATABASE_URL" --scenario $(SCENARIOS) $(ARGS)'

demo: ## the main job in one go, on loopback
	$(GO) run ./cmd/ordermux demo --once

torture: setup ## 30 SIGKILLs with a disk that forgets what was not synced; 40 rounds against three nodes and their PostgreSQL
	$(GO) test -count=1 -timeout 60m -v ./e2e/torture -torture.full

FOR ?= 1m

listen: ## a minute (FOR=…) of listening to three doors under load, and every file of what it exports
	$(GO) test -count=1 -timeout 30m -v ./e2e/listen -listen.for=$(FOR)
