package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq/cmd/zmq/internal/zmtp"
)

type sniffCmd struct {
	Listen      string `required:"" placeholder:"EP" help:"Accept connections at this tcp or ipc endpoint."`
	To          string `required:"" placeholder:"EP" help:"Forward each connection to this tcp or ipc endpoint."`
	Bytes       int    `default:"64" placeholder:"N" help:"Show the first N bytes of a frame, at most 256. Default 64."`
	MaxConns    int    `default:"256" placeholder:"N" help:"Decode at most N connections at a time, and forward others without decoding them. Default 256."`
	MaxBytes    int64  `placeholder:"N" help:"Decode a connection until both sides have sent N bytes in total, and forward the rest without decoding it. Default 0: no limit."`
	ShowSecrets bool   `help:"Show the passwords of PLAIN."`
	JSON        bool   `name:"json" help:"Print lines of JSON."`
}

// Help is shown by zmq sniff --help.
func (sniffCmd) Help() string {
	return `Stands between two ZeroMQ sockets and prints what they send, until Ctrl-C: greetings, commands with their fields, subscriptions, and
frames with their size and first bytes. It forwards every byte unchanged. NULL and PLAIN are shown in full, except passwords. Of
encrypted frames (CURVE) only the length is known.

A line begins with the time, the number of the connection, and > for what the side that connected to --listen sends, or < for what
the other side sends. "more" means that another frame of the same message follows. Bytes that are not ZMTP are reported once for each
direction, and forwarded.

A connection that is decoded needs at most 200 KiB of memory, whatever it sends, and the lines that wait to be printed 5 MiB; then the
connections wait. A connection above --max-conns, or the rest of one after --max-bytes, is forwarded after a line that says so, and
needs no buffer on Linux.

With --json each line has

    time          when the part was read, as in RFC 3339
    conn          the number of the connection, from 1
    from          client (>) or server (<); absent if the line is for both
    kind          open, greeting, command, frame, sealed, limit, foreign, malformed or close
    version       of a greeting: the version of ZMTP, such as "3.1"
    mechanism     of a greeting: NULL, PLAIN, CURVE or another one; absent before ZMTP 3.0
    as_server     of a greeting: true for a server of the mechanism
    socket_type   of a greeting before ZMTP 3.0, which has it in place of a mechanism
    name          of a command: READY, SUBSCRIBE, PING and others; of a frame "identity" for that of ZMTP 1.0 and 2.0
    fields        of a command: a list of objects
    fields.name   the name of a property, or of a part of the command
    fields.value  its value, at most 256 bytes; absent if it is encrypted, and *** for a password
    fields.size   bytes of the whole value; 0 for a password that is not shown
    size          of a frame: its bytes, without the header
    more          of a frame: true if another one of the same message follows
    body          of a frame: its first bytes (--bytes), as base64
    subscription  of a frame that is a subscription before ZMTP 3.1: subscribe or cancel; the topic is the body without its first byte
    text          of the other kinds: what happened, or what is wrong

In texts, bytes that are not printable are written as with --quoted.

Examples:

    zmq sniff --listen tcp://127.0.0.1:6000 --to tcp://127.0.0.1:5555
    zmq sniff --listen ipc:///tmp/between --to ipc:///run/feed --json | jq -r 'select(.kind == "command") | .name'`
}

// Run forwards connections and prints what they contain.
func (c *sniffCmd) Run(ctx context.Context, e *env) error {
	if c.Bytes < 0 || c.Bytes > zmtp.MaxBody {
		return usagef("--bytes must be between 0 and %d", zmtp.MaxBody)
	}
	switch {
	case c.MaxConns < 0:
		return usagef("--max-conns must not be negative")
	case c.MaxBytes < 0:
		return usagef("--max-bytes must not be negative")
	}
	listen, err := parseAddress("--listen", c.Listen)
	if err != nil {
		return err
	}
	to, err := parseAddress("--to", c.To)
	if err != nil {
		return err
	}
	if listen.tls || to.tls {
		return usagef("tls+tcp hides what it contains: sniff the side without TLS")
	}
	l, err := net.Listen(listen.network, listen.addr)
	if err != nil {
		return fmt.Errorf("bind %s: %w", c.Listen, errors.New(connectFailure(err)))
	}
	if listen.network == "unix" && !strings.HasPrefix(listen.addr, "@") {
		if err := os.Chmod(listen.addr, 0o600); err != nil {
			l.Close()
			return err
		}
	}
	if listen.network == "tcp" {
		bound := "tcp://" + l.Addr().String()
		e.announce(c.Listen, bound)
		if exposed(bound) {
			(&securityFlags{noMechanism: true}).warnExposed(e, bound)
		}
	}
	s := &sniffer{cmd: c, to: to, out: make(chan []byte, sniffQueue)}
	return s.run(ctx, e, l)
}

const (
	sniffQueue   = 64       // texts to print; when so many wait, connections wait
	sniffText    = 64 << 10 // the length of a text from which it is passed on
	sniffBuffer  = 32 << 10
	sniffConnect = 10 * time.Second // the time for an attempt to connect
)

// sniffer forwards connections.
type sniffer struct {
	cmd *sniffCmd
	to  address
	out chan []byte // lines to print

	decoding atomic.Int64 // connections that are decoded
}

