package zmq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
)

// socksProxy is a SOCKS5 proxy for tests. It connects every request to the same
// target.
type socksProxy struct {
	dial     func(ctx context.Context) (net.Conn, error)
	username string // "": no authentication
	password string

	mu       sync.Mutex
	requests []string // "type address port"
	reply    byte     // 0: succeeded
	limit    int      // number of bytes that are answered, negative for all
	stall    bool     // after limit bytes keep the connection open
}

func newSOCKSProxy(dial func(context.Context) (net.Conn, error)) *socksProxy {
	return &socksProxy{dial: dial, limit: -1}
}

func (p *socksProxy) set(reply byte, limit int, stall bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reply, p.limit, p.stall = reply, limit, stall
}

func (p *socksProxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// DialContext connects to the proxy.
func (p *socksProxy) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" || address != "proxy.example:1080" {
		return nil, fmt.Errorf("dialed %s %s", network, address)
	}
	client, server := net.Pipe()
	go p.serve(server)
	return client, nil
}

// limited writes at most n bytes, and then fails; a negative n is no limit.
type limited struct {
	io.Writer
	n int
}

func (l *limited) Write(b []byte) (int, error) {
	if l.n >= 0 && len(b) > l.n {
		n, _ := l.Writer.Write(b[:l.n])
		l.n = 0
		return n, io.ErrShortWrite
	}
	if l.n >= 0 {
		l.n -= len(b)
	}
	return l.Writer.Write(b)
}

func (p *socksProxy) serve(c net.Conn) {
	defer c.Close()
	p.mu.Lock()
	reply, stall := p.reply, p.stall
	out := &limited{c, p.limit}
	p.mu.Unlock()
	target, err := p.negotiate(c, out, reply)
	if err != nil {
		if stall {
			io.Copy(io.Discard, c) // until the client closes
		}
		return
	}
	defer target.Close()
	go func() {
		io.Copy(target, c)
		target.Close()
	}()
	io.Copy(c, target)
}

func (p *socksProxy) negotiate(in io.Reader, out io.Writer, reply byte) (net.Conn, error) {
	read := func(n int) []byte {
		b := make([]byte, n)
		io.ReadFull(in, b)
		return b
	}
	if v := read(1)[0]; v != 5 {
		return nil, fmt.Errorf("version %d", v)
	}
	methods := read(int(read(1)[0]))
	method := byte(0)
	if p.username != "" {
		method = 2
	}
	if !slices.Contains(methods, method) {
		out.Write([]byte{5, 0xff})
		return nil, fmt.Errorf("methods %d", methods)
	}
	if _, err := out.Write([]byte{5, method}); err != nil {
		return nil, err
	}
	if method == 2 {
		read(1)
		user := string(read(int(read(1)[0])))
		password := string(read(int(read(1)[0])))
		status := byte(0)
		if user != p.username || password != p.password {
			status = 1
		}
		if _, err := out.Write([]byte{1, status}); err != nil || status != 0 {
			return nil, fmt.Errorf("status %d, %v", status, err)
		}
	}
	head := read(4)
	var host string
	switch head[3] {
	case 1:
		host = "v4 " + net.IP(read(4)).String()
	case 3:
		host = "name " + string(read(int(read(1)[0])))
	case 4:
		host = "v6 " + net.IP(read(16)).String()
	}
	p.mu.Lock()
	p.requests = append(p.requests, fmt.Sprint(host, " ", binary.BigEndian.Uint16(read(2))))
	p.mu.Unlock()
	if _, err := out.Write([]byte{5, reply, 0, 3, 1, 'x', 0, 0}); err != nil || reply != 0 {
		return nil, fmt.Errorf("reply %d, %v", reply, err)
	}
	return p.dial(context.Background())
}

// withProxy runs f in virtual time with a PULL that accepts what the proxy connects,
// and a PUSH that uses the proxy.
func withProxy(t *testing.T, username, password string, f func(t *testing.T, p *socksProxy, push *zmq.Push, pull *zmq.Pull)) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemoryListener("x")
		p := newSOCKSProxy(l.dial)
		pull := must(zmq.NewPull(inprocOptions()))
		defer pull.Close()
		must(pull.BindListener(l, zmq.EndpointOptions{}))
		o := inprocOptions()
		o.Linger = zmq.NoLinger
		o.Network.DialContext = p.DialContext
		o.Network.SOCKS5 = &zmq.SOCKS5{Address: "proxy.example:1080", Username: username, Password: password}
		push := must(zmq.NewPush(o))
		defer push.Close()
		f(t, p, push, pull)
	})
}

