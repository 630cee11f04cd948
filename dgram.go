package zmq

import (
	"context"
	"fmt"
	"iter"
	"net/netip"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// Dgram is a DGRAM socket: it sends and receives UDP datagrams, to and from any
// number of addresses, of programs that need not use ZeroMQ. It is bound to one
// udp endpoint, which may be a multicast group, and does not connect; a second
// Bind before Unbind fails with [ErrAlreadyBound].
//
// Datagrams may be lost, duplicated and reordered, any program can send them
// under any address, and nothing reports whether one has arrived. A payload has
// at most 8192 bytes, as in libzmq. Sending waits until the socket is bound,
// and while its queue is full. Receiving drops instead: a datagram that arrives
// while [Options.RecvHWM] others are unread is counted under [DropHWM], one of
// more than 8192 bytes under [DropMalformed]. A datagram that the system does
// not send is counted under [DropUnreachable].
type Dgram struct{ Socket }

// NewDgram returns a DGRAM socket. The error matches [ErrInvalidOption].
func NewDgram(o *Options) (*Dgram, error) {
	s, err := newSocket(pattern.DGRAM, o)
	if err != nil {
		return nil, err
	}
	return &Dgram{s}, nil
}

// sender and receiver are the shared implementation. Dgram does not embed them,
// because its messages have an address in addition to their frame.
func (s *Dgram) sender() Sender     { return Sender{Connector{s.Socket}} }
func (s *Dgram) receiver() Receiver { return Receiver{Connector{s.Socket}} }

// Datagram is a message of one frame, the payload, that a [Dgram] has received.
// Addr is the source address of the datagram, which may be forged.
type Datagram struct {
	Message
	Addr netip.AddrPort
}

// SendTo sends one datagram with the payload to an address. It copies the
// payload, so the caller may reuse it. SendTo returns when the datagram is
// queued. It waits while the queue is full or the socket is not bound. If ctx
// ends first, nothing was sent, and the error is as with [Sender.Send]. Other
// errors match [ErrInvalidEndpoint] if the address or its port is zero,
// [ErrMessageTooLarge] or [ErrClosed].
func (s *Dgram) SendTo(ctx context.Context, to netip.AddrPort, payload []byte) error {
	if err := checkAddress(to); err != nil {
		return err
	}
	return s.sender().Send(ctx, addressFrame(to), payload)
}

// TrySendTo is like SendTo but fails with [ErrWouldBlock] where SendTo waits.
func (s *Dgram) TrySendTo(to netip.AddrPort, payload []byte) error {
	if err := checkAddress(to); err != nil {
		return err
	}
	return s.sender().TrySend(addressFrame(to), payload)
}

// SendMessageTo is like SendTo but transfers ownership of the message to the
// socket, as [Sender.SendMessage] does. The error matches [ErrInvalidMessage]
// if the message has more than one frame.
func (s *Dgram) SendMessageTo(ctx context.Context, to netip.AddrPort, m Message) error {
	d, err := addressed(to, m)
	if err != nil {
		return err
	}
	return s.sender().SendMessage(ctx, d)
}

// TrySendMessageTo is like SendMessageTo but does not wait, as with TrySendTo.
func (s *Dgram) TrySendMessageTo(to netip.AddrPort, m Message) error {
	d, err := addressed(to, m)
	if err != nil {
		return err
	}
	return s.sender().TrySendMessage(d)
}

// Reply is like SendTo, to the source address of a datagram.
func (s *Dgram) Reply(ctx context.Context, d Datagram, payload []byte) error {
	return s.SendTo(ctx, d.Addr, payload)
}

// Recv returns the next datagram, as [Receiver.Recv] does.
func (s *Dgram) Recv(ctx context.Context) (Datagram, error) {
	m, err := s.receiver().Recv(ctx)
	if err != nil {
		return Datagram{}, err
	}
	return datagram(m.m), nil
}

// TryRecv is like Recv but fails with [ErrWouldBlock] where Recv waits.
func (s *Dgram) TryRecv() (Datagram, error) {
	m, err := s.receiver().TryRecv()
	if err != nil {
		return Datagram{}, err
	}
	return datagram(m.m), nil
}

// Messages returns an iterator over the datagrams, as [Receiver.Messages] does.
func (s *Dgram) Messages(ctx context.Context) iter.Seq2[Datagram, error] {
	return convertAll(s.receiver().Messages(ctx), datagram)
}

// RecvBatch receives datagrams, as [Receiver.RecvBatch] does.
func (s *Dgram) RecvBatch(ctx context.Context, datagrams []Datagram) (n int, err error) {
	return recvBatch(ctx, s.receiver(), datagrams, datagram)
}

// SetSendHWM is [Sender.SetSendHWM].
func (s *Dgram) SetSendHWM(n int) error { return s.setSendHWM(n) }

// Flush is [Sender.Flush].
func (s *Dgram) Flush(ctx context.Context) error { return s.flush(ctx) }

// SetRecvHWM is [Receiver.SetRecvHWM].
func (s *Dgram) SetRecvHWM(n int) error { return s.setRecvHWM(n) }

// datagram moves the address from the first frame of a message to its Addr.
func datagram(m msg.Msg) Datagram {
	// The core has made the text from an address.
	addr, _ := netip.ParseAddrPort(string(m.First))
	return Datagram{Message{m.DropFirst()}, addr}
}

// withAddress is the reverse of datagram.
func withAddress(d Datagram) msg.Msg {
	m := d.m
	m.First, m.Rest = d.Addr.AppendTo(nil), [][]byte{m.First}
	return m
}

// addressed adds an address as the first frame of a message.
func addressed(to netip.AddrPort, m Message) (Message, error) {
	if err := checkAddress(to); err != nil {
		return Message{}, err
	}
	if m.NumFrames() != 1 {
		return Message{}, opError("send", "", pattern.ErrInvalidMessage)
	}
	return Message{msg.Msg{First: addressFrame(to), Rest: [][]byte{m.m.First}, Bufs: m.m.Bufs}}, nil
}

// addressFrame returns the first frame that the core takes for an address.
func addressFrame(to netip.AddrPort) []byte {
	return netip.AddrPortFrom(to.Addr().Unmap(), to.Port()).AppendTo(nil)
}

// checkAddress returns an error that matches [ErrInvalidEndpoint] unless a
// datagram can be sent to the address.
func checkAddress(to netip.AddrPort) error {
	var err error
	switch {
	case !to.IsValid():
		err = fmt.Errorf("%w: no address", socket.ErrInvalidEndpoint)
	case to.Port() == 0:
		err = fmt.Errorf("%w: %s: port 0 cannot be sent to", socket.ErrInvalidEndpoint, to)
	}
	return opError("send", "", err)
}
