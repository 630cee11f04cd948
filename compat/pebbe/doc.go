// Package zmq4 has the API of github.com/pebbe/zmq4, the binding of libzmq for Go, in
// pure Go: without cgo and libzmq. A program changes one import, and nothing else:
//
//	import zmq "github.com/zerobroker/zmq/compat/pebbe"
//
// All exported names and their types are those of version 1.4.0. Errors are the same
// values, so that programs can compare them: an [Errno] such as [ETERM], or
// Errno(syscall.EAGAIN). On the network the sockets interoperate with libzmq.
//
// A message is sent part by part, or as a whole by [Socket.SendMessage]. Delivery is as
// with libzmq: at most once, and in order between two sockets.
//
// New programs should use package github.com/zerobroker/zmq, which has contexts on all
// calls that wait, statistics, and errors with details. See docs/LIBZMQ.md in its
// repository for the equivalents.
//
// # Differences from libzmq
//
// Sockets and contexts are safe for concurrent use; only the parts of one message must
// be sent, or received, by one goroutine. Signals interrupt no call, so EINTR is never
// returned.
//
// These options are stored and have no effect: of contexts those about threads and
// SetRetryAfterEINTR; of sockets SetAffinity, and those of the transport pgm, SetRate,
// SetRecoveryIvl and SetMulticastMaxtpdu. SetMaxMsgsz has no effect in libzmq either.
//
// These return an error: the options of GSSAPI and VMCI, the transports pgm, norm,
// tipc, vmci, ws and wss, [Socket.GetFd], and a [Proxy] of a REQ or REP and another
// socket. [AsErrno] returns EINVAL, EPROTONOSUPPORT and ENOTSUP for them.
//
//   - [Socket.Close] frees bound endpoints at once, not some time later.
//   - The value of an event of a monitor that is a descriptor in libzmq is -1.
//   - [Socket.SetRouterRaw] must be called before the first other use of a socket.
//   - An incomplete or invalid set of CURVE keys is an EINVAL of Bind and Connect; in
//     libzmq each handshake fails.
//   - Requests to a ZAP handler have different IDs; in libzmq the ID is always "1".
//   - [Poller.Poll] looks every millisecond whether a socket can send.
//   - A peer may have 100,000 subscriptions with 32 MiB. A socket has at most 65,536
//     accepted connections, and 1,024 handshakes at a time, 64 from one IP address.
//
// docs/DEVIATIONS.md in the repository lists the differences of the sockets in detail.
//
// # Differences from pebbe/zmq4
//
//   - [Z85encode] and [Z85decode] return "" for invalid arguments and do not panic.
//   - A PLAIN client with an unknown user name and an empty password is denied.
//   - [AuthSetVerbose] logs no passwords, and AuthAllow and AuthDeny always log texts
//     that are not addresses.
//   - A malformed request to the ZAP handler is answered with status 500 and does not
//     panic. A property of the metadata handler with an invalid name denies the peer.
//   - [Socket.ClientAuthCurve] returns the error about the secret key.
//   - [Reactor.AddChannelTime] starts no goroutine, and handlers of a [Reactor] may
//     remove other handlers. Sockets are handled in the order in which they were added.
//   - Unknown flags are EINVAL.
package zmq4
