package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Pair implements PAIR: it has one peer, and no other until that one is
// detached.
// https://rfc.zeromq.org/spec/31/#the-pair-socket-type
// Rules in docs/CONFORMANCE.md: pair, pair-*.
type Pair struct {
	base
	singlePeer
	outgoing
	fairReceiver // of the peer, and of earlier peers until they are read
}

func (s *Pair) Attach(p *pipe.Pipe) error { return s.take(p) }
func (s *Pair) Detach(p *pipe.Pipe)       { s.release(p); s.removePipe(p) }

// Displace detaches the peer, so that another one can be attached.
func (s *Pair) Displace(p *pipe.Pipe) { s.Detach(p) }

func (s *Pair) Send(m msg.Msg) error { return s.put(&m) }

// SendFrame claims the peer. If the peer is detached in the middle of a message,
// the remaining frames are discarded, as PUSH does. libzmq keeps them and sends
// them to the next peer as a message.
func (s *Pair) SendFrame(f *msg.Frame, mayWait bool) error {
	if !s.InMessage() {
		if !s.hasRoom() {
			return ErrWouldBlock
		}
		s.claim(s.peer)
	}
	return s.nextSinglePipe(f, mayWait)
}

func (s *Pair) Writable() bool { return s.InMessage() || s.hasRoom() }
