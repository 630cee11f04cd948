package mdp

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// dialog drives the calls of a client.
type dialog struct {
	t     *testing.T
	calls calls
	now   time.Time
	got   []string // what was delivered
	build builder
}

func newDialog(t *testing.T, v Version, retries int, envelope bool) *dialog {
	d := &dialog{t: t, now: time.Unix(1000, 0), calls: calls{version: v, timeout: time.Second, retries: retries}}
	d.calls.connected(envelope)
	return d
}

// start adds a call with a body, whose name is the body.
func (d *dialog) start(body string) *call {
	c := &call{service: []byte("echo"), body: zmq.NewStringMessage(body)}
	c.deliver = func(r Reply, err error) {
		if err != nil {
			d.got = append(d.got, fmt.Sprintf("%s: error", body))
			return
		}
		d.got = append(d.got, fmt.Sprintf("%s: %s %t", body, r.Message, r.Final))
	}
	d.calls.add(c)
	return c
}

// sends sends what may be sent, which must be the messages.
func (d *dialog) sends(want ...string) {
	d.t.Helper()
	var got []string
	for c := d.calls.next(); c != nil; c = d.calls.next() {
		m := d.calls.encode(&d.build, c)
		got = append(got, format(m))
		d.calls.markSent(d.now, c)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		d.t.Fatalf("the client sent %q, want %q", got, want)
	}
}

// hears passes a message to the client, and checks what it delivers.
func (d *dialog) hears(message string, want ...string) {
	d.t.Helper()
	if out, ok := d.calls.handle(d.now, parse(message)); ok {
		out.deliver(out.reply, out.err)
	}
	d.delivered(want...)
}

func (d *dialog) delivered(want ...string) {
	d.t.Helper()
	if fmt.Sprint(d.got) != fmt.Sprint(want) {
		d.t.Fatalf("the client delivered %q, want %q", d.got, want)
	}
	d.got = nil
}

func (d *dialog) fails(failed []outcome, want error) {
	d.t.Helper()
	for _, o := range failed {
		if !errors.Is(o.err, want) {
			d.t.Fatalf("failed with %v, want %v", o.err, want)
		}
		o.deliver(o.reply, o.err)
	}
}

func TestClientMatchesRepliesInAnyOrderByEnvelope(t *testing.T) {
	d := newDialog(t, V02, 0, true)
	d.start("a")
	d.start("b")
	d.sends("#0.1||MDPC02|\\1|echo|a", "#1.1||MDPC02|\\1|echo|b")
	d.hears("#1.1||MDPC02|\\2|echo|1", "b: 1 false")
	d.hears("#0.1||MDPC02|\\3|echo|A", "a: A true")
	d.hears("#1.1||MDPC02|\\3|echo|B|B2", "b: B\tB2 true")
	d.start("c")
	d.sends("#1.2||MDPC02|\\1|echo|c")
	d.hears("#1.1||MDPC02|\\3|echo|B") // stale
	d.hears("#7.1||MDPC02|\\3|echo|B")
	d.hears("MDPC02|\\3|echo|B")
	d.hears("#1.2||MDPC02|\\3|other|C")
	d.hears("#1.2||MDPC02|\\3|echo|C", "c: C true")
	if s := d.calls.stats; s.Stale != 4 || s.Replies != 3 || s.Partials != 1 || d.calls.len() != 0 {
		t.Errorf("%+v", s)
	}
}

// The synchronous dialog of RFC 7 and 18, with a broker that returns no envelopes.
func TestClientSendsOneRequestAtATimeToOtherBrokers(t *testing.T) {
	for v, m := range map[Version][3]string{
		V01: {"|MDPC01|echo|a", "|MDPC01|echo|A", "|MDPC01|echo|b"},
		V02: {"MDPC02|\\1|echo|a", "MDPC02|\\3|echo|A", "MDPC02|\\1|echo|b"},
	} {
		d := newDialog(t, v, 0, false)
		d.start("a")
		d.start("b")
		d.sends(m[0])
		d.hears(m[1], "a: A true")
		d.hears(m[1])
		d.sends(m[2])
	}
}

