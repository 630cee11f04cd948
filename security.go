package zmq

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"sync/atomic"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/wire"
)

// Security configures how the connections of a socket, or of one endpoint, are
// authenticated and encrypted. The zero value is the NULL mechanism, without
// authentication and encryption.
//
// A peer that is not accepted is no error of a call: Connect and Send of a client
// return nil although the server denies it, because messages are queued and the
// socket tries again. The reason is in [EventHandshakeFailed] and the log of both
// sides, in [Connector.WaitConnected] and [Socket.Endpoints] of the side that
// connects, and in [Stats].
//
// A socket with a Mechanism or an Authenticator refuses peers of ZMTP 1.0 and 2.0,
// which have no security, and endpoints of udp. Sockets of the same process that
// are connected over inproc trust each other; Security does not apply to them.
type Security struct {
	// Mechanism is [Curve], [Plain] or [PlainServer], or a pointer to one. Both
	// peers must use the same one, one of them as the client and one as the
	// server; which of them binds does not matter. Default nil, which is the NULL
	// mechanism: no authentication except by address, and no encryption.
	Mechanism Mechanism

	// Authenticator decides which peers are accepted. A server requires one;
	// [AllowAny] accepts all peers. A client has none: a client of Curve accepts
	// only the server that has the key, and a client of Plain accepts any server.
	// With NULL it can decide by address.
	Authenticator Authenticator

	// Domain is passed to Authenticator, so that one can serve several sockets: a
	// handler of [ZAP], Domains of package auth, or one of the application. It has
	// no effect on others. [ZMQ_ZAP_DOMAIN]
	Domain string

	// MaxAuthentications bounds how many calls of Authenticator run at a time
	// for the socket or endpoint; more peers wait. Their addresses get their turns
	// one after the other, and one address, an IPv4 address or an IPv6 /64, has at
	// most three quarters of the calls. Default 64.
	MaxAuthentications int

	// TLS encrypts only endpoints whose scheme is tls+tcp, which need it. An
	// endpoint of tcp stays unencrypted, and so do those of other schemes. It is
	// copied, and SetSecurity replaces it. Mechanism runs inside TLS and is
	// independent of it.
	//
	// For Bind it needs a certificate: Certificates, GetCertificate or
	// GetConfigForClient. Client certificates are required with ClientAuth, and
	// are in [AuthRequest] and [PeerInfo.TLS]. For Connect, ServerName is by
	// default the host of the endpoint; an endpoint whose host is the wildcard
	// [::] or 0.0.0.0 needs a ServerName.
	//
	// MinVersion is at least TLS 1.2, and renegotiation is disabled. If NextProtos
	// is empty it is "zmtp/3.1", except for STREAM: a server then refuses clients
	// that offer only other protocols (ALPN), and accepts those that offer none,
	// as stunnel. A failure, also a panic of one of the functions in TLS, has the
	// reason [CloseTLS].
	TLS *tls.Config
}

// Mechanism is a security mechanism of ZMTP: [Curve], [Plain] or [PlainServer], or
// a pointer to one. A nil Mechanism is NULL.
type Mechanism interface {
	// prepare checks the parameters and returns what makes the mechanism of each
	// connection.
	prepare() (newMechanism func(metadata []byte) mechanism.Mechanism, server bool, err error)
}

// Curve is the CURVE mechanism: it encrypts and authenticates every message, and
// proves to each side that the other has its secret key. The zero value is not
// valid. https://rfc.zeromq.org/spec/26/
// [ZMQ_CURVE_SERVER, ZMQ_CURVE_SECRETKEY, ZMQ_CURVE_SERVERKEY]
type Curve struct {
	// Key is the key pair of this socket. A server requires one. A client without
	// one gets a pair of its own when the socket is made: the server can then not
	// recognise it.
	Key curve.Key
	// Server is the role: a server accepts clients that the Authenticator accepts.
	Server bool
	// ServerKey is the public key of the server, for a client: it connects to no
	// other server, except with NextServerKey.
	ServerKey curve.PublicKey
	// NextServerKey is another key that the server may have, for a client, while
	// the key of the server is being replaced. After an attempt to connect with one
	// of the keys has failed, the next attempt uses the other one. Each of the two
	// proves that the peer is the server. Default none.
	NextServerKey curve.PublicKey
}

