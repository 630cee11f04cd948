package conformance

import "testing"

var pipelineRules = []rule{
	{slug: "dealer-frames", status: kept,
		text:  "DEALER sends and receives frames unchanged. The application adds the empty delimiter frame that REP requires.",
		tests: []func(*testing.T){TestDealerSendsFramesUnchanged}},
	{slug: "pair-second-peer", status: deviates, deviations: []string{"second-pair"},
		text:  "PAIR keeps its first pipe. A second pipe is closed without a notification. After the peer disconnects, PAIR accepts another.",
		tests: []func(*testing.T){TestPairRefusesSecondPeer}},
	{slug: "pair-multipart", status: deviates, deviations: []string{"pair-incomplete-message"},
		text:  "PAIR sends a message of several frames once it has the last frame. If the peer disconnects within the message, the remaining frames wait for the next peer.",
		tests: []func(*testing.T){TestPairSendsMultipartMessagesWhole, TestPairSendsFramesAfterTheLast}},
	{slug: "push-turns", status: kept,
		text:  "PUSH starts with the peer that was attached first. A connected endpoint whose peer is absent takes its turn like any other, and its messages wait for the peer. With ZMQ_IMMEDIATE, it has no turn and no queue. Connecting again to an endpoint makes another connection, except with DEALER, SUB, PUB and REQ.",
		tests: []func(*testing.T){TestPushBalancesFromTheFirstPeer, TestConnectTwiceMakesTwoConnections, TestPushImmediateSkipsUnconnectedEndpoints}},
}
