package diff

import "slices"

// Sockets in random scenarios disconnect by Disconnect and Unbind, and may
// reconnect later. The generator follows these rules:
//
//   - A socket reads all messages before it disconnects, because libzmq drops
//     unread messages (push-pull-disconnect-by-receiver-with-unread-messages).
//     Messages that it has sent may still be in flight.
//   - Both sockets receive once after the disconnect, so that libzmq processes
//     the end of the connection.
//   - An unbound tcp or ipc endpoint is bound again immediately, or its peers
//     disconnect. Otherwise the number of messages queued for it depends on the
//     distribution.
//   - A bound SUB or DISH does not unbind a tcp or ipc endpoint (sub-unbind).
//   - Peers do not disconnect from a bound REQ. A REQ cannot receive at any time,
//     and libzmq's REQ drops the request during which it processes the end of the
//     connection. With several REPs the next receiver is unspecified, and a
//     relaxed REQ may have pending replies.
//   - STREAM does not disconnect, because the notifications differ
//     (stream-disconnect).

// link is an endpoint to which a socket was connected.
type link struct{ socket, at string }

// disconnect ends a random connection for which ok returns true, if there is
// one. read adds the steps before the disconnect, poll those after it.
func (g *generator) disconnect(ok func(c *planConn) bool, read, poll func()) {
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
	g.peersChanged = true
	if g.oneIn(3) && g.mayUnbind(c.peer, c.at) {
		g.unbind(c.peer, c.at, poll)
		return
	}
	g.do(Step{Do: doDisconnect, Socket: c.socket, At: c.at})
	poll()
	g.disconnected = append(g.disconnected, link{c.socket, c.at})
	if g.oneIn(2) {
		g.reconnect(poll)
	}
}

// mayUnbind reports whether the result of an unbind is specified.
func (g *generator) mayUnbind(name, at string) bool {
	typ := g.p.socket(name).Type
	return g.p.over(at) == "inproc" || !slices.Contains([]string{"SUB", "XSUB", "DISH"}, typ) && !g.noUnbind
}

// unbind unbinds an endpoint. It then binds it again, or disconnects its peers.
func (g *generator) unbind(name, at string, poll func()) {
	g.do(Step{Do: doUnbind, Socket: name, At: at})
	poll()
	if g.oneIn(2) {
		g.do(Step{Do: doBind, Socket: name, At: at})
		poll()
		return
	}
	for _, c := range slices.Clone(g.p.conns) {
		if c.at == at {
			g.do(Step{Do: doDisconnect, Socket: c.socket, At: at})
			poll()
		}
	}
}

// reconnect restores the connection that was ended last, if both sockets are
// open. It returns the connecting socket, or an empty string.
func (g *generator) reconnect(poll func()) (socket string) {
	if len(g.disconnected) == 0 {
		return ""
	}
	l := g.disconnected[len(g.disconnected)-1]
	g.disconnected = g.disconnected[:len(g.disconnected)-1]
	if !g.open[l.socket] || g.p.bound[l.at] == "" {
		return ""
	}
	g.do(Step{Do: doConnect, Socket: l.socket, At: l.at})
	poll()
	return l.socket
}

// disconnectOrReconnect ends or restores a random connection.
func (g *generator) disconnectOrReconnect(all func()) {
	if g.oneIn(3) {
		g.reconnect(all)
		return
	}
	g.disconnect(func(*planConn) bool { return true }, all, all)
}

// disconnectRequests ends or restores a connection between clients and a
// server.
func (g *generator) disconnectRequests(clients []string, server string) {
	poll := func() {
		for _, c := range clients {
			g.poll(c)
		}
		g.poll(server)
	}
	if g.oneIn(3) {
		g.reconnect(poll)
		return
	}
	g.disconnect(func(c *planConn) bool { return g.p.socket(c.peer).Type != "REQ" }, poll, poll)
}

// routerReply sends from a ROUTER to a routing ID. Without a connection it
// sends only with ZMQ_ROUTER_MANDATORY, because this library always returns an
// error.
func (g *generator) routerReply(router, to, id string, head ...string) {
	linked := slices.ContainsFunc(g.p.conns, func(c *planConn) bool {
		return c.socket == router && c.peer == to || c.socket == to && c.peer == router
	})
	if linked || g.p.socket(router).Options["router_mandatory"] != nil {
		g.send(router, append([]string{id}, head...)...)
	}
}

// disconnectBalanced ends or restores a connection between senders and
// receivers. Messages of a sender that disconnects may be unread.
func (g *generator) disconnectBalanced(from, to []string) {
	poll := func() {
		g.drainAll(to)
		for _, f := range from {
			if receives(g.p.socket(f).Type) {
				g.poll(f)
			}
		}
	}
	if g.oneIn(3) {
		g.reconnect(poll)
		return
	}
	if g.oneIn(2) {
		connects := func(c *planConn) bool { return slices.Contains(from, c.socket) }
		g.noUnbind = true
		g.disconnect(connects, func() {}, poll)
		g.noUnbind = false
		return
	}
	g.disconnect(func(*planConn) bool { return true }, poll, poll)
}

// receives reports whether a sender type can receive.
func receives(typ string) bool { return typ != "PUSH" && typ != "SCATTER" }

// disconnectFull ends the connection between the sender and a receiver that may
// be full, over inproc. It returns the connected receivers.
func (g *generator) disconnectFull(from string, to []string) []string {
	for _, so := range g.s.Sockets {
		if so.Options["sndhwm"] == 0 || so.Options["rcvhwm"] == 0 {
			return to // unlimited receivers are not full, so the distribution is unspecified
		}
	}
	i := g.IntN(len(to))
	r := to[i]
	at := ""
	connector := from
	for _, c := range g.p.conns {
		if c.socket == r || c.peer == r {
			connector, at = c.socket, c.at
		}
	}
	poll := func() { g.do(Step{Do: doDrain, Socket: r, Order: onlyCount}) }
	if connector == r {
		poll()
	}
	g.do(Step{Do: doDisconnect, Socket: connector, At: at})
	if receives(g.p.socket(from).Type) {
		g.poll(from) // so that a ROUTER releases its routing ID
	}
	for range g.IntN(3) {
		g.do(Step{Do: doFill, Socket: from, Count: 60})
		if g.oneIn(2) {
			poll()
		}
	}
	poll() // otherwise it would have two queues, and their order is unspecified
	if g.oneIn(2) {
		g.do(Step{Do: doConnect, Socket: connector, At: at})
		return to
	}
	g.do(Step{Do: doFill, Socket: from, Count: 60})
	return slices.Delete(slices.Clone(to), i, i+1)
}
