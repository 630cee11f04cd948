package zyre

// Stats has the counters of a Node since it was made.
type Stats struct {
	Peers   int // that have entered
	Pending int // that were announced, and from which no HELLO has arrived
	Groups  int // that any peer has joined
	Unread  int // events

	Received     uint64 // commands of other nodes
	Sent         uint64 // commands queued for peers
	Lost         uint64 // peers that were removed because of a gap in their sequence
	QueueFull    uint64 // peers that were removed because their queue was full
	StatusErrors uint64 // JOIN and LEAVE with an unexpected group status sequence

	Drops Drops
}

// Drops counts what was ignored, by reason.
type Drops struct {
	Malformed   uint64 // commands that are not of the protocol, or a HELLO that does not match its connection
	Identity    uint64 // commands of sockets whose routing ID is not that of a node
	Own         uint64 // announcements and commands of this node
	BeforeHello uint64 // commands that no HELLO preceded
	Stale       uint64 // commands of a connection that a later one has replaced
	NotMember   uint64 // messages to groups that this node is not a member of
	OverLimit   uint64 // announcements, HELLOs and JOINs above a limit
	Conflicting uint64 // announcements and HELLOs that contradict a known peer
	Unusable    uint64 // announcements without a usable endpoint, or without a key
	NoHello     uint64 // announced nodes whose HELLO did not arrive in HelloTimeout
}
