# Run plain `make` for the list of targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
GO ?= go
BIN := bin/gatepost
TOOLS := $(CURDIR)/.tools
PORTAL_SOURCES := $(shell find portal sdk/js -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
FUZZTIME ?= 60s
E2E_TIMEOUT ?= 15m
# What simulates months of rows, or every row there is: ten times as long under the
# race detector, in which SQLite runs as well. Tests are not vetted one by one: go vet
# has looked at all of it, and would again for each way to build them.
ROWS := /(functions/(ledger|report|retention|usage)|internal/sqlstore)$$

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: build ## build all and start the server with demo cameras
	$(BIN) serve --demo $(ARGS)

build: portal/dist/index.html ## build bin/gatepost with the portal inside
	$(GO) build -trimpath -o $(BIN) ./cmd/gatepost

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

portal/dist/index.html: node_modules/.package-lock.json $(PORTAL_SOURCES)
	npm run build --workspace @gatepost/sdk
	npm run build --workspace @gatepost/portal

setup: node_modules/.package-lock.json ## install what the tests need
	./test/setup.sh --no-lint

test: setup build ## everything that must hold: generated files, races, SDK, portal, end to end
	$(MAKE) --no-print-directory verify
	$(GO) vet ./...
	$(GO) test -vet=off -race -p 3 -timeout 12m $$($(GO) list ./... | grep -vE '/test/(e2e|chaos)$$|$(ROWS)')
	$(GO) test -vet=off -p 2 -timeout 12m $$($(GO) list ./... | grep -E '$(ROWS)')
	$(GO) test -vet=off -count=1 ./test/contract
	npm test --workspaces --if-present
	$(MAKE) --no-print-directory e2e
	$(GO) test -vet=off -timeout 10m -count=1 -parallel 4 ./test/chaos

e2e: setup build ## the real binary, ffmpeg, Chromium, PostgreSQL and an S3 server
	$(GO) test -vet=off -timeout $(E2E_TIMEOUT) -count=1 -parallel 5 ./test/e2e $(ARGS)

lint: node_modules/.package-lock.json ## golangci-lint with depguard, and the TypeScript compiler
	./test/setup.sh
	$(TOOLS)/golangci-lint run ./...
	npm run lint --workspaces --if-present

arch: ## who may import whom
	$(GO) test -count=1 ./test/arch

fuzz: ## every fuzz target for FUZZTIME (60s)
	./test/fuzz.sh $(FUZZTIME)

bench: ## Go benchmarks with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./streaming/... ./gateway/... ./internal/... ./functions/...

load: build ## what cameras and viewers cost, as a table; CASES=a,b for some, ARGS=-list for all there are
	$(GO) build -trimpath -o bin/load ./test/load
	bin/load -cases "$(CASES)" $(ARGS)

chaos: setup build ## everything that can break under recording cameras, the long form
	GATEPOST_LONG=1 $(GO) test -timeout 60m -count=1 -parallel 4 -v ./test/chaos $(ARGS)

soak: build ## 60 cameras, viewers that come and go and a kill -9 for SOAK seconds (1800): nothing grows, nothing is lost
	$(GO) build -trimpath -o bin/load ./test/load
	bin/load -soak $${SOAK:-1800}s

screenshots: setup build ## a picture of each portal page, in both languages, in docs/screenshots
	mkdir -p docs/screenshots
	GATEPOST_SCREENSHOTS=$(CURDIR)/docs/screenshots $(GO) test -count=1 -run '^Test(Portal|People|Duty|Report)$$' ./test/e2e
	for f in docs/screenshots/*.png; do ffmpeg -v error -y -i $$f -vf 'split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none' $$f.new.png && mv $$f.new.png $$f || exit 1; done

generate: ## the OpenAPI document and the SDK's types
	$(GO) run ./cmd/gatepost openapi > docs/openapi.json
	npm run generate --workspace @gatepost/sdk

verify: ## generated files are not stale, files are formatted
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt would change:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@$(GO) run ./cmd/gatepost openapi | diff -q - docs/openapi.json || { echo 'docs/openapi.json is stale: run make generate'; exit 1; }
	@npm run --silent verify --workspace @gatepost/sdk

.PHONY: help run build setup test e2e lint arch fuzz bench load chaos soak screenshots generate verify
