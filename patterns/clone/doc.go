// Package clone shares a hashmap among processes: a server has it, and each client has a
// copy of it, or of a subtree, which follows all changes. It implements RFC 12, the
// Clustered Hashmap Protocol (CHP), which comes from the Clone pattern of the ZeroMQ Guide.
// https://rfc.zeromq.org/spec/12/
//
//	server, err := clone.NewServer(clone.TCP("*", 5556), nil)
//	go server.Run(ctx)
//
//	client, err := clone.NewClient([]clone.Endpoints{clone.TCP("server", 5556)}, nil)
//	err = client.WaitSynced(ctx)
//	err = client.Set(ctx, "/config/mode", []byte("fast"), 0)
//	value, ok := client.Get("/config/mode")
//	for change, err := range client.Watch(ctx, "/config/") {
//		...
//	}
//
// Any client can change any key. A value may be ephemeral: the server deletes it after its
// time to live, unless it is set again. Two servers can be a pair ([PairOptions]): the
// passive one has a copy of the hashmap, and becomes active when the other one has failed
// and a client requests a snapshot from it (package binarystar).
//
// # Promise
//
// Clients apply all changes of the server in the same order. A client that has missed
// changes receives a new snapshot: it detects them by the numbers of the updates if it has
// no subtree, and otherwise only by the loss of its connection or by a silent server.
// [Client.Set] returns nil when the server has published the change, which may then have
// been applied more than once: at least once. The change of a pair's server that fails is
// lost if it has been published, but not to the passive server. Nothing is stored on disk.
//
// Package lvc, in comparison, keeps the last message of publishers, without changes by
// clients, and package seq delivers every message in order.
package clone
