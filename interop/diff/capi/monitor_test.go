package capi

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/monitor"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
)

// implementation has the calls of a monitored scenario.
type implementation interface {
	// open makes a socket with options by number, and monitors it.
	open(name string, typ pattern.Type, set map[int]any) error
	bind(name, at string) error
	unbind(name, at string) error
	connect(name, at string) error
	disconnect(name, at string) error
	close(name string) error
	send(name string, frames ...string) error
	// event waits for the frames of the next event of a socket.
	event(name string) ([][]byte, error)
}

// theirs is libzmq.
type theirs struct {
	p       *process
	version int // of the events
}

func (l *theirs) call(do string, arguments call) (answer, error) {
	arguments["do"] = do
	answers, err := l.p.calls(arguments)
	switch {
	case err != nil:
		return answer{}, err
	case answers[0].Err != "":
		return answer{}, errors.New(answers[0].Err)
	}
	return answers[0], nil
}

func (l *theirs) open(name string, typ pattern.Type, set map[int]any) error {
	if _, err := l.call("socket", call{"s": name, "type": typ}); err != nil {
		return err
	}
	for n, v := range set {
		if _, err := l.call("set", call{"s": name, "option": n, "value": hex.EncodeToString(optionBytes(v))}); err != nil {
			return fmt.Errorf("option %d: %w", n, err)
		}
	}
	_, err := l.call("monitor", call{"s": name, "version": l.version})
	return err
}

func (l *theirs) endpoint(do, name, at string) error {
	_, err := l.call(do, call{"s": name, "at": at})
	return err
}

func (l *theirs) bind(name, at string) error       { return l.endpoint("bind", name, at) }
func (l *theirs) unbind(name, at string) error     { return l.endpoint("unbind", name, at) }
func (l *theirs) connect(name, at string) error    { return l.endpoint("connect", name, at) }
func (l *theirs) disconnect(name, at string) error { return l.endpoint("disconnect", name, at) }

func (l *theirs) close(name string) error {
	_, err := l.call("close", call{"s": name})
	return err
}

func (l *theirs) send(name string, frames ...string) error {
	var list []string
	for _, f := range frames {
		list = append(list, hex.EncodeToString([]byte(f)))
	}
	_, err := l.call("send", call{"s": name, "frames": list, "timeout": waitLimit.Milliseconds()})
	return err
}

func (l *theirs) event(name string) (frames [][]byte, err error) {
	a, err := l.call("event", call{"s": name, "timeout": waitLimit.Milliseconds()})
	for _, f := range a.Frames {
		frames = append(frames, unhex(f))
	}
	return frames, err
}

// optionBytes returns the value of an option as zmq_setsockopt takes it.
func optionBytes(v any) []byte {
	switch v := v.(type) {
	case int:
		return binary.NativeEndian.AppendUint32(nil, uint32(v))
	case int64:
		return binary.NativeEndian.AppendUint64(nil, uint64(v))
	case string:
		return []byte(v)
	}
	panic(fmt.Sprintf("%T", v))
}

// own is this library: sockets of the core, with the options by number, and the
// events as internal/monitor converts them.
type own struct {
	version int
	status  string // of every ZAP request
	space   *inproc.Namespace
	sockets map[string]*ownSocket
}

type ownSocket struct {
	*socket.Socket
	events *socket.EventWatcher
	queue  [][][]byte // converted events that event has not returned
	ended  bool
}

func (l *own) open(name string, typ pattern.Type, set map[int]any) error {
	v := options.NewContext().NewSocket(typ)
	for n, value := range set {
		if err := v.Set(n, optionBytes(value)); err != nil {
			return fmt.Errorf("option %d: %w", n, err)
		}
	}
	o := socket.Options{
		Namespace:  l.space,
		Transports: map[string]transport.Transport{"tcp": transport.TCP, "ipc": transport.IPC},
		Security:   l.security(v),
	}
	v.Apply(&o)
	o.Linger = 0
	s, err := socket.New(typ, o)
	if err != nil {
		return err
	}
	l.sockets[name] = &ownSocket{Socket: s, events: s.Watch()}
	return nil
}

// security returns the security of a socket with the given options.
func (l *own) security(v *options.Values) (s socket.Security) {
	const username, password, domain = 45, 46, 55
	mech, server := v.Mechanism()
	if mech == options.Plain && !server {
		s.NewMechanism = func(m []byte) mechanism.Mechanism {
			return mechanism.NewPlainClient(string(v.Text(username)), string(v.Text(password)), m)
		}
		return s
	}
	if mech == options.Plain {
		s.NewMechanism = func(m []byte) mechanism.Mechanism { return mechanism.NewPlainServer(m) }
	}
	if server || len(v.Text(domain)) > 0 {
		s.Authenticator = session.NewAuthenticator(8, func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
			return mechanism.Verdict{Status: mechanism.ZAPStatus(l.status)}, nil
		})
	}
	return s
}

