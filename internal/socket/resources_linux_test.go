package socket_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/wire"
)

func init() {
	children["hold"] = holdConnections
	children["exhausted"] = pullWithFewDescriptors
}

// longVar is the environment variable that makes the tests of resources use the
// numbers of the requirement, with which they take minutes.
const longVar = "ZMQ_LONG_TESTS"

func long() bool { return os.Getenv(longVar) != "" }

// child is a process that runs one of children.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// startChild starts a child. It ends when its standard input is closed, at the
// latest at the end of the test.
func startChild(t *testing.T, name string, env ...string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0])}
	c.Env = append(append(os.Environ(), childVar+"="+name), env...)
	c.Stderr = os.Stderr
	var err error
	if c.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.in.Close()
		if err := c.Wait(); err != nil {
			t.Errorf("child %s: %v", name, err)
		}
	})
	return c
}

// line returns the next line that the child prints.
func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("the child has ended: %v", c.out.Err())
	}
	return c.out.Text()
}

// descriptors returns the number of open file descriptors.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// holdConnections connects to ADDRESS as often as PEERS says. Every second peer, or
// each with ALL, sends HELLO, in hexadecimal, and waits for the answer of ANSWER bytes.
// It prints a line when all have done so, and ends when its standard input is closed.
func holdConnections() error {
	peers, _ := strconv.Atoi(os.Getenv("PEERS"))
	answer, _ := strconv.Atoi(os.Getenv("ANSWER"))
	hello, err := hex.DecodeString(os.Getenv("HELLO"))
	if err != nil {
		return err
	}
	step := 2
	if os.Getenv("ALL") != "" {
		step = 1
	}
	var conns []net.Conn
	for i := range peers {
		c, err := net.Dial("tcp", os.Getenv("ADDRESS"))
		if err != nil {
			return err
		}
		conns = append(conns, c)
		if i%step == 0 {
			if _, err := c.Write(hello); err != nil {
				return err
			}
		}
	}
	for i := 0; i < peers; i += step {
		if _, err := io.ReadFull(conns[i], make([]byte, answer)); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// curveHello returns the bytes of a peer of CURVE up to HELLO.
func curveHello() []byte {
	m := st.Curve(nil, nil).Client(nil)
	body, _ := m.Next(nil)
	return append(st.GreetingOf("CURVE", false), st.RawFrame(wire.FlagCommand, body)...)
}

// memory returns the bytes of the heap and of the stacks of goroutines.
func memory() int64 {
	heap()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// Thousands of peers that are silent, or stop after HELLO, cost little memory each,
// do not keep a good peer from connecting, and are closed at the deadline of the
// handshake. With ZMQ_LONG_TESTS there are 10,000, and each may use 8 KiB. With fewer,
// and with the race detector, more of what is measured belongs to the test.
func TestPendingHandshakesCostLittleMemory(t *testing.T) {
	most, peers, deadline := int64(16<<10), 500, 5*time.Second
	if long() {
		most, peers, deadline = 8<<10, 10_000, 30*time.Second
	}
	pl := place{st.Securities()[2], true, true}
	unlimited := func(o *socket.Options) { o.MaxPending, o.MaxPerSource, o.HandshakeTimeout = 0, 0, deadline }
	pull, push := overTCP(t, pattern.PULL, pl.ours, unlimited), overTCP(t, pattern.PUSH, pl.good)
	ep, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(ep, "tcp://")
	goroutines, fds, before := runtime.NumGoroutine(), descriptors(t), memory()
	start := time.Now()
	c := startChild(t, "hold", "ADDRESS="+address, fmt.Sprint("PEERS=", peers),
		"HELLO="+hex.EncodeToString(curveHello()), fmt.Sprint("ANSWER=", 64+2+168))
	c.line(t)
	awaitEvents(t, pull, session.Accepted, peers)
	each := (memory() - before) / int64(peers)
	t.Logf("%d pending connections use %d bytes each", peers, each)
	switch {
	case time.Since(start) > deadline:
		t.Log("the first are no longer pending, because this machine is busy")
	case each > most:
		t.Errorf("a pending connection uses %d bytes, want at most %d", each, most)
	}

	if err := push.Connect(ep); err != nil {
		t.Fatal(err)
	}
	if err := push.Send(context.Background(), st.Of("meanwhile")); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, pull); got != "meanwhile" {
		t.Errorf("received %q", got)
	}

	awaitEvents(t, pull, session.HandshakeFailed, peers)
	if n := pull.Stats().CloseReasons[engine.CloseHandshakeTimeout]; n != uint64(peers) {
		t.Errorf("%d handshakes failed because of the deadline, want %d", n, peers)
	}
	push.Close(st.Ended())
	// The runtime keeps descriptions of goroutines that have ended.
	wantBack(t, goroutines+4, fds+4, before+1<<20+int64(peers)<<10)
}

// raceDetector is set if the race detector is on, which needs larger stacks.
var raceDetector bool

// A connected peer that sends nothing costs little memory: its goroutine has the
// smallest stack, and nothing remains of the handshake.
func TestIdlePeersCostLittleMemory(t *testing.T) {
	const peers = 500
	most := int64(8 << 10)
	if raceDetector {
		most = 14 << 10
	}
	for _, typ := range []struct {
		name, peer string
		ours       pattern.Type
	}{{"ROUTER", "DEALER", pattern.ROUTER}, {"PUB", "SUB", pattern.PUB}} {
		t.Run(typ.name, func(t *testing.T) {
			s := overTCP(t, typ.ours, func(o *socket.Options) { o.MaxPending, o.MaxPerSource = 0, 0 })
			ep, err := s.Bind("tcp://127.0.0.1:*")
			if err != nil {
				t.Fatal(err)
			}
			hello := append(st.Greeting(), st.Ready("Socket-Type", typ.peer)...)
			connect := func() {
				c := startChild(t, "hold", "ADDRESS="+strings.TrimPrefix(ep, "tcp://"), fmt.Sprint("PEERS=", peers),
					"HELLO="+hex.EncodeToString(hello), fmt.Sprint("ANSWER=", len(st.Greeting())), "ALL=1")
				c.line(t)
			}
			connect() // pays for tables and descriptions of goroutines
			awaitEvents(t, s, session.Ready, peers)
			before := memory()
			connect()
			awaitEvents(t, s, session.Ready, 2*peers)
			each := (memory() - before) / peers
			t.Logf("an idle peer uses %d bytes", each)
			if each > most {
				t.Errorf("an idle peer uses %d bytes, want at most %d", each, most)
			}
		})
	}
}

// awaitEvents waits until a socket has counted n events of a kind. A listener would not
// do: it drops events when it is slow.
func awaitEvents(t *testing.T, s *socket.Socket, kind session.Kind, n int) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		counted := s.Stats().Events[kind]
		if counted >= uint64(n) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d events %v, want %d", counted, kind, n)
		}
	}
}

