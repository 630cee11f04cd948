package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// networkScenarios are tests in real time: over UDP, with signals, and with programs in
// Python over TCP.
var networkScenarios = []scenario{
	{"interrupt hwclient", func(s *stage) { // in real time because of the signal handler
		server := s.start("interrupt", "-bind", s.inproc("a"))
		s.start("hwclient", "-connect", s.inproc("a")).wait()
		s.want(server.stop(), "(W: recv Hello\n){10}W: interrupt received, killing server...\nW: cleaning up\n")
	}},
	{"udpping1", func(s *stage) {
		conn := s.udp()
		p := s.start("udpping1", "-listen", "127.0.0.1:0", "-to", conn.LocalAddr().String())
		b := make([]byte, 10)
		n, from, err := conn.ReadFrom(b)
		if err != nil || string(b[:n]) != "!" {
			s.Fatalf("received %q, %v", b[:n], err)
		}
		check(conn.WriteTo([]byte("!"), from))
		p.waitFor(1, "Found peer "+conn.LocalAddr().String()+"\n")
		s.want(p.stop(), "Pinging peers...\n(Found peer .*\n|Pinging peers...\n)+")
	}},
	{"udpping2", func(s *stage) {
		conn := s.udp()
		p := s.start("udpping2", "-bind", "udp://"+address(), "-to", conn.LocalAddr().String())
		b := make([]byte, 10)
		n, from, err := conn.ReadFrom(b)
		if err != nil || string(b[:n]) != "!" {
			s.Fatalf("received %q, %v", b[:n], err)
		}
		check(conn.WriteTo([]byte("!"), from))
		p.waitFor(1, "Found peer "+conn.LocalAddr().String()+"\n")
		s.want(p.stop(), "Pinging peers...\n(Found peer .*\n|Pinging peers...\n)+")
	}},
	{"udpping3", func(s *stage) {
		conn := s.udp()
		p := s.start("udpping3", "-bind", "udp://"+address(), "-to", conn.LocalAddr().String(), "-interval", "10ms", "-expiry", "200ms")
		b := make([]byte, 20)
		n, from, err := conn.ReadFrom(b)
		if err != nil || n != 16 {
			s.Fatalf("received %x, %v", b[:n], err)
		}
		check(conn.WriteTo([]byte("no beacon"), from))
		check(conn.WriteTo(b[:n], from)) // its own
		check(conn.WriteTo([]byte("0123456789ABCDEF"), from))
		p.waitFor(1, "LEFT 30313233343536373839414243444546\n")
		s.want(p.stop(), "JOINED 30313233343536373839414243444546\nLEFT 30313233343536373839414243444546\n")
	}},
	{"hwserver", func(s *stage) {
		at := "tcp://" + address()
		server := s.start("hwserver", "-bind", at)
		client := s.python(`
req = socket(zmq.REQ)
req.connect(argv[1])
for i in range(10):
    req.send(b"Hello")
    print(req.recv().decode())
`, at)
		s.want(client.wait(), "(World\n){10}")
		s.want(server.stop(), "(Received Hello\n){10}")
	}},
	{"hwclient", func(s *stage) {
		at := "tcp://" + address()
		client := s.start("hwclient", "-connect", at)
		server := s.python(`
rep = socket(zmq.REP)
rep.bind(argv[1])
for i in range(10):
    print(rep.recv().decode())
    rep.send(b"World")
rep.close(5000)
`, at)
		s.want(client.wait(), "Connecting to hello world server...\n(Sending Hello [0-9]...\nReceived World [0-9]\n){10}")
		s.want(server.wait(), "(Hello\n){10}")
	}},
	{"wuclient", func(s *stage) {
		at := "tcp://" + address()
		client := s.start("wuclient", "-connect", at)
		server := s.python(`
pub = socket(zmq.XPUB)
pub.bind(argv[1])
print(pub.recv())
for i in range(100):
    pub.send(b"10002 99 10")
    pub.send(b"10001 %d 10" % i)
pub.close(5000)
`, at)
		s.want(client.wait(), "Collecting.*\nAverage temperature for zipcode '10001 ' was 49F\n")
		s.want(server.wait(), `b'\\x0110001 '`+"\n")
	}},
	{"taskwork", func(s *stage) {
		vent, sink := "tcp://"+address(), "tcp://"+address()
		worker := s.start("taskwork", "-ventilator", vent, "-sink", sink)
		batch := s.python(`
push, pull = socket(zmq.PUSH), socket(zmq.PULL)
push.bind(argv[1])
pull.bind(argv[2])
for i in range(20):
    push.send(b"1")
for i in range(20):
    print(pull.recv())
`, vent, sink)
		s.want(batch.wait(), "(b''\n){20}")
		s.want(worker.stop(), "(1[.]){20}")
	}},
	{"rrbroker", func(s *stage) {
		front, back := "tcp://"+address(), "tcp://"+address()
		broker := s.start("rrbroker", "-front", front, "-back", back)
		peers := s.python(`
req, rep = socket(zmq.REQ), socket(zmq.REP)
req.connect(argv[1])
rep.connect(argv[2])
for i in range(10):
    req.send_multipart([b"Hello", b"%d" % i])
    rep.send_multipart(rep.recv_multipart())
    print(req.recv_multipart())
`, front, back)
		s.want(peers.wait(), `(\[b'Hello', b'[0-9]'\]\n){10}`)
		s.want(broker.stop(), "")
	}},
	{"ppqueue", func(s *stage) {
		front, back := "tcp://"+address(), "tcp://"+address()
		queue := s.start("ppqueue", "-front", front, "-back", back)
		peers := s.python(`
req, worker = socket(zmq.REQ), socket(zmq.DEALER)
req.connect(argv[1])
worker.connect(argv[2])
worker.send(b"\x01")
req.send(b"1")
request = worker.recv_multipart()
while request == [b"\x02"]:
    request = worker.recv_multipart()
print(len(request), request[1:])
worker.send_multipart(request)
print(req.recv_multipart())
print(worker.recv_multipart())
`, front, back)
		s.want(peers.wait(), `3 \[b'', b'1'\]`+"\n"+`\[b'1'\]`+"\n"+`\[b'\\x02'\]`+"\n")
		s.want(queue.stop(), "")
	}},
	{"mdbroker", func(s *stage) {
		at := "tcp://" + address()
		broker := s.start("mdbroker", "-bind", at)
		peers := s.python(`
req, worker = socket(zmq.REQ), socket(zmq.DEALER)
req.connect(argv[1])
worker.connect(argv[1])
req.send_multipart([b"MDPC01", b"mmi.service", b"upper"])
print(req.recv_multipart())
worker.send_multipart([b"", b"MDPW01", b"\x01", b"upper"])
req.send_multipart([b"MDPC01", b"upper", b"a", b"b"])
request = worker.recv_multipart()
print(request[:3], len(request[3]), request[4:])
worker.send_multipart([b"", b"MDPW01", b"\x03", request[3], b""] + [f.upper() for f in request[5:]])
print(req.recv_multipart())
`, at)
		s.want(peers.wait(), `\[b'MDPC01', b'mmi.service', b'404'\]`+"\n"+
			`\[b'', b'MDPW01', b'\\x02'\] 5 \[b'', b'a', b'b'\]`+"\n"+
			`\[b'MDPC01', b'upper', b'A', b'B'\]`+"\n")
		broker.stop()
	}},
	{"mdclient mdworker", func(s *stage) {
		at := "tcp://" + address()
		worker := s.start("mdworker", "-broker", at)
		client := s.start("mdclient", "-broker", at, "-requests", "1")
		broker := s.python(`
router = socket(zmq.ROUTER)
router.bind(argv[1])
seen = {}
while len(seen) < 2:
    m = router.recv_multipart()
    seen[m[2]] = m
c, w = seen[b"MDPC01"], seen[b"MDPW01"]
print(c[1:])
print(w[1:])
router.send_multipart([w[0], b"", b"MDPW01", b"\x02", c[0], b""] + c[4:])
reply = router.recv_multipart()
print(reply[1:4], reply[4] == c[0], reply[5:])
router.send_multipart([c[0], b"", b"MDPC01", b"echo"] + reply[6:])
router.close(5000)
`, at)
		s.want(client.wait(), "1 requests/replies processed\n")
		s.want(broker.wait(), `\[b'', b'MDPC01', b'echo', b'Hello world'\]`+"\n"+
			`\[b'', b'MDPW01', b'\\x01', b'echo'\]`+"\n"+
			`\[b'', b'MDPW01', b'\\x03'\] True \[b'', b'Hello world'\]`+"\n")
		worker.stop()
	}},
	{"clonesrv5", func(s *stage) {
		snapshots, updates, collect := "tcp://"+address(), "tcp://"+address(), "tcp://"+address()
		server := s.start("clonesrv5", "-snapshots", snapshots, "-updates", updates, "-collect", collect)
		client := s.python(`
snapshot, sub, push = socket(zmq.DEALER), socket(zmq.SUB), socket(zmq.PUSH)
push.connect(argv[3])
push.send_multipart([b"/a/b", bytes(8), b"u" * 16, b"ttl=9\n", b"value"])
while True:
    snapshot.close()
    snapshot = socket(zmq.DEALER)
    snapshot.connect(argv[1])
    snapshot.send_multipart([b"ICANHAZ?", b"/a/"])
    m = snapshot.recv_multipart()
    if m[0] != b"KTHXBAI":
        break
print(m)
print(snapshot.recv_multipart())
`, snapshots, updates, collect)
		s.want(client.wait(), `\[b'/a/b', b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01', b'u{16}', b'ttl=9\\n', b'value'\]`+"\n"+
			`\[b'KTHXBAI', b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01', b'', b'', b'/a/'\]`+"\n")
		server.stop()
	}},
	{"flserver3", func(s *stage) {
		at := "tcp://" + address()
		server := s.start("flserver3", "-bind", at, "-id", at)
		client := s.python(`
server = argv[1].encode()
router = socket(zmq.ROUTER)
router.setsockopt(zmq.ROUTER_MANDATORY, 1)
monitor = router.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
router.connect(argv[1])
monitor.recv_multipart()
while True:
    try:
        router.send_multipart([server, b"PING"])
        break
    except zmq.ZMQError:
        router.poll(1)
print(router.recv_multipart() == [server, b"PONG"])
router.send_multipart([server, b"7", b"random name"])
print(router.recv_multipart()[1:])
`, at)
		s.want(client.wait(), `True`+"\n"+`\[b'7', b'OK'\]`+"\n")
		server.stop()
	}},
}

