package socket_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// script is one run of a fault script.
type script struct {
	*testing.T
	plan
	rnd   *rand.Rand // used only by the goroutine that runs play
	w     *st.World
	tap   *st.Tap
	nodes []*node // the hub first

	mu        sync.Mutex
	healed    bool
	instances []*instance // every socket opened so far
}

// node is the hub or a spoke. It has one open socket at a time.
type node struct {
	sc  *script
	typ pattern.Type
	n   int
	now *instance
}

// instance is one socket of a node from opening to closing, with the records of
// its actors, the goroutines that use it.
type instance struct {
	*socket.Socket
	socket.Addressed
	socket.Topics
	sc      *script
	node    *node
	id      uint32
	watcher *socket.EventWatcher
	actors  sync.WaitGroup // all actors
	senders sync.WaitGroup // the actors that end before the socket is closed

	mu        sync.Mutex
	seq       uint32
	accepted  map[label]bool // accepted by Send
	failed    map[label]bool // refused by Send
	maybeSent map[label]bool // possibly sent by a Call that failed
	delivered []delivery
	refused   map[int]bool // refused connections
	rejoined  bool         // was unbound or disconnected and joined again, which makes a second pipe
}

type delivery struct {
	label
	from *msg.Peer // one per connection
}

func newScript(t *testing.T, seed uint64) *script {
	rnd := rand.New(rand.NewPCG(seed, 1))
	w := st.New(t, seed)
	sc := &script{T: t, plan: newPlan(seed, rnd), rnd: rnd, w: w, tap: st.NewTap(w.Net)}
	w.Net.OnLink(func(l *memnet.Link) {
		sc.mu.Lock()
		defer sc.mu.Unlock()
		sc.shape(l, sc.healed)
	})
	sc.nodes = append(sc.nodes, &node{sc: sc, typ: sc.hub})
	for i := range sc.spokes {
		sc.nodes = append(sc.nodes, &node{sc: sc, typ: sc.spoke, n: i + 1})
	}
	return sc
}

func (sc *script) chance(one int) bool { return sc.rnd.IntN(one) == 0 }

// upTo returns a random duration of at most d.
func upTo(r *rand.Rand, d time.Duration) time.Duration { return rand.N(d + 1) }

func (sc *script) pause(d time.Duration) { time.Sleep(time.Duration(sc.rnd.Int64N(int64(d) + 1))) }

// play opens the sockets, injects faults, repairs the network, waits until all
// messages are delivered, and closes the sockets.
func (sc *script) play() {
	for _, i := range sc.rnd.Perm(len(sc.nodes)) {
		sc.nodes[i].open()
	}
	for end := time.Now().Add(scriptLength); time.Now().Before(end); sc.pause(scriptLength / 4) {
		sc.injectFault()
	}
	sc.mu.Lock()
	sc.healed = true
	sc.mu.Unlock()
	sc.w.Net.Hang("", false)
	for _, n := range sc.nodes {
		n.now.senders.Wait()
	}
	sc.drain()
	for _, i := range sc.rnd.Perm(len(sc.nodes)) {
		sc.nodes[i].now.close([]time.Duration{0, time.Second, time.Minute}[sc.rnd.IntN(3)])
	}
}

// injectFault causes one random fault or reconnection.
func (sc *script) injectFault() {
	n := sc.nodes[sc.rnd.IntN(len(sc.nodes))]
	switch sc.rnd.IntN(9) {
	case 0:
		sc.w.Net.Refuse("", 1+sc.rnd.IntN(3))
	case 1:
		sc.w.Net.RefuseFor("", upTo(sc.rnd, time.Second))
	case 2:
		sc.w.Net.Hang("", sc.chance(3))
	case 3, 4, 5:
		if sc.lossless {
			return
		}
		n.now.close([]time.Duration{0, time.Millisecond, 100 * time.Millisecond, time.Second}[sc.rnd.IntN(4)])
		sc.pause(time.Second)
		n.open()
	case 6, 7:
		if sc.lossless {
			return
		}
		n.now.rejoined = true
		n.now.leave()
		sc.pause(time.Second / 2)
		n.now.join()
	}
}

