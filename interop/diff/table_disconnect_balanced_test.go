package diff

import (
	"slices"
	"strings"
)

// balancedDisconnects are scenarios for disconnect and unbind of the types that
// distribute messages over their peers. Messages queued before are still
// delivered; later messages go to other peers. REQ is in
// table_disconnect_test.go, because it has only one message in flight.
var balancedDisconnects = slices.Concat(
	balancedPair("PUSH", "PULL", ""),
	balancedPair("DEALER", "DEALER", ""),
	balancedPair("DEALER", "ROUTER", "$a | "),
	balancedPair("SCATTER", "GATHER", ""),
	balancedPair("CLIENT", "SERVER", "$a | "),
)

// balancedPair returns balancedEntries for a sender type and a receiver type.
// front is the first frame of a received message. After an unbind the sender
// receives once, so that libzmq processes the end of the connection.
func balancedPair(from, to, front string) (list []entry) {
	poll := "a none"
	if from == "PUSH" || from == "SCATTER" {
		poll = "" // these types cannot receive
	}
	names := strings.NewReplacer("FROM", from, "TO", to, "^", front, "POLL", poll)
	for _, e := range balancedEntries {
		e.name = strings.ToLower(from+"-"+to+"-") + e.name
		e.text = names.Replace(e.text)
		list = append(list, e)
	}
	return list
}

var balancedEntries = []entry{
	{"disconnect-one-of-two", "load balancing; zmq_disconnect", "", "", `
		a FROM
		b TO
		c TO
		b bind x
		c bind y
		a connect x
		a connect y
		a send 1
		a send 2
		b recv ^1
		c recv ^2
		a disconnect x
		a send 3
		a send 4
		c recv ^3 ; ^4
		b none
		a connect x
		a disconnect y
		a send 5
		a send 6
		b recv ^5 ; ^6
		b none
		c none`},
	{"disconnect-with-unread-messages", "load balancing; zmq_disconnect", "", "", `
		a FROM
		b TO
		c TO
		b bind x
		c bind y
		a connect x
		a connect y
		a send 1
		a send 2
		a send 3
		a disconnect x
		a send 4
		a send 5
		c recv ^2 ; ^4 ; ^5
		b recv ^1 ; ^3
		b none
		c none`},
	{"disconnect-full-receiver-gets-queued-messages", "load balancing; zmq_disconnect over inproc", inproc, "", `
		a FROM sndhwm=1
		b TO rcvhwm=1
		b bind x
		a connect x
		a fill 9 -> 2
		a disconnect x
		a send 3 -> EAGAIN
		b recv ^1
		a send 3 -> EAGAIN
		b recv ^2
		a send 3 -> EAGAIN
		b none
		a send 3 -> EAGAIN
		a connect x
		a send 4
		b recv ^4
		b none`},
	{"disconnect-full-receiver-gets-no-later-messages", "load balancing; zmq_disconnect over inproc", inproc, "", `
		a FROM sndhwm=1
		b TO rcvhwm=1
		c TO rcvhwm=0
		b bind x
		c bind y
		a connect x
		a fill 9 -> 2
		a disconnect x
		a connect y
		a send 3
		b recv ^1
		a send 4
		b recv ^2
		a send 5
		a send 6
		b none
		c recv ^3 ; ^4 ; ^5 ; ^6
		c none`},
	{"disconnect-one-of-two-full-receivers", "load balancing; zmq_disconnect over inproc", inproc, "", `
		a FROM sndhwm=2
		b TO rcvhwm=2
		c TO rcvhwm=2
		b bind x
		c bind y
		a connect x
		a connect y
		a fill 99 -> 8
		a disconnect x
		a send no -> EAGAIN
		c recv ^2 ; ^4
		a fill 99 -> 2
		b recv ^1 ; ^3 ; ^5 ; ^7
		a send no -> EAGAIN
		b none
		c recv ^6 ; ^8 ; ^1 ; ^2
		c none`},
	{"disconnect-half-full-receiver", "load balancing; zmq_disconnect over inproc", inproc, "", `
		a FROM sndhwm=2
		b TO rcvhwm=2
		b bind x
		a connect x
		a send 1
		a send 2
		a disconnect x
		a send 3 -> EAGAIN
		a connect x
		a fill 9 -> 4
		b take 6
		b none`},
	{"disconnect-before-bind-keeps-queued-messages", "messages for a connected endpoint stay queued without a peer; zmq_disconnect", wires, "", `
		a FROM sndhwm=2
		b TO
		c TO
		a connect x
		a fill 9 -> 2
		a disconnect x
		a send 3 -> EAGAIN
		c bind y
		a connect y
		a send 4
		b bind x
		b recv ^1 ; ^2
		a send 5
		c recv ^4 ; ^5
		b none
		c none`},
	{"unbind-by-sender", "load balancing; zmq_unbind", wires, "", `
		a FROM
		b TO
		c TO
		a bind x
		a bind y
		b connect x
		c connect y
		a send 1
		a send 2
		b recv ^1
		c recv ^2
		a unbind x
		POLL
		b none
		a send 3
		a send 4
		c recv ^3 ; ^4
		a unbind y
		POLL
		c none
		a send 5 -> EAGAIN
		a bind x
		a send 6
		b recv ^6
		c none`},
	{"unbind-by-receiver", "messages for a connected endpoint stay queued without a peer; zmq_unbind", wires, "", `
		a FROM
		b TO
		b bind x
		a connect x
		a send 1
		b recv ^1
		b unbind x
		b none
		a send 2
		b none
		b bind x
		a send 3
		b recv ^2 ; ^3
		b none`},
	{"inproc-unbind-frees-name", "zmq_unbind frees the inproc name", inproc, "", `
		a FROM
		b TO
		c TO
		b bind x
		a connect x
		b unbind x
		a send 1
		b recv ^1
		c bind x
		a send 2
		b recv ^2
		a disconnect x
		a send 3 -> EAGAIN
		a connect x
		a send 4
		c recv ^4
		b none`},
	{"disconnect-by-receiver", "load balancing; zmq_disconnect", "", "", `
		a FROM
		b TO
		c TO
		a bind x
		b connect x
		c connect x
		a send 1
		a send 2
		b recv ^1
		c recv ^2
		b disconnect x
		b none
		a send 3
		a send 4
		c recv ^3 ; ^4
		c disconnect x
		a send 5 -> EAGAIN
		b none
		c none
		b connect x
		a send 6
		b recv ^6`},
	{"disconnect-by-receiver-with-unread-messages", "zmq_disconnect over inproc", inproc, "", `
		a FROM
		b TO
		a bind x
		b connect x
		a send 1
		b recv ^1
		a send 2
		b disconnect x
		b none
		! ^2 because received messages stay readable after a disconnect
		a send 3 -> EAGAIN
		b connect x
		a send 4
		b recv ^4
		b none`},
	{"disconnect-by-full-receiver", "load balancing; zmq_disconnect over inproc", inproc, "", `
		a FROM sndhwm=1
		b TO rcvhwm=1
		c TO rcvhwm=1
		a bind x
		b connect x
		a fill 9 -> 2
		b disconnect x
		a send 3 -> EAGAIN
		c connect x
		a fill 9 -> 2
		c recv ^1 ; ^2
		c none`},
}
