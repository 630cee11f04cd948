package diff

import "slices"

// scatter is a pipeline of messages of one frame.
func (g *generator) scatter() {
	g.whole = true
	g.pipes("SCATTER", "GATHER")
}

// channels is PAIRs of messages of one frame.
func (g *generator) channels() {
	g.whole = true
	g.couples("CHANNEL")
}

// clients is CLIENTs and a SERVER, which learns its peers' ids from the first
// message of each.
func (g *generator) clients() {
	g.whole = true
	var options []any
	if g.one(3) {
		options = append(options, "disconnect_msg", "bye")
	}
	if g.one(4) {
		options = append(options, "hello_msg", "hello")
	}
	s := g.socket("S", "SERVER", options...)
	var clients []string
	come := func() {
		g.drain(s)
		var options []any
		if g.one(4) {
			options = append(options, "hello_msg", "hello")
		}
		c := g.socket("C", "CLIENT", options...)
		clients = append(clients, c)
		g.join(s, c)
		g.send(c)
		g.do(Step{Do: doRecv, Socket: s, Count: 1, Keep: []string{c}})
	}
	come()
	for range 4 + g.IntN(16) {
		i := g.IntN(len(clients))
		c := clients[i]
		switch g.IntN(10) {
		case 9:
			clients = g.partClient(s, c, clients)
		case 0:
			come()
		case 1:
			g.drain(s)
		case 2:
			g.drain(c)
		case 3, 4, 5:
			g.do(Step{Do: doSend, Socket: s, Frames: g.message(s, "$"+c)})
		case 6:
			if len(clients) == 1 || g.lastingPeer(c) {
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
	for _, who := range append([]string{s}, clients...) {
		g.drain(who)
	}
}

// partClient has a CLIENT and the SERVER let go of each other, and mostly meet
// again. The SERVER knows it by another number then.
func (g *generator) partClient(s, c string, clients []string) []string {
	look := func() {
		g.drain(s)
		g.drain(c)
	}
	g.part(func(l *planConn) bool { return l.socket == c || l.peer == c }, look, look)
	g.do(Step{Do: doSend, Socket: s, Frames: g.message(s, "$"+c)})
	if g.p.links(c) == 0 {
		g.again(look)
	}
	look()
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

// groupNames are those that random scenarios join and send to. A zero byte
// would end one for libzmq.
var groupNames = []string{"", "a", "ab", "abc", "b", "ÿ\x01"}

// radio is RADIOs and DISHes.
func (g *generator) radio() {
	g.whole = true
	g.limited = g.transport == "inproc" && g.one(4)
	var pubOptions, subOptions []any
	if g.limited {
		pubOptions = []any{"sndhwm", 1 + g.IntN(4)}
		subOptions = []any{"rcvhwm", 1 + g.IntN(4)}
	}
	if g.one(4) {
		pubOptions = append(pubOptions, "xpub_nodrop", 1)
	}
	radios := g.several("R", "RADIO", 2, pubOptions...)
	g.publishers = len(radios)
	dishes := g.several("D", "DISH", 3, subOptions...)
	change := func(d string) {
		do := g.pick(doJoin, doJoin, doLeave)
		// Ready speaks for one publisher, not for each.
		if do == doJoin || g.p.links(d) <= 1 || !g.overWires(d) {
			g.do(Step{Do: do, Socket: d, Topic: g.pick(groupNames...)})
		}
	}
	for _, d := range dishes {
		for range g.IntN(3) {
			change(d)
		}
	}
	g.mesh(radios, dishes)
	for range 5 + g.IntN(20) {
		i := g.IntN(len(dishes))
		d := dishes[i]
		switch g.IntN(10) {
		case 9:
			g.partOrMeet(func() {
				for _, d := range dishes {
					g.drain(d)
				}
			})
		case 0, 1, 2:
			change(d)
		case 3:
			g.drain(d)
		case 4:
			if len(dishes) > 1 && !g.lastingPeer(d) && g.one(2) {
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