// wantBack waits until the goroutines, descriptors and the memory of the process
// are what they were before.
func wantBack(t *testing.T, goroutines, fds int, bytes int64) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		g, d, m := runtime.NumGoroutine(), descriptors(t), memory()
		if g <= goroutines && d <= fds && m <= bytes {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%d goroutines, %d descriptors, %d bytes; want at most %d, %d, %d", g, d, m, goroutines, fds, bytes)
			return
		}
	}
}

// Connections that end at any point of the handshake, or after it, leak no
// descriptors, goroutines or memory. With ZMQ_LONG_TESTS there are 50,000.
func TestConnectionChurnReturnsAllResources(t *testing.T) {
	rounds := 2000
	if long() {
		rounds = 50_000
	}
	pl := place{st.Securities()[2], true, true}
	pull, push := overTCP(t, pattern.PULL, pl.ours), overTCP(t, pattern.PUSH, pl.good)
	ep, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	if err := push.Connect(ep); err != nil {
		t.Fatal(err)
	}
	exchange := func() {
		if err := push.Send(context.Background(), st.Of("good")); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, pull); got != "good" {
			t.Fatalf("received %q", got)
		}
	}
	exchange()
	address := strings.TrimPrefix(ep, "tcp://")
	hello := curveHello()
	w := st.New(t, 1)
	connect := func(i int) {
		// Many source addresses, because the system keeps the port of a closed
		// connection for a minute.
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%200))}}
		c, err := d.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		switch i % 5 {
		case 1:
			c.Write(hello[:40])
		case 2:
			c.Write(hello)
			io.ReadFull(c, make([]byte, 64+2+168))
		case 3:
			c.(*net.TCPConn).SetLinger(0)
			c.Write(hello)
		case 4:
			if i%100 == 4 { // costs the most
				p := w.Peer(c)
				p.HandshakeWith(pl.hostile(), "PUSH")
				p.MustWrite(p.Seal(st.RawFrame(wire.FlagMore, make([]byte, 1000))))
			}
		}
	}
	for i := range 200 {
		connect(i) // fills pools
	}
	goroutines, fds, before := runtime.NumGoroutine(), descriptors(t), memory()
	start := time.Now()
	for i := range rounds {
		connect(i)
	}
	t.Logf("%d connections in %v", rounds, time.Since(start).Round(time.Millisecond))
	exchange()
	wantBack(t, goroutines+5, fds+10, before+2<<20)
}

