package conformance

var draftRules = []rule{
	{id: "3.7.1", status: kept, see: []string{"stream-notice"},
		says: "STREAM receives what each read brought, at most 8192 bytes, and from whom; and, unless told not to, an empty message when a connection is made and when it ends, whoever made it."},
	{id: "3.7.2", status: deviates, see: []string{"stream-id-alone", "stream-queue"},
		says: "It sends the bytes of the frames behind the id; none of them end the connection. An id alone makes the next message go nowhere."},
	{id: "3.7.3", status: deviates, see: []string{"stream-own-id", "alias-twice", "stream-queue"},
		says: "The id it gave last is its own routing id, too. An id can be given to an endpoint. It connects again like others."},
	{id: "3.7.4", status: kept,
		says: "SERVER's numbers are 32 bits, begin anywhere and are never 0. A CLIENT never sees one."},
	{id: "3.7.5", status: kept, see: []string{"disconnect-peer"},
		says: "PEER is SERVER to other PEERs, and connecting gives it the number of who is there."},
	{id: "3.7.6", status: deviates, see: []string{"second-pair"},
		says: "CHANNEL is PAIR with messages of one frame, for any number of threads."},
	{id: "3.7.7", status: deviates, see: []string{"joins-are-a-set", "group-names", "datagrams"},
		says: "RADIO: the group is compared whole; a message has one frame; each peer's groups are its own; over UDP all is sent."},
	{id: "3.7.8", status: deviates, see: []string{"dialling-on"},
		says: "DISH: what it has joined goes to each new peer and again after each loss; what else comes is dropped. Closing waits for nothing. A message must be a group of at most 255 bytes and one body, or the connection ends."},
	{id: "3.7.9", status: kept,
		says: "Over UDP only DISH and DGRAM bind, and only RADIO connects."},
	{id: "3.7.10", status: deviates, see: []string{"datagrams"},
		says: "A message of DGRAM is two frames, an address as `a.b.c.d:port` and a body, and anything else an error. The address of one that is received ends with a NUL."},
}