func (c Curve) prepare() (func([]byte) mechanism.Mechanism, bool, error) {
	if c.Server {
		return c.prepareServer()
	}
	if c.ServerKey.IsZero() {
		return nil, false, errors.New("Curve.ServerKey is missing: a client needs the public key of its server; for a server set Server")
	}
	server, err := mechanism.NewCurveServerKey(c.ServerKey)
	if err != nil {
		return nil, false, fmt.Errorf("Curve.ServerKey: %w", err)
	}
	servers := []*mechanism.CurveServerKey{server}
	if !c.NextServerKey.IsZero() {
		if server, err = mechanism.NewCurveServerKey(c.NextServerKey); err != nil {
			return nil, false, fmt.Errorf("Curve.NextServerKey: %w", err)
		}
		servers = append(servers, server)
	}
	if c.Key.IsZero() {
		if c.Key, err = curve.GenerateKey(); err != nil {
			return nil, false, err
		}
	}
	keys, err := mechanism.NewCurveKeys(c.Key.Secret(), c.Key.Public())
	if err != nil {
		return nil, false, err
	}
	var next atomic.Int64 // index of the key for the next connection
	return func(md []byte) mechanism.Mechanism {
		i := next.Load()
		m := mechanism.NewCurveClient(keys, servers[i], md, nil)
		if len(servers) > 1 {
			next.Store(1 - i) // unless the server has key i
			m.OnWelcome = func() { next.Store(i) }
		}
		return m
	}, false, nil
}

func (c Curve) prepareServer() (func([]byte) mechanism.Mechanism, bool, error) {
	switch {
	case c.Key.IsZero():
		return nil, true, errors.New("Curve.Key is missing: a server needs a key pair that its clients know")
	case !c.ServerKey.IsZero():
		return nil, true, errors.New("Curve.ServerKey is for clients, and Curve.Server is set")
	case !c.NextServerKey.IsZero():
		return nil, true, errors.New("Curve.NextServerKey is for clients, and Curve.Server is set")
	}
	keys, err := mechanism.NewCurveKeys(c.Key.Secret(), c.Key.Public())
	if err != nil {
		return nil, true, err
	}
	return func(md []byte) mechanism.Mechanism {
		return mechanism.NewCurveServer(keys, md, nil)
	}, true, nil
}

// Plain is the client's role of the PLAIN mechanism: it sends a user name and a
// password, which are not encrypted. Use it within TLS or on this machine only.
// https://rfc.zeromq.org/spec/24/ [ZMQ_PLAIN_USERNAME, ZMQ_PLAIN_PASSWORD]
//
// Package fmt prints the user name and not the password, also of a value that
// contains a Plain. It has one exception, in which it calls no methods: an unexported
// field of a struct that is not of this library, such as one with Options. Give such
// a struct a Format or String method of its own.
type Plain struct {
	Username string // 1 to 255 bytes
	Password string `json:"-"` // 1 to 255 bytes
}

// PlainServer is the server's role of the PLAIN mechanism: the authenticator gets
// the user name and the password. [ZMQ_PLAIN_SERVER]
type PlainServer struct{}

// String returns the user name, and not the password.
func (p Plain) String() string { return fmt.Sprintf("Plain{Username: %q}", p.Username) }

// Format writes String for every verb.
func (p Plain) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

func (p Plain) prepare() (func([]byte) mechanism.Mechanism, bool, error) {
	// An unset variable of the environment must not become a wrong password.
	switch {
	case p.Username == "":
		return nil, false, errors.New("Plain.Username is empty")
	case p.Password == "":
		return nil, false, errors.New("Plain.Password is empty")
	}
	if err := mechanism.CheckPlain(p.Username, p.Password); err != nil {
		return nil, false, fmt.Errorf("Plain: %w", err)
	}
	return func(md []byte) mechanism.Mechanism {
		return mechanism.NewPlainClient(p.Username, p.Password, md)
	}, false, nil
}

func (PlainServer) prepare() (func([]byte) mechanism.Mechanism, bool, error) {
	return func(md []byte) mechanism.Mechanism { return mechanism.NewPlainServer(md) }, true, nil
}