// udp returns a UDP socket of the test.
func (s *stage) udp() *net.UDPConn {
	conn := check(net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0"))))
	s.Cleanup(func() { conn.Close() })
	must(conn.SetDeadline(time.Now().Add(30 * time.Second)))
	return conn
}

var addresses atomic.Uint32

// address returns an address and a port that no other test uses: on Linux every address
// of 127.0.0.0/8 is this machine, and the process ID selects one.
func address() string {
	host, pid := "127.0.0.1", os.Getpid()
	if runtime.GOOS == "linux" {
		host = fmt.Sprintf("127.%d.%d.%d", 1+pid>>16%254, pid>>8%256, 1+pid%254)
	}
	return fmt.Sprintf("%s:%d", host, 20000+addresses.Add(1))
}

// python starts a program in Python that uses libzmq, or skips the test if that is not
// installed.
func (s *stage) python(script string, args ...string) *process {
	s.Helper()
	const interpreter = "/usr/bin/python3"
	const prelude = `
from sys import argv
import zmq
def socket(kind):
    s = zmq.Context.instance().socket(kind)
    s.linger, s.rcvtimeo = 0, 20000
    return s
`
	if out, err := exec.CommandContext(s.ctx, interpreter, "-I", "-c", "import zmq").CombinedOutput(); err != nil {
		why := fmt.Sprintf("no python3-zmq for %s: %v %s", interpreter, err, strings.TrimSpace(string(out)))
		if os.Getenv("ZMQ_INTEROP_REQUIRED") == "1" {
			s.Fatal(why)
		}
		s.Skip(why)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	p := &process{s: s, name: "python", out: newOutput(), cancel: cancel, ended: make(chan struct{})}
	cmd := exec.CommandContext(ctx, interpreter, append([]string{"-I", "-u", "-c", prelude + script}, args...)...)
	cmd.Stdout, cmd.Stderr = p.out, p.out
	go func() {
		defer close(p.ended)
		p.err = cmd.Run()
	}()
	return p
}
