package conformance

import "testing"

var automaticRules = []rule{
	{slug: "hello-message", status: kept,
		text:  "ROUTER, DEALER, CLIENT, SERVER and PEER send the message of ZMQ_HELLO_MSG first on each connection, also after a reconnect, before all queued messages. Over inproc both sides send it, whichever exists first.",
		tests: []func(*testing.T){TestHelloMessageIsFirstOnEachConnection}},
	{slug: "disconnect-message", status: kept,
		text:  "ROUTER, SERVER and PEER receive the message of ZMQ_DISCONNECT_MSG when the connection of an accepted peer that has completed its handshake is lost. It replaces an incomplete message. Over inproc it is also received when the peer closes or disconnects.",
		tests: []func(*testing.T){TestDisconnectMessageFollowsLastWholeMessage}},
	{slug: "hiccup-message", status: kept,
		text:  "DEALER, CLIENT and PEER receive the message of ZMQ_HICCUP_MSG when a connection that they made is lost, but not over inproc.",
		tests: []func(*testing.T){TestHiccupMessageFollowsLostConnection}},
}
