// Package zgossip shares tuples of a key and a value among the nodes of a network
// without a central server, compatible with CZMQ's zgossip. Each Node accepts
// connections from other nodes, connects to others, or both, and passes every tuple that
// is new to it on to all of them:
//
//	node, err := zgossip.New(nil)
//	defer node.Close()
//	_, err = node.Bind("tcp://*:5671")
//	err = node.Connect("tcp://other.example:5671")
//	err = node.Publish("service/printer", "tcp://10.0.0.7:5555")
//	for tuple, err := range node.Tuples(ctx) { // those of other nodes
//		...
//	}
//
// The promise is eventual consistency: as long as the network is connected, every node
// has the last value of each key that one node alone publishes, in no particular order of
// keys. Values in between may be skipped. If several nodes publish different values for
// one key, each of them keeps its own, and the value at other nodes changes about once a
// second. Tuples are kept in memory only and do not expire.
//
// The protocol is that of CZMQ's zgossip_msg; it has no RFC. It authenticates nothing but
// what the security of the sockets authenticates, and every node can change every tuple.
// Package zyre uses it for discovery where beacons do not reach.
package zgossip