// Authenticator decides whether a peer is accepted. It is called once for each
// connection, in a goroutine of its own, with no lock held, before the peer can
// send or receive any message. ctx ends at [Limits.HandshakeTimeout] or when the
// connection is closed; the peer is denied then.
//
// With an error the peer is denied, and the connection is closed. The error is in
// the event and the log of this socket. The peer receives only a status code of ZAP.
// It reports [CloseRefused] and tries again after [ReconnectOptions.MaxInterval],
// varied by half: after 2.5 to 7.5 s by default. A peer that uses libzmq does not try
// again.
//
// The reason is [CloseAuthDenied], except if no decision was made: it is
// [CloseAuthFailed] if the error matches [ErrAuthUnavailable] or [ErrAuthFailed], or
// if the Authenticator panics.
type Authenticator func(ctx context.Context, r *AuthRequest) (Identity, error)

// AuthRequest describes a peer to an [Authenticator].
type AuthRequest struct {
	Mechanism      string               // "NULL", "PLAIN" or "CURVE"
	Domain         string               // [Security.Domain]
	Endpoint       string               // as Bind returned it or Connect was given it
	LocalRoutingID string               // [Options.RoutingID] of this socket
	LocalAddr      net.Addr             // of the connection
	RemoteAddr     net.Addr             // of the connection
	Username       string               // with PLAIN
	Password       string               `json:"-"` // with PLAIN; not printed, as that of Plain
	PublicKey      curve.PublicKey      // with CURVE; the peer has proved that it has the secret key
	Metadata       map[string]string    // with CURVE, properties that the peer announces, such as "Socket-Type"
	TLS            *tls.ConnectionState // nil without TLS

	conn net.Conn // not to be read or written; nil if the application made the request
}

// String describes the peer, without the password. With TLS it has the subject of
// the peer's certificate if that was verified.
func (r *AuthRequest) String() string {
	text := r.Mechanism + " peer"
	if r.TLS != nil {
		text = r.Mechanism + " over TLS, peer"
	}
	if r.RemoteAddr != nil {
		text += " " + r.RemoteAddr.String()
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		text += fmt.Sprintf(" certificate %q", r.TLS.PeerCertificates[0].Subject.String())
	}
	if r.Username != "" {
		text += fmt.Sprintf(" user %q", r.Username)
	}
	if !r.PublicKey.IsZero() {
		text += " key " + r.PublicKey.String()
	}
	return text
}

// Format writes String for every verb.
func (r AuthRequest) Format(f fmt.State, _ rune) { io.WriteString(f, r.String()) }

// Identity is the result of an [Authenticator] for a peer that it accepts.
type Identity struct {
	// UserID is the name of the user. It is on every message that the peer sends
	// ([PeerInfo.UserID]).
	UserID string
	// Metadata are further properties of the peer ([PeerInfo.AuthProperty]). Names
	// have 1 to 255 bytes. [PeerInfo.Property] returns them too, before a property
	// of the same name that the peer announces.
	Metadata map[string]string
}

// AllowAny is an [Authenticator] that accepts every peer. With CURVE messages are
// encrypted and the server proves its identity, but any client may connect. The
// UserID is empty, also for PLAIN, whose password is not checked. Policy{Any: true}
// of package auth accepts the same peers, and uses the key of CURVE as UserID.
func AllowAny(context.Context, *AuthRequest) (Identity, error) { return Identity{}, nil }

// EndpointOptions are the options of one endpoint. They apply to all its
// connections.
type EndpointOptions struct {
	// Security is the security of this endpoint, in place of [Options.Security].
	// A pointer to a zero Security is NULL. SetSecurity then does not change this
	// endpoint, but SetEndpointSecurity does. Default nil: that of the socket.
	Security *Security

	// Network is the network of this endpoint, in place of [Options.Network]: a
	// pointer to a zero NetworkOptions is package net. It does not apply to inproc
	// and udp. Default that of the socket.
	Network *NetworkOptions

	// PeerID is the routing ID that the socket assigns to the peer, as
	// [SenderToID.ConnectAs] does. For Connect of a ROUTER or STREAM.
	PeerID string
}

