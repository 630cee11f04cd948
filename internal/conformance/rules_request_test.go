package conformance

var requestRules = []rule{
	{id: "3.2.1", status: deviates, see: []string{"request-id"},
		says: "REQ puts an empty frame before a request and, if it correlates, an id of four bytes before that, which starts anywhere and grows by one."},
	{id: "3.2.2", status: kept,
		says: "To send while a reply is awaited, or to receive before a request, is out of turn. A request of several frames goes to one peer."},
	{id: "3.2.3", status: kept,
		says: "A new request drops every reply that has come by then."},
	{id: "3.2.4", status: kept, see: []string{"do-fails"},
		says: "Replies of other peers than the one asked are dropped, unless that one is gone: then any is taken. The request is not sent again, and receiving waits on."},
	{id: "3.2.5", status: kept,
		says: "A relaxed REQ may ask again at any time and gives up the earlier request. Unless it correlates, a late reply of the same peer is taken for the new one."},
	{id: "3.2.6", status: deviates, see: []string{"dialling-on"},
		says: "A reply must begin with an empty frame, or with one of four bytes and an empty one, and have more behind it; any other ends the connection. Over inproc it is skipped."},
	{id: "3.2.7", status: kept,
		says: "A request without a peer waits, or says try again and changes nothing."},
	{id: "3.2.8", status: deviates, see: []string{"rep-envelope"},
		says: "REP keeps the frames up to the first empty one and puts them before its reply. It drops a request without an empty frame. To reply before a request, or to receive before the reply, is out of turn."},
	{id: "3.2.9", status: deviates, see: []string{"rep-ids"},
		says: "REP takes the options of ROUTER, and REQ can probe."},
}
