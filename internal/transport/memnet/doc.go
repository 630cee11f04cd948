// Package memnet implements a network in memory, for tests in virtual time. A
// [Network] is a [transport.Transport]. A test can delay, throttle, stall,
// fragment and refuse its connections, cut them at an exact byte, and find out
// exactly which bytes were lost. The package knows nothing of ZMTP or messages.
//
// # Virtual time
//
// The package does no I/O. Read, Write, Accept and Dial block only in ways that
// testing/synctest considers durably blocking: on a sync.Cond, on a channel of
// the bubble or on a timer. Create the Network inside the bubble. Outside a
// bubble it works in real time.
//
//	synctest.Test(t, func(t *testing.T) {
//		n := memnet.New(seed)
//		n.OnLink(func(l *memnet.Link) {
//			l.SetLatency(5 * time.Millisecond)       // both directions
//			l.Up().SetChunk(1)                       // each Read of the listener returns one byte
//			if l.Index() == 0 {                      // only the first connection
//				l.Down().CutAfterDelivery(100, memnet.RST)
//			}
//			time.AfterFunc(time.Minute, func() { l.Up().Stall() })
//		})
//		... run the code under test with n as its transport ...
//	})
//
// # The model
//
// A [Link] is one connection. It has two [Flow]s of bytes: Up from dialer to
// listener and Down from listener to dialer. A flow has one queue, which models
// the sender's buffer, the wire and the receiver's buffer together:
//
//	Write --accepted--> [ queue, at most Buffer bytes ] --delivered--> Read
//	                              \--destroyed--> nothing
//
// A byte is accepted when the result of Write counts it, delivered when Read
// returns it, and destroyed when it was accepted but will not be delivered. At
// any time Accepted = Delivered + Destroyed + Pending. When both ends are
// closed, Pending is 0. Only the end of a stream is destroyed: the reader gets
// exactly the first Delivered bytes that the writer wrote. The network has
// therefore lost a message if and only if it ends after byte Delivered. (The
// network does not know whether the reader handled the delivered bytes.)
//
// Closing works as on TCP:
//   - Close ends the outgoing flow in order: accepted bytes are still delivered,
//     then the reader gets io.EOF.
//   - Bytes that are unread when an end closes are destroyed. If some of them had
//     arrived, the closing end also resets the connection: the bytes it wrote
//     that have not arrived are destroyed, and the other end reads ECONNRESET
//     after those that have. On a real connection, a sender that does not read
//     loses its last messages in this way.
//   - The first Write to an end that has closed succeeds, but its bytes are
//     destroyed. Later Writes fail with EPIPE.
//
// # Seeds
//
// All random numbers depend on the seed of [New], the address of the listener
// and the index of the connection to it, separately for each flow. Connections
// to other addresses therefore do not change them. The order in which
// concurrent goroutines run does not depend on the seed.
//
// A setting that is changed at run time affects bytes that are accepted, or
// read, afterwards. All methods may be called from any goroutine. The function
// of [Network.OnLink] may call the methods of the Link and its Flows; the
// function of [Flow.OnDestroy] must not.
package memnet