// BindWith is Bind with options for this endpoint. In addition to the errors of
// Bind, it returns one that matches [ErrInvalidOption] if the options are invalid for
// the socket type or for Bind, and one that matches [ErrUnsupportedTransport] for an
// endpoint of udp with a Mechanism or an Authenticator.
func (s Socket) BindWith(endpoint string, o EndpointOptions) (string, error) {
	opts, err := o.core(s)
	if err == nil && o.PeerID != "" {
		err = fmt.Errorf("%w: EndpointOptions.PeerID does not apply to Bind", ErrInvalidOption)
	}
	if err != nil {
		return "", opError("bind", endpoint, err)
	}
	bound, err := s.s.BindWith(endpoint, opts)
	return bound, opError("bind", endpoint, err)
}

// ConnectWith is Connect with options for this endpoint, which apply to each of its
// connections: one SUB can connect to publishers that have different keys. With
// Security set, the error matches [ErrEndpointInUse] if the socket is connected to
// the endpoint already and its type makes only one connection to each: PUB, SUB, REQ
// and DEALER. The other errors are those of Connect and BindWith.
func (c Connector) ConnectWith(endpoint string, o EndpointOptions) error {
	opts, err := o.core(c.Socket)
	if err == nil {
		err = c.s.ConnectWith(endpoint, opts)
	}
	return opError("connect", endpoint, err)
}

func (o *EndpointOptions) core(s Socket) (opts socket.EndpointOptions, err error) {
	if t := s.Type(); o.PeerID != "" && t != TypeRouter && t != TypeStream {
		return opts, fmt.Errorf("%w: EndpointOptions.PeerID does not apply to %s", ErrInvalidOption, t)
	}
	opts.Alias = o.PeerID
	if opts.Network, err = o.coreNetwork(); err != nil || o.Security == nil {
		return opts, err
	}
	sec, err := o.Security.core(s.Type())
	opts.Security = &sec
	return opts, err
}

// SetSecurity replaces [Options.Security] for later connections, for example to
// change a key or a certificate. Connections whose peers are ready stay;
// [Socket.DisconnectPeers] ends them. Those whose handshake is not complete are
// closed, with [CloseNone], and are made again with the new security. Endpoints that
// wait for their next attempt to connect begin it at once. Endpoints that have
// security of their own keep it: if all of them have, nothing changes, and the error
// is nil.
//
// The error matches [ErrInvalidOption] if an endpoint of tls+tcp would be without TLS.
// It matches [ErrUnsupportedTransport] if there is an endpoint of udp and sec has a
// Mechanism or an Authenticator: remove that endpoint first.
func (s Socket) SetSecurity(sec Security) error {
	c, err := sec.core(s.Type())
	if err == nil {
		err = s.s.SetSecurity(&c)
	}
	return opError("set security", "", err)
}

// SetEndpointSecurity replaces the security that BindWith or ConnectWith has given
// to an endpoint, as SetSecurity does for the others. The error matches
// [ErrEndpointNotFound] if there is no endpoint of this name with security of its own.
func (s Socket) SetEndpointSecurity(endpoint string, sec Security) error {
	c, err := sec.core(s.Type())
	if err == nil {
		err = s.s.SetEndpointSecurity(endpoint, &c)
	}
	return opError("set security", endpoint, err)
}

// DisconnectPeers ends the connections of the peers for which match returns true,
// with [CloseRevoked], and returns their number: for example of a peer whose key
// was revoked. Queued messages for them are dropped as when a connection is lost.
// A peer may connect again if the authenticator accepts it. match is not called for
// peers over inproc, which have no security and would not connect again.
//
// First change what the authenticator decides. A peer that it has accepted before the
// call, or is deciding about, and whose handshake is not complete, is not passed to
// match: its connection is closed, with [CloseNone], and it may connect again. So do not
// call DisconnectPeers more often than there is something to revoke.
//
// Connections of an endpoint that Unbind or Disconnect has removed end as those do: when
// their queued messages are written, or after [Options.Linger].
func (s Socket) DisconnectPeers(match func(PeerInfo) bool) int {
	return s.s.DisconnectPeers(func(p *msg.Peer) bool { return match(PeerInfo{p}) })
}

const defaultAuthentications = 64

