package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/cmd/zmq/internal/zmtp"
	"github.com/zerobroker/zmq/zap"
)

// doctorProbe makes the steps of a doctor for which it needs no socket: it reads
// what the peer sends, and sends only a greeting.
type doctorProbe struct {
	*doctor
	conn     net.Conn
	zmtp     zmtp.Conn
	items    []zmtp.Item // that the peer has sent and no step has used
	sent     int         // bytes of the greeting
	read     []byte      // the first bytes of the peer
	greeting zmtp.Item
	peerType string
}

func (p *doctorProbe) close() {
	if p.conn != nil {
		p.conn.Close()
	}
}

// srvRecords looks up the SRV records of the endpoint, and returns the endpoints of
// their targets, as the library uses them: those of the lowest priority value.
func (d *doctor) srvRecords(ctx context.Context, scheme, name string) (targets []string) {
	lookup := d.cmd.lookupSRV
	if lookup == nil {
		lookup = net.DefaultResolver.LookupSRV
	}
	d.step(ctx, "srv", func(ctx context.Context) finding {
		_, records, err := lookup(ctx, "", "", name)
		if err != nil && len(records) == 0 {
			if dns, ok := errors.AsType[*net.DNSError](err); ok {
				err = errors.New(dns.Err)
			}
			return finding{err: fmt.Errorf("%s: %w", name, err), advice: "check the name, such as _zmq._tcp.example.org, and the name server of this machine"}
		}
		others := 0
		for _, r := range records {
			host := strings.TrimSuffix(r.Target, ".")
			switch {
			case host == "":
			case r.Priority == records[0].Priority:
				targets = append(targets, scheme+"://"+net.JoinHostPort(host, strconv.Itoa(int(r.Port))))
			default:
				others++
			}
		}
		if len(targets) == 0 {
			return finding{err: fmt.Errorf("%s has no target", name), advice: "add records with the hosts and ports of the peers: the zone says that there is no service"}
		}
		text := name + " is " + strings.Join(targets[:min(len(targets), maxTargets)], ", ")
		if n := len(targets) - maxTargets; n > 0 {
			text += fmt.Sprintf(" and %d more, which are not examined", n)
			targets = targets[:maxTargets]
		}
		if others > 0 {
			text += fmt.Sprintf("; not used, because of their priority: %d", others)
		}
		return finding{text: text}
	})
	return targets
}

// maxTargets is how many targets of SRV records are examined.
const maxTargets = 8

// resolve looks up the host.
func (p *doctorProbe) resolve(ctx context.Context) bool {
	host, _, _ := net.SplitHostPort(p.addr.addr)
	if _, err := netip.ParseAddr(host); err == nil || p.addr.network != "tcp" || host == "" {
		return true
	}
	return p.step(ctx, "resolve", func(ctx context.Context) finding {
		addrs, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			if dns, ok := errors.AsType[*net.DNSError](err); ok {
				err = errors.New(dns.Err)
			}
			return finding{err: fmt.Errorf("%s: %w", host, err), advice: "check the name, and the name server of this machine"}
		}
		return finding{text: host + " is " + strings.Join(addrs[:min(len(addrs), 8)], ", ")}
	})
}

// connect makes the connection.
func (p *doctorProbe) connect(ctx context.Context) bool {
	return p.step(ctx, "connect", func(ctx context.Context) finding {
		conn, err := new(net.Dialer).DialContext(ctx, p.addr.network, p.addr.addr)
		if err != nil {
			return finding{err: errors.New(connectFailure(err)), advice: adviceConnect(err, p.addr)}
		}
		p.conn = conn
		return finding{text: "connected to " + conn.RemoteAddr().String()}
	})
}

