# Everything a contributor runs. The scripts are in .ci/; "make" alone says
# what there is.

FUZZTIME ?= 10s
export FUZZTIME

# The version in bin/zmq comes from git, unless git will not speak.
BUILDVCS := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo auto || echo false)

.DEFAULT_GOAL := help
.PHONY: help demo build test lint race cross interop fmt fuzz cover bench bench-quick tidy clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## see it work: processes exchange messages in each basic pattern over tcp, ipc and inproc
	@bin/zmq demo

build: ## build the zmq command to bin/zmq
	@echo "building bin/zmq"
	@go build -buildvcs=$(BUILDVCS) -o bin/zmq ./cmd/zmq

test: ## all that must pass: lint, race, cross and the interop suite; installs what is missing if it may
	@.ci/test

lint: ## gofmt, go vet and staticcheck over every module
	@.ci/lint

race: ## go test -race over every module
	@.ci/race

cross: ## build for windows, darwin, freebsd, linux/arm64, linux/386 and js/wasm
	@.ci/cross

interop: ## the interop suite alone; fails if a peer is missing
	@ZMQ_INTEROP_REQUIRED=1 go test -race -count=1 -timeout=20m ./interop/...

fmt: ## format every Go file
	@gofmt -l -w .

fuzz: ## each fuzz target for FUZZTIME (10s)
	@.ci/fuzz

cover: ## statements of the library that its tests reach, by function in bin/cover.txt
	@mkdir -p bin
	@go test -coverpkg=./... -coverprofile=bin/cover.out ./...
	@go tool cover -func=bin/cover.out > bin/cover.txt
	@tail -n 1 bin/cover.txt

bench: ## side by side with libzmq and others: several minutes, on an idle machine (bench/README.md)
	@cd bench && go run .

bench-quick: ## the same as a smoke test: seconds, no evidence
	@cd bench && go run . -quick

tidy: ## tidy go.mod and go.sum of every module
	@.ci/tidy

clean: ## remove what was built
	@rm -rf bin bench/bin