func TestProxyGetsNamesAndAddressesAsTheyAreInTheEndpoint(t *testing.T) {
	for endpoint, want := range map[string]string{
		"tcp://unknown.example:5555":                  "name unknown.example 5555",
		"tcp://10.0.0.7:5555":                         "v4 10.0.0.7 5555",
		"tcp://[2001:db8::1]:65535":                   "v6 2001:db8::1 65535",
		"tcp://" + strings.Repeat("a.", 126) + "a:80": "name " + strings.Repeat("a.", 126) + "a 80",
	} {
		withProxy(t, "", "", func(t *testing.T, p *socksProxy, push *zmq.Push, pull *zmq.Pull) {
			if err := push.Connect(endpoint); err != nil {
				t.Fatal(err)
			}
			exchange(t, push, pull, "hello")
			if got := p.seen(); !slices.Equal(got, []string{want}) {
				t.Errorf("requests %q, want %q", got, want)
			}
		})
	}
}

func TestProxyGetsCredentialsIfItAsksForThem(t *testing.T) {
	for _, asks := range []bool{false, true} {
		withProxy(t, "alice", "battery", func(t *testing.T, p *socksProxy, push *zmq.Push, pull *zmq.Pull) {
			if asks {
				p.username, p.password = "alice", "battery"
			}
			if err := push.Connect("tcp://a.example:1"); err != nil {
				t.Fatal(err)
			}
			exchange(t, push, pull, "hello")
		})
	}
}

// The delay grows up to MaxInterval, as after a failed name lookup: an attempt costs
// the proxy a connection.
func TestRefusalByTheProxyIsReportedAndRetried(t *testing.T) {
	for name, tt := range map[string]struct {
		username, password string // of the socket
		asks               bool
		reply              byte
		want               string
	}{
		"connection refused":   {reply: 5, want: "connection refused"},
		"not allowed":          {reply: 2, want: "connection not allowed by ruleset"},
		"wrong credentials":    {username: "alice", password: "wrong", asks: true, want: "username/password authentication failed"},
		"no credentials given": {asks: true, want: "no acceptable authentication methods"},
	} {
		withProxy(t, tt.username, tt.password, func(t *testing.T, p *socksProxy, push *zmq.Push, pull *zmq.Pull) {
			if tt.asks {
				p.username, p.password = "alice", "battery"
			}
			p.set(tt.reply, -1, false)
			events := collectEvents(push.Socket)
			if err := push.Connect("tcp://a.example:1"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			retries := events(zmq.EventRetrying)
			// 100 ms doubles to 5 s in 6 steps, and then about 11 of 5 s follow.
			if n := len(retries); n < 13 || n > 24 {
				t.Errorf("%s: %d attempts in a minute", name, n)
			}
			text := retries[0].Err.Error()
			if want := "SOCKS5 proxy proxy.example:1080, for a.example:1: " + tt.want; text != want {
				t.Errorf("%s: reported as %s, want %s", name, text, want)
			}
			if strings.Contains(text, "wrong") || strings.Contains(text, "battery") {
				t.Errorf("%s: the event has the password: %s", name, text)
			}
			if tt.asks {
				return
			}
			p.set(0, -1, false)
			exchange(t, push, pull, "hello")
		})
	}
}

// TestUnreachableProxyIsNamed: without its name, "connection refused" would be taken
// for the answer of the endpoint.
func TestUnreachableProxyIsNamed(t *testing.T) {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	check(l.Close())
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"own dialer": nil,
		"dialer of the application": func(context.Context, string, string) (net.Conn, error) {
			return nil, fmt.Errorf("tunnel to the data centre: %w", &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED})
		},
	} {
		o := quickOptions()
		o.Network = zmq.NetworkOptions{DialContext: dial, SOCKS5: &zmq.SOCKS5{Address: l.Addr().String()}}
		push := must(zmq.NewPush(o))
		closeAtEnd(t, push)
		ctx, cancel := context.WithCancel(testContext(t))
		events := push.Events(ctx)
		check(push.Connect("tcp://a.example:1"))
		ev := waitEvent(t, ctx, events, zmq.EventRetrying)
		cancel()
		for what, text := range map[string]string{
			"event": ev.Err.Error(), "endpoint": push.Endpoints()[0].Err.Error(), "WaitConnected": push.WaitConnected(ctx).Error(),
		} {
			want := "SOCKS5 proxy " + l.Addr().String() + ", for a.example:1: not reached: "
			if !strings.Contains(text, want) || (dial != nil) != strings.Contains(text, want+"tunnel to the data centre: ") {
				t.Errorf("%s, %s: %s", name, what, text)
			}
		}
		if !errors.Is(ev.Err, syscall.ECONNREFUSED) {
			t.Errorf("%s: the cause of %v is lost", name, ev.Err)
		}
	}
}

