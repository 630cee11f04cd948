package session

import (
	"container/list"
	"net"
	"time"
)

// A pending connection is one whose handshake is not over. A peer that means to
// complete it sends its first bytes with the last segment of the TCP handshake
// and the rest within a few round trips. While there is room a slow one has the
// whole of Config.HandshakeTimeout. Where there is none, those that are overdue
// are closed to make some:
const (
	// silentGrace is how long a connection may be pending without having sent
	// anything before it is overdue.
	silentGrace = 500 * time.Millisecond
	// sourceGrace is the same for one that has sent something, when its source
	// has too many.
	sourceGrace = 2 * time.Second
)

// pendingConns is a listener's pending connections by source. The listener's mu
// guards it.
type pendingConns struct {
	n       int
	sources map[string]*pendingSource
}

// pendingSource is the pending connections of one source, each list with the
// oldest first.
type pendingSource struct {
	silent list.List // those that have sent nothing
	spoken list.List // those that have sent something that a peer may send
}

func (s *pendingSource) len() int { return s.silent.Len() + s.spoken.Len() }

func (p *pendingConns) add(c *conn) {
	if p.sources == nil {
		p.sources = make(map[string]*pendingSource)
	}
	s := p.sources[c.source]
	if s == nil {
		s = new(pendingSource)
		p.sources[c.source] = s
	}
	p.n++
	c.since = time.Now()
	c.list, c.waiting = &s.silent, s.silent.PushBack(c)
}

// remove reports whether c was pending.
func (p *pendingConns) remove(c *conn) bool {
	if c.waiting == nil {
		return false
	}
	c.list.Remove(c.waiting)
	c.list, c.waiting = nil, nil
	p.n--
	if p.sources[c.source].len() == 0 {
		delete(p.sources, c.source)
	}
	return true
}

// progressed notes that c has sent something.
func (p *pendingConns) progressed(c *conn) {
	if c.waiting == nil {
		return
	}
	c.list.Remove(c.waiting)
	s := &p.sources[c.source].spoken
	// Few arrive out of order, and those not by much.
	at := s.Back()
	for at != nil && at.Value.(*conn).since.After(c.since) {
		at = at.Prev()
	}
	if at == nil {
		c.waiting = s.PushFront(c)
	} else {
		c.waiting = s.InsertAfter(c, at)
	}
	c.list = s
}

// overdue returns the connection that is the first to make room: the oldest
// silent one if that is overdue, else the oldest that has sent something. If
// none is overdue, it returns the time until one is.
func (s *pendingSource) overdue(now time.Time, grace time.Duration) (*conn, time.Duration) {
	wait := max(silentGrace, grace)
	for _, l := range []struct {
		list  *list.List
		grace time.Duration
	}{{&s.silent, silentGrace}, {&s.spoken, grace}} {
		front := l.list.Front()
		if front == nil {
			continue
		}
		c := front.Value.(*conn)
		left := l.grace - now.Sub(c.since)
		if left <= 0 {
			return c, 0
		}
		wait = min(wait, left)
	}
	return nil, wait
}

// overdue returns the overdue connection of the source that has the most
// pending connections of those with one. If none is overdue, it returns the time
// until one is.
func (p *pendingConns) overdue(now time.Time) (victim *conn, wait time.Duration) {
	wait = silentGrace
	most := 0
	for _, s := range p.sources {
		c, left := s.overdue(now, silentGrace)
		if c == nil {
			wait = min(wait, left)
		} else if n := s.len(); n > most || n == most && c.since.Before(victim.since) {
			victim, most = c, n
		}
	}
	return victim, wait
}

// Source is what connections are counted by: the address, of IPv6 the /64 that
// one host usually has.
func Source(a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return ""
	}
	if ip4 := t.IP.To4(); ip4 != nil {
		return string(ip4)
	}
	return string(t.IP.Mask(net.CIDRMask(64, 128)))
}
