package zmq4_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	zmq4 "github.com/zerobroker/zmq/compat/gozeromq"
	"github.com/zerobroker/zmq/compat/gozeromq/security/null"
	"github.com/zerobroker/zmq/compat/gozeromq/security/plain"
	"github.com/zerobroker/zmq/compat/gozeromq/transport"
)

var bg = context.Background()

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listen makes a socket listen at a free port and returns the endpoint.
func listen(t *testing.T, s zmq4.Socket) string {
	t.Helper()
	t.Cleanup(func() { s.Close() })
	check(t, s.Listen("tcp://127.0.0.1:0"))
	return "tcp://" + s.Addr().String()
}

func dial(t *testing.T, s zmq4.Socket, endpoint string) {
	t.Helper()
	t.Cleanup(func() { s.Close() })
	check(t, s.Dial(endpoint))
}

func recv(t *testing.T, s zmq4.Socket) string {
	t.Helper()
	m, err := s.Recv()
	check(t, err)
	return string(bytes.Join(m.Frames, []byte("|")))
}

func TestPairsExchangeMessages(t *testing.T) {
	for _, c := range []struct {
		listener, dialer func(context.Context, ...zmq4.Option) zmq4.Socket
	}{
		{zmq4.NewPair, zmq4.NewPair}, {zmq4.NewPull, zmq4.NewPush}, {zmq4.NewDealer, zmq4.NewDealer},
		{zmq4.NewRep, zmq4.NewReq}, {zmq4.NewRouter, zmq4.NewDealer}, {zmq4.NewRouter, zmq4.NewReq},
	} {
		for _, scheme := range []string{"tcp", "ipc", "inproc"} {
			l, d := c.listener(bg), c.dialer(bg, zmq4.WithID(zmq4.SocketIdentity("name")))
			t.Run(fmt.Sprintf("%s-%s/%s", d.Type(), l.Type(), scheme), func(t *testing.T) {
				endpoint := scheme + "://" + t.TempDir() + "/s"
				if scheme == "tcp" {
					endpoint = listen(t, l)
				} else {
					defer l.Close()
					check(t, l.Listen(endpoint))
				}
				dial(t, d, endpoint)
				check(t, d.SendMulti(zmq4.NewMsgFrom([]byte("a"), []byte("b"))))
				want := "a|b"
				if d.Type() == zmq4.Req && l.Type() == zmq4.Router {
					want = "|" + want
				}
				if l.Type() == zmq4.Router {
					want = "name|" + want
				}
				m, err := l.Recv()
				check(t, err)
				if got := string(bytes.Join(m.Frames, []byte("|"))); got != want {
					t.Fatalf("received %q, want %q", got, want)
				}
				if l.Type() == zmq4.Pull {
					return
				}
				check(t, l.Send(m))
				if got := recv(t, d); got != "a|b" {
					t.Errorf("reply %q", got)
				}
			})
		}
	}
}

func TestTopicsOfBothSides(t *testing.T) {
	for _, open := range []func(context.Context, ...zmq4.Option) zmq4.Socket{zmq4.NewPub, zmq4.NewXPub} {
		pub, sub := open(bg), zmq4.NewSub(bg)
		dial(t, sub, listen(t, pub))
		for _, topic := range []string{"b", "a", "a", "c"} {
			check(t, sub.SetOption(zmq4.OptionSubscribe, topic))
		}
		check(t, sub.SetOption(zmq4.OptionUnsubscribe, "c"))
		if got := sub.(zmq4.Topics).Topics(); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("topics of the SUB: %q", got)
		}
		for range 4 { // a PUB receives them by itself
			if pub.Type() == zmq4.XPub {
				recv(t, pub)
			}
		}
		for !slices.Equal(pub.(zmq4.Topics).Topics(), []string{"a", "b"}) {
			time.Sleep(time.Millisecond)
		}
		for _, topic := range []string{"c", "a", "b"} {
			check(t, pub.Send(zmq4.NewMsgString(topic+" message")))
		}
		if a, b := recv(t, sub), recv(t, sub); a != "a message" || b != "b message" {
			t.Errorf("received %q, %q", a, b)
		}
		if err := sub.SetOption(zmq4.OptionSubscribe, 7); err != zmq4.ErrBadProperty {
			t.Errorf("a topic that is no string: %v", err)
		}
	}
}

func TestXSubSubscribesWithMessages(t *testing.T) {
	pub, sub := zmq4.NewXPub(bg), zmq4.NewXSub(bg)
	dial(t, sub, listen(t, pub))
	check(t, sub.Send(zmq4.NewMsgString("\x01a")))
	if got := recv(t, pub); got != "\x01a" {
		t.Errorf("subscription %q", got)
	}
	check(t, pub.Send(zmq4.NewMsgString("abc")))
	if got := recv(t, sub); got != "abc" {
		t.Errorf("message %q", got)
	}
}

