package zmq4

import (
	"bytes"
	"context"
	"runtime"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
)

// Send sends one part of a message: with [SNDMORE] another one follows, without it
// this is the last. It returns the number of bytes.
//
// While no peer can take the message, Send waits, until the time of
// [Socket.SetSndtimeo] has passed; with [DONTWAIT] it does not wait. The error is then
// EAGAIN. The type of the socket decides whether Send waits or drops the message. A
// ROUTER drops messages to unknown peers, or returns EHOSTUNREACH with
// [Socket.SetRouterMandatory]. EFSM is returned for a call out of turn, ENOTSUP by
// types that do not send, and ETERM when the context is terminated. After an error the
// part was not sent; the parts before it are kept.
func (soc *Socket) Send(data string, flags Flag) (int, error) { return soc.send([]byte(data), flags) }

// SendBytes is like [Socket.Send]. It copies data.
func (soc *Socket) SendBytes(data []byte, flags Flag) (int, error) {
	return soc.send(bytes.Clone(data), flags)
}

// send sends data, which belongs to the socket if there is no error.
func (soc *Socket) send(data []byte, flags Flag) (int, error) {
	defer runtime.KeepAlive(soc) // its finalizer closes the socket
	s, core, err := soc.use()
	if err != nil {
		return -1, err
	}
	if flags&^(DONTWAIT|SNDMORE) != 0 {
		return -1, einval
	}
	n := len(data)
	fr := &msg.Frame{Body: data, More: flags&SNDMORE != 0}
	frames := core.Frames()
	switch timeout := s.core.SendTimeout(); {
	case flags&DONTWAIT != 0 || timeout == 0:
		err = frames.TrySendFrame(fr)
	case timeout < 0:
		err = frames.SendFrame(s.ctx.live, fr)
	default:
		ctx, cancel := context.WithTimeout(s.ctx.live, timeout)
		defer cancel()
		err = frames.SendFrame(ctx, fr)
	}
	if err != nil {
		return -1, s.convert(err)
	}
	return n, nil
}

// recv receives one part of a message.
func (soc *Socket) recv(fr *msg.Frame, flags Flag) error {
	defer runtime.KeepAlive(soc) // its finalizer closes the socket
	s, core, err := soc.use()
	if err != nil {
		return err
	}
	if flags&^(DONTWAIT|SNDMORE) != 0 {
		return einval
	}
	timeout := time.Duration(0)
	if flags&DONTWAIT == 0 {
		timeout = s.core.RecvTimeout()
	}
	frames := core.Frames()
	switch {
	case timeout == 0:
		err = frames.TryRecvFrame(fr)
	case timeout < 0:
		err = frames.RecvFrame(s.ctx.live, fr)
	default:
		ctx, cancel := context.WithTimeout(s.ctx.live, timeout)
		defer cancel()
		err = frames.RecvFrame(ctx, fr)
	}
	return s.convert(err)
}

// copied returns a copy of the body of a frame, which is not nil. The frame itself may
// share memory with other frames that were read together.
func copied(fr *msg.Frame) []byte { return append(make([]byte, 0, len(fr.Body)), fr.Body...) }

// Recv receives one part of a message; [Socket.GetRcvmore] reports whether another one
// follows. On a ROUTER and a STREAM the first part is the routing ID of the sender.
//
// While there is no message, Recv waits, until the time of [Socket.SetRcvtimeo] has
// passed; with [DONTWAIT] it does not wait. The error is then EAGAIN. EFSM is returned
// for a call out of turn, ENOTSUP by types that do not receive, and ETERM when the
// context is terminated.
func (soc *Socket) Recv(flags Flag) (string, error) {
	var fr msg.Frame
	if err := soc.recv(&fr, flags); err != nil {
		return "", err
	}
	return string(fr.Body), nil
}

// RecvBytes is like [Socket.Recv]. The result is never nil, and belongs to the caller.
func (soc *Socket) RecvBytes(flags Flag) ([]byte, error) {
	var fr msg.Frame
	if err := soc.recv(&fr, flags); err != nil {
		return []byte{}, err
	}
	return copied(&fr), nil
}

// RecvWithMetadata is like [Socket.Recv], and returns properties of the message.
func (soc *Socket) RecvWithMetadata(flags Flag, properties ...string) (msg string, metadata map[string]string, err error) {
	b, metadata, err := soc.RecvBytesWithMetadata(flags, properties...)
	return string(b), metadata, err
}

// RecvBytesWithMetadata is like [Socket.RecvBytes], and returns those of the given
// properties of the message that exist: "Socket-Type", "Identity" or "Routing-Id",
// "User-Id" and "Peer-Address", properties that the ZAP handler has set, and those
// beginning with "X-" that the peer announces. The case of names does not count.
// Messages of inproc peers have no properties.
func (soc *Socket) RecvBytesWithMetadata(flags Flag, properties ...string) (part []byte, metadata map[string]string, err error) {
	var fr msg.Frame
	metadata = make(map[string]string)
	if err := soc.recv(&fr, flags); err != nil {
		return []byte{}, metadata, err
	}
	for _, name := range properties {
		if value, ok := property(fr.From, name); ok {
			metadata[name] = value
		}
	}
	return copied(&fr), metadata, nil
}
