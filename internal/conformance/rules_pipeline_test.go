package conformance

var pipelineRules = []rule{
	{id: "3.4.1", status: kept,
		says: "DEALER sends and receives frames as they are; the empty one that a REP wants is the application's."},
	{id: "3.4.2", status: deviates, see: []string{"second-pair"},
		says: "The first pipe of a PAIR is its only one; another is ended and nobody is told. When the peer is gone, another may come."},
	{id: "3.4.3", status: deviates, see: []string{"pair-rest"},
		says: "A PAIR's message of several frames goes out with the last of them. If the peer leaves before, the rest waits for the next."},
	{id: "3.4.4", status: kept,
		says: "PUSH begins with the peer that came first. An endpoint that is connected to and not there yet has its turn like others, and its messages wait for it; with ZMQ_IMMEDIATE it has neither. To connect once more to an endpoint makes another connection, but for DEALER, SUB, PUB and REQ."},
}
