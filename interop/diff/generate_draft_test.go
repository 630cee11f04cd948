package diff

import "slices"

// scatter generates SCATTER to GATHER.
func (g *generator) scatter() {
	g.singleFrame = true
	g.balanced("SCATTER", "GATHER")
}

// channels generates CHANNELs.
func (g *generator) channels() {
	g.singleFrame = true
	g.pairsOf("CHANNEL")
}

// clients generates CLIENTs and a SERVER. The SERVER stores the routing number
// of a CLIENT from its first message.
func (g *generator) clients() {
	g.singleFrame = true
	var options []any
	if g.oneIn(3) {
		options = append(options, "disconnect_msg", "bye")
	}
	if g.oneIn(4) {
		options = append(options, "hello_msg", "hello")
	}
	s := g.socket("S", "SERVER", options...)
	var clients []string
	addClient := func() {
		g.drain(s)
		var options []any
		if g.oneIn(4) {
			options = append(options, "hello_msg", "hello")
		}
		c := g.socket("C", "CLIENT", options...)
		clients = append(clients, c)
		g.join(s, c)
		g.send(c)
		g.do(Step{Do: doRecv, Socket: s, Count: 1, Keep: []string{c}})
	}
	addClient()
	for range 4 + g.IntN(16) {
		i := g.IntN(len(clients))
		c := clients[i]
		switch g.IntN(10) {
		case 9:
			clients = g.disconnectClient(s, c, clients)
		case 0:
			addClient()
		case 1:
			g.drain(s)
		case 2:
			g.drain(c)
		case 3, 4, 5:
			g.do(Step{Do: doSend, Socket: s, Frames: g.message(s, "$"+c)})
		case 6:
			if len(clients) == 1 || g.hasReconnectingPeer(c) {
				break
			}
			g.drain(s)
			g.do(Step{Do: doClose, Socket: c})
			delete(g.open, c)
			g.drain(s)
			g.do(Step{Do: doSend, Socket: s, Frames: g.message(s, "$"+c)})
			clients = slices.Delete(clients, i, i+1)
		case 7:
			g.do(Step{Do: doSend, Socket: c, Frames: []string{"two", "frames"}})
		default:
			g.send(c)
		}
	}
	for _, name := range append([]string{s}, clients...) {
		g.drain(name)
	}
}

// disconnectClient ends the connection between a CLIENT and the SERVER, and
// usually restores it. The CLIENT then has a new routing number. It returns the
// connected clients.
func (g *generator) disconnectClient(s, c string, clients []string) []string {
	poll := func() {
		g.drain(s)
		g.drain(c)
	}
	g.disconnect(func(l *planConn) bool { return l.socket == c || l.peer == c }, poll, poll)
	g.do(Step{Do: doSend, Socket: s, Frames: g.message(s, "$"+c)})
	if g.p.links(c) == 0 {
		g.reconnect(poll)
	}
	poll()
	if g.p.links(c) == 0 && len(clients) > 1 {
		return slices.DeleteFunc(clients, func(x string) bool { return x == c })
	}
	if g.p.links(c) == 0 {
		g.join(s, c)
	}
	g.send(c)
	g.do(Step{Do: doRecv, Socket: s, Count: 1, Keep: []string{c}})
	return clients
}

// groupNames are the groups of random scenarios. None has a zero byte, which
// ends a group in libzmq.
var groupNames = []string{"", "a", "ab", "abc", "b", "ÿ\x01"}

// radio generates RADIOs and DISHes.
func (g *generator) radio() {
	g.singleFrame = true
	g.hasHWM = g.transport == "inproc" && g.oneIn(4)
	var pubOptions, subOptions []any
	if g.hasHWM {
		pubOptions = []any{"sndhwm", 1 + g.IntN(4)}
		subOptions = []any{"rcvhwm", 1 + g.IntN(4)}
	}
	if g.oneIn(4) {
		pubOptions = append(pubOptions, "xpub_nodrop", 1)
	}
	radios := g.several("R", "RADIO", 2, pubOptions...)
	g.publishers = len(radios)
	dishes := g.several("D", "DISH", 3, subOptions...)
	change := func(d string) {
		do := g.pick(doJoin, doJoin, doLeave)
		// Ready waits for one publisher only.
		if do == doJoin || g.p.links(d) <= 1 || !g.overWires(d) {
			g.do(Step{Do: do, Socket: d, Topic: g.pick(groupNames...)})
		}
	}
	for _, d := range dishes {
		for range g.IntN(3) {
			change(d)
		}
	}
	g.connectAll(radios, dishes)
	for range 5 + g.IntN(20) {
		i := g.IntN(len(dishes))
		d := dishes[i]
		switch g.IntN(10) {
		case 9:
			g.disconnectOrReconnect(func() {
				for _, d := range dishes {
					g.drain(d)
				}
			})
		case 0, 1, 2:
			change(d)
		case 3:
			g.drain(d)
		case 4:
			if len(dishes) > 1 && !g.hasReconnectingPeer(d) && g.oneIn(2) {
				g.do(Step{Do: doClose, Socket: d})
				delete(g.open, d)
				dishes = slices.Delete(dishes, i, i+1)
			}
		default:
			for range 1 + g.IntN(4) {
				g.send(radios[g.IntN(len(radios))], g.pick(groupNames...))
			}
		}
	}
	for _, d := range dishes {
		g.drain(d)
	}
}
