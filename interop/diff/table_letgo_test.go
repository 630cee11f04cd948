package diff

import (
	"slices"
	"strings"
)

// letting is Disconnect and Unbind of the types that take their receivers in
// turn: what was queued before still goes, and nothing goes there afterwards.
// A REQ, which has one message under way at a time, is with the rest
// (table_part_test.go).
var letting = slices.Concat(
	lettingGo("PUSH", "PULL", ""),
	lettingGo("DEALER", "DEALER", ""),
	lettingGo("DEALER", "ROUTER", "$a | "),
	lettingGo("SCATTER", "GATHER", ""),
	lettingGo("CLIENT", "SERVER", "$a | "),
)

// lettingGo is that of a sender and its receivers, whose messages begin with
// what is in front. Whoever unbinds looks for more then, so that libzmq's socket
// comes to the end of what it had.
func lettingGo(from, to, front string) (list []entry) {
	look := "a none"
	if from == "PUSH" || from == "SCATTER" {
		look = "" // it has nothing to receive
	}
	names := strings.NewReplacer("FROM", from, "TO", to, "^", front, "LOOK", look)
	for _, e := range letGo {
		e.name = from + " to " + to + ", " + e.name
		e.text = names.Replace(e.text)
		list = append(list, e)
	}
	return list
}

var letGo = []entry{
	{"one of two let go", "3.1 LB, 10 disconnect", "", "", `
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
	{"let go with messages unread", "3.1 LB, 10 disconnect", "", "", `
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
	{"a full one let go gets what it was sent", "3.1 LB, 5.3 inproc, 10 disconnect", inside, "", `
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
	{"a full one let go has no turn when it drains", "3.1 LB, 5.3 inproc, 10 disconnect", inside, "", `
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
	{"one of two full ones let go", "3.1 LB, 5.3 inproc, 10 disconnect", inside, "", `
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
	{"let go while half full", "3.1 LB, 5.3 inproc, 10 disconnect", inside, "", `
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
	{"nobody there and let go, what is queued waits for the binder", "3.1 queued for a connected endpoint, 10 disconnect", wires, "", `
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
	{"an endpoint unbound by the sender", "3.1 LB, 10 unbind", wires, "", `
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
		LOOK
		b none
		a send 3
		a send 4
		c recv ^3 ; ^4
		a unbind y
		LOOK
		c none
		a send 5 -> EAGAIN
		a bind x
		a send 6
		b recv ^6
		c none`},
	{"an endpoint unbound by the receiver", "3.1 queued for a connected endpoint, 10 unbind", wires, "", `
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
	{"unbound names lead nobody in", "5.3 unbind frees the name", inside, "", `
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
	{"a receiver lets go", "3.1 LB, 10 disconnect", "", "", `
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
	{"a receiver lets go of what it has not read", "5.3 inproc, 10 disconnect", inside, "", `
		a FROM
		b TO
		a bind x
		b connect x
		a send 1
		b recv ^1
		a send 2
		b disconnect x
		b none
		! ^2 because what has arrived is the application's, whoever left whom
		a send 3 -> EAGAIN
		b connect x
		a send 4
		b recv ^4
		b none`},
	{"a full receiver lets go", "3.1 LB, 5.3 inproc, 10 disconnect", inside, "", `
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
