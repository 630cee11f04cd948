module github.com/zerobroker/zmq/cmd/zmq

go 1.26.0

require (
	github.com/alecthomas/kong v1.17.0
	github.com/rogpeppe/go-internal v1.16.0
	github.com/zerobroker/zmq v0.0.0-00010101000000-000000000000
	golang.org/x/term v0.48.0
)

require (
	golang.org/x/crypto v0.59.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
	golang.org/x/tools v0.26.0 // indirect
)
