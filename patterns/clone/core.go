package clone

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/zerobroker/zmq"
)

// serverOutput is what the state machine of a server does.
type serverOutput interface {
	// publish sends a KVPUB or HUGZ to all clients.
	publish(u *update)
	// sendTo sends messages to a client until its queue is full, and returns their number.
	// gone reports that there is no such client.
	sendTo(client string, msgs []zmq.Message) (n int, gone bool)
	// requestSnapshot requests a snapshot from the active server, over a new connection.
	requestSnapshot()
}

// serverLimits are the settings of a core.
type serverLimits struct {
	maxKeys, maxBytes, maxKeySize, maxValueSize, maxSnapshots, maxPending int
	snapshotTimeout, pendingTimeout, syncTimeout, beat                    time.Duration
}

// pendingUpdate is a KVSET that the active server has not published yet.
type pendingUpdate struct {
	u     update
	order uint64
	at    time.Time
}

// core is the state machine of a server. It is either active, or passive and follows the
// active one.
type core struct {
	serverLimits
	out    serverOutput
	store  *store
	active bool
	beatAt time.Time // of the next HUGZ

	// Of a passive server:
	incoming  *store    // the snapshot that is being received, or nil
	held      []update  // updates that were published meanwhile
	syncAt    time.Time // when the snapshot is requested again
	order     uint64
	pending   map[uuid]pendingUpdate
	published map[uuid]time.Time // updates that the active server has published before the client's KVSET arrived

	stats  ServerStats
	values []*entry // reused
	msgs   []zmq.Message
}

func newCore(l serverLimits, out serverOutput) *core {
	return &core{
		serverLimits: l, out: out, store: newStore(l.maxKeys, l.maxBytes),
		pending: make(map[uuid]pendingUpdate), published: make(map[uuid]time.Time),
		values: make([]*entry, 0, 256), msgs: make([]zmq.Message, 0, 256),
	}
}

// activate makes the server active: it applies the updates that the previous active server
// has not published.
func (c *core) activate(now time.Time) {
	if c.active {
		return
	}
	c.active, c.incoming, c.held = true, nil, nil
	pending := slices.SortedFunc(maps.Values(c.pending), func(a, b pendingUpdate) int { return int(a.order) - int(b.order) })
	clear(c.pending)
	clear(c.published)
	for _, p := range pending {
		c.change(now, &p.u)
	}
}

// passivate makes the server passive: it replaces its values by those of the active server
// as soon as it has all of them.
func (c *core) passivate(now time.Time) {
	c.active = false
	for w := range c.store.snapshots {
		c.store.end(w)
		c.stats.SnapshotsAborted++
	}
	c.sync(now)
}

// sync requests a snapshot.
func (c *core) sync(now time.Time) {
	c.incoming, c.held, c.syncAt = newStore(c.maxKeys, c.maxBytes), nil, now.Add(c.syncTimeout)
	c.stats.Syncs++
	c.out.requestSnapshot()
}

// set processes a KVSET of a client.
func (c *core) set(now time.Time, m zmq.Message) {
	u, ok := decode(m)
	if ok {
		_, ok = decodeTTL(u.props)
	}
	switch {
	case !ok || u.key == keyBeat || u.key == keyEnd || u.key == keyRequest:
		c.stats.Malformed++
	case len(u.key) > c.maxKeySize || len(u.value) > c.maxValueSize || len(u.props) > c.maxKeySize:
		c.stats.TooLarge++
	case c.active:
		c.change(now, &u)
	case u.id == (uuid{}):
		c.stats.PendingDropped++ // it could not be recognised among those that are published
	default:
		c.hold(now, u)
	}
}

// hold keeps an update until the active server publishes it.
func (c *core) hold(now time.Time, u update) {
	if _, ok := c.published[u.id]; ok {
		delete(c.published, u.id)
		return
	}
	if len(c.pending) >= c.maxPending {
		c.stats.PendingDropped++
		return
	}
	c.order++
	u.props, u.value = bytes.Clone(u.props), bytes.Clone(u.value)
	c.pending[u.id] = pendingUpdate{u, c.order, now}
}

// change applies an update of a client and publishes it.
func (c *core) change(now time.Time, u *update) {
	if !c.store.fits(u) {
		c.stats.StoreFull++
		return
	}
	u.number = c.store.number + 1
	c.store.apply(u, expiry(now, u))
	c.stats.Updates++
	c.out.publish(u)
}

// expiry returns when a value expires, or the zero time.
func expiry(now time.Time, u *update) time.Time {
	if ttl, ok := decodeTTL(u.props); ok && ttl > 0 {
		return now.Add(ttl)
	}
	return time.Time{}
}

// request processes an ICANHAZ of a client. fromServer reports that it is the peer.
func (c *core) request(client string, m zmq.Message, fromServer bool) {
	subtree, ok := decodeRequest(m)
	if !ok || len(subtree) > c.maxKeySize {
		c.stats.Malformed++
		return
	}
	for w := range c.store.snapshots {
		if w.client == client {
			c.store.end(w) // the client begins again
		}
	}
	if len(c.store.snapshots) >= c.maxSnapshots {
		c.stats.SnapshotsRefused++
		return
	}
	c.store.begin(client, subtree, fromServer)
}