func (l *own) bind(name, at string) error {
	_, err := l.sockets[name].Bind(at)
	if err != nil {
		l.sockets[name].add(l.version, monitor.BindFailure(at, err))
	}
	return err
}
func (l *own) unbind(name, at string) error     { return l.sockets[name].Unbind(at) }
func (l *own) connect(name, at string) error    { return l.sockets[name].Connect(at) }
func (l *own) disconnect(name, at string) error { return l.sockets[name].Disconnect(at) }

func (l *own) close(name string) error {
	l.sockets[name].Close(context.Background())
	return nil
}

func (l *own) send(name string, frames ...string) error {
	var list [][]byte
	for _, f := range frames {
		list = append(list, []byte(f))
	}
	return l.sockets[name].Send(context.Background(), msg.Of(list...))
}

func (s *ownSocket) add(version int, list ...monitor.Event) {
	for _, e := range list {
		if version == 1 {
			s.queue = append(s.queue, e.AppendV1(nil))
		} else {
			s.queue = append(s.queue, e.AppendV2(nil))
		}
	}
}

func (l *own) event(name string) ([][]byte, error) {
	s := l.sockets[name]
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	for len(s.queue) == 0 {
		ev, ok := s.events.Next(ctx)
		switch {
		case ok:
			s.add(l.version, monitor.FromSession(&ev.Event, -1)...)
		case ctx.Err() != nil:
			return nil, errors.New("EAGAIN")
		case s.ended:
			return nil, io.EOF
		default:
			s.ended = true
			s.add(l.version, monitor.End())
		}
	}
	first := s.queue[0]
	s.queue = s.queue[1:]
	return first, nil
}

// end closes all sockets.
func (l *own) end() {
	for _, s := range l.sockets {
		s.Close(context.Background())
	}
}

// run is a monitored scenario that runs on one implementation.
type run struct {
	implementation
	version int
	at      func(word string) string // the endpoint of a word
	log     map[string][]string      // the events of each socket
	names   []string                 // of sockets, in the order in which they were opened
}

// failed ends a scenario; do recovers it.
type failed struct{ error }

func (r *run) check(err error) {
	if err != nil {
		panic(failed{err})
	}
}

// socket opens and monitors a socket.
func (r *run) socket(name string, typ pattern.Type, set map[int]any) {
	all := map[int]any{reconnectIvl: 10}
	for n, v := range set {
		all[n] = v
	}
	r.check(r.implementation.open(name, typ, all))
	r.names = append(r.names, name)
}

// until waits for an event of a kind.
func (r *run) until(name string, kind monitor.Kind) {
	for {
		frames, err := r.event(name)
		if err != nil {
			panic(failed{fmt.Errorf("waiting for event %#x of %s after %v: %w", uint64(kind), name, r.log[name], err)})
		}
		k, text := r.text(frames)
		r.log[name] = append(r.log[name], text)
		if k == kind {
			return
		}
	}
}

// shut closes a socket and waits for its last event.
func (r *run) shut(name string) {
	r.check(r.close(name))
	r.until(name, monitor.Stopped)
}

// Names of events in transcripts.
var kindNames = map[monitor.Kind]string{
	monitor.Connected: "connected", monitor.ConnectDelayed: "connect_delayed", monitor.ConnectRetried: "connect_retried",
	monitor.Listening: "listening", monitor.BindFailed: "bind_failed", monitor.Accepted: "accepted",
	monitor.AcceptFailed: "accept_failed", monitor.Closed: "closed", monitor.CloseFailed: "close_failed",
	monitor.Disconnected: "disconnected", monitor.Stopped: "monitor_stopped",
	monitor.HandshakeFailedNoDetail: "handshake_failed_no_detail", monitor.HandshakeSucceeded: "handshake_succeeded",
	monitor.HandshakeFailedProtocol: "handshake_failed_protocol", monitor.HandshakeFailedAuth: "handshake_failed_auth",
}

// text decodes the frames of an event, of which every byte counts. Descriptors and
// delays may have any value, and so may the ports that the system assigns.
func (r *run) text(frames [][]byte) (monitor.Kind, string) {
	native := binary.NativeEndian
	var kind monitor.Kind
	var value string
	switch {
	case r.version == 1 && len(frames) == 2 && len(frames[0]) == 6:
		kind = monitor.Kind(native.Uint16(frames[0]))
		value = valueText(kind, int64(int32(native.Uint32(frames[0][2:]))))
		frames = frames[1:]
	case r.version == 2 && len(frames) == 5 && len(frames[0]) == 8 && len(frames[1]) == 8 && native.Uint64(frames[1]) == 1 && len(frames[2]) == 8:
		kind = monitor.Kind(native.Uint64(frames[0]))
		value = valueText(kind, int64(native.Uint64(frames[2])))
		frames = frames[3:]
	default:
		return 0, fmt.Sprintf("malformed: %q", frames)
	}
	text := kindNames[kind] + " " + value
	for _, f := range frames {
		text += " " + r.endpointText(string(f))
	}
	return kind, text
}

