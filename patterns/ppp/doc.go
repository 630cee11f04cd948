// Package ppp implements the Paranoid Pirate Protocol: a queue that distributes the
// requests of clients among workers, which may fail at any time.
//
//	queue, err := ppp.NewQueue(nil)
//	requests, err := queue.BindClients("tcp://*:5555")
//	workers, err := queue.BindWorkers("tcp://*:5556")
//
//	worker, err := ppp.NewWorker("tcp://queue:5556", func(ctx context.Context, request zmq.Message) (zmq.Message, error) {
//		return zmq.NewMessage(request.Bytes()), nil
//	}, nil)
//
//	client, err := ppp.NewClient([]string{"tcp://queue:5555"}, nil)
//	reply, err := client.Request(ctx, []byte("work"))
//
// A request is carried out at least once if [Client.Request] returns a reply, and may be
// carried out any number of times, also not at all, if it returns an error. Workers must
// therefore tolerate repeated requests. Nothing is stored: a request that is not
// answered exists only in its client, which repeats it. There is no order among
// requests.
//
// The protocol is RFC 6, https://rfc.zeromq.org/spec/6/, between the queue and the
// workers. Clients are REQ sockets of any kind; [Client] adds the timeouts and
// repetitions of the Guide's Lazy Pirate pattern. The queue and the workers send each
// other heartbeats, so that each detects that the other has failed, also when its
// connection stays open. A queue has one service, and no state to lose; for named
// services use package mdp of this module, which implements the Majordomo Protocol, and
// to do without a queue use package freelance.
package ppp
