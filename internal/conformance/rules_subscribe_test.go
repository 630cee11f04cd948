package conformance

import "testing"

var subscribeRules = []rule{
	{slug: "sub-linger", status: deviates, deviations: []string{"xsub-linger"},
		text:  "Close does not wait until queued subscriptions or messages are sent, unless ZMQ_LINGER is set after the socket is made.",
		tests: []func(*testing.T){TestSubCloseDoesNotWait}},
	{slug: "sub-resend", status: deviates, deviations: []string{"subscriptions-are-state"},
		text:  "A topic may have any length, including zero. A subscription is sent to every connected publisher, and again to each new publisher and after each reconnect. It is dropped for a publisher whose pipe is full.",
		tests: []func(*testing.T){TestSubResendsSubscriptionsToEachPublisher}},
	{slug: "sub-unknown-cancel", status: kept,
		text:  "Cancelling a topic that is not subscribed to sends nothing and is no error. With ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, XSUB sends the cancel.",
		tests: []func(*testing.T){TestSubCancelOfUnknownTopicSendsNothing}},
	{slug: "sub-filter", status: kept,
		text:  "SUB drops received messages that it does not subscribe to. It examines the first frame.",
		tests: []func(*testing.T){TestSubFiltersUnsubscribedMessages}},
	{slug: "xsub-message-subscribe", status: deviates, deviations: []string{"xsub-subscriptions"},
		text:  "A message of XSUB that is byte 1 or 0 and a topic is a subscription or a cancel. XSUB remembers it, and sends it in order with its other messages.",
		tests: []func(*testing.T){TestXSubSubscribesByFramesOfOneMessage, TestXSubMessageSubscribesAsACommand, TestXSubSubscribesFrameByFrame}},
	{slug: "sub-xsub-options", status: deviates, deviations: []string{"options-of-others"},
		text:  "SUB refuses the options that only XSUB has. It counts its topics.",
		tests: []func(*testing.T){TestSubIgnoresXSubOptions}},
	{slug: "sub-bind-or-connect", status: kept,
		text:  "Either side may bind. A PUB that connects over inproc before the name is bound drops its messages until a peer subscribes.",
		tests: []func(*testing.T){TestPubAndSubMayEachBind}},
}
