package conformance

// unframed is what rows lack that speak of messages sent frame by frame.
const unframed = "sending frame by frame"

var commonRules = []rule{
	{id: "3.1.1", status: kept, see: []string{"overshoot"},
		says: "Each connection has a pipe of its own. Its HWM counts whole messages, however many frames they have; a routing id is none. 0 is no limit."},
	{id: "3.1.2", status: kept,
		says: "A full pipe takes messages again when the reader has taken half the HWM, rounded up, and not before."},
	{id: "3.1.3", status: kept,
		says: "Over inproc a pipe holds the connector's send HWM and the binder's receive HWM together, and the other way round; no limit if either has none. Until the binder is there, the connector's alone."},
	{id: "3.1.4", status: partly, missing: "the queues can, and no socket offers it: its HWMs are fixed when it is made",
		says: "HWMs can be changed at any time, for the pipes that there are too. One that is set below what is queued lets nothing more in until that is read."},
	{id: "3.1.5", status: partly, missing: unframed,
		says: "A message is seen by its reader when its last frame is written. All of its frames go through one pipe."},
	{id: "3.1.6", status: kept,
		says: "Of a message that a lost connection has cut nothing is received, and the rest of a message that was being written is never sent."},
	{id: "3.1.7", status: partly, missing: unframed,
		says: "Balancing: each whole message goes to the next pipe, new pipes join, a full one is left out until it takes messages again. What happens when a pipe ends within a message."},
	{id: "3.1.8", status: kept,
		says: "Fair queueing: one whole message of each pipe in turn; an empty one is left out until it has something."},
	{id: "3.1.9", status: partly, missing: unframed,
		says: "CLIENT, SERVER, PEER, CHANNEL, SCATTER, GATHER, RADIO and DISH send no message of several frames and drop the whole of one that comes."},
	{id: "3.1.10", status: deviates, see: []string{"conflate-whole"},
		says: "To keep the newest message alone works with DEALER, PULL, PUSH, PUB and SUB, whatever the HWM; others ignore it."},
	{id: "3.1.11", status: kept,
		says: "A pipe of PUSH, PUB, RADIO or SCATTER ends without waiting for what its peer has sent."},
	{id: "3.1.12", status: partly, missing: "the option to queue for none that is not connected (ZMQ_IMMEDIATE)", see: []string{"stream-queue"},
		says: "What has arrived from a peer that is gone can still be received. What was queued for one that had come to us is dropped; for an endpoint that we connect to it waits for the next connection."},
}