// Programs compare the errors of contexts with ==.
func TestCallsReturnErrorsOfContexts(t *testing.T) {
	push := zmq4.NewPush(bg, zmq4.WithTimeout(20*time.Millisecond))
	listen(t, push)
	if err := push.Send(zmq4.NewMsgString("x")); err != context.DeadlineExceeded {
		t.Errorf("Send without a peer: %v", err)
	}
	ctx, cancel := context.WithCancel(bg)
	pulls := []zmq4.Socket{zmq4.NewPull(ctx), zmq4.NewPull(bg), zmq4.NewPull(bg)}
	errs := make(chan error)
	for _, p := range pulls {
		listen(t, p)
		go func() {
			_, err := p.Recv()
			errs <- err
		}()
	}
	cancel()
	pulls[1].Close()
	pulls[2].Close()
	for range pulls {
		if err := <-errs; err != context.Canceled {
			t.Errorf("Recv: %v", err)
		}
	}
	if _, err := pulls[1].Recv(); err != context.Canceled {
		t.Errorf("Recv after Close: %v", err)
	}
	push.Close()
	if err := push.Send(zmq4.NewMsgString("x")); err != context.Canceled {
		t.Errorf("Send after Close: %v", err)
	}
}

func TestTypesRefuseOtherDirection(t *testing.T) {
	push, pull, pub, sub := zmq4.NewPush(bg), zmq4.NewPull(bg), zmq4.NewPub(bg), zmq4.NewSub(bg)
	for _, s := range []zmq4.Socket{push, pub} {
		defer s.Close()
		if _, err := s.Recv(); err == nil || err.Error() != fmt.Sprintf("zmq4: %s sockets can't recv messages", s.Type()) {
			t.Errorf("%s: %v", s.Type(), err)
		}
	}
	for _, s := range []zmq4.Socket{pull, sub} {
		defer s.Close()
		if err := s.SendMulti(zmq4.NewMsgString("x")); err == nil || err.Error() != fmt.Sprintf("zmq4: %s sockets can't send messages", s.Type()) {
			t.Errorf("%s: %v", s.Type(), err)
		}
	}
}

func TestDialRetries(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	endpoint := "tcp://" + l.Addr().String()
	l.Close()
	req := zmq4.NewReq(bg, zmq4.WithDialerRetry(5*time.Millisecond), zmq4.WithDialerMaxRetries(2), zmq4.WithDialerTimeout(time.Second), zmq4.WithAutomaticReconnect(true))
	defer req.Close()
	if err := req.Dial(endpoint); err == nil || !strings.Contains(err.Error(), "could not dial to") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("Dial: %v", err)
	}
	late := zmq4.NewReq(bg, zmq4.WithDialerRetry(5*time.Millisecond), zmq4.WithDialerMaxRetries(-1))
	defer late.Close()
	done := make(chan error)
	go func() { done <- late.Dial(endpoint) }()
	rep := zmq4.NewRep(bg)
	defer rep.Close()
	check(t, rep.Listen(endpoint))
	check(t, <-done)
}

func TestDialRefusesInvalidEndpointsAndPeers(t *testing.T) {
	s := zmq4.NewReq(bg, zmq4.WithDialerMaxRetries(0))
	defer s.Close()
	if err := s.Dial("nonsense"); err == nil {
		t.Error("an endpoint without a scheme is accepted")
	}
	var unknown zmq4.UnknownTransportError
	for _, err := range []error{s.Dial("pgm://a"), s.Listen("pgm://a")} {
		if !errors.As(err, &unknown) || unknown.Name != "pgm" {
			t.Errorf("unknown transport: %v", err)
		}
	}
	pub := zmq4.NewPub(bg)
	if err := s.Dial(listen(t, pub)); err == nil || !strings.Contains(err.Error(), "could not open a ZMTP connection") {
		t.Errorf("Dial of a PUB: %v", err)
	}
	if s.Addr() != nil {
		t.Errorf("address %v", s.Addr())
	}
}