// pullWithFewDescriptors binds a PULL to ENDPOINT in a process with at most 64
// descriptors. It prints the endpoint, and then for each message that it receives
// the processor time that the process has used in microseconds.
func pullWithFewDescriptors() error {
	limit := syscall.Rlimit{Cur: 64, Max: 64}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	o := socket.Options{
		RecvHWM: 1000, HandshakeTimeout: time.Minute, Limits: engine.Limits{},
		Transports:     map[string]transport.Transport{"tcp": transport.TCP, "ipc": transport.IPC},
		MaxConnections: 65536, MaxPending: 1024, MaxPerSource: 1024,
	}
	pull, err := socket.New(pattern.PULL, o)
	if err != nil {
		return err
	}
	ep, err := pull.Bind(os.Getenv("ENDPOINT"))
	if err != nil {
		return err
	}
	fmt.Println(ep)
	go func() {
		for {
			var m msg.Msg
			if pull.Recv(context.Background(), &m) != nil {
				return
			}
			fmt.Println(processorTime().Microseconds())
		}
	}()
	// A line asks for the time without a message.
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(processorTime().Microseconds())
	}
	return nil
}

func processorTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A process without a free descriptor waits between attempts to accept, and accepts
// again soon after descriptors are free.
func TestExhaustedDescriptorsDelayAccept(t *testing.T) {
	for scheme, endpoint := range map[string]string{"tcp": "tcp://127.0.0.1:*", "ipc": "ipc://" + t.TempDir() + "/s"} {
		t.Run(scheme, func(t *testing.T) {
			c := startChild(t, "exhausted", "ENDPOINT="+endpoint)
			ep := c.line(t)
			network := map[string]string{"tcp": "tcp", "ipc": "unix"}[scheme]
			var held []net.Conn
			for range 200 {
				conn, err := net.Dial(network, strings.TrimPrefix(ep, scheme+"://"))
				if err != nil {
					t.Fatal(err)
				}
				held = append(held, conn)
			}
			used := func() time.Duration {
				fmt.Fprintln(c.in)
				us, err := strconv.Atoi(c.line(t))
				if err != nil {
					t.Fatal(err)
				}
				return time.Duration(us) * time.Microsecond
			}
			time.Sleep(500 * time.Millisecond) // until it has accepted what it can
			before := used()
			const watched = 2 * time.Second
			time.Sleep(watched)
			spent := used() - before
			t.Logf("%v of processor time in %v without descriptors", spent, watched)
			if spent > watched/20 {
				t.Errorf("the process used %v of processor time in %v", spent, watched)
			}

			push := overTCP(t, pattern.PUSH, func(o *socket.Options) { o.Transports["ipc"] = transport.IPC })
			for _, conn := range held {
				conn.Close()
			}
			freed := time.Now()
			if err := push.Connect(ep); err != nil {
				t.Fatal(err)
			}
			if err := push.Send(context.Background(), st.Of("after")); err != nil {
				t.Fatal(err)
			}
			c.line(t)
			recovered := time.Since(freed)
			t.Logf("a message arrived after %v", recovered)
			most := 20 * time.Second // of a busy machine
			if long() {
				most = 2 * time.Second
			}
			if recovered > most {
				t.Errorf("a message arrived only after %v", recovered)
			}
		})
	}
}
