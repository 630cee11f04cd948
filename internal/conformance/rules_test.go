// Package conformance holds the rules of ZeroMQ's socket types, one row each
// with an id, and tests that are named after the row they are of:
// TestRule_3_3_4_... is of row 3.3.4 and TestRule_3_0_PAIR of row 3.0.PAIR. A
// row's status is a claim about those tests and about nothing else.
// docs/CONFORMANCE.md is made of the two.
//
// The rows follow section 3 of an inventory of what libzmq does, as its source
// says, in its order. What is different here on purpose is in
// docs/DEVIATIONS.md. The package has tests only, and knows sockets by
// internal/socket, as every face of the library does.
package conformance

import "slices"

//go:generate go test -run TestReportIsTrue -update

// status says how far a row is kept.
type status string

const (
	kept     status = "kept"
	deviates status = "deviates" // on purpose: see docs/DEVIATIONS.md
	partly   status = "partly"   // what is missing is said
	pending  status = "pending"  // nothing of it is there yet
)

// rule is one row.
type rule struct {
	id      string
	says    string // the rule
	status  status
	missing string   // what of it is not there
	see     []string // anchors in docs/DEVIATIONS.md
}

var sections = map[string]string{
	"3.0": "The types",
	"3.1": "All types",
	"3.2": "REQ and REP",
	"3.3": "ROUTER",
	"3.4": "DEALER, PUSH, PULL and PAIR",
	"3.5": "PUB and XPUB",
	"3.6": "SUB and XSUB",
	"3.7": "STREAM and the draft types",
	"3.8": "Messages that are sent by themselves",
}

// rules are all rows, in order.
var rules = slices.Concat(typeRules, commonRules, requestRules, routerRules, pipelineRules,
	publishRules, subscribeRules, draftRules, automaticRules)

const preamble = `# Conformance

What ZeroMQ's socket types do, one row for each rule, and the tests that hold us to it. It is made by
` + "`go generate ./internal/conformance`" + ` of the table in ` + "`internal/conformance`" + ` and of the names of the tests there; a test
fails if the two differ. *Kept*: the tests check all that the row says; if it says *see*, the entry is about something beside that.
*Deviates*: the tests check what we do instead, and [DEVIATIONS.md](DEVIATIONS.md) says why. *Partly* and *pending*: it says what is
missing.

The tests ask the core, ` + "`internal/socket`" + `, on which package ` + "`zmq`" + ` stands and a C library will. The package offers all of it but this: its
ROUTER always says when it cannot send (ZMQ_ROUTER_MANDATORY), its publishers look for subscriptions in the first frame alone
(ZMQ_ONLY_FIRST_SUBSCRIBE), messages are sent and received whole, with ids, numbers and groups beside them and not in a frame, and for
raw connections it has STREAM, not ZMQ_ROUTER_RAW.

The rules are those of libzmq, from its source, where that and the RFCs differ. *Pipe* is the pair of queues between a socket and one
peer; *HWM* the high-water mark, how many messages a queue takes. *Try again* is what a call says that would have to wait
(` + "`EAGAIN`, `ErrWouldBlock`" + `), *no route* that there is no such peer (` + "`EHOSTUNREACH`, `ErrNoRoute`" + `), *out of turn* that a
request-reply exchange is not there yet (` + "`EFSM`, `ErrInvalidState`" + `).

`
