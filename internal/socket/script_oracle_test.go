package socket_test

import (
	"fmt"
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// The oracle reads the tapes of all connections. A message is
//
//	written    when it is whole on a tape's Written,
//	in flight  when only a part of it is,
//	arrived    when it is whole on a tape's Read,
//	destroyed  when it was written and has not arrived.
//
// Then for the socket that sent, and the one that received:
//
//	accepted = written + in flight + dropped by the sender, for its reasons
//	arrived  = delivered + dropped by the receiver, for its reasons
//
// In flight and received in part are drops too, and counted once each. What
// the network destroys nobody can count, but here it is known: it is the
// messages that end behind the last byte read.

// ledger is what the tapes say of one life.
type ledger struct {
	written  map[label]int
	inFlight int
	arrived  map[label]int
	partial  int
}

var senderReasons = []pipe.Drop{pipe.DropHWM, pipe.DropNoRoute, pipe.DropConnLost, pipe.DropLinger, pipe.DropRequester}

var receiverReasons = []pipe.Drop{pipe.DropUnread, pipe.DropStaleReply, pipe.DropFiltered, pipe.DropUpstream}

// judge checks the accounts of a script that is over.
func (sc *script) judge() {
	books := sc.read()
	for _, l := range sc.lives {
		b := books[l]
		l.judgeSent(b)
		l.judgeReceived(b)
		l.judgeOrder()
	}
	if sc.clean {
		sc.judgeClean(books)
	}
}

// read makes everybody's ledger of the tapes.
func (sc *script) read() map[*life]*ledger {
	books := make(map[*life]*ledger)
	for _, l := range sc.lives {
		books[l] = &ledger{written: make(map[label]int), arrived: make(map[label]int)}
	}
	for _, w := range sc.tap.Wires() {
		dialer, _ := w.Dialer.(*life)
		acceptor, _ := w.Acceptor.(*life)
		sc.readTape(books, w.Ordinal, &w.Up, dialer, acceptor)
		sc.readTape(books, w.Ordinal, &w.Down, acceptor, dialer)
	}
	return books
}

func (sc *script) readTape(books map[*life]*ledger, ordinal int, t *st.Tape, from, to *life) {
	what := fmt.Sprintf("connection %d", ordinal)
	if len(t.Read) > len(t.Written) || string(t.Read) != string(t.Written[:len(t.Read)]) {
		sc.Errorf("%s: the network altered bytes", what)
	}
	if from != nil {
		whole, cut := st.Parse(t.Written)
		last := uint32(0)
		for _, m := range whole {
			l, err := examine(m.Frames)
			switch {
			case err != nil:
				sc.Errorf("%s, byte %d: %v", what, m.Start, err)
			case l.sender != from.id:
				sc.Errorf("%s: life %d sent a message of %d", what, from.id, l.sender)
			case l.seq <= last && !from.sideBySide():
				sc.Errorf("%s: message %v written behind %d", what, l, last)
			}
			last = l.seq
			books[from].written[l]++
		}
		if cut != nil {
			books[from].inFlight++
		}
	}
	if to == nil || to.refused[ordinal] {
		return
	}
	whole, cut := st.Parse(t.Read)
	for _, m := range whole {
		l, _ := examine(m.Frames)
		books[to].arrived[l]++
	}
	if cut != nil {
		books[to].partial++
	}
}

func (l *life) count(reasons ...pipe.Drop) (n int) {
	drops := l.Stats().Drops
	for _, why := range reasons {
		n += int(drops[why])
	}
	return n
}

// judgeSent checks the account of a socket as a sender.
func (l *life) judgeSent(b *ledger) {
	sc := l.sc
	total := 0
	for this, n := range b.written {
		total += n
		switch {
		case l.failed[this]:
			sc.Errorf("life %d: message %v was written although Send failed", l.id, this)
		case !l.accepted[this] && !l.unsure[this]:
			sc.Errorf("life %d: message %v was written and never sent", l.id, this)
		case n > 1 && l.Type() != pattern.PUB:
			sc.Errorf("life %d: message %v was written %d times", l.id, this, n)
		}
	}
	s := l.Stats()
	if got := l.count(pipe.DropInFlight); got != b.inFlight {
		sc.Errorf("life %d: counted %d messages in flight, the wires %d", l.id, got, b.inFlight)
	}
	if len(l.unsure) == 0 && int(s.MsgsSent) != len(l.accepted) {
		sc.Errorf("life %d: counted %d messages sent, the senders %d", l.id, s.MsgsSent, len(l.accepted))
	}
	if s.QueuedSend != 0 {
		sc.Errorf("life %d: %d messages queued after Close", l.id, s.QueuedSend)
	}
	if l.Type() == pattern.PUB {
		return // how many copies it makes is not known from outside
	}
	if lost := l.count(senderReasons...); int(s.MsgsSent) != total+b.inFlight+lost {
		sc.Errorf("life %d (%s): accepted %d = written %d + in flight %d + dropped %d + unexplained %d\n\tdrops %v",
			l.id, pattern.Types[l.Type()].Name, s.MsgsSent, total, b.inFlight, lost, int(s.MsgsSent)-total-b.inFlight-lost, s.Drops)
	}
}

// judgeReceived checks the account of a socket as a receiver.
func (l *life) judgeReceived(b *ledger) {
	sc := l.sc
	seen := make(map[delivery]bool)
	for _, d := range l.delivered {
		key := d
		if l.Type() != pattern.SUB || !l.left {
			key.from = nil // else two connections may have had the subscription for a while
		}
		if seen[key] {
			sc.Errorf("life %d: message %v delivered twice", l.id, d.label)
		}
		seen[key] = true
		if b.arrived[d.label] == 0 {
			sc.Errorf("life %d: message %v delivered and never received", l.id, d.label)
		}
	}
	s := l.Stats()
	if int(s.MsgsReceived) != len(l.delivered) {
		sc.Errorf("life %d: counted %d messages received, the receivers %d", l.id, s.MsgsReceived, len(l.delivered))
	}
	if got := l.count(pipe.DropPartial); got != b.partial {
		sc.Errorf("life %d: counted %d messages received in part, the wires %d", l.id, got, b.partial)
	}
	arrived := 0
	for _, n := range b.arrived {
		arrived += n
	}
	if lost := l.count(receiverReasons...); arrived != len(l.delivered)+lost {
		sc.Errorf("life %d (%s): arrived %d = delivered %d + dropped %d + unexplained %d\n\tdrops %v",
			l.id, pattern.Types[l.Type()].Name, arrived, len(l.delivered), lost, arrived-len(l.delivered)-lost, s.Drops)
	}
}

// judgeOrder checks that what one sender wrote to one connection came in that
// order. Calls of a REQ run side by side, so theirs have none.
func (l *life) judgeOrder() {
	if l.sideBySide() {
		return
	}
	type stream struct {
		from   *msg.Peer
		sender uint32
	}
	last := make(map[stream]uint32)
	overall := make(map[uint32]uint32)
	for _, d := range l.delivered {
		s := stream{d.from, d.sender}
		if d.seq <= last[s] {
			l.sc.Errorf("life %d: message %v delivered behind %d of the same connection", l.id, d.label, last[s])
		}
		last[s] = d.seq
		// A socket that has connected has one pipe to its peer, whatever
		// becomes of connections.
		connected := (l.node.n == 0) != l.sc.hubBinds
		if connected && d.seq <= overall[d.sender] && !l.left {
			l.sc.Errorf("life %d: message %v delivered behind %d", l.id, d.label, overall[d.sender])
		}
		overall[d.sender] = d.seq
	}
}

// judgeClean checks a script in which nothing could be lost.
func (sc *script) judgeClean(books map[*life]*ledger) {
	var sent, got, lost int
	for _, l := range sc.lives {
		s := l.Stats()
		n := int(s.MsgsSent)
		if l.Type() == pattern.PUB {
			n = len(l.accepted) * sc.spokes
		}
		sent += n
		got += len(l.delivered)
		lost += l.count(pipe.DropHWM, pipe.DropStaleReply, pipe.DropUnread, pipe.DropInFlight, pipe.DropLinger, pipe.DropConnLost)
		for why := range pipe.NumDrops {
			var allowed []pipe.Drop
			switch l.Type() {
			case pattern.REQ: // those of Calls that gave up, also in the middle of one
				allowed = []pipe.Drop{pipe.DropStaleReply, pipe.DropUnread, pipe.DropPartial}
			case pattern.REP:
				allowed = []pipe.Drop{pipe.DropHWM, pipe.DropInFlight, pipe.DropLinger, pipe.DropConnLost}
			case pattern.PUB:
				allowed = []pipe.Drop{pipe.DropHWM}
			}
			if n := l.count(why); n > 0 && !slices.Contains(allowed, why) {
				sc.Errorf("life %d: %d messages dropped for %v on a network without faults", l.id, n, why)
			}
		}
	}
	if replies := sc.hub == pattern.REQ || sc.hub == pattern.REP; sent < got+lost || sent > got+lost && !replies {
		// A reply that nobody waits for may be under way when its REQ closes.
		sc.Errorf("without faults %d messages were accepted, %d delivered, %d dropped", sent, got, lost)
	}
}

// sideBySide reports whether several callers of a REQ made what l sends and
// receives, each for itself: which comes first is then up to the scheduler.
func (l *life) sideBySide() bool {
	return l.Type() == pattern.REQ || l.Type() == pattern.REP
}
