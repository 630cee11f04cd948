// Package mdp implements the Majordomo Protocol: a [Broker] forwards the requests of
// each [Client] to a [Worker] that has registered the service, and returns the replies.
//
//	broker, err := mdp.NewBroker(nil)
//	defer broker.Close()
//	endpoint, err := broker.Bind("tcp://*:5555")
//
//	upper := func(ctx context.Context, r *mdp.Request) zmq.Message {
//		return zmq.NewMessage(bytes.ToUpper(r.Body.Bytes()))
//	}
//	worker, err := mdp.NewWorker(endpoint, "upper", upper, nil)
//	defer worker.Close()
//
//	client, err := mdp.NewClient(endpoint, nil)
//	defer client.Close()
//	reply, err := client.Do(ctx, "upper", []byte("hello"))
//
// # Promise
//
// By default each request is executed at most once: no participant sends a request
// again by itself. A request is lost if the broker stops, if its worker dies, or if a
// limit is exceeded; the client then reports an error. [ClientOptions].Retries and
// [BrokerOptions].Redispatch repeat requests, which are then executed at least once if
// the last repetition succeeds: their handlers must be idempotent, as the RFC assumes.
// Requests have no order, and nothing is stored on disk.
//
// # Versions
//
// The broker serves MDP/0.1 (https://rfc.zeromq.org/spec/7/), MDP/0.2
// (https://rfc.zeromq.org/spec/18/) and the management services of MMI
// (https://rfc.zeromq.org/spec/8/) at once on one ROUTER. Clients and workers of
// different versions can be combined. In 0.2 a request may have several partial replies
// before the final one; a client of 0.1 receives only the final one.
//
// # Extensions
//
// Participants of this package announce extensions as properties of the ZMTP handshake
// ([zmq.Options].Metadata). Peers that do not announce them are served as the RFCs say:
//
//   - X-MDP-Envelope of a broker: it accepts frames before the header of a request, up to
//     an empty frame, and returns them with each reply, as a ROUTER-DEALER proxy does.
//     A Client matches replies to any number of concurrent requests by them. With other
//     brokers a Client sends one request at a time.
//   - X-MDP-Concurrency of a worker: how many requests the broker may send to it before
//     it replies, where the RFC permits one. DISCONNECT of such a worker also says that
//     it has not begun the requests that it has not answered, so that another one may
//     execute them.
//
// Compared to [zmq.Proxy] with a ROUTER and a DEALER, the broker knows services, sends
// requests only to workers that are free and alive, and queues requests for absent
// ones.
package mdp
