package zmq4_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
)

var allTypes = []zmq.Type{zmq.PAIR, zmq.PUB, zmq.SUB, zmq.REQ, zmq.REP, zmq.DEALER, zmq.ROUTER, zmq.PULL, zmq.PUSH, zmq.XPUB, zmq.XSUB, zmq.STREAM}

func TestEveryTypeHasSocketWithItsName(t *testing.T) {
	ctx := newContext(t)
	names := "PAIR PUB SUB REQ REP DEALER ROUTER PULL PUSH XPUB XSUB STREAM"
	for i, name := range strings.Fields(names) {
		soc := open(t, ctx, allTypes[i])
		typ, err := soc.GetType()
		if typ != allTypes[i] || err != nil || typ.String() != name || int(typ) != i {
			t.Errorf("%s: type %v, %v", name, typ, err)
		}
		if s := soc.String(); !strings.HasPrefix(s, "Socket("+name+",0x") {
			t.Errorf("%s: String returned %q", name, s)
		}
		if owner, err := soc.Context(); owner != ctx || err != nil {
			t.Errorf("%s: Context returned %p, %v", name, owner, err)
		}
	}
	soc := open(t, ctx, zmq.REQ)
	check(t, soc.SetIdentity("me"))
	if s := soc.String(); s != `Socket(REQ,"me")` {
		t.Errorf("String returned %q", s)
	}
}

func TestUnknownTypeIsEINVAL(t *testing.T) {
	for _, typ := range []zmq.Type{-1, 12, 13, 100} {
		soc, err := newContext(t).NewSocket(typ)
		wantError(t, err, zmq.Errno(syscall.EINVAL))
		if typ.String() != "<INVALID>" || soc == nil || soc.String() != "Socket(CLOSED)" {
			t.Errorf("type %d: %v, %v", typ, typ, soc)
		}
		wantError(t, soc.Close(), err)
	}
}

// Every method of a closed or zero socket returns ErrorSocketClosed.
func TestClosedSocketReturnsErrorSocketClosed(t *testing.T) {
	closed := open(t, newContext(t), zmq.PAIR)
	check(t, closed.Close())
	check(t, closed.Close())
	for _, soc := range []*zmq.Socket{closed, {}} {
		if soc.String() != "Socket(CLOSED)" {
			t.Errorf("String returned %q", soc)
		}
		_, err := soc.Send("x", 0)
		wantError(t, err, zmq.ErrorSocketClosed)
		_, err = soc.SendMessage()
		wantError(t, err, zmq.ErrorSocketClosed)
		_, err = soc.RecvMessage(0)
		wantError(t, err, zmq.ErrorSocketClosed)
		_, _, _, err = soc.RecvEvent(0)
		wantError(t, err, zmq.ErrorSocketClosed)
		_, _, err = soc.RecvWithMetadata(0)
		wantError(t, err, zmq.ErrorSocketClosed)
		_, err = soc.GetType()
		wantError(t, err, zmq.ErrorSocketClosed)
		_, err = soc.GetFd()
		wantError(t, err, zmq.ErrorSocketClosed)
		_, err = soc.Context()
		wantError(t, err, zmq.ErrorSocketClosed)
		wantError(t, soc.Bind("inproc://x"), zmq.ErrorSocketClosed)
		wantError(t, soc.Unbind("inproc://x"), zmq.ErrorSocketClosed)
		wantError(t, soc.Connect("inproc://x"), zmq.ErrorSocketClosed)
		wantError(t, soc.Disconnect("inproc://x"), zmq.ErrorSocketClosed)
		wantError(t, soc.Monitor("inproc://x", zmq.EVENT_ALL), zmq.ErrorSocketClosed)
		wantError(t, soc.SetLinger(0), zmq.ErrorSocketClosed)
		wantError(t, zmq.Proxy(soc, soc, nil), zmq.ErrorSocketClosed)
		wantError(t, zmq.ProxySteerable(nil, soc, nil, nil), zmq.ErrorSocketClosed)
		p := zmq.NewPoller()
		p.Add(soc, zmq.POLLIN)
		_, err = p.Poll(0)
		wantError(t, err, zmq.ErrorSocketClosed)
	}
}

func TestEndpointsHaveErrorsOfLibzmq(t *testing.T) {
	ctx := newContext(t)
	soc := open(t, ctx, zmq.PUB)
	for at, want := range map[string]error{
		"tcp://localhost:invalid":  zmq.Errno(syscall.EINVAL),
		"tcp://in val id:1234":     zmq.Errno(syscall.EINVAL),
		"tcp://127.0.0.1":          zmq.Errno(syscall.EINVAL),
		"nothing":                  zmq.Errno(syscall.EINVAL),
		"invalid://localhost:1234": zmq.EPROTONOSUPPORT,
		"pgm://eth0;1.2.3.4:5":     zmq.EPROTONOSUPPORT,
	} {
		if err := soc.Connect(at); err != want {
			t.Errorf("Connect %s: %v, want %v", at, err, want)
		}
	}
	check(t, soc.Connect("tcp://localhost:1234"))
	at := bind(t, soc, "tcp://127.0.0.1:*")
	wantError(t, open(t, ctx, zmq.PUB).Bind(at), zmq.EADDRINUSE)
	bind(t, soc, "inproc://name")
	wantError(t, open(t, ctx, zmq.PUB).Bind("inproc://name"), zmq.EADDRINUSE)
	wantError(t, soc.Unbind("inproc://other"), zmq.Errno(syscall.ENOENT))
	wantError(t, soc.Disconnect("tcp://127.0.0.1:1"), zmq.Errno(syscall.ENOENT))
	check(t, soc.Unbind(at))
	check(t, soc.Disconnect("tcp://localhost:1234"))
}

