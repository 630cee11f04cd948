package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/internal/prometheustest"
)

// proxyTotals are the counters that zmq proxy --json prints at its end.
type proxyTotals struct {
	FrontToBack struct{ Received, Sent int } `json:"front_to_back"`
	BackToFront struct{ Received, Sent int } `json:"back_to_front"`
	Dropped     map[string]int
}

// startProxy starts zmq proxy and waits until it is bound.
func startProxy(t *testing.T, front, back string, args ...string) *process {
	t.Helper()
	p := startZmq(t, append([]string{"proxy", "--front", front, "--back", back, "--json", "-v"}, args...)...)
	p.await(&p.stderr, "msg=listening.*\n(?:.*\n)*?.*msg=listening")
	return p
}

// stopProxy stops a proxy with SIGTERM and returns its counters.
func (p *process) stopProxy() (totals proxyTotals) {
	p.t.Helper()
	p.stop()
	if status := p.wait(); status != 0 {
		p.t.Errorf("zmq %q: exit status %d", p.args, status)
	}
	if err := json.Unmarshal([]byte(p.stdout.String()), &totals); err != nil {
		p.t.Fatal(err)
	}
	return totals
}

// Every message that a PUSH has written passes through a proxy that is stopped and
// started again while the PUSH sends, whichever of them is started first. libzmq takes
// messages of up to 8 KiB from its queue and writes them together: when the connection
// ends it loses those that it has not written of them.
func TestProxyIsRestartedWithoutLosingTasks(t *testing.T) {
	const total, size, batch = 40_000, 100, 8 << 10
	for _, proxyFirst := range []bool{true, false} {
		t.Run(fmt.Sprintf("proxy first=%v", proxyFirst), func(t *testing.T) {
			t.Parallel()
			front, back := freeEndpoint(t, "tcp"), freeEndpoint(t, "tcp")
			push, pull := newTheirs(t, "PUSH", nil), newTheirs(t, "PULL", nil)
			start := func() *process { return startProxy(t, "pull:"+front, "push:"+back, "--drain", "1m") }
			var p *process
			if proxyFirst {
				p = start()
			}
			push.connect(front)
			pull.connect(back)
			received := pull.p.begin(pull.with("drain_last", command{"first": 0, "last": total, "size": size, "timeout": waitLimitMS}))
			sum, stops := 0, 0
			for first := 0; first < total; first += total / 4 {
				sent := push.p.begin(push.with("pump", command{"first": first, "last": first + total/4, "size": size, "timeout": waitLimitMS}))
				if p != nil { // in the middle of the traffic
					totals := p.stopProxy()
					sum += totals.FrontToBack.Sent
					stops++
					delete(totals.Dropped, "front_partial")
					if totals.FrontToBack.Received != totals.FrontToBack.Sent || len(totals.Dropped) > 0 {
						t.Errorf("%+v", totals)
					}
				}
				p = start()
				if a := sent(); a.Error != "" {
					t.Fatal(a.Error)
				}
			}
			a := received()
			if a.Error != "" {
				t.Fatal(a.Error)
			}
			if a.Count > stops*batch/size {
				t.Errorf("%d messages are missing", a.Count)
			}
			if sum += p.stopProxy().FrontToBack.Sent; sum+a.Count != total {
				t.Errorf("the proxies forwarded %d messages of %d, and %d are missing", sum, total, a.Count)
			}
		})
	}
}

// A proxy that is stopped awaits the reply to the request that it has forwarded. A
// request that it has not forwarded is lost: its client sends it again, which the
// next proxy forwards.
func TestProxyAwaitsRepliesWhenStopped(t *testing.T) {
	for _, proxyFirst := range []bool{true, false} {
		t.Run(fmt.Sprintf("proxy first=%v", proxyFirst), func(t *testing.T) {
			t.Parallel()
			front, back := freeEndpoint(t, "tcp"), freeEndpoint(t, "tcp")
			anyID := options{"IDENTITY": nil}
			first, second, rep := newTheirs(t, "REQ", anyID), newTheirs(t, "REQ", anyID), newTheirs(t, "REP", nil)
			start := func() *process { return startProxy(t, "router:"+front, "dealer:"+back, "--drain", "1m") }
			var p *process
			if proxyFirst {
				p = start()
			}
			first.connect(front)
			second.connect(front)
			rep.connect(back)
			if !proxyFirst {
				p = start()
			}
			first.send(text("request 1"))
			rep.expect(text("request 1"))
			p.stop()
			p.await(&p.stderr, "stopping")
			// It receives no further request.
			second.send(text("request 2"))
			if n := rep.do("poll", command{"timeout": 100}).Count; n != 0 {
				t.Error("the REP has received a request of a proxy that ends")
			}
			rep.send(text("reply 1"))
			first.expect(text("reply 1"))
			if status := p.wait(); status != 0 {
				t.Errorf("exit status %d", status)
			}
			p = start()
			second.close() // libzmq's REQ waits for ever: the client makes another one
			second = second.p.socket("REQ", anyID)
			second.connect(front)
			second.send(text("request 2"))
			rep.expect(text("request 2"))
			rep.send(text("reply 2"))
			second.expect(text("reply 2"))
			if totals := p.stopProxy(); totals.BackToFront.Sent != 1 {
				t.Errorf("%+v", totals)
			}
		})
	}
}

// heartbeatWorker is a REP worker of a proxy that sends heartbeats to its workers. The
// heartbeats are counted.
type heartbeatWorker struct {
	*theirs
	relay *relay
}

