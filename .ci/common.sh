# Functions shared by the scripts in this directory. Sourcing this file changes
# to the root of the repository.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# In many containers the checkout belongs to another user. git then refuses to
# run, and go build fails when it asks git for the version. The version is not
# needed: the scripts keep no binary.
GOFLAGS="$(go env GOFLAGS) -buildvcs=false"
export GOFLAGS

heading() { printf "\n== %s\n" "$*"; }
note() { printf -- "-- %s\n" "$*"; }

have_cc() { [ "$(go env CGO_ENABLED)" = 1 ] && command -v "$(go env CC)" >/dev/null; }
have_libzmq() { pkg-config --exists libzmq 2>/dev/null; }
have_stunnel() { [ -x /usr/bin/stunnel4 ]; }
have_pyzmq() { /usr/bin/python3 -I -c 'import zmq' 2>/dev/null; }
have_czmq() { /usr/bin/python3 -I -c 'import ctypes; ctypes.CDLL("libczmq.so.4")' 2>/dev/null; }
have_ipykernel() { /usr/bin/python3 -I -c 'import ipykernel' 2>/dev/null; }

# The directory in which interop/diff looks for npm's zeromq.
zeromqjs="${XDG_CACHE_HOME:-${HOME-}/.cache}/zerobroker-zmq/zeromq-6.8.0"
have_node() { command -v node >/dev/null && command -v npm >/dev/null; }
have_zeromqjs() { have_node && [ -d "$zeromqjs/node_modules/zeromq" ]; }

# missing prints one line for each test group that cannot run here, with the
# packages that it needs.
missing() {
	have_cc || echo "race detector and cgo packages: no C compiler (gcc, libc6-dev)"
	have_libzmq || echo "bench/peers/pebbe, and the comparison of compat/pebbe with it: no libzmq headers (pkg-config, libzmq3-dev)"
	have_pyzmq || echo "interop against libzmq: no pyzmq for /usr/bin/python3 (python3-zmq)"
	have_czmq || echo "interop with CZMQ's certificates: no libczmq for /usr/bin/python3 (python3, libczmq4)"
	have_ipykernel || echo "interop with a Jupyter kernel: no ipykernel for /usr/bin/python3 (python3-ipykernel)"
	have_stunnel || echo "interop through TLS terminators: no stunnel (stunnel4)"
}

# packages prints the packages of the workspace modules that can be built here.
# tools/ is not part of the workspace.
packages() {
	local all=(./... ./cmd/zmq/... ./interop/... ./bench/... ./metrics/prometheus/... ./metrics/otel/... ./patterns/... ./examples/... ./compat/gozeromq/... ./compat/pebbe/...)
	if have_cc && have_libzmq; then
		printf '%s\n' "${all[@]}"
	else
		go list -e "${all[@]}" | grep -v '/bench/peers/pebbe$'
	fi
}

# in_tools runs a go command in the tools module.
in_tools() { (cd tools && GOWORK=off go "$@"); }