// run accepts connections until ctx ends or standard output is closed.
func (s *sniffer) run(ctx context.Context, e *env, l net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var printing, conns sync.WaitGroup
	printing.Go(func() { s.print(e.stdout, cancel) })
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var err error
	for n := 1; ; n++ {
		var conn net.Conn
		if conn, err = l.Accept(); err != nil {
			break
		}
		conns.Go(func() { s.serve(ctx, conn, n) })
	}
	if ctx.Err() != nil {
		err = nil
	}
	cancel(nil)
	l.Close()
	conns.Wait()
	close(s.out)
	printing.Wait()
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) && cause != errOutputClosed {
		return cause
	}
	return err
}

// print writes lines until out is closed. After an error it discards them.
func (s *sniffer) print(w io.Writer, fail func(error)) {
	failed := false
	for lines := range s.out {
		if failed {
			continue
		}
		if _, err := w.Write(lines); err != nil {
			failed = true
			fail(outputError(err))
		}
	}
}

// sniffed is a connection.
type sniffed struct {
	*sniffer
	n    int
	conn [2]net.Conn // the client and the server

	mu    sync.Mutex // guards the fields below, and the order of the lines
	zmtp  zmtp.Conn
	bytes [2]int64 // that each side has sent
	limit bool     // nothing more is decoded
}

// serve forwards one connection until both directions have ended.
func (s *sniffer) serve(ctx context.Context, client net.Conn, n int) {
	defer client.Close()
	c := &sniffed{sniffer: s, n: n}
	c.add(&sniffLine{Kind: "open", Text: "from " + addrText(client.RemoteAddr())})
	server, err := (&net.Dialer{Timeout: sniffConnect}).DialContext(ctx, s.to.network, s.to.addr)
	if err != nil {
		c.add(&sniffLine{Kind: "close", Text: fmt.Sprintf("cannot connect to %s: %s", s.cmd.To, connectFailure(err))})
		return
	}
	defer server.Close()
	c.conn = [2]net.Conn{client, server}
	if n := s.decoding.Add(1); n > int64(s.cmd.MaxConns) {
		c.limit = true
		c.add(&sniffLine{Kind: sniffLimit, Text: fmt.Sprintf("%d other connections (--max-conns)", n-1)})
	}
	defer s.decoding.Add(-1)
	stop := context.AfterFunc(ctx, c.close)
	defer stop()
	var directions sync.WaitGroup
	directions.Go(func() { c.forward(0) })
	directions.Go(func() { c.forward(1) })
	directions.Wait()
	c.add(&sniffLine{Kind: "close", Text: fmt.Sprintf("%d bytes >, %d bytes <", c.bytes[0], c.bytes[1])})
}

// addrText returns an address; the unnamed one of a client of ipc is empty.
func addrText(a net.Addr) string {
	if a.String() == "" || a.String() == "@" {
		return a.Network()
	}
	return a.String()
}

func (c *sniffed) close() {
	for _, conn := range c.conn {
		conn.Close()
	}
}

// forward forwards one direction. Bytes are decoded before they are forwarded, so
// that a reply cannot be printed before its request.
func (c *sniffed) forward(from int) {
	src, dst := c.conn[from], c.conn[1-from]
	var buf []byte
	for {
		if c.limited() {
			c.copyRest(from)
			return
		}
		if buf == nil {
			buf = make([]byte, sniffBuffer)
		}
		n, err := src.Read(buf)
		if n > 0 {
			c.decode(from, buf[:n])
			if _, err := dst.Write(buf[:n]); err != nil {
				c.close()
				return
			}
		}
		if err != nil {
			c.end(from, err)
			return
		}
	}
}

// end ends a direction after an error of reading.
func (c *sniffed) end(from int, err error) {
	half, ok := c.conn[1-from].(interface{ CloseWrite() error })
	if err != io.EOF || !ok {
		c.close()
		return
	}
	half.CloseWrite()
}

// limited reports whether nothing more is decoded.
func (c *sniffed) limited() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limit
}

// copyRest forwards the rest of a direction. On Linux the system copies it.
func (c *sniffed) copyRest(from int) {
	n, err := io.Copy(c.conn[1-from], c.conn[from])
	if err == nil {
		err = io.EOF
	}
	c.mu.Lock()
	c.bytes[from] += n
	c.mu.Unlock()
	c.end(from, err)
}

// sniffLimit is the kind of the line after which nothing more is decoded.
const sniffLimit = "limit"

// decode queues the lines for bytes that a side has sent.
func (c *sniffed) decode(from int, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes[from] += int64(len(b))
	if c.limit {
		return // since it was read
	}
	var lines bytes.Buffer
	pass := func() {
		c.out <- bytes.Clone(lines.Bytes())
		lines.Reset()
	}
	c.zmtp.Decode(from, b, func(it *zmtp.Item) {
		l := c.line(it)
		l.From = [2]string{"client", "server"}[from]
		if c.write(&lines, l); lines.Len() >= sniffText {
			pass()
		}
	})
	if limit := c.cmd.MaxBytes; limit > 0 && c.bytes[0]+c.bytes[1] >= limit {
		c.limit, c.zmtp = true, zmtp.Conn{}
		c.write(&lines, &sniffLine{Kind: sniffLimit, Text: fmt.Sprintf("%d bytes are decoded (--max-bytes)", c.bytes[0]+c.bytes[1])})
	}
	if lines.Len() > 0 {
		pass()
	}
}

// add queues a line.
func (c *sniffed) add(l *sniffLine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines bytes.Buffer
	c.write(&lines, l)
	c.out <- lines.Bytes()
}
