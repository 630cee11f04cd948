package conformance

var automaticRules = []rule{
	{id: "3.8.1", status: kept,
		says: "A hello message of ROUTER, DEALER, CLIENT, SERVER or PEER is the first on each connection, also on one that is made again, ahead of all that is queued; over inproc both ways, whoever is there first."},
	{id: "3.8.2", status: kept,
		says: "A disconnect message of ROUTER, SERVER or PEER is received where a peer that had come and ended its handshake is lost, in place of a message of which a part is missing; over inproc also when the peer closes or disconnects."},
	{id: "3.8.3", status: kept,
		says: "A hiccup message of DEALER, CLIENT or PEER is received when a connection that it made is lost, and not over inproc."},
}
