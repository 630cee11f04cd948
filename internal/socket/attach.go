package socket

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// pipeOwner attaches pipes to the pattern of a socket and detaches them. host
// for sessions and inprocEnd for links are based on it.
type pipeOwner struct{ s *Socket }

// Wake is called by a queue that the socket reads, under any lock.
func (o pipeOwner) Wake(q *pipe.Queue) { o.s.inbox.report(q.To()) }

// Room is called by a queue that the socket writes, under sendMu.
func (o pipeOwner) Room(q *pipe.Queue) {
	o.s.sender.Room(q.From())
	o.s.lines.wakeForRoom(q.From())
}

// Drops returns the counters of dropped messages.
func (o pipeOwner) Drops() *pipe.Drops { return &o.s.drops }

// Attach adds a pipe, to which messages can then be queued. If the socket can
// have one peer only and that has disconnected, the new pipe replaces it.
func (o pipeOwner) Attach(p *pipe.Pipe) error {
	err := o.attach(p)
	for err == pattern.ErrPeerExists && o.displaceDisconnected(p, nil) {
		err = o.attach(p)
	}
	return err
}

func (o pipeOwner) attach(p *pipe.Pipe) error {
	s := o.s
	s.lockBoth()
	defer s.unlockBoth()
	if s.isClosed() || p.Retired {
		return ErrClosed
	}
	if err := s.pat.Attach(p); err != nil {
		return err
	}
	if s.patternOpts.ProbesWith(s.typ) {
		s.sent.add(0) // Attach has queued an empty message
	}
	s.hwm.apply(p) // the limits of a link are set when it is joined
	s.peers.attach(p)
	s.lines.wakeAll()
	return nil
}

// Connected makes peer the peer of a pipe. An error refuses the peer.
func (o pipeOwner) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	evicted, err := o.connected(p, peer)
	for err == pattern.ErrDuplicateRoutingID && o.displaceDisconnected(p, peer) {
		evicted, err = o.connected(p, peer)
	}
	for _, old := range evicted {
		old.To.Refuse(pattern.ErrHandover)
	}
	return err
}

// connected makes one attempt to admit the peer. It returns
// pattern.ErrDuplicateRoutingID if another pipe has its routing ID, else the
// pipes whose connections have to end because the peer took over their routing
// ID.
func (o pipeOwner) connected(p *pipe.Pipe, peer *msg.Peer) (evicted []*pipe.Pipe, err error) {
	s := o.s
	s.peerMu.Lock()
	defer s.peerMu.Unlock()
	s.lockBoth()
	if !s.peers.attached(p) {
		o.reconnectRetired(p, peer)
		s.unlockBoth()
		return nil, nil
	}
	if err := s.pat.Connected(p, peer); err != nil {
		s.unlockBoth()
		return nil, err
	}
	p.SetPeer(peer)
	s.lines.wakeAll()
	if e, ok := s.pat.(*pattern.Router); ok {
		evicted = e.Evicted()
	}
	s.unlockBoth()
	for _, old := range evicted {
		// No disconnect message: the peer with that ID is still connected.
		s.peers.disconnected(old)
	}
	if s.sub != nil && p.Sub != nil {
		s.sendMu.Lock()
		var topics []string
		s.sub.Topics(func(t string) { topics = append(topics, t) })
		s.sendMu.Unlock()
		for _, t := range topics {
			p.Sub.Subscribe(t, true)
		}
	}
	s.peers.connected(p)
	return evicted, nil
}

// reconnectRetired implements Connected for a pipe that was detached from the
// pattern and exists until the messages queued to it are written. The caller
// holds both locks.
func (o pipeOwner) reconnectRetired(p *pipe.Pipe, peer *msg.Peer) {
	if p.Alias != "" {
		peer.RoutingID = p.Alias
	}
	if old := p.Peer(); o.s.router != nil && old != nil && old.RoutingID != peer.RoutingID {
		// The queued messages are for the previous peer.
		p.Out.Discard(pipe.DropConnLost)
	}
	p.SetPeer(peer)
}

