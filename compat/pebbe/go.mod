module github.com/zerobroker/zmq/compat/pebbe

go 1.26.0

require github.com/zerobroker/zmq v0.0.0-00010101000000-000000000000

require (
	golang.org/x/crypto v0.59.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
)
