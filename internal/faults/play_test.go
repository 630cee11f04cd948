package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// script is one run of a plan.
type script struct {
	plan
	rnd   *rand.Rand // used only by the goroutine that runs play
	net   *memnet.Network
	names *zmq.Namespace
	nodes []*node // the hub first

	mu        sync.Mutex
	healed    bool
	instances []*instance // every socket made so far
	links     []*link
	problems  []string
	injected  []string // what injectFault did
	start     time.Time
	result    totals
}

// node is the hub or a spoke. It has one open socket at a time.
type node struct {
	sc   *script
	typ  zmq.SocketType
	n    int
	rnd  *rand.Rand // used only by the goroutine that runs play
	left int        // messages that are still to be sent; guarded by sc.mu
	cut  bool       // separated from the other nodes; guarded by sc.mu
	now  *instance
}

func newScript(seed uint64) *script {
	rnd := rand.New(rand.NewPCG(seed, 1))
	sc := &script{
		plan: newPlan(seed, rnd), rnd: rnd, net: memnet.New(seed), names: zmq.NewNamespace(),
	}
	sc.start = time.Now()
	sc.net.OnLink(sc.register)
	for i := range 1 + sc.spokes {
		n := &node{sc: sc, typ: sc.spoke, n: i, left: sc.messages, rnd: rand.New(rand.NewPCG(seed, uint64(i)<<32))}
		if i == 0 {
			n.typ = sc.hub
		}
		sc.nodes = append(sc.nodes, n)
	}
	return sc
}

// errorf records what a check has found.
func (sc *script) errorf(format string, args ...any) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.problems = append(sc.problems, fmt.Sprintf(format, args...))
}

func (sc *script) chance(one int) bool { return sc.rnd.IntN(one) == 0 }

func (sc *script) upTo(d time.Duration) time.Duration {
	return time.Duration(sc.rnd.Int64N(int64(d) + 1))
}

func (sc *script) isHealed() bool {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.healed
}

func (n *node) isCut() bool {
	n.sc.mu.Lock()
	defer n.sc.mu.Unlock()
	return n.cut && !n.sc.healed
}

// faultTime is the virtual time during which faults are injected.
const faultTime = 3 * time.Second

// play opens the sockets, injects faults, repairs the network, waits until all
// messages are delivered, sends some more, and closes the sockets. It checks the
// counters after each fault and at the end of each part.
func (sc *script) play() {
	for _, i := range sc.rnd.Perm(len(sc.nodes)) {
		sc.nodes[i].open()
	}
	for end := time.Now().Add(faultTime); time.Now().Before(end); time.Sleep(sc.upTo(faultTime / 2)) {
		sc.injectFault()
		synctest.Wait()
		sc.checkMoment()
	}
	sc.heal()
	for _, n := range sc.nodes {
		n.now.senders.Wait()
	}
	if sc.drain() {
		sc.check(true)
	}
	sc.sendTheRest()
	for _, i := range sc.rnd.Perm(len(sc.nodes)) {
		sc.nodes[i].now.close([]time.Duration{0, time.Millisecond, time.Second, time.Minute}[sc.rnd.IntN(4)])
	}
	synctest.Wait()
	sc.check(false)
}

// heal repairs the network.
func (sc *script) heal() {
	sc.mu.Lock()
	sc.healed = true
	sc.mu.Unlock()
	sc.net.Hang("", false)
	sc.net.Refuse("", 0)
	for _, k := range sc.allLinks() {
		for _, f := range []*memnet.Flow{k.Up(), k.Down()} {
			f.Resume()
			f.ReleaseReads()
		}
	}
}

// allLinks returns all connections in the order in which they were made.
func (sc *script) allLinks() []*link {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(sc.links), func(k *link) bool { return k == nil })
}

// anyLink returns a random connection that is probably open, or nil.
func (sc *script) anyLink() *link {
	links := sc.allLinks()
	if n := len(links); n > 0 {
		return links[max(0, n-1-sc.rnd.IntN(sc.spokes))]
	}
	return nil
}

