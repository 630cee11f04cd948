package main

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq"
)

func TestEventTextNamesKindOnce(t *testing.T) {
	for _, c := range []struct {
		kind zmq.EventKind
		err  error
		want string
	}{
		{zmq.EventPeerRefused, errors.New("peer refused: routing ID in use"), "peer refused: routing ID in use"},
		{zmq.EventHandshakeFailed, errors.New("malformed greeting: no signature"), "handshake failed: malformed greeting: no signature"},
		{zmq.EventReady, nil, "ready"},
	} {
		if got := eventText(zmq.Event{Kind: c.kind, Err: c.err}); got != c.want {
			t.Errorf("%v, %v: %q, want %q", c.kind, c.err, got, c.want)
		}
	}
}

func TestConnectFailureOmitsAddresses(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{}, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for err, want := range map[error]string{
		refused:                      "connection refused",
		errors.New("closed by peer"): "closed by peer",
		&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere"}}: "lookup nowhere: no such host",
	} {
		if got := connectFailure(err); got != want {
			t.Errorf("%v: %q", err, got)
		}
	}
}

func TestErrorTextNamesEndpointOnce(t *testing.T) {
	s, err := zmq.NewPush(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Connect("tcp://127.0.0.1")
	if err == nil {
		t.Fatal("no error for an endpoint without a port")
	}
	if got, want := errorText(err), `connect tcp://127.0.0.1: invalid endpoint: "127.0.0.1": no port`; got != want {
		t.Errorf("%s", got)
	}
}
