module github.com/zerobroker/zmq

go 1.26
