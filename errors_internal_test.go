package zmq

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/internal/socket"
)

// listError is an error of an uncomparable type.
type listError []string

func (l listError) Error() string { return strings.Join(l, ", ") }

// matching is a listError that matches another error.
type matching struct {
	listError
	target error
}

func (m matching) Is(target error) bool { return target == m.target }

func TestOpErrorAcceptsUncomparableErrors(t *testing.T) {
	plain := listError{"a", "b"}
	if got := opError("bind", "tcp://x", plain); got.Error() != "zmq: bind tcp://x: a, b" {
		t.Errorf("got %v", got)
	}
	got := opError("bind", "tcp://x", matching{plain, socket.ErrClosed})
	if !errors.Is(got, ErrClosed) || got.Error() != "zmq: bind tcp://x: a, b" {
		t.Errorf("got %v", got)
	}
}

func TestErrClosedMatchesNetErrClosed(t *testing.T) {
	if err := opError("send", "", socket.ErrClosed); !errors.Is(err, net.ErrClosed) || !errors.Is(err, ErrClosed) {
		t.Errorf("%v does not match both errors", err)
	}
}

func TestOpErrorTimeoutReportsDeadlines(t *testing.T) {
	for err, want := range map[error]bool{
		context.DeadlineExceeded:                    true,
		os.ErrDeadlineExceeded:                      true,
		context.Canceled:                            false,
		ErrClosed:                                   false,
		&UnsentError{Messages: 1}:                   false,
		&UnsentError{Err: context.DeadlineExceeded}: true,
	} {
		if got := (&OpError{Op: "x", Err: err}).Timeout(); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// The other reasons need a socket: see wait_test.go and every_type_test.go.
func TestWaitReasonNamesTheFailureOfEachEndpoint(t *testing.T) {
	noHost := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}}
	unreachable := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	retrying := func(endpoint string, attempts int, err error) EndpointInfo {
		return EndpointInfo{Endpoint: endpoint, State: EndpointWaiting, Attempts: attempts, Err: err}
	}
	var many []EndpointInfo
	for range maxReasons + 2 {
		many = append(many, EndpointInfo{Endpoint: "a", State: EndpointHandshaking})
	}
	for _, c := range []struct {
		endpoints []EndpointInfo
		want      string
	}{
		{nil, "no endpoint: call Bind or Connect first"},
		{[]EndpointInfo{retrying("tcp://x:1", 2, noHost)}, "tcp://x:1: lookup x: no such host (2 attempts)"},
		{
			[]EndpointInfo{retrying("a", 1, unreachable), {Endpoint: "b", Bound: true, State: EndpointListening}},
			"a: network is unreachable (1 attempt); b: no peer has connected",
		},
		{[]EndpointInfo{{Endpoint: "inproc://a", State: EndpointConnecting}}, "inproc://a: no socket is bound"},
		{[]EndpointInfo{{Endpoint: "tcp://x:1", State: EndpointConnecting}}, "tcp://x:1: connecting"},
		{many, "a: handshake not complete; a: handshake not complete; a: handshake not complete; " +
			"a: handshake not complete; 2 more endpoints without a peer"},
		{
			[]EndpointInfo{{Endpoint: "a", Peers: 2}, retrying("b", 1, unreachable)},
			"2 peers connected, no reply; b: network is unreachable (1 attempt)",
		},
	} {
		if got := waitReason(c.endpoints, "no reply"); got != c.want {
			t.Errorf("reason %q, want %q", got, c.want)
		}
	}
}