// advance sends the next values of each snapshot. busy reports that there is more to do,
// blocked that a client does not read.
func (c *core) advance(now time.Time) (busy, blocked bool) {
	for w := range c.store.snapshots {
		switch done := c.step(now, w); {
		case done:
			c.store.end(w)
		case w.blocked.IsZero():
			busy = true
		default:
			blocked = true
		}
	}
	return busy, blocked
}

// step sends the next values of a snapshot.
func (c *core) step(now time.Time, w *snapshot) (done bool) {
	batch, next := w.collect(c.values[:0], 8192)
	c.msgs = c.msgs[:0]
	for _, e := range batch {
		u := w.encode(e, now)
		c.msgs = append(c.msgs, u.encode())
	}
	if next == nil {
		end := update{key: keyEnd, number: w.number, value: []byte(w.subtree)}
		c.msgs = append(c.msgs, end.encode())
	}
	n, gone := c.out.sendTo(w.client, c.msgs)
	c.stats.SnapshotValues += uint64(min(n, len(batch)))
	if n == len(c.msgs) {
		w.blocked = time.Time{}
		w.move(next)
		if next == nil {
			c.stats.Snapshots++
		}
		return next == nil
	}
	if n > 0 {
		w.blocked = time.Time{}
	}
	if w.blocked.IsZero() {
		w.blocked = now
	}
	if n < len(batch) {
		w.move(batch[n])
	} else {
		w.move(nil)
	}
	if gone || now.Sub(w.blocked) >= c.snapshotTimeout {
		c.stats.SnapshotsAborted++
		return true
	}
	return false
}

// tick does what depends on time.
func (c *core) tick(now time.Time) {
	if c.active {
		for e := c.store.expired(now); e != nil; e = c.store.expired(now) {
			c.stats.Expired++
			c.change(now, &update{key: e.key})
		}
	}
	if !c.active && c.incoming != nil && !now.Before(c.syncAt) {
		c.sync(now)
	}
	if now.Before(c.beatAt) {
		return
	}
	c.beatAt = now.Add(c.beat)
	if c.active {
		c.out.publish(&update{key: keyBeat, number: c.store.number})
		return
	}
	for id, p := range c.pending {
		if now.Sub(p.at) >= c.pendingTimeout {
			c.stats.PendingDropped++ // the active server has refused it
			delete(c.pending, id)
		}
	}
	maps.DeleteFunc(c.published, func(_ uuid, at time.Time) bool { return now.Sub(at) >= c.pendingTimeout })
}

// deadline returns when tick has to be called.
func (c *core) deadline() time.Time {
	at := c.beatAt
	if c.active && len(c.store.expiring) > 0 && c.store.expiring[0].expires.Before(at) {
		at = c.store.expiring[0].expires
	}
	return at
}

// follow processes a KVPUB or HUGZ of the active server.
func (c *core) follow(now time.Time, m zmq.Message) {
	u, ok := decode(m)
	switch {
	case c.active:
	case !ok:
		c.stats.Malformed++
	case u.key == keyBeat:
		if c.incoming == nil && u.number > c.store.number {
			c.sync(now) // updates were lost
		}
	default:
		c.settle(now, u.id)
		c.followUpdate(now, &u)
	}
}

// settle records that the active server has published an update.
func (c *core) settle(now time.Time, id uuid) {
	if id == (uuid{}) {
		return
	}
	if _, ok := c.pending[id]; ok {
		delete(c.pending, id)
	} else if len(c.published) < c.maxPending {
		c.published[id] = now
	}
}

// followUpdate applies an update of the active server, or holds it until the snapshot is
// complete.
func (c *core) followUpdate(now time.Time, u *update) {
	switch {
	case c.incoming != nil && len(c.held) >= c.maxPending:
		c.sync(now)
	case c.incoming != nil:
		u.props, u.value = bytes.Clone(u.props), bytes.Clone(u.value)
		c.held = append(c.held, *u)
	case u.number <= c.store.number:
	case u.number != c.store.number+1:
		c.sync(now)
	default:
		c.store.apply(u, expiry(now, u))
	}
}

// receiveSnapshot processes a KVSYNC or KTHXBAI of the active server.
func (c *core) receiveSnapshot(now time.Time, m zmq.Message) {
	u, ok := decode(m)
	switch {
	case c.active || c.incoming == nil:
	case !ok:
		c.stats.Malformed++
	case u.key != keyEnd:
		c.syncAt = now.Add(c.syncTimeout)
		if c.incoming.fits(&u) {
			c.incoming.apply(&u, expiry(now, &u))
		} else {
			c.stats.StoreFull++
		}
	default:
		held := c.held
		c.incoming.number = u.number
		c.store, c.incoming, c.held = c.incoming, nil, nil
		for i := range held {
			if c.incoming == nil {
				c.followUpdate(now, &held[i])
			}
		}
	}
}
