// Package conformance checks the socket types against the rules of libzmq. It
// contains only tests.
//
// A rule has a slug, a text and the tests that check it; the tests are
// function values in the table, so the compiler checks that they exist.
// TestEveryTestChecksARule finds tests that are in no rule.
// docs/CONFORMANCE.md is generated from the table.
//
// The rules state what the source of libzmq does. Intended differences are
// described in docs/DEVIATIONS.md. The tests use package internal/socket, on
// which the public package zmq is built.
package conformance

import "testing"

//go:generate go test -run TestConformanceDocumentIsCurrent -update

// status says whether this library follows a rule.
type status string

const (
	kept     status = "kept"
	deviates status = "deviates" // intended: see docs/DEVIATIONS.md
)

// rule is one row of docs/CONFORMANCE.md.
type rule struct {
	slug       string // stable: other files refer to it
	status     status
	deviations []string // anchors in docs/DEVIATIONS.md
	text       string
	tests      []func(*testing.T)
}

// section is one table of docs/CONFORMANCE.md.
type section struct {
	title string
	rules []rule
}

// sections are in the order of the document. The slugs of typeRules are the
// names of the socket types, and peer-types.
var sections = []section{
	{"Socket types", typeRules},
	{"All socket types", commonRules},
	{"REQ and REP", requestRules},
	{"ROUTER", routerRules},
	{"DEALER, PUSH, PULL and PAIR", pipelineRules},
	{"PUB and XPUB", publishRules},
	{"SUB and XSUB", subscribeRules},
	{"STREAM and the draft types", draftRules},
	{"Automatic messages", automaticRules},
}

const preamble = `# Conformance

The rules of ZeroMQ's socket types, and the tests that check this library against them. ` + "`go generate ./internal/conformance`" + `
writes this file from the table in ` + "`internal/conformance`" + `; a test fails if the two differ.

- **kept**: the tests check everything that the rule states. An entry after *see* concerns a related difference.
- **deviates**: the tests check what this library does instead. [DEVIATIONS.md](DEVIATIONS.md) describes it and gives the reason.

The rules are those of libzmq, taken from its source, also where the source differs from the RFCs.

The tests use ` + "`internal/socket`" + `, on which package ` + "`zmq`" + ` is built, as a C interface will be. Package ` + "`zmq`" + ` offers all of it,
with these exceptions:

- its ROUTER always reports a message that it cannot send (ZMQ_ROUTER_MANDATORY is always on);
- its publishers look for subscriptions in the first frame of a message only (ZMQ_ONLY_FIRST_SUBSCRIBE is always on);
- messages are sent and received whole; routing IDs, routing numbers and groups are arguments and results, not frames;
- for raw TCP connections it has STREAM, but not ZMQ_ROUTER_RAW.

Terms:

- *pipe*: the two queues between a socket and one peer;
- *HWM*: the high-water mark, the number of messages that a queue accepts;
- *capacity*: a pipe has capacity if its queue accepts another message;
- *would block*: the error of a non-blocking call that cannot proceed now (` + "`EAGAIN`, `ErrWouldBlock`" + `);
- *no route*: the error of a send to an unknown peer (` + "`EHOSTUNREACH`, `ErrNoRoute`" + `);
- *state error*: the error of a call that is out of turn in a request-reply exchange (` + "`EFSM`, `ErrInvalidState`" + `);
- *cancel*: the message or command that ends a subscription;
- *writable*: ` + "`ZMQ_EVENTS`" + ` reports ` + "`ZMQ_POLLOUT`" + `.

`
