package zyre

import "time"

// tick handles the time that has passed (36/ZRE, The PING Command). It is called about
// every tickInterval.
func (c *core) tick(now time.Time) {
	for _, p := range c.peers {
		quiet := now.Sub(p.heard)
		switch {
		case p.life == connecting:
			if now.Sub(p.since) >= c.o.HelloTimeout {
				c.stats.Drops.NoHello++
				c.remove(p, ExitExpired)
			}
		case quiet >= c.o.ExpiredTimeout:
			c.remove(p, ExitExpired)
		case p.life == evasive && now.Sub(p.changed) >= c.o.SilentTimeout:
			p.life = silent
			c.emit(Silent{p.Peer})
			c.send(p, &command{id: cmdPing})
		case p.life == alive && now.Sub(p.seen) >= c.o.EvasiveTimeout:
			p.life, p.changed = evasive, now
			c.emit(Evasive{p.Peer})
			c.ping(p)
		case quiet >= c.o.ExpiredTimeout/2:
			// Beacons arrive, but they can be forged: ask the peer itself before it
			// expires.
			c.ping(p)
		}
	}
}

// ping sends a PING, unless one was sent since the last command of the peer.
func (c *core) ping(p *peer) {
	if !p.pinged {
		p.pinged = true
		c.send(p, &command{id: cmdPing})
	}
}

// excuse makes all peers count as heard now: the node itself did not read their commands.
func (c *core) excuse(now time.Time) {
	for _, p := range c.peers {
		p.heard, p.seen = now, now
	}
}
