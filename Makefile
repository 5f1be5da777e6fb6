# Tallystick. Two commands set a fresh machine up: `make run` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN := network/build/bin
RUN := $(or $(TALLY_RUN),test-network/run)
COMMANDS := ./chaincode/cmd/... ./gateway/cmd/... ./network/cmd/... ./test-network/cmd/...
MEMBER ?= grocer

.PHONY: help run test vet unit e2e fuzz down status replay audit bench bench-people bench-reports fabric build generate lint fmt tools

help: ## List the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## Start the consortium, feed it receipts (DATA=file.csv MAP=mapping), prove the books, stay up
	@scripts/run.sh

test: vet unit e2e $(if $(SLOW),fuzz) ## Every test: pure, chaincode, gateway, and on real networks; SLOW=1 adds a minute of each fuzz target, and sweeps 50,000 accounts instead of 5,000

unit: ## Tests that need no network, with the race detector; the wallet's scripts in a headless Chromium
	@scripts/chromium.sh >/dev/null
	go test -race -timeout 20m ./...
	PEOPLE=30 go test -run '^$$' -bench . -benchtime 1x ./gateway/people/vault # That the benchmark runs; it measures nothing so small.

e2e: build ## Tests on real Fabric networks, three brands and four; the wallet's pages in a headless Chromium
	@scripts/chromium.sh >/dev/null
	SLOW=$(SLOW) go test -tags network -count=1 -timeout $(if $(SLOW),90m,60m) -p 1 ./network/... ./test-network/...
	@[ -n "$$TALLY_RECEIPTS" ] || echo "SKIPPED: the real year of receipts is not here; set TALLY_RECEIPTS to its CSV file to replay it too"

fuzz: ## Run each fuzz target for FUZZTIME (default 60s), beginning with what the tests know
	@scripts/fuzz.sh

down: ## End the consortium and remove everything it made
	@if [ -x $(BIN)/tallynet ]; then $(BIN)/tallynet down; elif [ -d $(RUN) ]; then echo "run 'make build' first: tallynet is missing" >&2; exit 1; fi

status: build ## Show every node, and where clearing stands
	@$(BIN)/tallynet status

replay: build ## Send receipts: make replay DATA=file.csv [MAP=mapping]
	@scripts/replay.sh

audit: build ## Recompute everything from the regulator's blocks
	@$(BIN)/tally-audit --config $(RUN)/organizations/regulator/gateway/gateway.yaml

bench: build ## Measure throughput and latency beside the naive way, on the running consortium
	@scripts/bench.sh

bench-reports: ## Time reports on half a million accounts and two million receipts beside a full scan, and what the audit of their sums costs; takes minutes and 3 GB of disk
	@dir=$$(mktemp -d); export TALLY_REPORTS_DB=$${TALLY_REPORTS_DB:-$$dir/reports.db}; trap 'rm -rf $$dir' EXIT; \
	go test ./gateway/reports -run '^$$' -bench Reports -benchtime 5x -timeout 60m && \
	go test ./gateway/audit -run '^$$' -bench ReportSums -benchtime 1x -timeout 60m

bench-people: ## Measure the customer vault beside naive ways; needs no network (PEOPLE=20000 sets how many persons it has, 2000 by default)
	PEOPLE=$(PEOPLE) go test -run '^$$' -bench . -benchtime 3s -timeout 60m ./gateway/people/vault

fabric: ## Build the pinned Fabric and Fabric CA (once), or check FABRIC_BIN
	@network/build.sh

build: tools fabric ## Build Tallystick's commands into network/build/bin
	@mkdir -p $(BIN) && echo "Tallystick: compiling ..." && go build -trimpath -o $(BIN)/ $(COMMANDS)

tools:
	@for t in go gcc git awk; do command -v $$t >/dev/null || { echo "missing: $$t (needed: go 1.26 or newer, gcc with the C library's headers, git, awk, make)" >&2; exit 1; }; done

generate: ## Rewrite everything generated: API code, collections, members' folders
	go generate ./...

lint: vet $(BIN)/golangci-lint ## Formatting, vet and the linters of .ci/golangci.yml
	$(BIN)/golangci-lint run -c .ci/golangci.yml ./...
	$(BIN)/golangci-lint run -c .ci/golangci.yml --build-tags network ./network/... ./test-network/...

$(BIN)/golangci-lint: .ci/lint/go.mod
	@echo "golangci-lint: building (once, some minutes) ..."
	@go build -C .ci/lint -o $(abspath $@) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

vet:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "run make fmt:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./... && go vet -tags network ./network/... ./test-network/...

fmt: ## Format
	gofmt -w $$(git ls-files '*.go')
