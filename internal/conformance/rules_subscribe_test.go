package conformance

var subscribeRules = []rule{
	{id: "3.6.1", status: deviates, see: []string{"xsub-linger"},
		says: "Closing does not wait for anything to be sent, unless it is told to."},
	{id: "3.6.2", status: deviates, see: []string{"subscriptions-are-state"},
		says: "A topic may have any length, also none. A subscription goes to every publisher that there is, and again to each new one and after each loss. It is dropped where the pipe is full."},
	{id: "3.6.3", status: kept,
		says: "To take back what was never subscribed to sends nothing and is no error; an XSUB can be told to send it."},
	{id: "3.6.4", status: kept,
		says: "SUB drops what it has not subscribed to when it comes all the same. It looks at the first frame."},
	{id: "3.6.5", status: deviates, see: []string{"xsub-subscriptions"},
		says: "A message of XSUB that is 1 or 0 and a topic is a subscription or its end, which is remembered, and travels among its messages."},
	{id: "3.6.6", status: deviates, see: []string{"options-of-others"},
		says: "A SUB cannot be told what is for XSUB alone. It counts its topics."},
	{id: "3.6.7", status: kept,
		says: "Either side may bind. A PUB that connects over inproc before the name is bound drops what it sends until somebody subscribes."},
}