func TestPlainChecksCredentials(t *testing.T) {
	rep := zmq4.NewRep(bg, zmq4.WithSecurity(plain.Security("user", "secret")))
	endpoint := listen(t, rep)
	req := zmq4.NewReq(bg, zmq4.WithSecurity(plain.Security("user", "secret")))
	dial(t, req, endpoint)
	check(t, req.Send(zmq4.NewMsgString("x")))
	if got := recv(t, rep); got != "x" {
		t.Errorf("request %q", got)
	}
	for _, sec := range []zmq4.Security{plain.Security("user", "wrong"), plain.Security("other", "secret"), null.Security(), nil} {
		s := zmq4.NewReq(bg, zmq4.WithSecurity(sec), zmq4.WithDialerMaxRetries(0))
		if err := s.Dial(endpoint); err == nil {
			t.Errorf("the peer is accepted with %v", sec)
		}
		s.Close()
	}
	s := zmq4.NewReq(bg, zmq4.WithSecurity(foreign{null.Security()}))
	defer s.Close()
	if err := s.Dial(endpoint); err == nil || !strings.Contains(err.Error(), "CURVE") {
		t.Errorf("a foreign mechanism: %v", err)
	}
}

// foreign is a mechanism of a program.
type foreign struct{ zmq4.Security }

func (foreign) Type() zmq4.SecurityType { return zmq4.CurveSecurity }

func TestOptionsAreKept(t *testing.T) {
	s := zmq4.NewPub(bg)
	defer s.Close()
	check(t, s.SetOption(zmq4.OptionHWM, 7))
	if v, err := s.GetOption(zmq4.OptionHWM); v != 7 || err != nil {
		t.Errorf("HWM %v, %v", v, err)
	}
	for _, err := range []error{s.SetOption("X", 1), s.SetOption(zmq4.OptionHWM, "x"), s.SetOption(zmq4.OptionSubscribe, "x")} {
		if err != zmq4.ErrBadProperty {
			t.Errorf("SetOption: %v", err)
		}
	}
	if _, err := s.GetOption("X"); err != zmq4.ErrBadProperty {
		t.Errorf("GetOption: %v", err)
	}
}

func TestProxyForwardsAndCaptures(t *testing.T) {
	front, back := zmq4.NewRouter(bg), zmq4.NewDealer(bg)
	capture, tap := zmq4.NewPush(bg), zmq4.NewPull(bg)
	frontEnd, backEnd := listen(t, front), listen(t, back)
	dial(t, capture, listen(t, tap))
	p := zmq4.NewProxy(bg, front, back, capture)
	p.Pause()
	p.Resume()
	p.Stats()
	rep, req := zmq4.NewRep(bg), zmq4.NewReq(bg)
	dial(t, rep, backEnd)
	dial(t, req, frontEnd)
	check(t, req.Send(zmq4.NewMsgString("ping")))
	if got := recv(t, rep); got != "ping" {
		t.Errorf("request %q", got)
	}
	check(t, rep.Send(zmq4.NewMsgString("pong")))
	if got := recv(t, req); got != "pong" {
		t.Errorf("reply %q", got)
	}
	for _, want := range []string{"|ping", "|pong"} {
		if got := recv(t, tap); !strings.HasSuffix(got, want) {
			t.Errorf("captured %q, want %q", got, want)
		}
	}
	p.Kill()
	check(t, p.Run())
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if err := zmq4.NewProxy(ctx, front, back, nil).Run(); !errors.Is(err, context.Canceled) {
		t.Errorf("proxy with an ended context: %v", err)
	}
	if err := zmq4.NewProxy(bg, nil, back, nil).Run(); err == nil {
		t.Error("a proxy without a socket")
	}
}

// counting is a transport of a program.
type counting struct {
	transport.Transport
	mu    sync.Mutex
	calls []string
}

func (c *counting) Addr(ep string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, ep)
	return c.Transport.Addr(ep)
}

// registered registers the transport, which a process can do once.
var registered = sync.OnceValues(func() (*counting, error) {
	c := &counting{Transport: transport.New("tcp")}
	return c, zmq4.RegisterTransport("counting", c)
})

func TestRegisteredTransportMakesConnections(t *testing.T) {
	c, err := registered()
	check(t, err)
	c.calls = nil
	if err := zmq4.RegisterTransport("counting", c); err == nil {
		t.Error("a name is registered twice")
	}
	if err := zmq4.RegisterTransport("tcp", c); err == nil {
		t.Error("tcp is replaced")
	}
	if got := zmq4.Transports(); !slices.Equal(got, []string{"counting", "inproc", "ipc", "tcp", "udp"}) {
		t.Errorf("transports %q", got)
	}
	pull, push := zmq4.NewPull(bg), zmq4.NewPush(bg)
	defer pull.Close()
	check(t, pull.Listen("counting://127.0.0.1:*"))
	if pull.Addr().Network() != "counting" {
		t.Errorf("network %q", pull.Addr().Network())
	}
	dial(t, push, "counting://"+pull.Addr().String())
	check(t, push.Send(zmq4.NewMsgString("x")))
	recv(t, pull)
	if len(c.calls) != 2 {
		t.Errorf("calls %q", c.calls)
	}
}