// adviceConnect returns what to do about a connection that cannot be made.
func adviceConnect(err error, a address) string {
	timeout, isNet := errors.AsType[net.Error](err)
	ipc := a.network == "unix"
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) && ipc:
		return "the file is left over from a program that has ended: start the program that binds it"
	case errors.Is(err, syscall.ECONNREFUSED) && a.isLocal():
		return "no program listens on this port of this machine: start it, and check the address and the port that it binds"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "no program listens on this port: start it, and check that it binds this address and not only 127.0.0.1"
	case errors.Is(err, fs.ErrNotExist) && ipc:
		return "no program has bound this path: start it, and check that both use the same path"
	case errors.Is(err, fs.ErrPermission):
		return "this user may not connect: ipc files are for the user who binds them (Options.IPC)"
	case isNet && timeout.Timeout():
		return "no answer: the machine is off, or a firewall drops the packets; check both, and the address"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no route to this address: check the address and the network"
	}
	return "check the endpoint"
}

// handshakeTLS makes the TLS handshake of tls+tcp.
func (p *doctorProbe) handshakeTLS(ctx context.Context) bool {
	if !p.addr.tls {
		return true
	}
	return p.step(ctx, "tls", func(ctx context.Context) finding {
		config := p.cmd.security.TLS.Clone()
		config.ServerName, _, _ = net.SplitHostPort(p.addr.addr)
		conn := tls.Client(p.conn, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			advice := "give the authority of the server's certificate with --tls-ca, and a certificate of this client with --tls-cert if the server requires one"
			if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
				advice = "the peer does not use TLS: connect to tcp:// instead"
			}
			return finding{err: err, advice: advice}
		}
		p.conn = conn
		st := conn.ConnectionState()
		return finding{text: fmt.Sprintf("%s, certificate of %s", tls.VersionName(st.Version), st.PeerCertificates[0].Subject)}
	})
}

// mechanism returns the mechanism that the flags choose.
func (p *doctorProbe) mechanism() (name string, asServer bool) {
	switch m := p.cmd.security.Mechanism.(type) {
	case zmq.Curve:
		return "CURVE", m.Server
	case zmq.Plain:
		return "PLAIN", false
	case zmq.PlainServer:
		return "PLAIN", true
	}
	return "NULL", false
}

// send sends as much of the greeting as the peer's bytes permit: the rest only to a
// peer of ZMTP 3.
func (p *doctorProbe) send() error {
	var g [64]byte
	copy(g[:], "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01")
	name, server := p.mechanism()
	copy(g[12:32], name)
	if server {
		g[32] = 1
	}
	end := 11
	if len(p.read) >= 11 && p.read[0] == 0xFF && p.read[9]&1 == 1 {
		if end = len(g); p.read[10] < 2 {
			end = 12
		}
	}
	if end <= p.sent {
		return nil
	}
	part := g[p.sent:end]
	p.sent = end
	p.zmtp.Decode(0, part, func(*zmtp.Item) {})
	_, err := p.conn.Write(part)
	return err
}

