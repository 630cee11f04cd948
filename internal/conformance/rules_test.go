// Package conformance checks the socket types against the rules of libzmq, and has
// the table of these and of the rules about security, options and errors. It contains
// only tests.
//
// A rule has a slug, a text and the tests that check it, or the reason why there are none. Those of this package are
// function values in the table, so the compiler checks that they exist, and
// TestEveryTestChecksARule finds those that are in no rule. It also checks that the
// tests of other packages exist, which have names in the table. docs/CONFORMANCE.md
// is generated from the table.
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
	others     []string // tests of other packages: the directory and the name, as internal/wire/TestX
	reason     string   // why there is no test
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
	{"Security mechanisms", mechanismRules},
	{"CURVE", curveRules},
	{"ZAP", zapRules},
	{"Options", optionRules},
	{"Options of contexts", contextOptionRules},
	{"Errors", errorRules},
	{"Monitoring", monitorRules},
	{"Polling, timers and proxies", pollRules},
	{"Lifecycle", lifecycleRules},
}

const preamble = `# Conformance

The rules of ZeroMQ's socket types, security mechanisms, options, errors, monitoring, polling, proxies and lifecycle, and the tests that check this library against them. ` + "`go generate ./internal/conformance`" + `
writes this file from the table in ` + "`internal/conformance`" + `; a test fails if the two differ.

- **kept**: the tests check everything that the rule states. An entry after *see* concerns a related difference.
- **deviates**: the tests check what this library does instead. [DEVIATIONS.md](DEVIATIONS.md) describes it and gives the reason.
- **only in C**: the rule is about functions or values that only a C interface has. The text says what Go has instead, which the tests check.

The rules are those of libzmq, taken from its source, also where the source differs from the RFCs. In CURVE, C and S are the
permanent public keys of client and server, C' and S' the temporary ones of a connection, and lower-case letters the secret keys.
[THREATS.md](THREATS.md#checks-of-curve) has the checks that the promises of CURVE need.

The tests of socket types use ` + "`internal/socket`" + `, on which package ` + "`zmq`" + ` is built, as a C interface will be. Package ` + "`zmq`" + ` offers all of it,
with these exceptions:

- its ROUTER always reports a message that it cannot send (ZMQ_ROUTER_MANDATORY is always on);
- its publishers look for subscriptions in the first frame of a message only (ZMQ_ONLY_FIRST_SUBSCRIBE is always on);
- messages are sent and received whole; routing IDs, routing numbers and groups are arguments and results, not frames;
- for raw TCP connections it has STREAM, but not ZMQ_ROUTER_RAW.

The tests of options and errors use ` + "`internal/options`" + `, a socket and a context of the core whose options are set and read by number, and ` + "`internal/errno`" + `. An option whose
text does not say *at once* takes effect with the next zmq_bind or zmq_connect, one of a context with the next socket. *Stored*: the
option is kept and read back, and has no other effect.

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
