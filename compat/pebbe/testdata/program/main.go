// The program prints what the calls of a library return. It is built twice: with the
// original, and with the import below replaced.
package main

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	zmq "github.com/pebbe/zmq4"
)

var allTypes = []zmq.Type{zmq.PAIR, zmq.PUB, zmq.SUB, zmq.REQ, zmq.REP, zmq.DEALER, zmq.ROUTER, zmq.PULL, zmq.PUSH, zmq.XPUB, zmq.XSUB, zmq.STREAM}

// port matches what differs from run to run.
var port = regexp.MustCompile(`:[0-9]{4,5}\b`)

func say(format string, args ...any) {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = errorText(err)
		}
	}
	fmt.Println(port.ReplaceAllString(fmt.Sprintf(format, args...), ":PORT"))
}

// errorText returns the number of an error, or its text.
func errorText(err error) string {
	if n := zmq.AsErrno(err); n != 0 {
		return fmt.Sprintf("errno %d", uint(n))
	}
	return err.Error()
}

func must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func open(t zmq.Type) *zmq.Socket {
	soc, err := zmq.NewSocket(t)
	must(err)
	must(soc.SetLinger(0))
	must(soc.SetRcvtimeo(5 * time.Second))
	must(soc.SetSndtimeo(5 * time.Second))
	return soc
}

func pair(a, b zmq.Type, at string) (bound, connected *zmq.Socket) {
	bound, connected = open(a), open(b)
	must(bound.Bind(at))
	at, err := bound.GetLastEndpoint()
	must(err)
	must(connected.Connect(at))
	return bound, connected
}

func closeAll(list ...*zmq.Socket) {
	for _, s := range list {
		must(s.Close())
	}
}

func main() {
	for _, f := range []func(){options, settings, constants, calls, endpoints, messages, routers, publishers, polling, monitor, proxy, authentication, term} {
		f()
	}
}

func notCompared(name string) bool {
	return strings.Contains(name, "Gssapi") || name == "GetFd" || strings.HasSuffix(name, "seFd")
}

// options prints the value of every option of every type.
func options() {
	for _, t := range allTypes {
		soc, err := zmq.NewSocket(t)
		must(err)
		readAll(soc)
		closeAll(soc)
	}
}

func readAll(soc *zmq.Socket) {
	v := reflect.ValueOf(soc)
	for i := range v.NumMethod() {
		if name := v.Type().Method(i).Name; strings.HasPrefix(name, "Get") && !notCompared(name) {
			out := v.Method(i).Call(nil)
			say("%s = %q %v", name, fmt.Sprint(out[0].Interface()), out[1].Interface())
		}
	}
}