// core checks the security for a socket type and translates it.
func (s *Security) core(t SocketType) (c socket.Security, err error) {
	fail := func(format string, args ...any) (socket.Security, error) {
		return socket.Security{}, fmt.Errorf("%w: Security.%w", ErrInvalidOption, fmt.Errorf(format, args...))
	}
	if (t == TypeStream || t == TypeDgram) && (s.Mechanism != nil || s.Authenticator != nil) {
		return fail("Mechanism and Authenticator do not apply to %s", t)
	}
	if s.MaxAuthentications < 0 {
		return fail("MaxAuthentications %d: use 0 for the default", s.MaxAuthentications)
	}
	if m := reflect.ValueOf(s.Mechanism); m.Kind() == reflect.Pointer && m.IsNil() {
		return fail("Mechanism is a nil %T", s.Mechanism)
	}
	server := true
	if s.Mechanism != nil {
		if c.NewMechanism, server, err = s.Mechanism.prepare(); err != nil {
			return fail("Mechanism: %w", err)
		}
	}
	switch {
	case s.Mechanism != nil && server && s.Authenticator == nil:
		return fail("Authenticator is missing: set a function that decides which clients are accepted, or AllowAny to accept all")
	case !server && s.Authenticator != nil:
		return fail("Authenticator does not apply to the client of a mechanism: the server decides")
	case s.Domain != "" && s.Authenticator == nil:
		return fail("Domain %q has no effect without an Authenticator", s.Domain)
	}
	if s.Authenticator != nil {
		most := s.MaxAuthentications
		if most == 0 {
			most = defaultAuthentications
		}
		c.Authenticator = session.NewAuthenticator(most, s.check(s.Authenticator, s.Domain))
	}
	protocol := "zmtp/3.1"
	if t == TypeStream {
		protocol = "" // its peers do not use ZMTP
	}
	if c.TLS, err = transport.PrepareTLS(s.TLS, protocol); err != nil {
		return fail("TLS: %w", err)
	}
	return c, nil
}

// ErrAuthUnavailable is matched by the error of an [Authenticator] if a decision is
// not possible now, for example because a database does not answer. The connection
// is closed and the peer may try again. It receives no status code, after which
// libzmq would not connect again. [300 in ZAP]
var ErrAuthUnavailable = errors.New("authenticator cannot decide")

// ErrAuthFailed is matched by the error of an [Authenticator] if a decision is not
// possible because of a defect, for example because its configuration or an answer that it has received is
// invalid. The peer receives the status code 500. [500 in ZAP]
var ErrAuthFailed = errors.New("authenticator failed")

// check returns a function for the core that asks the authenticator.
func (*Security) check(ask Authenticator, domain string) func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
	return func(ctx context.Context, r *session.AuthRequest) (mechanism.Verdict, error) {
		request := &AuthRequest{
			Mechanism: r.Mechanism, Domain: domain, Endpoint: r.Endpoint,
			LocalRoutingID: r.RoutingID, LocalAddr: r.Local, RemoteAddr: r.Remote,
			Username: r.Username, Password: r.Password, PublicKey: r.PublicKey,
			Metadata: metadataMap(r.Metadata), TLS: r.TLS,
			conn: r.Conn,
		}
		id, err := ask(ctx, request)
		switch {
		case errors.Is(err, ErrAuthUnavailable):
			return mechanism.Verdict{Status: mechanism.StatusTemporary}, err
		case errors.Is(err, ErrAuthFailed):
			return mechanism.Verdict{Status: mechanism.StatusInternalError}, err
		case err != nil:
			return mechanism.Verdict{Status: mechanism.StatusDenied}, err
		}
		v := mechanism.Verdict{Status: mechanism.StatusAccepted, UserID: id.UserID}
		for name, value := range id.Metadata {
			if len(name) == 0 || len(name) > 255 {
				return mechanism.Verdict{Status: mechanism.StatusInternalError},
					fmt.Errorf("name of a property in Identity.Metadata has %d bytes", len(name))
			}
			v.Metadata = wire.AppendProperty(v.Metadata, name, value)
		}
		return v, nil
	}
}

// metadataMap returns encoded properties as a map, nil if there are none.
func metadataMap(b []byte) (m map[string]string) {
	// Properties that are malformed are refused when the peer has been accepted.
	_ = wire.WalkProperties(b, func(name, value []byte) error {
		if m == nil {
			m = make(map[string]string)
		}
		if _, dup := m[string(name)]; !dup {
			m[string(name)] = string(value)
		}
		return nil
	})
	return m
}