// Programs close a socket and bind another one to the same endpoint.
func TestEndpointIsFreeAfterClose(t *testing.T) {
	ctx := newContext(t)
	for _, at := range []string{"inproc://again", "tcp://127.0.0.1:*", "ipc://@zerobroker-pebbe-again"} {
		if at[:3] == "ipc" && runtime.GOOS != "linux" {
			continue
		}
		for range 20 {
			soc := open(t, ctx, zmq.PULL)
			check(t, soc.SetLinger(-1))
			at = bind(t, soc, at)
			check(t, soc.Close())
		}
	}
}

func TestMessagesAreWrittenAfterClose(t *testing.T) {
	ctx := newContext(t)
	pull, push := open(t, ctx, zmq.PULL), open(t, ctx, zmq.PUSH)
	check(t, push.SetLinger(-1))
	check(t, push.Connect(bind(t, pull, "tcp://127.0.0.1:*")))
	for i := range 1000 {
		send(t, push, i)
	}
	check(t, push.Close())
	for i := range 1000 {
		want(t, pull, fmt.Sprint(i))
	}
}

func TestDisconnectedInprocSocketSendsNothing(t *testing.T) {
	ctx := newContext(t)
	pub, sub := pair(t, ctx, zmq.XPUB, zmq.SUB, "inproc://d")
	check(t, sub.SetSubscribe("x"))
	want(t, pub, "\x01x")
	check(t, sub.Disconnect("inproc://d"))
	want(t, pub, "\x00x")
	check(t, sub.Connect("inproc://d"))
	want(t, pub, "\x01x")
	send(t, pub, "x", "1")
	want(t, sub, "x", "1")
}

func TestContextsHaveTheirOwnInprocNames(t *testing.T) {
	one, two := newContext(t), newContext(t)
	a, b := open(t, one, zmq.PULL), open(t, two, zmq.PULL)
	bind(t, a, "inproc://same")
	bind(t, b, "inproc://same")
	push := open(t, two, zmq.PUSH)
	check(t, push.Connect("inproc://same"))
	send(t, push, "x")
	want(t, b, "x")
	_, err := a.Recv(zmq.DONTWAIT)
	wantError(t, err, eagain)
}

func TestUnreferencedSocketIsClosed(t *testing.T) {
	ctx := newContext(t)
	func() {
		soc, err := ctx.NewSocket(zmq.PULL)
		check(t, err)
		bind(t, soc, "inproc://garbage")
	}()
	other := open(t, ctx, zmq.PULL)
	for other.Bind("inproc://garbage") != nil {
		runtime.GC()
	}
}

func TestErrnoIsErrorOfSystem(t *testing.T) {
	for e, text := range map[zmq.Errno]string{
		zmq.EFSM:           "Operation cannot be accomplished in current state",
		zmq.ENOCOMPATPROTO: "The protocol is not compatible with the socket type",
		zmq.ETERM:          "Context was terminated",
		zmq.EMTHREAD:       "No thread available",
	} {
		if e.Error() != text || zmq.Error(int(e)) != text {
			t.Errorf("%d: %q, %q", e, e, zmq.Error(int(e)))
		}
	}
	if s := zmq.Error(int(syscall.EINVAL)); s != "Invalid argument" && runtime.GOOS != "windows" {
		t.Errorf("EINVAL: %q", s)
	}
	if !errors.Is(zmq.Errno(syscall.EACCES), os.ErrPermission) || errors.Is(zmq.EFSM, syscall.EINVAL) {
		t.Error("errors.Is")
	}
	for err, want := range map[error]zmq.Errno{zmq.EFSM: zmq.EFSM, syscall.EINVAL: zmq.Errno(syscall.EINVAL), os.ErrExist: 0, nil: 0} {
		if got := zmq.AsErrno(err); got != want {
			t.Errorf("AsErrno(%v) = %d", err, got)
		}
	}
}

func TestNamesOfBits(t *testing.T) {
	for got, want := range map[fmt.Stringer]string{
		zmq.Flag(0): "<NONE>", zmq.DONTWAIT: "DONTWAIT", zmq.DONTWAIT | zmq.SNDMORE: "DONTWAIT|SNDMORE",
		zmq.State(0): "<NONE>", zmq.POLLIN | zmq.POLLOUT: "POLLIN|POLLOUT",
		zmq.EVENT_ALL: "EVENT_ALL", zmq.EVENT_LISTENING | zmq.EVENT_CLOSED: "EVENT_LISTENING|EVENT_CLOSED", zmq.Event(1 << 20): "<NONE>",
		zmq.NULL: "NULL", zmq.PLAIN: "PLAIN", zmq.CURVE: "CURVE", zmq.GSSAPI: "GSSAPI", zmq.Mechanism(9): "<INVALID>",
	} {
		if got.String() != want {
			t.Errorf("%T %d: %s, want %s", got, got, got, want)
		}
	}
	if !slices.Equal([]int{int(zmq.DONTWAIT), int(zmq.SNDMORE), int(zmq.POLLIN), int(zmq.POLLOUT), int(zmq.CURVE)}, []int{1, 2, 1, 2, 2}) {
		t.Error("values")
	}
}