// The proxy closes the connection, or sends nothing more, after each number of bytes
// of its answers.
func TestHalfAnswerOfTheProxyEndsTheAttempt(t *testing.T) {
	const answers = 2 + 2 + 8
	for _, stall := range []bool{false, true} {
		for n := range answers {
			withProxy(t, "alice", "battery", func(t *testing.T, p *socksProxy, push *zmq.Push, pull *zmq.Pull) {
				p.username, p.password = "alice", "battery"
				p.set(0, n, stall)
				events := collectEvents(push.Socket)
				start := time.Now()
				if err := push.Connect("tcp://a.example:1"); err != nil {
					t.Fatal(err)
				}
				want := time.Duration(0)
				if stall {
					want = 30 * time.Second // ConnectTimeout
				}
				time.Sleep(want)
				synctest.Wait()
				list := events(zmq.EventRetrying)
				if len(list) != 1 || list[0].Time.Sub(start) != want {
					t.Fatalf("stall %v after %d bytes: events %v", stall, n, list)
				}
				p.set(0, -1, false)
				exchange(t, push, pull, "hello")
			})
		}
	}
}

func TestProxyOfOneEndpointCarriesTLS(t *testing.T) {
	server, client := tlsPair()
	pull, push := must(zmq.NewPull(server)), must(zmq.NewPush(client))
	closeAtEnd(t, push, pull)
	ep := must(pull.Bind(tlsEndpoint))
	_, address, _ := strings.Cut(ep, "://")
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	p := newSOCKSProxy(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	if err := push.ConnectWith(ep, zmq.EndpointOptions{Network: &zmq.NetworkOptions{SOCKS5: &zmq.SOCKS5{Address: l.Addr().String()}}}); err != nil {
		t.Fatal(err)
	}
	exchange(t, push, pull, "through the proxy")
	if n := len(p.seen()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestNewRefusesInvalidProxies(t *testing.T) {
	for want, p := range map[string]zmq.SOCKS5{
		`malformed address "": no port`:                          {},
		`malformed address "proxy": no port`:                     {Address: "proxy"},
		`malformed address "proxy:0": port 0 can only be bound`:  {Address: "proxy:0"},
		`malformed address "*:1": host * can only be bound`:      {Address: "*:1"},
		`malformed address "[::]:1": not the address of a proxy`: {Address: "[::]:1"},
		"user name or password of more than 255 bytes":           {Address: "proxy:1", Username: strings.Repeat("x", 256)},
		"a password without a user name":                         {Address: "proxy:1", Password: "battery"},
	} {
		_, err := zmq.NewPush(&zmq.Options{Network: zmq.NetworkOptions{SOCKS5: &p}})
		wantInvalid(t, err, "zmq: new PUSH: invalid option: Options.Network.SOCKS5 "+want)
	}
}

func TestPasswordOfTheProxyIsNotPrinted(t *testing.T) {
	var words secretWords
	words.hide("battery")
	p := zmq.SOCKS5{Address: "proxy:1", Username: "alice", Password: "battery"}
	o := zmq.Options{Network: zmq.NetworkOptions{SOCKS5: &p}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, v := range []any{p, &p, o, &o} {
			if found := words.in(fmt.Sprintf(verb, v)); found != "" {
				t.Errorf("%s of %T prints %q", verb, v, found)
			}
		}
	}
}