// drain waits until no message is queued, which must happen on a repaired
// network. The exception is a hub of type PAIR with two spokes, of which one
// has no peer.
func (sc *script) drain() {
	var left string
	for range 300 {
		time.Sleep(737 * time.Millisecond) // not synchronous with heartbeats
		synctest.Wait()
		left = ""
		for _, n := range sc.nodes {
			s := n.now.Stats()
			if n.typ == pattern.REQ {
				s.QueuedRecv = 0 // stale replies, which only a later Call drops
			}
			if s.QueuedSend+s.QueuedRecv > 0 {
				left += fmt.Sprintf(" %s %d: %d to send, %d to receive;", pattern.Types[n.typ].Name, n.n, s.QueuedSend, s.QueuedRecv)
			}
		}
		for _, link := range sc.w.Net.Links() {
			if sc.hub == pattern.REQ || sc.spoke == pattern.REQ {
				break // stale replies may also stop reading
			}
			if n := link.Up().Stats().Pending + link.Down().Stats().Pending; n > 0 {
				left += fmt.Sprintf(" connection %d: %d bytes;", link.Ordinal(), n)
			}
		}
		if left == "" {
			return
		}
	}
	if sc.hub != pattern.PAIR || sc.spokes == 1 {
		sc.Errorf("messages still queued on the repaired network:%s", left)
	}
}

// open opens a new socket for the node and starts its actors.
func (n *node) open() {
	sc := n.sc
	sc.mu.Lock()
	l := &instance{
		sc: sc, node: n, id: uint32(len(sc.instances) + 1),
		accepted: make(map[label]bool), failed: make(map[label]bool), maybeSent: make(map[label]bool),
		refused: make(map[int]bool),
	}
	sc.instances = append(sc.instances, l)
	sc.mu.Unlock()
	o := sc.w.Options()
	o.Transports = map[string]transport.Transport{"mem": sc.tap.For(l)}
	o.SendHWM, o.RecvHWM = sc.hwm, sc.hwm
	o.ConnectTimeout = 2 * time.Second
	o.ReconnectMax = time.Second
	if sc.heartbeats {
		o.Heartbeat, o.HeartbeatTimeout = time.Second, time.Second
		if sc.lossless {
			o.HeartbeatTimeout = time.Minute
		}
	}
	if n.typ == pattern.DEALER && sc.hub == pattern.ROUTER && n.n > 1 {
		o.RoutingID = fmt.Sprint("dealer", n.n)
	}
	var err error
	if l.Socket, err = socket.New(n.typ, o); err != nil {
		sc.Fatal(err)
	}
	l.Addressed, l.Topics = l.Socket.Addressed(), l.Socket.Topics()
	l.watcher = l.Watch()
	n.now = l
	if n.typ == pattern.SUB {
		topic := ""
		if !sc.lossless && sc.chance(2) {
			topic = "A"
		}
		l.Subscribe(topic, true)
	}
	l.join()
	l.startActors()
}

// join binds or connects the socket.
func (l *instance) join() {
	hub := l.node.n == 0
	var err error
	switch {
	case hub && l.sc.hubBinds:
		_, err = l.Bind("mem://hub")
	case hub:
		for i := range l.sc.spokes {
			err = errors.Join(err, l.Connect(fmt.Sprint("mem://spoke", i+1)))
			if l.sc.hub == pattern.PAIR {
				break
			}
		}
	case l.sc.hubBinds:
		err = l.Connect("mem://hub")
	default:
		_, err = l.Bind(fmt.Sprint("mem://spoke", l.node.n))
	}
	if err != nil {
		l.sc.Errorf("socket %d: %v", l.id, err)
	}
}

// leave unbinds or disconnects the socket.
func (l *instance) leave() {
	hub := l.node.n == 0
	switch {
	case hub && l.sc.hubBinds:
		l.Unbind("mem://hub")
	case hub:
		for i := range l.sc.spokes {
			l.Disconnect(fmt.Sprint("mem://spoke", i+1))
		}
	case l.sc.hubBinds:
		l.Disconnect("mem://hub")
	default:
		l.Unbind(fmt.Sprint("mem://spoke", l.node.n))
	}
}

// close closes the socket and waits for its actors.
func (l *instance) close(linger time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), linger)
	defer cancel()
	start := time.Now()
	l.Close(ctx)
	if took := time.Since(start); took > linger {
		l.sc.Errorf("socket %d: Close took %v with a linger time of %v", l.id, took, linger)
	}
	l.actors.Wait()
	for {
		ev, ok := l.watcher.Next(st.Ended())
		if !ok {
			return
		}
		if ev.Missed > 0 {
			l.sc.Errorf("socket %d: missed %d events", l.id, ev.Missed)
		}
		if ev.Kind == session.PeerRefused {
			l.refused[max(st.Ordinal(ev.Local), st.Ordinal(ev.Remote))] = true
		}
	}
}
