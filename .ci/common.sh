# What the scripts beside this file share. Source it; it moves to the top of
# the repository.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A checkout that belongs to somebody else, as in many containers, makes git
# refuse and go build with it. Nothing built here is kept.
GOFLAGS="$(go env GOFLAGS) -buildvcs=false"
export GOFLAGS

heading() { printf "\n== %s\n" "$*"; }
note() { printf -- "-- %s\n" "$*"; }

have_cc() { [ "$(go env CGO_ENABLED)" = 1 ] && command -v "$(go env CC)" >/dev/null; }
have_libzmq() { pkg-config --exists libzmq 2>/dev/null; }
have_pyzmq() { /usr/bin/python3 -I -c 'import zmq' 2>/dev/null; }

# Where interop/diff looks for npm's zeromq.
zeromqjs="${XDG_CACHE_HOME:-${HOME-}/.cache}/zerobroker-zmq/zeromq-6.8.0"
have_node() { command -v node >/dev/null && command -v npm >/dev/null; }
have_zeromqjs() { have_node && [ -d "$zeromqjs/node_modules/zeromq" ]; }

# missing says, a line each, what cannot run here and what it needs.
missing() {
	have_cc || echo "the race detector and everything with cgo: no C compiler (gcc, libc6-dev)"
	have_libzmq || echo "bench/peers/pebbe: no libzmq headers (pkg-config, libzmq3-dev)"
	have_pyzmq || echo "interop against libzmq: no pyzmq for /usr/bin/python3 (python3-zmq)"
}

# packages prints the packages of every module of the workspace that can be
# built here. tools/ is no part of the workspace.
packages() {
	local all=(./... ./cmd/zmq/... ./interop/... ./bench/...)
	if have_cc && have_libzmq; then
		printf '%s\n' "${all[@]}"
	else
		go list -e "${all[@]}" | grep -v '/bench/peers/pebbe$'
	fi
}

# in_tools runs a go command in the tools module.
in_tools() { (cd tools && GOWORK=off go "$@"); }