// faultNames are the names of the faults of injectFault. The first five drop no message.
var faultNames = []string{
	"refuse", "refuse for a time", "hang dials", "hold reads", "set high-water mark",
	"half-open", "cut later", "cut later", "cut", "partition", "restart", "restart",
	"leave and join later", "leave and join later", "disconnect peers", "leave and join",
}

// injectFault causes one random fault.
func (sc *script) injectFault() {
	n := sc.nodes[sc.rnd.IntN(len(sc.nodes))]
	k := sc.anyLink()
	what := sc.rnd.IntN(len(faultNames))
	if sc.lossless && what >= 5 {
		return
	}
	sc.injected = append(sc.injected, fmt.Sprintf("%v %v at %v %d", time.Since(sc.start), faultNames[what], n.typ, n.n))
	switch what {
	case 0:
		sc.net.Refuse("", 1+sc.rnd.IntN(3))
	case 1:
		sc.net.RefuseFor("", sc.upTo(time.Second))
	case 2:
		sc.net.Hang("", sc.chance(3))
	case 3:
		if k != nil { // a slow or stopped process
			f := k.Up()
			if sc.chance(2) {
				f = k.Down()
			}
			f.HoldReads()
			time.AfterFunc(sc.upTo(time.Second), f.ReleaseReads)
		}
	case 4:
		if m := 1 + sc.rnd.IntN(50); sc.chance(2) && n.now.sendHWM != nil {
			n.now.sendHWM(m)
		} else if n.now.recvHWM != nil {
			n.now.recvHWM(m)
		}
	case 5:
		if k != nil { // half-open: until the network is repaired
			k.Up().Stall()
			k.Down().Stall()
		}
	case 6, 7:
		if k != nil {
			cutLater(sc.rnd, k)
		}
	case 8:
		if k != nil {
			k.Cut(memnet.Cut(sc.rnd.IntN(2)))
		}
	case 9:
		sc.partition(n, sc.upTo(2*time.Second))
	case 10, 11:
		n.now.close([]time.Duration{0, time.Millisecond, 100 * time.Millisecond, time.Second}[sc.rnd.IntN(4)])
		time.Sleep(sc.upTo(time.Second / 2))
		n.open()
	case 12, 13:
		n.now.leave()
		time.Sleep(sc.upTo(time.Second / 2))
		n.now.join()
	case 14:
		n.now.DisconnectPeers(func(zmq.PeerInfo) bool { return sc.chance(2) })
	case 15:
		n.now.leave()
		n.now.join()
	}
}

// partition separates a node from the others for a time.
func (sc *script) partition(n *node, d time.Duration) {
	n.setCut(true)
	for _, k := range sc.linksOf(n) {
		k.Up().Stall()
		k.Down().Stall()
	}
	time.AfterFunc(d, func() {
		n.setCut(false)
		for _, k := range sc.linksOf(n) {
			k.Up().Resume()
			k.Down().Resume()
		}
	})
}

func (n *node) setCut(on bool) {
	n.sc.mu.Lock()
	defer n.sc.mu.Unlock()
	n.cut = on
}

// linksOf returns the connections of a node.
func (sc *script) linksOf(n *node) (list []*link) {
	links := sc.allLinks()
	sc.mu.Lock()
	defer sc.mu.Unlock()
	for _, k := range links {
		for _, l := range []*instance{k.dialer, k.acceptor} {
			if l != nil && l.node == n {
				list = append(list, k)
			}
		}
	}
	return list
}

// drain waits until no message is queued, which must happen on a repaired network,
// and reports whether that is so. The exception is a PAIR or CHANNEL with two
// spokes, of which one has no peer.
func (sc *script) drain() bool {
	var left string
	pause := 20 * time.Millisecond
	for range 60 {
		time.Sleep(pause)
		pause = min(pause*5/4, 3*time.Second+7*time.Millisecond) // not synchronous with heartbeats
		synctest.Wait()
		if left = sc.remaining(); left == "" {
			return true
		}
	}
	if is(sc.hub, zmq.TypePair, zmq.TypeChannel) && sc.spokes > 1 {
		return false
	}
	sc.errorf("messages are still queued on the repaired network:%s", left)
	return false
}