func TestLoggerReceivesFailures(t *testing.T) {
	var mu sync.Mutex
	var text strings.Builder
	logger := log.New(writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(b)
	}), "prefix: ", 0)
	rep := zmq4.NewRep(bg, zmq4.WithLogger(logger))
	endpoint := listen(t, rep)
	pub := zmq4.NewPub(bg, zmq4.WithDialerMaxRetries(0))
	if err := pub.Dial(endpoint); err == nil {
		t.Error("a PUB is connected to a REP")
	}
	pub.Close()
	rep.Close()
	mu.Lock()
	defer mu.Unlock()
	if !strings.HasPrefix(text.String(), "prefix: ") {
		t.Errorf("log %q", text.String())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestInvalidOptionIsErrorOfCalls(t *testing.T) {
	s := zmq4.NewDealer(bg, zmq4.WithID(make(zmq4.SocketIdentity, 300)))
	_, recvErr := s.Recv()
	for _, err := range []error{s.Listen("tcp://127.0.0.1:0"), s.Dial("tcp://127.0.0.1:1"), s.Send(zmq4.Msg{}), recvErr, s.SetOption(zmq4.OptionHWM, 1), s.Close()} {
		if err == nil {
			t.Error("no error")
		}
	}
}

func TestMessagesAndQueue(t *testing.T) {
	m := zmq4.NewMsgFromString([]string{"a", "b\x00"})
	if m.String() != `Msg{Frames:{"a", "b\x00"}}` || string(m.Bytes()) != "ab\x00" || m.Err() != nil || m.Type != zmq4.UsrMsg {
		t.Errorf("%v, %q, %v", m, m.Bytes(), m.Err())
	}
	c := m.Clone()
	c.Frames[0][0] = 'x'
	if string(m.Frames[0]) != "a" {
		t.Error("Clone shares memory")
	}
	q := zmq4.NewQueue()
	q.Pop()
	for _, text := range []string{"a", "b", "c"} {
		q.Push(zmq4.NewMsg([]byte(text)))
	}
	q.Pop()
	if first, ok := q.Peek(); !ok || string(first.Bytes()) != "b" || q.Len() != 2 {
		t.Errorf("%v, %v, %d messages", first, ok, q.Len())
	}
	q.Init()
	if _, ok := q.Peek(); ok || q.Len() != 0 {
		t.Error("Init keeps messages")
	}
}

func TestMetadataEncodeAndDecode(t *testing.T) {
	b, err := zmq4.Metadata{"Socket-Type": "REQ", "Identity": "", "Own": "value"}.MarshalZMTP()
	check(t, err)
	if want := "\x08Identity\x00\x00\x00\x00\x05X-Own\x00\x00\x00\x05value\x0bSocket-Type\x00\x00\x00\x03REQ"; string(b) != want {
		t.Errorf("encoded %q, want %q", b, want)
	}
	var md zmq4.Metadata
	check(t, md.UnmarshalZMTP(b))
	if fmt.Sprint(md) != "map[Identity: Socket-Type:REQ X-Own:value]" {
		t.Errorf("decoded %v", md)
	}
	for n := range b {
		if n != 13 && n != 28 && n > 0 && md.UnmarshalZMTP(b[:n]) == nil {
			t.Errorf("the first %d bytes are accepted", n)
		}
	}
	if _, err := (zmq4.Metadata{"a": "", "A": ""}).MarshalZMTP(); err == nil {
		t.Error("a name that occurs twice is accepted")
	}
	if n, err := (zmq4.Property{K: "k", V: "v"}).Read(make([]byte, 7)); n != 7 || err != io.EOF {
		t.Errorf("Read: %d, %v", n, err)
	}
}

func FuzzProperty(f *testing.F) {
	f.Add([]byte("\x05X-Own\x00\x00\x00\x05value"))
	f.Add([]byte("\xff\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p zmq4.Property
		n, err := p.Write(b)
		if err == nil && (n > len(b) || n != 5+len(p.K)+len(p.V)) {
			t.Errorf("%d bytes of %d, %q", n, len(b), p)
		}
	})
}

func TestCompatibleTypes(t *testing.T) {
	if !zmq4.Req.IsCompatible(zmq4.Router) || zmq4.Req.IsCompatible(zmq4.Sub) || !zmq4.XSub.IsCompatible(zmq4.Pub) {
		t.Error("wrong result")
	}
}
