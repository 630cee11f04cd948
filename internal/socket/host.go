package socket

import (
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
)

// host implements session.Host for the sessions of a socket. After a call that
// may release a routing ID or remove the only peer, inproc links that were
// refused for that reason are tried again.
type host struct {
	pipeOwner
	opts *Options // of the endpoint: those of the socket when it was bound or connected
}

// end returns the socket as its links know it.
func (h host) end() inprocEnd { return inprocEnd{h.pipeOwner} }

// NewPipe returns a pipe with the queues that the socket type needs.
func (h host) NewPipe(r pipe.Reader, w pipe.Writer, sub pipe.Subscriptions) *pipe.Pipe {
	s := h.s
	p := pipe.New()
	p.To, _ = r.(pipe.Connection)
	send, recv := s.hwm.limits()
	if f, ok := r.(flusher); ok && s.lockstep != nil {
		r = &postponed{s, f}
	}
	if s.info.Sends {
		p.Out = pipe.NewQueue(pipe.Config{
			Lock: &s.sendMu, HWM: send, MaxBytes: h.opts.MaxQueuedBytes,
			Pooled: true, Conflate: h.opts.Conflate, DropOldest: h.opts.Overflow == OverflowDropOldest, Reader: r, Writer: h, From: p, Drops: &s.drops,
			Written: &s.written,
		})
	}
	if s.info.Receives {
		overhead := 0
		if s.info.Publishes {
			overhead = pipe.OrderEntrySize // subscriptions are received in the order of all peers
		}
		p.In = pipe.NewQueue(pipe.Config{
			HWM: recv, MaxBytes: h.opts.MaxQueuedBytes,
			Overhead: overhead, Conflate: h.opts.Conflate, Reader: h, Writer: w, To: p, Drops: &s.drops,
		})
	}
	p.Sub = sub
	return p
}

// Disconnected, Retire and Detach may release a routing ID or remove the only
// peer.

func (h host) Disconnected(p *pipe.Pipe) {
	h.disconnected(p, h.opts)
	h.opts.Namespace.Retry(h.end())
}

func (h host) Retire(p *pipe.Pipe) {
	h.pipeOwner.Retire(p)
	h.opts.Namespace.Retry(h.end())
}

func (h host) Detach(p *pipe.Pipe) {
	h.pipeOwner.Detach(p)
	h.opts.Namespace.Retry(h.end())
}

// HalfClosed is called when the peer of a raw connection has ended its direction.
func (h host) HalfClosed(p *pipe.Pipe) {
	if h.s.raw == nil {
		return
	}
	h.s.lockBoth()
	defer h.s.unlockBoth()
	h.s.raw.HalfClosed(p)
}

// UnreadLimitReached reports whether the unread messages of disconnected peers
// exceed the limit of one queue. No peer is admitted meanwhile: peers that connect,
// send and disconnect could otherwise fill all memory.
func (h host) UnreadLimitReached() bool {
	h.s.recvMu.Lock()
	defer h.s.recvMu.Unlock()
	return h.s.peers.unreadLimitReached(h.opts.MaxQueuedBytes)
}

// Revocations returns the number of calls of DisconnectPeers.
func (h host) Revocations() uint64 { return h.s.revocations.Load() }

// Event reports an event of a session.
func (h host) Event(ev session.Event) { h.s.event(ev) }

// Unconfirmed counts a connection that ended because lingering was over, before its
// written messages were known to have arrived.
func (h host) Unconfirmed() { h.s.unconfirmed.Add(1) }
