// Package seq publishes numbered messages, so that a subscriber detects the ones that it
// has missed, requests them again, and is informed of those that cannot be recovered.
//
// A PUB drops messages for a subscriber that reads too slowly or is disconnected, and
// the subscriber does not notice. A [Publisher] numbers its messages and keeps the last
// ones in memory. A [Subscriber] detects a missing number and requests the messages from
// the publisher's replay endpoint:
//
//	pub, err := seq.NewPublisher(&seq.PublisherOptions{Topic: "orders"})
//	_, err = pub.Bind("tcp://*:5557")
//	_, err = pub.BindReplay("tcp://*:5558")
//	_, err = pub.Publish(ctx, payload)
//
//	sub, err := seq.NewSubscriber(nil)
//	err = sub.Connect("tcp://server:5557", "tcp://server:5558")
//	for m, err := range sub.Messages(ctx) {
//		var lost *seq.LostError
//		var restarted *seq.RestartedError
//		switch {
//		case errors.As(err, &lost): // messages lost.First to lost.Last are missing
//		case errors.As(err, &restarted): // the publisher has started again
//		case err != nil:
//			return err
//		default: // m is the next message of m.Publisher
//		}
//	}
//
// # Promise
//
// The messages of one publisher are delivered in order, each at most once, and each range
// of numbers that is missing between two delivered messages is reported. Messages at the
// end of the stream are missed without a report until a later message arrives, unless
// [SubscriberOptions.ProbeInterval] is set. Nothing is stored on disk: a publisher that
// restarts begins with number 0 and an empty buffer.
//
// # Protocol
//
// The protocol is that of the event publisher of vLLM (vllm/distributed/kv_events.py),
// which SGLang has too. A published message has three frames: the topic, the sequence
// number as 8 bytes in network order, which begins with 0, and the payload. A replay
// request, to a ROUTER, has an empty frame and the first number that is requested. Each
// reply has an empty frame, a number and a payload; the last one has the number -1 and an
// empty payload. Payloads are therefore never empty, and all messages of a publisher have
// the same topic, because replies have none.
//
// In addition the sockets of a [Publisher] announce a random generation in the metadata of
// the ZMTP handshake (X-Seq-Generation), which other programs ignore. With it a
// [Subscriber] recognises every restart. Without it, it recognises a number that is not
// greater than the one before, and after a reconnection compares the last payload that it
// has delivered with a replay of the same number.
//
// Package lvc, in comparison, delivers the newest message of each topic instead of every
// message, and package clone synchronises a map.
package seq
