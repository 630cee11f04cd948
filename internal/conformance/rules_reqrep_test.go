package conformance

import "testing"

var requestRules = []rule{
	{slug: "req-envelope", status: deviates, deviations: []string{"request-id"},
		text:  "REQ sends an empty delimiter frame before the request. With ZMQ_REQ_CORRELATE it sends a request ID of four bytes before the delimiter. The ID starts at any value and grows by one.",
		tests: []func(*testing.T){TestReqSendsDelimiterAndRequestID}},
	{slug: "req-strict-order", status: kept,
		text:  "Send while a reply is outstanding, and receive before a request, return a state error. All frames of a request go to one peer.",
		tests: []func(*testing.T){TestReqReturnsErrInvalidStateOutOfTurn, TestReqFramesGoToOnePeer}},
	{slug: "req-stale-replies", status: kept,
		text:  "A new request drops every reply that has arrived before it.",
		tests: []func(*testing.T){TestReqNewRequestDropsStaleReplies}},
	{slug: "req-reply-peer", status: kept, deviations: []string{"do-fails"},
		text:  "Replies from other peers than the one that was sent the request are dropped. If that peer has disconnected, the reply of any peer is accepted. The request is not sent again, and receive keeps waiting.",
		tests: []func(*testing.T){TestReqAcceptsReplyOfThePeerAsked}},
	{slug: "req-relaxed", status: kept,
		text:  "With ZMQ_REQ_RELAXED, REQ may send a new request at any time, which cancels the earlier one. Without ZMQ_REQ_CORRELATE, a late reply of the same peer is accepted as the reply to the new request.",
		tests: []func(*testing.T){TestReqRelaxedReplacesPendingRequest}},
	{slug: "req-malformed-reply", status: deviates, deviations: []string{"reconnect-after-protocol-error"},
		text:  "A reply must begin with an empty frame, or with a frame of four bytes and an empty frame, and at least one frame must follow. Any other reply closes the connection. Over inproc it is skipped.",
		tests: []func(*testing.T){TestReqMalformedReplyClosesConnection}},
	{slug: "req-no-peer", status: kept,
		text:  "Without a peer, send blocks. A non-blocking send returns would block and changes no state.",
		tests: []func(*testing.T){TestReqWithoutPeerBlocksAndKeepsItsState}},
	{slug: "rep-envelope", status: deviates, deviations: []string{"rep-envelope"},
		text:  "REP keeps the frames of a request up to the first empty one and puts them before its reply. It drops a request without an empty frame. Send before a request, and receive before the reply is sent, return a state error.",
		tests: []func(*testing.T){TestRepReturnsEnvelopeWithTheReply, TestRepDropsInvalidEnvelopes, TestRepMayReceiveAfterTheLastFrameOfItsReply}},
	{slug: "rep-router-options", status: deviates, deviations: []string{"rep-ids"},
		text:  "REP accepts the options of ROUTER, and REQ accepts ZMQ_PROBE_ROUTER.",
		tests: []func(*testing.T){TestReqProbesAndRepIgnoresRouterOptions}},
}