// next returns the next item that the peer sends. It sends the greeting meanwhile.
func (p *doctorProbe) next(ctx context.Context) (it zmtp.Item, err error) {
	deadline, _ := ctx.Deadline()
	p.conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { p.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	buf := make([]byte, 4096)
	for len(p.items) == 0 {
		if err := p.send(); err != nil {
			return it, err
		}
		n, err := p.conn.Read(buf)
		p.read = append(p.read, buf[:min(n, 64-min(len(p.read), 64))]...)
		p.zmtp.Decode(1, buf[:n], func(it *zmtp.Item) {
			if len(p.items) < 100 {
				p.items = append(p.items, *it)
			}
		})
		if err != nil && len(p.items) == 0 {
			return it, err
		}
	}
	it, p.items = p.items[0], p.items[1:]
	return it, nil
}

// greet exchanges greetings.
func (p *doctorProbe) greet(ctx context.Context) bool {
	return p.step(ctx, "greeting", func(ctx context.Context) finding {
		deadline, _ := ctx.Deadline()
		half, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
		it, err := p.next(half)
		if err != nil {
			if protocol := p.otherProtocol(ctx, err); protocol != "" {
				return foreignFinding(protocol)
			}
			if isTimeout(err) {
				it, err = p.next(ctx)
			}
		}
		if err != nil {
			return p.noGreeting(err)
		}
		if it.Kind == zmtp.Greeting && len(p.read) < 11 && it.Version == "1.0" {
			if b := p.read; !strings.HasPrefix(string(b), "\xff") && (len(b) < 2 || b[0] == 0 || b[1] > 1) {
				it = zmtp.Item{Kind: zmtp.Foreign, Text: "another protocol"}
			}
		}
		switch it.Kind {
		case zmtp.Foreign, zmtp.Malformed:
			return foreignFinding(it.Text)
		}
		p.greeting = it
		p.peerType = it.SocketType
		text := "ZMTP " + it.Version
		if it.Version == "1.0" || it.Version == "2.0" {
			text += ", an old version, without mechanisms: the peer should be upgraded"
		}
		if it.SocketType != "" {
			text += "; " + it.SocketType
		}
		return finding{text: text}
	})
}

// foreignFinding is the finding for a peer of another protocol.
func foreignFinding(protocol string) finding {
	f := finding{err: fmt.Errorf("the peer does not speak ZMTP but %s", protocol), advice: "check the port: another program listens on it"}
	if protocol == "TLS" {
		f.advice = "connect to tls+tcp:// if the peer is a ZeroMQ socket over TLS; otherwise check the port"
	}
	return f
}

// questionWait is the longest time in which a server of TLS or HTTP answers.
const questionWait = 2 * time.Second

// otherProtocol returns the protocol of a peer that has sent nothing before err, or
// "" if it is not known. A server of TLS or HTTP waits for a request.
func (p *doctorProbe) otherProtocol(ctx context.Context, err error) string {
	ended := isTimeout(err) || err == io.EOF || errors.Is(err, syscall.ECONNRESET)
	if p.addr.network != "tcp" || p.addr.tls || !ended || len(p.read) > 0 {
		return ""
	}
	return p.ask(ctx)
}

// noGreeting explains why the peer has sent no greeting.
func (p *doctorProbe) noGreeting(err error) finding {
	silent := isTimeout(err)
	switch {
	case silent && len(p.read) == 0:
		return finding{err: errors.New("the peer accepts the connection and sends nothing"), advice: "it is no ZeroMQ socket, or its program hangs, or a proxy accepts connections for a server that is down"}
	case silent:
		return finding{err: fmt.Errorf("the greeting ends after %d bytes", len(p.read)), advice: "it is no ZeroMQ socket, or its program hangs"}
	case err == io.EOF, errors.Is(err, syscall.ECONNRESET):
		advice := "it is no ZeroMQ socket, or it uses TLS (tls+tcp://), or it refuses the address of this machine, or has too many connections"
		return finding{err: errors.New("the peer closed the connection before its greeting"), advice: advice}
	}
	return finding{err: err, advice: "check the network"}
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

// ask returns the protocol of a peer that answers a handshake of TLS or a request of
// HTTP, or "". Each question has less than half of the time that ctx has left.
func (p *doctorProbe) ask(ctx context.Context) string {
	for _, question := range []func(net.Conn) string{askTLS, askHTTP} {
		deadline, _ := ctx.Deadline()
		end := time.Now().Add(min(questionWait, time.Until(deadline)*2/5))
		conn, err := (&net.Dialer{Deadline: end}).DialContext(ctx, p.addr.network, p.addr.addr)
		if err != nil {
			return ""
		}
		conn.SetDeadline(end)
		stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
		protocol := question(conn)
		stop()
		conn.Close()
		if protocol != "" {
			return protocol
		}
	}
	return ""
}

// askTLS begins a handshake of TLS. It does not verify the server, to which nothing
// is sent.
func askTLS(conn net.Conn) string {
	err := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake()
	if header, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		name, _ := zmtp.ForeignProtocol(header.RecordHeader[:])
		return name
	}
	if op, ok := errors.AsType[*net.OpError](err); err == nil || ok && op.Op == "remote error" { // an alert
		return "TLS"
	}
	return ""
}

// askHTTP sends a request of HTTP.
func askHTTP(conn net.Conn) string {
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return ""
	}
	b := make([]byte, 8)
	n, _ := io.ReadFull(conn, b)
	name, _ := zmtp.ForeignProtocol(b[:n])
	return name
}

