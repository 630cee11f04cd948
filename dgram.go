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

// Dgram is a DGRAM socket: it sends and receives UDP datagrams as they are, to
// and from any number of addresses and programs that know nothing of ZeroMQ. It
// is bound to one udp endpoint, which may be a multicast group, and connects to
// none; a second Bind before [Dgram.Unbind] fails with [ErrSecondPeer].
//
// What UDP is, it is: datagrams are lost, doubled and overtaken, anybody may send
// them under anybody's address, and nobody hears whether one arrived. A body has
// at most 8192 bytes, as in libzmq. Sending waits until the socket is bound, and
// while its queue is full. Receiving never holds the network up: a datagram that
// finds [Options.RecvHWM] others unread is dropped and counted under [DropHWM],
// one that is longer than 8192 bytes under [DropMalformed]. One that the system
// would not send is counted under [DropUnreachable]. There are no peers to wait
// for: WaitConnected does not return before its context ends.
//
// All methods may be called concurrently.
type Dgram struct{ Socket }

// NewDgram returns a DGRAM socket. The error matches [ErrOption].
func NewDgram(o *Options) (*Dgram, error) {
	s, err := newSocket(pattern.DGRAM, o)
	if err != nil {
		return nil, err
	}
	return &Dgram{s}, nil
}

// sender and receiver are the shared implementation. Dgram does not embed them,
// because its messages have an address beside their frame.
func (s *Dgram) sender() Sender     { return Sender{Connector{s.Socket}} }
func (s *Dgram) receiver() Receiver { return Receiver{Connector{s.Socket}} }

// Datagram is what a [Dgram] receives: a message of one frame, and the address
// that it came from, or says that it came from.
type Datagram struct {
	Message
	Addr string // "192.0.2.1:5555" or "[2001:db8::1]:5555", as SendTo takes it
}

// SendTo sends a copy of the body to an address: an IPv4 or IPv6 address in
// numbers, with a port, as "192.0.2.1:5555" or "[fe80::1%eth0]:5555". It returns
// when the datagram is queued. If the queue is full or the socket is not bound
// it waits, until ctx ends. The error matches [ErrEndpoint] if the address is
// none, and [ErrTooLarge] if the body is.
func (s *Dgram) SendTo(ctx context.Context, address string, body []byte) error {
	if err := checkAddress(address); err != nil {
		return err
	}
	return s.sender().Send(ctx, []byte(address), body)
}

// TrySendTo is SendTo without waiting: the error matches [ErrWouldBlock] if it
// would have to.
func (s *Dgram) TrySendTo(address string, body []byte) error {
	if err := checkAddress(address); err != nil {
		return err
	}
	return s.sender().TrySend([]byte(address), body)
}

// SendMessageTo is SendTo for a message that it takes over. The error matches
// [ErrMessage] if it has more than one frame.
func (s *Dgram) SendMessageTo(ctx context.Context, address string, m Message) error {
	d, err := addressed(address, m)
	if err != nil {
		return err
	}
	return s.sender().SendMessage(ctx, d)
}

// TrySendMessageTo is SendMessageTo without waiting.
func (s *Dgram) TrySendMessageTo(address string, m Message) error {
	d, err := addressed(address, m)
	if err != nil {
		return err
	}
	return s.sender().TrySendMessage(d)
}

// Reply is SendTo the address that a datagram came from.
func (s *Dgram) Reply(ctx context.Context, to Datagram, body []byte) error {
	return s.SendTo(ctx, to.Addr, body)
}

// Recv returns the next datagram. It waits for one, until ctx ends: then nothing
// was taken, and the error is ctx's.
func (s *Dgram) Recv(ctx context.Context) (Datagram, error) {
	m, err := s.receiver().Recv(ctx)
	return datagram(m, err)
}

// TryRecv is Recv without waiting: the error matches [ErrWouldBlock] if there is
// none.
func (s *Dgram) TryRecv() (Datagram, error) {
	m, err := s.receiver().TryRecv()
	return datagram(m, err)
}

// Messages returns an iterator over the datagrams as they arrive. It ends without
// an error when ctx ends, also while there are more, or when the socket is
// closed.
func (s *Dgram) Messages(ctx context.Context) iter.Seq2[Datagram, error] {
	return messages(ctx, s.Recv)
}

// SetSendHWM is [Sender.SetSendHWM].
func (s *Dgram) SetSendHWM(n int) error { return s.setSendHWM(n) }

// SetRecvHWM is [Receiver.SetRecvHWM].
func (s *Dgram) SetRecvHWM(n int) error { return s.setRecvHWM(n) }

// datagram takes the address off a message.
func datagram(m Message, err error) (Datagram, error) {
	if err != nil {
		return Datagram{}, err
	}
	addr := string(m.m.First)
	return Datagram{Message{m.m.DropFirst()}, addr}, nil
}

// addressed puts an address before a message.
func addressed(address string, m Message) (Message, error) {
	if err := checkAddress(address); err != nil {
		return Message{}, err
	}
	if m.Len() != 1 {
		return Message{}, opError("send", "", pattern.ErrMessage)
	}
	return Message{msg.Msg{First: []byte(address), Rest: [][]byte{m.m.First}, Bufs: m.m.Bufs}}, nil
}

// checkAddress returns an error that matches [ErrEndpoint] unless a datagram can
// be sent to the address.
func checkAddress(address string) error {
	a, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %q is no numeric address with a port, as 192.0.2.1:5555", socket.ErrEndpoint, address)
	case a.Port() == 0:
		err = fmt.Errorf("%w: %s: port 0 is nobody's", socket.ErrEndpoint, address)
	}
	return opError("send", "", err)
}