func TestClientDropsMessagesThatAreNotReplies(t *testing.T) {
	d := newDialog(t, V02, 0, false)
	d.start("a")
	d.sends("MDPC02|\\1|echo|a")
	for _, m := range []string{"x", "MDPC02|\\1|echo|a", "MDPW02|\\5", "|MDPC01|echo|A", "MDPC02|\\4|echo|a"} {
		d.hears(m)
	}
	if s := d.calls.stats; s.Malformed != 5 {
		t.Errorf("%+v", s)
	}
}

func TestClientFailsRequestAfterTimeout(t *testing.T) {
	d := newDialog(t, V02, 0, true)
	d.start("a")
	d.sends("#0.1||MDPC02|\\1|echo|a")
	d.now = d.now.Add(900 * time.Millisecond)
	d.hears("#0.1||MDPC02|\\2|echo|1", "a: 1 false") // extends the deadline
	d.now = d.now.Add(900 * time.Millisecond)
	failed, _ := d.calls.tick(d.now)
	d.fails(failed, nil)
	d.delivered()
	d.now = d.now.Add(100 * time.Millisecond)
	failed, renew := d.calls.tick(d.now)
	d.fails(failed, ErrTimeout)
	d.delivered("a: error")
	if renew {
		t.Error("the connection is replaced, although stale replies can be recognised")
	}
	d.hears("#0.1||MDPC02|\\3|echo|A")
}

// "If there is no reply within some timeout, to close the request socket and open a new
// socket, and resend the request on that new socket."
func TestClientRetriesOnNewConnection(t *testing.T) {
	d := newDialog(t, V02, 1, false)
	d.start("a")
	d.sends("MDPC02|\\1|echo|a")
	d.now = d.now.Add(time.Second)
	failed, renew := d.calls.tick(d.now)
	if len(failed) > 0 || !renew {
		t.Fatalf("failed %v, renew %t", failed, renew)
	}
	d.sends() // not on the old connection
	d.calls.lost()
	d.calls.connected(true)
	d.sends("#0.2||MDPC02|\\1|echo|a")
	d.hears("#0.1||MDPC02|\\3|echo|old")
	d.fails(d.calls.lost(), zmq.ErrPeerLost)
	d.delivered("a: error")
}

func TestClientKeepsUnsentRequestsWhenConnectionIsLost(t *testing.T) {
	d := newDialog(t, V02, 0, false)
	d.start("a")
	d.start("b")
	d.sends("MDPC02|\\1|echo|a")
	d.fails(d.calls.lost(), zmq.ErrPeerLost)
	d.delivered("a: error")
	d.sends()
	d.calls.connected(true)
	d.sends("#1.1||MDPC02|\\1|echo|b")
}

func TestClientForgetsCancelledRequest(t *testing.T) {
	d := newDialog(t, V02, 0, false)
	a, b := d.start("a"), d.start("b")
	d.sends("MDPC02|\\1|echo|a")
	if d.calls.cancel(b) {
		t.Error("the connection is replaced for a request that was not sent")
	}
	if !d.calls.cancel(a) {
		t.Error("the connection is kept, on which the reply may arrive")
	}
	if d.calls.cancel(a) || d.calls.len() != 0 {
		t.Error("the request is still there")
	}
	d.hears("MDPC02|\\3|echo|A")
}

// FuzzClient passes messages to a client with requests in flight.
func FuzzClient(f *testing.F) {
	for _, seed := range []string{"#0.1||MDPC02|\\3|echo|A", "MDPC02|\\2|echo|A", "|MDPC01|echo|A", "||", "x||MDPC02|\\3|echo|A"} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, envelope bool) {
		d := newDialog(t, V02, 0, envelope)
		d.start("a")
		for c := d.calls.next(); c != nil; c = d.calls.next() {
			d.calls.markSent(d.now, c)
		}
		d.calls.handle(d.now, parse(string(b)))
		d.calls.handle(d.now, parse(string(b)))
		if n := d.calls.stats.Replies; n > 1 {
			t.Errorf("%d final replies to one request", n)
		}
	})
}