func (sc *script) remaining() (left string) {
	for _, n := range sc.nodes {
		st := n.now.Stats()
		if n.typ == zmq.TypeReq {
			st.QueuedRecv = 0 // stale replies, which only a later Do drops
		}
		if st.QueuedSend+st.QueuedRecv > 0 {
			left += fmt.Sprintf(" %v %d: %d to send, %d to receive;", n.typ, n.n, st.QueuedSend, st.QueuedRecv)
		}
	}
	if sc.calls() {
		return left // stale replies may also stop reading
	}
	for i, k := range sc.allLinks() {
		if n := k.Up().Stats().Pending + k.Down().Stats().Pending; n > 0 {
			left += fmt.Sprintf(" connection %d: %d bytes;", i, n)
		}
	}
	return left
}

// sendTheRest sends messages before the sockets are closed, some of which can then
// not be written.
func (sc *script) sendTheRest() {
	if sc.chance(3) {
		for _, k := range sc.allLinks() {
			if sc.chance(2) {
				k.Up().Stall()
				k.Down().Stall()
			}
		}
	}
	for _, n := range sc.nodes {
		if n.now.trySend == nil {
			continue
		}
		for range sc.rnd.IntN(20) {
			n.now.try(n.rnd)
		}
	}
}

// open makes a new socket for the node and starts its actors.
func (n *node) open() {
	sc := n.sc
	l := &instance{sc: sc, node: n, refused: make(map[int]bool), last: make(map[stream]*view), over: make(chan struct{})}
	h, err := newHandle(n.typ, n.options(l))
	if err != nil {
		panic(err)
	}
	l.handle = h
	sc.mu.Lock()
	l.id = uint32(len(sc.instances))
	sc.instances = append(sc.instances, l)
	sc.mu.Unlock()
	n.now = l
	if sc.events {
		events := l.Events(context.Background())
		go l.watch(events)
	} else {
		close(l.over)
	}
	if s, ok := any(h.anySocket).(interface{ Subscribe(...string) error }); ok {
		l.topic = ""
		if !sc.lossless && n.rnd.IntN(2) == 0 {
			l.topic = "A"
		}
		s.Subscribe(l.topic)
	}
	l.join()
	l.startActors()
}

// endpoint returns that of the node, which its socket binds.
func (n *node) endpoint() string {
	name := "hub"
	if n.n > 0 {
		name = fmt.Sprint("spoke", n.n)
	}
	if n.sc.inproc {
		return "inproc://" + name
	}
	return "mem://" + name
}

// connects returns the endpoints that a socket of the node connects to; none if it
// is bound.
func (n *node) connects() (list []string) {
	sc := n.sc
	switch {
	case (n.n == 0) == sc.hubBinds:
	case n.n > 0:
		list = append(list, sc.nodes[0].endpoint())
	default:
		for _, spoke := range sc.nodes[1:] {
			list = append(list, spoke.endpoint())
			if is(sc.hub, zmq.TypePair, zmq.TypeChannel) {
				break
			}
		}
	}
	return list
}

// join binds or connects the socket.
func (l *instance) join() {
	l.sc.mu.Lock()
	l.epoch++
	l.sc.mu.Unlock()
	to := l.node.connects()
	var err error
	if to == nil {
		_, err = l.Bind(l.node.endpoint())
	}
	for _, ep := range to {
		err = errors.Join(err, l.Connect(ep))
	}
	if err != nil {
		l.sc.errorf("socket %d: %v", l.id, err)
	}
}

// leave unbinds or disconnects the socket.
func (l *instance) leave() {
	to := l.node.connects()
	if to == nil {
		l.Unbind(l.node.endpoint())
	}
	for _, ep := range to {
		l.Disconnect(ep)
	}
	l.rejoined = true
}

// close closes the socket and waits for its actors.
func (l *instance) close(linger time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), linger)
	defer cancel()
	start := time.Now()
	l.Shutdown(ctx)
	if took := time.Since(start); took > linger {
		l.sc.errorf("socket %d: Shutdown took %v with a context of %v", l.id, took, linger)
	}
	l.closed = true
	l.actors.Wait()
	<-l.over
}
