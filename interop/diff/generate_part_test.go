package diff

import "slices"

// Sockets let go of each other in random scenarios by Disconnect and Unbind,
// and meet again later. What is compared is what both implementations know by
// then:
//
//   - Who lets go has read everything, for what it has not is a known difference
//     ("a receiver lets go of what it has not read"). What it has sent may still
//     be on its way.
//   - Both look for more afterwards, so that libzmq's sockets come to the end of
//     what they had.
//   - An endpoint of a wire is bound again at once, or those that are connected
//     to it let it go too: otherwise what is queued for it depends on turns.
//   - A SUB or DISH that others connect to unbinds no wire ("a subscriber that
//     others connect to unbinds").
//   - Nobody lets go of a REQ that is bound. It cannot look when it likes, and
//     libzmq's loses the request at which it comes to the end of the old pipe.
//     One that asks several REPs would leave open whom next, and a relaxed one
//     may still be owed replies.
//   - A STREAM is told, and libzmq's is not ("a STREAM disconnects").

// link is an endpoint that a socket was connected to.
type link struct{ socket, at string }

// part has two sockets let go of each other, if there is a connection that may
// be: ok says so, and who reads before. Afterwards look has all look for more.
func (g *generator) part(ok func(c *planConn) bool, read, look func()) {
	var live []*planConn
	for _, c := range g.p.conns {
		if c.peer != "" && ok(c) {
			live = append(live, c)
		}
	}
	if len(live) == 0 {
		return
	}
	c := *live[g.IntN(len(live))]
	read()
	g.churned = true
	if g.one(3) && g.mayUnbind(c.peer, c.at) {
		g.unbind(c.peer, c.at, look)
		return
	}
	g.do(Step{Do: doDisconnect, Socket: c.socket, At: c.at})
	look()
	g.apart = append(g.apart, link{c.socket, c.at})
	if g.one(2) {
		g.again(look)
	}
}

// mayUnbind reports whether it is determined what happens then.
func (g *generator) mayUnbind(name, at string) bool {
	typ := g.p.socket(name).Type
	return g.p.over(at) == "inproc" || !slices.Contains([]string{"SUB", "XSUB", "DISH"}, typ) && !g.keepBound
}

// unbind is for a while, or for ever.
func (g *generator) unbind(name, at string, look func()) {
	g.do(Step{Do: doUnbind, Socket: name, At: at})
	look()
	if g.one(2) {
		g.do(Step{Do: doBind, Socket: name, At: at})
		look()
		return
	}
	for _, c := range slices.Clone(g.p.conns) {
		if c.at == at {
			g.do(Step{Do: doDisconnect, Socket: c.socket, At: at})
			look()
		}
	}
}

// again connects who was last apart, if there still is somebody, and reports
// whom.
func (g *generator) again(look func()) (who string) {
	if len(g.apart) == 0 {
		return ""
	}
	l := g.apart[len(g.apart)-1]
	g.apart = g.apart[:len(g.apart)-1]
	if !g.open[l.socket] || g.p.bound[l.at] == "" {
		return ""
	}
	g.do(Step{Do: doConnect, Socket: l.socket, At: l.at})
	look()
	return l.socket
}

// partOrMeet is either, for all that is connected. Who lets go has read before.
func (g *generator) partOrMeet(all func()) {
	if g.one(3) {
		g.again(all)
		return
	}
	g.part(func(*planConn) bool { return true }, all, all)
}

// partRequests is that of those who ask and the one who answers.
func (g *generator) partRequests(clients []string, server string) {
	look := func() {
		for _, c := range clients {
			g.look(c)
		}
		g.look(server)
	}
	if g.one(3) {
		g.again(look)
		return
	}
	g.part(func(c *planConn) bool { return g.p.socket(c.peer).Type != "REQ" }, look, look)
}

// answer sends from a ROUTER to who has an id. Only one that must route says what becomes of a
// message to nobody, as ours always does.
func (g *generator) answer(router, to, id string, head ...string) {
	linked := slices.ContainsFunc(g.p.conns, func(c *planConn) bool {
		return c.socket == router && c.peer == to || c.socket == to && c.peer == router
	})
	if linked || g.p.socket(router).Options["router_mandatory"] != nil {
		g.send(router, append([]string{id}, head...)...)
	}
}

// partPipes is that of senders and receivers in turn. What a sender has sent
// before it lets go may still be unread.
func (g *generator) partPipes(from, to []string) {
	look := func() {
		g.drainAll(to)
		for _, f := range from {
			if receives(g.p.socket(f).Type) {
				g.look(f)
			}
		}
	}
	if g.one(3) {
		g.again(look)
		return
	}
	if g.one(2) {
		connects := func(c *planConn) bool { return slices.Contains(from, c.socket) }
		g.keepBound = true
		g.part(connects, func() {}, look)
		g.keepBound = false
		return
	}
	g.part(func(*planConn) bool { return true }, look, look)
}

// receives reports whether a sender of messages by turn can look for more.
func receives(typ string) bool { return typ != "PUSH" && typ != "SCATTER" }

// partFull is that of one sender over inproc whose receivers may be full. It
// returns those that are still connected.
func (g *generator) partFull(from string, to []string) []string {
	for _, so := range g.s.Sockets {
		if so.Options["sndhwm"] == 0 || so.Options["rcvhwm"] == 0 {
			return to // not all are full, and whose turn it is is open
		}
	}
	i := g.IntN(len(to))
	r := to[i]
	at := ""
	who := from
	for _, c := range g.p.conns {
		if c.socket == r || c.peer == r {
			who, at = c.socket, c.at
		}
	}
	look := func() { g.do(Step{Do: doDrain, Socket: r, Order: onlyCount}) }
	if who == r {
		look()
	}
	g.do(Step{Do: doDisconnect, Socket: who, At: at})
	if receives(g.p.socket(from).Type) {
		g.look(from) // or a ROUTER would not have its id again
	}
	for range g.IntN(3) {
		g.do(Step{Do: doFill, Socket: from, Count: 60})
		if g.one(2) {
			look()
		}
	}
	look() // or it would have two queues, and whose room comes first is open
	if g.one(2) {
		g.do(Step{Do: doConnect, Socket: who, At: at})
		return to
	}
	g.do(Step{Do: doFill, Socket: from, Count: 60})
	return slices.Delete(slices.Clone(to), i, i+1)
}
