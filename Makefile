# The targets that a contributor runs. The scripts are in .ci/; "make" alone
# lists the targets.

FUZZTIME ?= 10s
export FUZZTIME

# bin/zmq takes its version from git, or has none where git fails.
BUILDVCS := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo auto || echo false)

.DEFAULT_GOAL := help
.PHONY: help demo build test lint vuln race cross interop fmt fuzz cover bench bench-quick bench-compare tidy clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## run the demo: processes exchange messages in each basic pattern over tcp, ipc and inproc
	@bin/zmq demo

build: ## build the zmq command to bin/zmq
	@echo "building bin/zmq"
	@go build -buildvcs=$(BUILDVCS) -o bin/zmq ./cmd/zmq

test: ## run every check: lint, vuln, race, cross and the interop suite; installs missing tools if permitted
	@.ci/test

lint: ## run gofmt, go vet and staticcheck on every module
	@.ci/lint

vuln: ## run govulncheck on every module; skipped if its database cannot be reached
	@.ci/vuln

race: ## run go test -race on every module
	@.ci/race

cross: ## build for windows, darwin, freebsd, linux/arm64, linux/386 and js/wasm
	@.ci/cross

interop: ## run the interop suite alone; fails if libzmq is missing
	@ZMQ_INTEROP_REQUIRED=1 go test -race -count=1 -timeout=20m ./interop/...

fmt: ## format every Go file
	@gofmt -l -w .

fuzz: ## run each fuzz target for FUZZTIME (10s)
	@.ci/fuzz

cover: ## measure statement coverage of the library; per function in bin/cover.txt
	@mkdir -p bin
	@go test -coverpkg=./... -coverprofile=bin/cover.out ./...
	@go tool cover -func=bin/cover.out > bin/cover.txt
	@tail -n 1 bin/cover.txt

bench: ## compare with libzmq and other libraries: several minutes, on an idle machine (bench/README.md)
	@cd bench && go run .

bench-quick: ## run bench as a smoke test: seconds; the figures mean nothing
	@cd bench && go run . -quick

bench-compare: ## measure the work tree against a commit, interleaved: make bench-compare REF=main [ROWS='64 B'] [REPS=21]
	@test -n "$(REF)" || { echo "make bench-compare needs REF=<commit>" >&2; exit 2; }
	@cd bench && go run . -compare '$(REF)' $(if $(ROWS),-rows '$(value ROWS)') $(if $(REPS),-reps $(REPS))

tidy: ## run go mod tidy in every module
	@.ci/tidy

clean: ## remove built files
	@rm -rf bin bench/bin