func valueText(kind monitor.Kind, value int64) string {
	switch kind {
	case monitor.Connected, monitor.Listening, monitor.Accepted, monitor.Closed, monitor.Disconnected:
		return "<fd>"
	case monitor.ConnectRetried:
		if value > 0 && value < 100 {
			return "<delay>"
		}
	case monitor.AcceptFailed, monitor.HandshakeFailedNoDetail:
		return "<errno>" // in libzmq that of any earlier call
	case monitor.ConnectDelayed, monitor.BindFailed:
		return fmt.Sprint(syscall.Errno(value))
	case monitor.HandshakeFailedProtocol:
		return fmt.Sprintf("%#x", value)
	}
	return fmt.Sprint(value)
}

var assignedPort = regexp.MustCompile(`:\d+$`)

// endpointText replaces the endpoints of the scenario by their words.
func (r *run) endpointText(s string) string {
	for _, word := range []string{"x", "wild", "local", "name"} {
		if at := r.at(word); at == s {
			return word
		}
	}
	if s == "" {
		return `""`
	}
	return assignedPort.ReplaceAllString(s, ":<port>")
}

// do runs a scenario. The events after the last that it waits for do not count.
func (r *run) do(scenario func(*run)) (err error) {
	defer func() {
		if f, ok := recover().(failed); ok {
			err = f.error
		}
	}()
	scenario(r)
	return nil
}

// transcript returns the events of all sockets. An attempt that is made several
// times appears once.
func (r *run) transcript() (list []string) {
	for _, name := range r.names {
		events := r.log[name]
		for n := 1; n <= 3; n++ {
			events = collapse(events, n)
		}
		for _, e := range events {
			list = append(list, name+" "+e)
		}
	}
	return list
}

// collapse removes the repetitions of n events of which the last is a retry.
func collapse(events []string, n int) (list []string) {
	for i := 0; i < len(events); i++ {
		list = append(list, events[i])
		for k := len(list); i+n < len(events) && k >= n && strings.HasPrefix(events[i], "connect_retried") && slices.Equal(list[k-n:k], events[i+1:i+1+n]); {
			i += n
		}
	}
	return list
}

// raw is a listener or a connection of a peer that is not a socket.
type raw struct{ net.Conn }

// dial connects to a bound socket.
func (r *run) dial(word string) *raw {
	network, address, _ := strings.Cut(r.at(word), "://")
	c, err := net.Dial(strings.Replace(network, "ipc", "unix", 1), address)
	r.check(err)
	c.SetDeadline(time.Now().Add(waitLimit))
	return &raw{c}
}

// accept accepts a connection, for a socket that connects after it is called.
func (r *run) accept(word string, connect func()) *raw {
	network, address, _ := strings.Cut(r.at(word), "://")
	l, err := net.Listen(strings.Replace(network, "ipc", "unix", 1), address)
	r.check(err)
	defer l.Close()
	connect()
	c, err := l.Accept()
	r.check(err)
	c.SetDeadline(time.Now().Add(waitLimit))
	return &raw{c}
}

// greet sends a greeting of ZMTP 3.0 and reads that of the socket.
func (c *raw) greet(mechanism string) {
	c.Write(slices.Concat([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00"), append([]byte(mechanism), make([]byte, 20-len(mechanism))...), make([]byte, 32)))
	io.ReadFull(c, make([]byte, 64))
}

// ready completes a handshake of NULL as a socket of a type.
func (c *raw) ready(typ string) {
	c.greet("NULL")
	c.command("\x05READY\x0bSocket-Type" + string([]byte{0, 0, 0, byte(len(typ))}) + typ)
	head := make([]byte, 2)
	io.ReadFull(c, head)
	io.ReadFull(c, make([]byte, head[1]))
}

// command sends a command.
func (c *raw) command(body string) { c.Write(append([]byte{4, byte(len(body))}, body...)) }

// drain reads until the socket closes the connection, and closes it.
func (c *raw) drain() {
	io.Copy(io.Discard, c)
	c.Close()
}

// endpointsOf returns the endpoints of words over a transport.
func endpointsOf(t *testing.T, over string) func(word string) string {
	dir, err := os.MkdirTemp("", "zmqmon")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	known := map[string]string{}
	return func(word string) string {
		if known[word] == "" {
			at := address()
			_, port, _ := net.SplitHostPort(at)
			switch {
			case over == "ipc":
				known[word] = "ipc://" + dir + "/" + word
			case word == "wild":
				known[word] = "tcp://0.0.0.0:" + port
			case word == "local", word == "name":
				known["local"], known["name"] = "tcp://127.0.0.1:"+port, "tcp://localhost:"+port
			default:
				known[word] = "tcp://" + at
			}
		}
		return known[word]
	}
}
