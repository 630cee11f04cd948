module github.com/zerobroker/zmq/interop

go 1.26

require github.com/zerobroker/zmq v0.0.0-00010101000000-000000000000