// displaceDisconnected is called when an accepted peer is refused because
// another peer has its routing ID or is the only peer. If that other peer has
// closed its connection, even if messages from it are still unread, or its
// system does not answer, it is removed and the result is true.
func (o pipeOwner) displaceDisconnected(p *pipe.Pipe, peer *msg.Peer) bool {
	s := o.s
	d, ok := s.pat.(pattern.Displacer)
	if !ok || p.Side != pipe.Accepted {
		return false
	}
	s.lockBoth()
	holder := d.Holder(p, peer)
	var to pipe.Connection
	if holder != nil {
		to = holder.To
	}
	s.unlockBoth()
	far, ok := to.(interface{ PeerDisconnected() bool })
	if !ok || !far.PeerDisconnected() { // with no lock held: it makes system calls
		return false
	}
	s.lockBoth()
	d.Displace(holder)
	if old := holder.Peer(); peer != nil && old != nil {
		peer.Replaces = old.Generation
	}
	s.unlockBoth()
	return true
}

// disconnected is called when the connection of a pipe has ended, with the options
// of its endpoint.
func (o pipeOwner) disconnected(p *pipe.Pipe, opts *Options) {
	s := o.s
	if s.pub != nil {
		s.sendMu.Lock()
		more := s.pub.RemoveSubscriptions(p)
		s.sendMu.Unlock()
		o.removeSubscriptions(p, more)
	}
	s.lockBoth()
	s.pat.Disconnected(p)
	s.lines.wakeAll() // calls that wait for this peer
	s.unlockBoth()
	o.queueDisconnectMessage(p, opts)
	if s.pub != nil {
		s.inbox.notify() // for cancelled subscriptions to be received
	}
	if p.Side == pipe.Dialed && !opts.Immediate {
		s.peers.disconnected(p)
		return
	}
	// Any other pipe is detached next. Its peer counts as connected until then:
	// when a caller has waited for the number of peers to fall, no message can be
	// sent to the pipe any longer.
}

// removeSubscriptions removes all subscriptions of a peer, unless more is false. It
// does so in several turns, none of which holds sendMu for long.
func (o pipeOwner) removeSubscriptions(p *pipe.Pipe, more bool) {
	for more {
		o.s.turn(func() int { more = o.s.pub.RemoveSubscriptions(p); return changesAtOnce })
	}
}

// queueDisconnectMessage queues the message that Recv returns for a lost peer,
// if the options have one.
func (o pipeOwner) queueDisconnectMessage(p *pipe.Pipe, opts *Options) {
	var text []byte
	switch p.Side {
	case pipe.Accepted:
		text = opts.Disconnect
	case pipe.Dialed:
		text = opts.Hiccup
	}
	if text == nil || !o.s.peers.isConnected(p) {
		return
	}
	p.In.Lock()
	if !p.In.ReadClosed() {
		p.In.PutFrom(p.Peer(), &msg.Msg{First: text})
	}
	p.In.Unlock()
}

// Detach removes a pipe from the pattern. Messages in its In can still be
// received.
func (o pipeOwner) Detach(p *pipe.Pipe) {
	s := o.s
	s.lockBoth()
	s.pat.Detach(p)
	s.lines.wakeAll()
	s.unlockSendHalf()
	defer s.recvMu.Unlock()
	s.peers.detach(p)
	s.peers.sweepUnread()
	if s.receiver != nil {
		// Drain here and not in the next Recv, which the application may never
		// call.
		s.inbox.drain(s.receiver)
	}
}

// Retire removes a pipe from the pattern permanently, and closes its Out, so that
// the connection ends when the queued messages are written.
func (o pipeOwner) Retire(p *pipe.Pipe) {
	s := o.s
	s.lockBoth()
	if p.Out != nil && !p.Retired {
		s.retired.add(p.Out)
	}
	p.Retired = true
	more := s.pub != nil && s.pub.RemoveSubscriptions(p)
	s.unlockBoth()
	o.removeSubscriptions(p, more)
	o.Detach(p)
	if p.Out != nil {
		p.Out.Lock()
		p.Out.Close()
		p.Out.Unlock()
	}
}
