// Package titanic implements the Titanic Service Protocol
// (https://rfc.zeromq.org/spec/9/): durable requests over a Majordomo broker. A [Server]
// stores requests, executes them when their services are available, and stores the
// replies until a [Client] has fetched and closed them. Clients and workers need not be
// connected at the same time. Workers are those of package mdp, unchanged.
//
//	store, err := titanic.OpenLog("/var/lib/titanic", nil)
//	defer store.Close()
//	server, err := titanic.NewServer("tcp://broker:5555", store, nil)
//	defer server.Close()
//
//	client := titanic.NewClient(majordomo) // a *mdp.Client
//	id, err := client.Request(ctx, "resize", image)
//	reply, err := client.Wait(ctx, id) // at any later time, also of another process
//	err = client.Close(ctx, id)
//
// # Promise
//
// A request that was acknowledged is on stable storage and is executed at least once;
// its reply is stored before it is returned, and kept until the client closes it. A
// request is executed again if the server, the broker or the worker stops before its
// reply is stored, so workers must be idempotent. Requests have no order.
package titanic
