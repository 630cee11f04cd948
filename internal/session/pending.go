package session

import (
	"container/list"
	"time"
)

// A pending connection is one whose handshake is not complete. A normal peer sends
// its first bytes with the last segment of the TCP handshake and the rest within
// a few round trips. Below the limits a slow peer has all of
// Config.HandshakeTimeout. At a limit, overdue connections are closed.
const (
	// silentGrace is how long a connection whose peer has sent nothing may be
	// pending before it is overdue.
	silentGrace = 500 * time.Millisecond
	// sourceGrace is the same for a peer that has sent something, when its source
	// has too many connections.
	sourceGrace = 2 * time.Second
)

// pendingConns holds a listener's pending connections by source. The listener's mu
// guards it.
type pendingConns struct {
	n       int
	sources map[string]*pendingSource
}

// pendingSource holds the pending connections of one source, each list with the
// oldest first.
type pendingSource struct {
	silent     list.List // their peers have sent nothing
	progressed list.List // their peers have sent valid bytes
}

func (s *pendingSource) len() int { return s.silent.Len() + s.progressed.Len() }

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

// progressed moves c to the list of connections whose peers have sent valid
// bytes. It does nothing if c is not pending.
func (p *pendingConns) progressed(c *conn) {
	if c.waiting == nil {
		return
	}
	c.list.Remove(c.waiting)
	s := &p.sources[c.source].progressed
	// Connections make progress almost in the order of since, so the search is
	// short.
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

// overdue returns the connection to close first: the oldest silent one if that is
// overdue, else the oldest whose peer has sent something. If none is overdue, it
// returns the time until one is.
func (s *pendingSource) overdue(now time.Time, grace time.Duration) (*conn, time.Duration) {
	wait := max(silentGrace, grace)
	for _, l := range []struct {
		list  *list.List
		grace time.Duration
	}{{&s.silent, silentGrace}, {&s.progressed, grace}} {
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

// overdue returns an overdue connection, of the source with the most pending
// connections among the sources that have one. If none is overdue, it returns the
// time until one is.
func (p *pendingConns) overdue(now time.Time) (c *conn, wait time.Duration) {
	wait = silentGrace
	most := 0
	for _, s := range p.sources {
		oldest, left := s.overdue(now, silentGrace)
		if oldest == nil {
			wait = min(wait, left)
		} else if n := s.len(); n > most || n == most && oldest.since.Before(c.since) {
			c, most = oldest, n
		}
	}
	return c, wait
}
