package zyre

import "time"

// tick handles the time that has passed (36/ZRE, The PING Command). It is called about
// every tickInterval.
func (c *core) tick(now time.Time) {
	for _, p := range c.peers {
		quiet := now.Sub(p.lastCommand)
		switch {
		case p.state == connecting:
			if now.Sub(p.since) >= c.o.HelloTimeout {
				c.stats.Drops.NoHello++
				c.remove(p, ExitExpired)
			}
		case quiet >= c.o.ExpiredTimeout:
			c.remove(p, ExitExpired)
		case p.state == evasive && now.Sub(p.changed) >= c.o.SilentTimeout:
			p.state = silent
			c.emit(Silent{p.Peer})
			c.send(p, &command{id: cmdPing})
		case p.state == alive && now.Sub(p.lastSign) >= c.o.EvasiveTimeout:
			p.state, p.changed = evasive, now
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

// resetTimeouts makes all timeouts begin now: the node itself did not read the commands of
// its peers.
func (c *core) resetTimeouts(now time.Time) {
	for _, p := range c.peers {
		p.lastCommand, p.lastSign = now, now
	}
}
