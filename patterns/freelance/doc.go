// Package freelance implements reliable requests without a broker: each client is
// connected to several servers that can replace each other, and sends a request to
// another server if one does not answer.
//
//	server, err := freelance.NewServer("tcp://10.0.0.7:5555", func(ctx context.Context, request zmq.Message) (zmq.Message, error) {
//		return zmq.NewMessage(request.Bytes()), nil
//	}, nil)
//
//	client, err := freelance.NewClient([]string{"tcp://10.0.0.7:5555", "tcp://10.0.0.8:5555"}, nil)
//	reply, err := client.Request(ctx, []byte("work"))
//
// A request is carried out at least once if [Client.Request] returns a reply. It may be
// carried out several times, by several servers, and if Request returns an error any
// number of times, also not at all. Servers must therefore tolerate repeated requests.
// Nothing is stored, and there is no order among requests.
//
// [Strategy] selects one of the three models of the Guide. [Tracked], the default, is
// the Freelance Protocol of RFC 10, https://rfc.zeromq.org/spec/10/: the client observes
// the servers with PING and sends a request to one that is alive. With [Failover] it
// learns that a server is dead when a request is not answered, and [Shotgun] sends each
// request to all servers. A client and its servers must have the same strategy.
//
// Package ppp needs one address that clients and workers know, that of a queue, and
// balances the load. Here clients know the addresses of all servers, and there is no
// process that can fail for all of them.
package freelance