// checkMechanism compares the mechanisms.
func (p *doctorProbe) checkMechanism(ctx context.Context) bool {
	return p.step(ctx, "mechanism", func(context.Context) finding {
		g := p.greeting
		own, server := p.mechanism()
		theirs := printable(g.Mechanism)
		if g.Version == "1.0" || g.Version == "2.0" {
			theirs = "NULL"
		}
		if theirs != own {
			return finding{err: fmt.Errorf("the peer uses %s, and this command %s", theirs, own), advice: adviceMechanism(theirs)}
		}
		// libzmq does not announce that it is a server.
		if g.AsServer && server {
			return finding{err: fmt.Errorf("the peer is a server of %s too", own), advice: "one side must be the server and the other the client, whichever side binds"}
		}
		text := theirs
		if g.AsServer {
			text += " as server"
		}
		return finding{text: text}
	})
}

// adviceMechanism returns what to do about a peer with another mechanism.
func adviceMechanism(theirs string) string {
	switch theirs {
	case "CURVE":
		return "give the public key of the server with --curve-serverkey, and --curve-key if the server has a list of clients"
	case "PLAIN":
		return "give the name with --plain-user, and its password with --plain-password-file"
	case "NULL":
		return "the peer does not authenticate: omit the flags of the mechanism, or configure the peer"
	}
	return "this library has NULL, PLAIN and CURVE"
}

// readyWait is how long a READY is awaited without sending one. libzmq sends it at
// once, and this library only in reply.
const readyWait = 300 * time.Millisecond

// readType reads the socket type of a peer that sends it without authentication.
// It has not received the type of this side, so the connection is no peer.
func (p *doctorProbe) readType(ctx context.Context) bool {
	if p.greeting.Mechanism != "NULL" {
		return true
	}
	early, cancel := context.WithTimeout(ctx, min(readyWait, p.cmd.Timeout))
	defer cancel()
	first, err := p.next(early)
	if err != nil && isTimeout(err) && ctx.Err() == nil {
		return true // it waits for the type of this side: join finds its type
	}
	if err == nil {
		p.items = append([]zmtp.Item{first}, p.items...)
	}
	return p.step(ctx, "socket type", func(ctx context.Context) finding {
		it, err := p.next(ctx)
		if err != nil {
			return finding{err: fmt.Errorf("the peer sends no READY: %w", err), advice: "the peer, or its authenticator, is too slow or hangs: look at its log"}
		}
		var parts []string
		for _, f := range it.Fields {
			parts = append(parts, fmt.Sprintf(`%s="%s"`, printable(f.Name), printable(string(f.Value))))
		}
		fields := strings.Join(parts, " ")
		switch {
		case it.Kind == zmtp.Command && it.Name == "ERROR":
			return finding{err: fmt.Errorf("the peer refuses this machine: ERROR %s", fields), status: errorStatus(it.Fields), advice: "400 means that its authenticator denies it, 300 and 500 that it has failed: look at the log of the peer"}
		case it.Kind != zmtp.Command || it.Name != "READY":
			return finding{err: fmt.Errorf("the peer sends %s %s instead of READY", it.Kind, printable(it.Name+it.Text)), advice: "the program of the peer violates ZMTP"}
		}
		p.peerType = p.zmtp.SocketType(1)
		if p.peerType == "" {
			return finding{err: errors.New("the READY of the peer has no socket type"), advice: "the program of the peer violates ZMTP"}
		}
		return finding{text: fields}
	})
}

// errorStatus returns the status code in the fields of an ERROR, or "".
func errorStatus(fields []zmtp.Field) zap.Status {
	for _, f := range fields {
		if s := zap.Status(f.Value); f.Name == "reason" && s.Valid() && s != zap.StatusAccepted {
			return s
		}
	}
	return ""
}
