package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// waitEvent returns the first event of a kind. It fails the test after 10 s.
func waitEvent(t *testing.T, ctx context.Context, events func(func(zmq.Event) bool), kind zmq.EventKind) zmq.Event {
	t.Helper()
	for ev := range events {
		if ev.Kind == kind {
			return ev
		}
	}
	t.Fatalf("no event %v: %v", kind, ctx.Err())
	return zmq.Event{}
}

// ipcHasCredentials reports whether the system reports the credentials of ipc peers.
func ipcHasCredentials() bool {
	return runtime.GOOS == "linux" || runtime.GOOS == "darwin" || runtime.GOOS == "freebsd"
}

func TestAcceptReceivesAddressAndCredentials(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, endpoint := range []string{"tcp://127.0.0.1:*", "ipc://*"} {
		asked := make(chan zmq.PeerInfo, 1)
		pull := must(zmq.NewPull(&zmq.Options{Accept: func(p zmq.PeerInfo) bool {
			asked <- p
			return true
		}}))
		defer pull.Close()
		push := must(zmq.NewPush(nil))
		defer push.Close()
		if err := push.Connect(must(pull.Bind(endpoint))); err != nil {
			t.Fatal(err)
		}
		if err := push.Send(ctx, []byte("x")); err != nil {
			t.Fatal(err)
		}
		m := must(pull.Recv(ctx))
		for what, p := range map[string]zmq.PeerInfo{"accept": <-asked, "message": m.From()} {
			if got := p.RemoteAddr(); got == nil || got.String() != m.From().RemoteAddr().String() {
				t.Errorf("%s, %s: address %v, want %v", endpoint, what, got, m.From().RemoteAddr())
			}
			got, ok := p.Credentials()
			want := zmq.PeerCredentials{}
			if endpoint == "ipc://*" && ipcHasCredentials() {
				want = zmq.PeerCredentials{PID: os.Getpid(), UID: os.Getuid(), GID: os.Getgid()}
				if runtime.GOOS == "freebsd" {
					want.PID = 0
				}
			}
			if got != want || ok != (want != zmq.PeerCredentials{}) {
				t.Errorf("%s, %s: credentials %+v, %v, want %+v", endpoint, what, got, ok, want)
			}
		}
	}
	if c, ok := (zmq.PeerInfo{}).Credentials(); ok {
		t.Errorf("the zero PeerInfo has credentials %+v", c)
	}
}

// A refused connection is closed without a byte, reported and counted. The next one
// is accepted.
func TestAcceptRefusesConnections(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for want, refuse := range map[string]func() bool{
		"peer refused: not accepted by the application":                                   func() bool { return false },
		"peer refused: the function Options.Accept panicked: no such network at zmq_test": func() bool { panic("no such network") },
	} {
		calls := 0
		pull := must(zmq.NewPull(&zmq.Options{Accept: func(zmq.PeerInfo) bool {
			if calls++; calls > 1 {
				return true
			}
			return refuse()
		}}))
		events := pull.Events(ctx)
		bound := must(pull.Bind("tcp://127.0.0.1:*"))
		c := must(net.Dial("tcp", strings.TrimPrefix(bound, "tcp://")))
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("%s: read %d bytes, %v", want, n, err)
		}
		ev := waitEvent(t, ctx, events, zmq.EventPeerRefused)
		if ev.Err == nil || !strings.HasPrefix(ev.Err.Error(), want) || ev.Endpoint != bound || ev.RemoteAddr.String() != c.LocalAddr().String() {
			t.Errorf("event %+v, want error %s", ev, want)
		}
		c.Close()
		push := must(zmq.NewPush(nil))
		if err := errors.Join(push.Connect(bound), push.Send(ctx, []byte("x"))); err != nil {
			t.Fatal(err)
		}
		must(pull.Recv(ctx))
		if st := pull.Stats(); st.Events[zmq.EventPeerRefused] != 1 || st.Events[zmq.EventAccepted] != 1 {
			t.Errorf("%s: events %v", want, st.Events)
		}
		push.Close()
		pull.Close()
	}
}

// A refused peer is not led to look for another cause: it receives no reason, because
// an ERROR would need a greeting of both sides first.
func TestErrorOfAPeerThatAcceptRefusesNamesRefusal(t *testing.T) {
	_, tlsClient := tlsPair()
	server, _ := tlsPair()
	server.Accept = func(zmq.PeerInfo) bool { return false }
	for _, endpoint := range []string{"tcp://127.0.0.1:*", "ipc://*", tlsEndpoint} {
		pull := must(zmq.NewPull(server))
		closeAtEnd(t, pull)
		push := must(zmq.NewPush(tlsClient))
		closeAtEnd(t, push)
		ctx, cancel := context.WithCancel(testContext(t))
		events := push.Events(ctx)
		check(push.Connect(must(pull.Bind(endpoint))))
		ev := waitEvent(t, ctx, events, zmq.EventHandshakeFailed)
		cancel()
		if ev.Reason != zmq.CloseHandshakeClosed || !strings.Contains(ev.Err.Error(), "it may refuse connections from here, ") {
			t.Errorf("%s: reason %v, error %v", endpoint, ev.Reason, ev.Err)
		}
	}
}

func ExampleOptions_accept() {
	_, local, _ := net.ParseCIDR("127.0.0.0/8")
	pull, err := zmq.NewPull(&zmq.Options{Accept: func(peer zmq.PeerInfo) bool {
		if c, ok := peer.Credentials(); ok { // ipc
			return c.UID == os.Getuid()
		}
		addr, ok := peer.RemoteAddr().(*net.TCPAddr)
		return ok && local.Contains(addr.IP)
	}})
	if err != nil {
		panic(err)
	}
	defer pull.Close()
	fmt.Println(pull.Type())
	// Output: PULL
}
