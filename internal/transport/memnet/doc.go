// Package memnet is a network in memory, for tests in virtual time: it
// implements [transport.Transport], and lets a test delay, throttle, stall,
// fragment, refuse and cut its connections at an exact byte, and then say
// exactly which bytes were lost. It knows nothing of ZMTP or messages.
//
// # Virtual time
//
// Nothing here does I/O. A goroutine blocked in Read, Write, Accept or Dial, or
// waiting for a deadline, waits on a sync.Cond, a channel made on the spot or a
// timer, and so is durably blocked for testing/synctest. Make the Network inside
// the bubble. Outside of one it works too, in real time.
//
//	synctest.Test(t, func(t *testing.T) {
//		n := memnet.New(seed)
//		n.OnLink(func(l *memnet.Link) {
//			l.SetLatency(5 * time.Millisecond)       // both directions
//			l.Up().SetChunk(1)                       // the listener reads single bytes
//			if l.Index() == 0 {
//				l.Down().CutAfterDelivery(100, memnet.RST) // only the first connection
//			}
//			time.AfterFunc(time.Minute, func() { l.Up().Stall() })
//		})
//		... run the code under test with n as its transport ...
//	})
//
// # The model
//
// A [Link] is one connection: two [Flow]s of bytes, Up from dialer to listener
// and Down from listener to dialer. Every flow is one queue that stands for the
// sender's buffer, the wire and the receiver's buffer together:
//
//	Write --accepted--> [ queue, at most Buffer bytes ] --delivered--> Read
//	                              \--destroyed--> nothing
//
// A byte is accepted when Write has counted it, delivered when Read has
// returned it, and destroyed when it was accepted and never will be delivered.
// At every moment Accepted = Delivered + Destroyed + Pending, and once both
// ends are closed nothing is pending. What is destroyed is always the tail:
// the reader has seen exactly the first Delivered bytes of what the writer has
// written, without a gap. So a message was lost by the network if and only if
// it ends after byte Delivered. (What the reader did with bytes it was given is
// another matter, which the network cannot know.)
//
// Closing is as on TCP:
//   - Close ends the outgoing flow in order: what was accepted is still delivered,
//     then the reader gets io.EOF.
//   - Bytes nobody has read when an end closes are destroyed, and if some had
//     arrived by then, the closing end answers with a reset: what it had written
//     itself and what has not arrived yet is destroyed too, and the other end
//     reads ECONNRESET after the rest. This is how a real connection loses the
//     last messages of a sender that did not read its peer's.
//   - The first Write to an end that has closed succeeds, and is destroyed.
//     Later ones fail with EPIPE.
//
// # Seeds
//
// Everything random is derived from the seed of [New], the listening address
// and the ordinal of the connection to it, separately for each flow. Adding a
// connection elsewhere therefore changes nothing here. What remains is the
// order in which concurrent goroutines run, which no seed governs.
//
// A setting changed at run time holds for bytes accepted, or read, from then on.
// All methods may be called from any goroutine; those of a Link and its Flows
// also from [Network.OnLink]'s function, but not from [Flow.OnDestroy]'s.
package memnet
