package zmq4_test

import (
	"slices"
	"testing"
	"time"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
	"github.com/zerobroker/zmq/internal/transport/transporttest"
)

// TestMain fails if goroutines remain.
func TestMain(m *testing.M) { transporttest.Main(m) }

// waitLimit bounds calls that succeed much sooner.
const waitLimit = 10 * time.Second

// newContext returns a context that is terminated at the end of the test, after its
// sockets are closed.
func newContext(t *testing.T) *zmq.Context {
	t.Helper()
	ctx, err := zmq.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ctx.Term(); err != nil {
			t.Errorf("Term: %v", err)
		}
	})
	return ctx
}

// open returns a socket that gives up after waitLimit, and is closed at the end of the
// test.
func open(t *testing.T, ctx *zmq.Context, typ zmq.Type) *zmq.Socket {
	t.Helper()
	soc, err := ctx.NewSocket(typ)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { soc.Close() })
	check(t, soc.SetLinger(0))
	check(t, soc.SetRcvtimeo(waitLimit))
	check(t, soc.SetSndtimeo(waitLimit))
	return soc
}

// bind binds a socket and returns the endpoint.
func bind(t *testing.T, soc *zmq.Socket, at string) string {
	t.Helper()
	check(t, soc.Bind(at))
	endpoint, err := soc.GetLastEndpoint()
	check(t, err)
	return endpoint
}

// pair returns two sockets that are connected over inproc or another transport.
func pair(t *testing.T, ctx *zmq.Context, binder, connector zmq.Type, at string) (b, c *zmq.Socket) {
	t.Helper()
	b, c = open(t, ctx, binder), open(t, ctx, connector)
	check(t, c.Connect(bind(t, b, at)))
	return b, c
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, soc *zmq.Socket, parts ...any) {
	t.Helper()
	if _, err := soc.SendMessage(parts...); err != nil {
		t.Fatalf("sending %q: %v", parts, err)
	}
}

// want receives a message and compares it.
func want(t *testing.T, soc *zmq.Socket, parts ...string) {
	t.Helper()
	got, err := soc.RecvMessage(0)
	if err != nil {
		t.Fatalf("receiving %q: %v", parts, err)
	}
	if !slices.Equal(got, parts) {
		t.Fatalf("received %q, want %q", got, parts)
	}
}

// wantError compares an error as programs do.
func wantError(t *testing.T, got, want error) {
	t.Helper()
	if got != want {
		t.Fatalf("error %v, want %v", got, want)
	}
}