// settings sets every option of every type to several values.
func settings() {
	samples := map[reflect.Type][]any{
		reflect.TypeFor[int]():           {-2, -1, 0, 1, 2, 1000},
		reflect.TypeFor[int64]():         {int64(-1), int64(0), int64(1 << 40)},
		reflect.TypeFor[uint64]():        {uint64(0), uint64(3)},
		reflect.TypeFor[bool]():          {true, false},
		reflect.TypeFor[time.Duration](): {time.Duration(-1), -2 * time.Millisecond, time.Duration(0), 150 * time.Millisecond, time.Hour},
		reflect.TypeFor[string]():        {"", "abc", "127.0.0.1", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", strings.Repeat("x", 32), strings.Repeat("x", 300)},
	}
	for _, t := range allTypes {
		method := reflect.TypeFor[*zmq.Socket]()
		for i := range method.NumMethod() {
			name := method.Method(i).Name
			if !strings.HasPrefix(name, "Set") || notCompared(name) {
				continue
			}
			soc, err := zmq.NewSocket(t)
			must(err)
			for _, value := range samples[method.Method(i).Type.In(1)] {
				out := reflect.ValueOf(soc).Method(i).Call([]reflect.Value{reflect.ValueOf(value)})
				say("%v.%s(%v): %v", t, name, value, out[0].Interface())
				if get := reflect.ValueOf(soc).MethodByName("Get" + name[3:]); get.IsValid() {
					out := get.Call(nil)
					say("   = %q %v", fmt.Sprint(out[0].Interface()), out[1].Interface())
				}
			}
			closeAll(soc)
		}
	}
}

func constants() {
	say("%v %v %v %v %v", zmq.Type(99), zmq.Flag(3), zmq.State(0), zmq.Mechanism(7), zmq.EVENT_ALL)
	for i := range 17 {
		say("%v %d", zmq.Event(1<<i), 1<<i)
	}
	say("%d %d %d %d %d", zmq.EFSM, zmq.ENOCOMPATPROTO, zmq.ETERM, zmq.EMTHREAD, zmq.EADDRINUSE)
	say("%s %s %d %d", zmq.Z85encode("abcdefgh"), zmq.Z85decode("HelloWorld"), zmq.MaxSocketsDflt, zmq.IoThreadsDflt)
	blob, err := zmq.AuthMetaBlob("key", "value")
	say("%q %v", blob, err)
	public, err := zmq.AuthCurvePublic("D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs")
	say("%q %v", public, err)
	_, err = zmq.AuthCurvePublic("blabla")
	say("%v", err)
	n, err := zmq.GetMaxSockets()
	say("%d %v", n, err)
	say("%v %v %v %v", zmq.SetMaxSockets(-1), zmq.SetIoThreads(-1), zmq.SetMaxMsgsz(5), zmq.SetThreadPriority(-5))
	p := zmq.NewPoller()
	say("%v", p)
}

// calls prints the errors of new sockets of every type.
func calls() {
	for _, t := range allTypes {
		soc := open(t)
		say("%v", soc.SetRcvtimeo(0))
		_, err := soc.Recv(0)
		say("%v recv %v", t, err)
		n, err := soc.Send("x", zmq.DONTWAIT)
		say("%v send %d %v", t, n, err)
		n, err = soc.SendMessageDontwait("a", "b")
		say("%v send message %d %v", t, n, err)
		m, err := soc.RecvMessage(zmq.DONTWAIT)
		say("%v recv message %q %v", t, m, err)
		events, err := soc.GetEvents()
		say("%v events %v %v", t, events, err)
		closeAll(soc)
		n, err = soc.Send("x", 0)
		b, err2 := soc.RecvBytes(0)
		say("%v closed: %v, %q %v, %v", t, err, b, err2, soc.Bind("inproc://x"))
		_, err = soc.Context()
		say("%v %v %v", err, soc, soc.Close())
	}
	_, err := zmq.NewSocket(99)
	say("%v", err)
}

func endpoints() {
	soc, other := open(zmq.PUSH), open(zmq.PULL)
	for _, at := range []string{"", "x", "tcp://", "tcp://x", "tcp://*:x", "nope://x", "inproc://", "inproc://a", "inproc://a", "tcp://127.0.0.1:*"} {
		err := soc.Bind(at)
		last, _ := soc.GetLastEndpoint()
		say("bind %q: %v, last %q", at, err, last)
	}
	last, _ := soc.GetLastEndpoint()
	say("%v", other.Bind(last))
	say("%v %v %v", soc.Unbind(last), soc.Unbind(last), soc.Unbind("inproc://none"))
	for _, at := range []string{"", "x", "tcp://*:1", "tcp://127.0.0.1", "nope://x", "inproc://later", "tcp://127.0.0.1:1"} {
		say("connect %q: %v", at, other.Connect(at))
	}
	say("%v %v", other.Disconnect("tcp://127.0.0.1:1"), other.Disconnect("tcp://127.0.0.1:2"))
	closeAll(soc, other)
}

func messages() {
	for _, at := range []string{"inproc://m", "tcp://127.0.0.1:*"} {
		rep, req := pair(zmq.REP, zmq.REQ, at)
		n, err := req.SendMessage("a", []byte("bc"), []string{}, []string{"d", ""}, [][]byte{nil}, 12, nil, []string{})
		say("%d %v", n, err)
		_, err = req.Send("x", 0)
		say("%v", err)
		for {
			part, err := rep.Recv(0)
			more, err2 := rep.GetRcvmore()
			say("%q %v %v %v", part, err, more, err2)
			if !more {
				break
			}
		}
		_, err = rep.Recv(zmq.DONTWAIT)
		say("%v", err)
		n, err = rep.Send("x", zmq.SNDMORE)
		say("%d %v", n, err)
		n, err = rep.Send("", 0)
		say("%d %v", n, err)
		m, props, err := req.RecvMessageWithMetadata(0, "Peer-Address", "Socket-Type", "User-Id", "None")
		say("%q %v %v", m, props, err)
		closeAll(rep, req)
	}
}

func routers() {
	router, dealer := open(zmq.ROUTER), open(zmq.DEALER)
	must(dealer.SetIdentity("peer"))
	must(router.Bind("inproc://r"))
	must(dealer.Connect("inproc://r"))
	_, err := dealer.SendMessage("hello", "world")
	m, err2 := router.RecvMessage(0)
	say("%v %q %v", err, m, err2)
	n, err := router.SendMessage("unknown", "x")
	say("%d %v", n, err)
	n, err = router.SendMessage("peer", "x")
	m, err2 = dealer.RecvMessage(0)
	say("%d %v %q %v", n, err, m, err2)
	say("%v", router.SetRouterMandatory(1))
	n, err = router.SendMessage("unknown", "x")
	say("%d %v", n, err)
	closeAll(router, dealer)
}

func publishers() {
	xpub, sub := pair(zmq.XPUB, zmq.SUB, "inproc://p")
	must(sub.SetSubscribe("b"))
	m, err := xpub.RecvMessage(0)
	say("%q %v", m, err)
	for _, topic := range []string{"a", "b", "bc"} {
		n, err := xpub.SendMessage(topic, "x")
		say("%d %v", n, err)
	}
	for range 2 {
		m, err := sub.RecvMessage(0)
		say("%q %v", m, err)
	}
	_, err = sub.Recv(zmq.DONTWAIT)
	say("%v %v", err, sub.SetUnsubscribe("b"))
	m, err = xpub.RecvMessage(0)
	say("%q %v", m, err)
	closeAll(xpub, sub)
}

func polling() {
	a, b := pair(zmq.PAIR, zmq.PAIR, "inproc://poll")
	p := zmq.NewPoller()
	say("%d %d", p.Add(a, zmq.POLLIN|zmq.POLLOUT), p.Add(b, zmq.POLLIN))
	show := func() {
		for _, poll := range []func(time.Duration) ([]zmq.Polled, error){p.Poll, p.PollAll} {
			list, err := poll(0)
			var states []string
			for _, i := range list {
				states = append(states, fmt.Sprint(i.Socket == a, i.Events))
			}
			say("%v %v", states, err)
		}
	}
	show()
	_, err := a.Send("x", 0)
	must(err)
	show()
	old, err := p.Update(0, zmq.POLLIN)
	say("%v %v", old, err)
	show()
	_, err = p.Update(7, zmq.POLLIN)
	say("%v %v %v %v", err, p.Remove(7), p.RemoveBySocket(a), p.RemoveBySocket(a))
	show()
	closeAll(a, b)
	_, err = p.Poll(0)
	say("%v", err)
}

func monitor() {
	rep, watcher := open(zmq.REP), open(zmq.PAIR)
	say("%v", rep.Monitor("tcp://127.0.0.1:*", zmq.EVENT_ALL))
	must(rep.Monitor("inproc://monitor", zmq.EVENT_ALL))
	must(watcher.Connect("inproc://monitor"))
	must(rep.Bind("tcp://127.0.0.1:*"))
	event, addr, _, err := watcher.RecvEvent(0)
	say("%v %s %v", event, addr, err)
	last, err := rep.GetLastEndpoint()
	must(err)
	must(rep.Unbind(last))
	event, addr, _, err = watcher.RecvEvent(0)
	say("%v %s %v", event, addr, err)
	must(rep.Close())
	event, addr, value, err := watcher.RecvEvent(0)
	say("%v %s %d %v", event, addr, value, err)
	closeAll(watcher)
}

func proxy() {
	front, push := pair(zmq.PULL, zmq.PUSH, "inproc://front")
	back, pull := pair(zmq.PUSH, zmq.PULL, "inproc://back")
	capture, captured := pair(zmq.PUSH, zmq.PULL, "inproc://capture")
	server, control := pair(zmq.PAIR, zmq.PAIR, "inproc://control")
	must(server.SetRcvtimeo(-1))
	result := make(chan error)
	go func() { result <- zmq.ProxySteerable(front, back, capture, server) }()
	_, err := push.SendMessage("a", "b")
	must(err)
	m, err := pull.RecvMessage(0)
	say("%q %v", m, err)
	m, err = captured.RecvMessage(0)
	say("%q %v", m, err)
	_, err = control.Send("TERMINATE", 0)
	must(err)
	say("%v", <-result)
	closeAll(front, push, back, pull, capture, captured, server, control)
}

func authentication() {
	must(zmq.AuthStart())
	say("%v", zmq.AuthStart())
	zmq.AuthAllow("allowed", "127.0.0.1")
	zmq.AuthAllow("elsewhere", "10.0.0.0/8")
	zmq.AuthDeny("denied", "127.0.0.1")
	zmq.AuthPlainAdd("allowed", "user", "secret")
	public, secret, err := zmq.NewCurveKeypair()
	must(err)
	zmq.AuthCurveAdd("allowed", public)
	zmq.AuthSetMetadataHandler(func(version, id, domain, address, identity, mechanism string, credentials ...string) map[string]string {
		return map[string]string{"User-Id": "u", "Hello": version + domain + address + identity + mechanism + fmt.Sprint(len(credentials))}
	})
	null := func(*zmq.Socket) error { return nil }
	plain := func(password string) func(*zmq.Socket) error {
		return func(s *zmq.Socket) error { return s.ClientAuthPlain("user", password) }
	}
	curve := func(s *zmq.Socket) error { return s.ClientAuthCurve(public, public, secret) }
	for _, domain := range []string{"allowed", "elsewhere", "denied", "other"} {
		serverNull := func(s *zmq.Socket) error { return s.ServerAuthNull(domain) }
		serverPlain := func(s *zmq.Socket) error { return s.ServerAuthPlain(domain) }
		serverCurve := func(s *zmq.Socket) error { return s.ServerAuthCurve(domain, secret) }
		accepts(domain+" null", serverNull, null)
		accepts(domain+" plain", serverPlain, plain("secret"))
		accepts(domain+" plain", serverPlain, plain("bogus"))
		accepts(domain+" curve", serverCurve, curve)
		accepts(domain+" other mechanism", serverCurve, null)
	}
	zmq.AuthStop()
	zmq.AuthStop()
}

// accepts prints whether a server accepts a client.
func accepts(name string, asServer, asClient func(*zmq.Socket) error) {
	server, client := open(zmq.PULL), open(zmq.PUSH)
	must(asServer(server))
	must(asClient(client))
	monitorAt := fmt.Sprintf("inproc://monitor-%p", server) // libzmq frees the name some time after Close
	must(server.Monitor(monitorAt, zmq.EVENT_HANDSHAKE_SUCCEEDED|zmq.EVENT_HANDSHAKE_FAILED_AUTH|zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL|zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL))
	watcher := open(zmq.PAIR)
	must(watcher.Connect(monitorAt))
	must(server.Bind("tcp://127.0.0.1:*"))
	at, err := server.GetLastEndpoint()
	must(err)
	must(client.Connect(at))
	event, _, value, err := watcher.RecvEvent(0)
	must(err)
	closeAll(watcher)
	if event != zmq.EVENT_HANDSHAKE_SUCCEEDED {
		say("%s: %v %#x", name, event, value)
		closeAll(server, client)
		return
	}
	_, err = client.Send("x", 0)
	must(err)
	m, props, err := server.RecvWithMetadata(0, "User-Id", "Hello", "Socket-Type", "Peer-Address")
	var list []string
	for k, v := range props {
		list = append(list, k+"="+v)
	}
	slices.Sort(list)
	say("%s: %q %q %v", name, m, list, err)
	closeAll(server, client)
}

func term() {
	ctx, err := zmq.NewContext()
	must(err)
	soc, err := ctx.NewSocket(zmq.PULL)
	must(err)
	result := make(chan error)
	go func() {
		_, err := soc.Recv(0)
		result <- err
		closeAll(soc)
	}()
	go func() { say("term: %v", <-result); result <- nil }()
	must(ctx.Term())
	<-result
	_, err = ctx.NewSocket(zmq.PULL)
	say("%v %v %v", err, ctx.SetIpv6(true), ctx.Term())
}