// joinHeartbeatWorker connects a worker and a REQ client to a proxy, exchanges a request and
// its reply, and waits until the worker has answered a heartbeat that was sent after the
// request: from then on the proxy knows that the worker has read everything.
func joinHeartbeatWorker(t *testing.T, client *theirs, back string) heartbeatWorker {
	t.Helper()
	w := heartbeatWorker{theirs: newTheirs(t, "REP", nil)}
	var endpoint string
	w.relay, endpoint = newRelay(t, back, heartbeatCommands)
	w.connect(endpoint)
	exchange(client, w.theirs, "first")
	// The first of them may answer a heartbeat that was sent before the request.
	w.relay.wait(t.Context(), toBinder, "\x04PONG", w.relay.count(toBinder, "\x04PONG")+2)
	return w
}

// exchange passes a request to the worker, and its reply to the client.
func exchange(client, worker *theirs, body string) {
	client.p.t.Helper()
	client.send(text(body))
	worker.expect(text(body))
	worker.send(text("reply to " + body))
	client.expect(text("reply to " + body))
}

// suspend stops the process of the worker, as a process that hangs: its system still
// acknowledges what it receives.
func (w heartbeatWorker) suspend() {
	w.p.t.Helper()
	if err := w.p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		w.p.t.Fatal(err)
	}
}

// startHeartbeatProxy starts a proxy of requests that sends heartbeats to its workers, and
// returns it with its endpoints.
func startHeartbeatProxy(t *testing.T, interval, timeout string) (p *process, front, back string) {
	t.Helper()
	front, back = freeEndpoint(t, "tcp"), freeEndpoint(t, "tcp")
	p = startProxy(t, "router:"+front, "dealer:"+back, "--back-heartbeat", interval, "--back-heartbeat-timeout", timeout)
	return p, front, back
}

// A worker that has read all its requests and hangs is disconnected by the heartbeats,
// and the other worker receives the requests.
func TestProxyNoticesDeadWorker(t *testing.T) {
	p, front, back := startHeartbeatProxy(t, "200ms", "3s")
	req := newTheirs(t, "REQ", nil)
	req.connect(front)
	dead := joinHeartbeatWorker(t, req, back)
	dead.suspend()
	p.await(&p.stderr, "msg=disconnected socket=DEALER .*reason=heartbeat_timeout")
	rep := newTheirs(t, "REP", nil)
	rep.connect(back)
	for i := range 3 {
		exchange(req, rep, fmt.Sprint("request ", i))
	}
}

// A worker that hangs with an unread request cannot be distinguished from a slow one: it
// stays connected, and replies when it continues.
func TestProxyKeepsWorkerWithUnreadRequest(t *testing.T) {
	const beats = 20 // of 100 ms: four times the timeout
	p, front, back := startHeartbeatProxy(t, "100ms", "500ms")
	req := newTheirs(t, "REQ", nil)
	req.connect(front)
	slow := joinHeartbeatWorker(t, req, back)
	slow.suspend()
	req.send(text("request"))
	slow.relay.wait(t.Context(), toConnector, "\x04PING", slow.relay.count(toConnector, "\x04PING")+beats)
	if log := p.stderr.String(); strings.Contains(log, "msg=disconnected socket=DEALER") {
		t.Errorf("the worker was disconnected:\n%s", log)
	}
	if err := slow.p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	slow.expect(text("request"))
	slow.send(text("reply"))
	req.expect(text("reply"))
}

// A Prometheus server scrapes a proxy with traffic of libzmq sockets. Every query of the
// dashboard has data: the SUB reads half of the messages, so that others are queued and
// dropped, and the XPUB connects again and again to a PUSH, which is no peer of it.
func TestPrometheusScrapesProxyBetweenLibzmqSockets(t *testing.T) {
	const round, size = 200, 10_000
	requireLibzmq(t)
	front, back := freeEndpoint(t, "tcp"), freeEndpoint(t, "tcp")
	push := newTheirs(t, "PUSH", nil)
	refused := push.bind(freeEndpoint(t, "tcp"))
	p := startProxy(t, "xsub:"+front, "xpub:"+back, "--back", "xpub:>"+refused, "--metrics", "127.0.0.1:0")
	server := prometheustest.Start(t, p.await(&p.stderr, "metrics at http://(.*)/metrics$")[1], "/metrics")
	pub, sub := newTheirs(t, "PUB", nil), newTheirs(t, "SUB", options{"RCVHWM": 10})
	pub.connect(front)
	sub.subscribe("")
	sub.connect(back)
	sub.connected()
	pub.connected()
	queries := prometheustest.Queries(t, "../metrics/grafana/zeromq.json")
	queries["forwarded messages"] = `sum(rate(zeromq_proxy_forwarded_messages_total{zeromq_proxy_from="front"}[$__rate_interval]))`
	queries["forwarded subscriptions"] = `zeromq_proxy_forwarded_messages_total{zeromq_proxy_from="back"}`
	ctx, cancel := context.WithTimeout(t.Context(), 2*waitLimit)
	defer cancel()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		server.Await(t, ctx, queries)
	}()
	for n := 0; ; n += round {
		pub.do("pump", command{"first": n, "last": n + round, "size": size, "timeout": waitLimitMS})
		sub.do("follow", command{"first": 0, "last": round / 2, "size": size, "timeout": waitLimitMS})
		select {
		case <-answered:
			return
		default:
		}
	}
}
