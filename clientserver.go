package zmq

import "github.com/zerobroker/zmq/internal/pattern"

// Client is a CLIENT socket: it sends messages of one frame to its SERVER peers
// in turn, as [Dealer] does, and receives what they send, in any order and
// number. https://rfc.zeromq.org/spec/41/
type Client struct {
	Connector
	FrameSender
	Receiver
}

// NewClient returns a CLIENT socket. The error matches [ErrInvalidOption].
func NewClient(o *Options) (*Client, error) {
	c, err := newConnector(pattern.CLIENT, o)
	if err != nil {
		return nil, err
	}
	return &Client{c, FrameSender{c}, Receiver{c}}, nil
}

// Server is a SERVER socket: it receives messages of one frame from its CLIENT
// peers in turn, and sends to the peer with a routing number, at any time and
// any number of times. https://rfc.zeromq.org/spec/41/
type Server struct {
	Connector
	SenderToNumber
	Receiver
}

// NewServer returns a SERVER socket. The error matches [ErrInvalidOption].
func NewServer(o *Options) (*Server, error) {
	c, err := newConnector(pattern.SERVER, o)
	if err != nil {
		return nil, err
	}
	return &Server{c, SenderToNumber{c}, Receiver{c}}, nil
}

// Peer is a PEER socket: a [Server] whose peers are PEERs too, so that each of
// two may send first. [Peer.ConnectPeer] returns the routing number of a peer
// before a message of that peer is received. Not to be confused with the peers of a
// socket ([Socket.Peers]). https://rfc.zeromq.org/spec/51/
type Peer struct {
	Connector
	SenderToNumber
	Receiver
}

// NewPeer returns a PEER socket. The error matches [ErrInvalidOption].
func NewPeer(o *Options) (*Peer, error) {
	c, err := newConnector(pattern.PEER, o)
	if err != nil {
		return nil, err
	}
	return &Peer{c, SenderToNumber{c}, Receiver{c}}, nil
}

// ConnectPeer is like Connect but returns the routing number of the peer at the
// endpoint, which stays the same when the connection is lost and made again.
// SendTo accepts the number at once, so [Options.Immediate] does not permit the
// call. The error matches those of [Connector.Connect], or [ErrInvalidOption]
// with that option. [zmq_connect_peer]
func (p *Peer) ConnectPeer(endpoint string) (number uint32, err error) {
	return p.ConnectPeerWith(endpoint, EndpointOptions{})
}

// ConnectPeerWith is ConnectPeer with options for this endpoint, as
// [Connector.ConnectWith] is Connect with options.
func (p *Peer) ConnectPeerWith(endpoint string, o EndpointOptions) (number uint32, err error) {
	opts, err := o.core(p.Socket)
	if err == nil {
		number, err = p.s.Addressed().ConnectPeer(endpoint, opts)
	}
	return number, opError("connect", endpoint, err)
}
