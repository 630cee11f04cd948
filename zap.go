package zmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/zap"
)

// ZAP returns an [Authenticator] that asks a ZAP handler, as the sockets of
// libzmq do: a REP or ROUTER of this program that is bound to [zap.Endpoint] in
// the namespace, nil for the default one. Package [zap] decodes the requests of a
// handler and encodes its replies. https://rfc.zeromq.org/spec/27/
//
// The status codes have these results: 200 accepts the peer with the user ID and
// the metadata of the reply; 300 is an error that matches [ErrAuthUnavailable];
// 400 denies the peer; 500 is an error that matches [ErrAuthFailed], as a reply
// that is malformed or belongs to another request. If there is no handler, or if
// it is closed before it replies, the error matches ErrAuthUnavailable. libzmq
// accepts peers of NULL and CURVE if there is no handler.
//
// A request has the fields that it has in libzmq. Its ID is unique in the program;
// in libzmq it is always "1". The address of a peer is its IP address, with ipc on
// Linux "localhost:uid:gid:pid" of the peer's process, and with ipc elsewhere
// empty. A request whose peer has disconnected, or whose time has ended
// ([Limits.HandshakeTimeout]), is removed from the queue of the handler. Replies
// to it are dropped.
//
// A SERVER cannot be a handler, because it receives no messages of several
// frames. libzmq lets it be one, and drops the requests.
func ZAP(ns *Namespace) Authenticator {
	if ns == nil {
		ns = defaultNamespace
	}
	return func(ctx context.Context, r *AuthRequest) (Identity, error) {
		request := zapRequest(r)
		frames, err := askHandler(ctx, ns, request.Frames())
		if err != nil {
			return Identity{}, fmt.Errorf("%w: %w", ErrAuthUnavailable, err)
		}
		return zapIdentity(frames, request.ID)
	}
}

// zapRequestID is the ID of the last request.
var zapRequestID atomic.Uint64

// zapRequest returns the request about a peer.
func zapRequest(r *AuthRequest) zap.Request {
	request := zap.Request{
		ID:        strconv.FormatUint(zapRequestID.Add(1), 10),
		Domain:    r.Domain,
		Address:   zapAddress(r),
		RoutingID: []byte(r.LocalRoutingID),
		Mechanism: r.Mechanism,
	}
	switch r.Mechanism {
	case "PLAIN":
		request.Credentials = [][]byte{[]byte(r.Username), []byte(r.Password)}
	case "CURVE":
		request.Credentials = [][]byte{r.PublicKey[:]}
	}
	return request
}

// zapAddress returns the address of a peer in the form that libzmq uses. With ipc
// that is what getnameinfo returns for a peer without a name, and its credentials.
func zapAddress(r *AuthRequest) string {
	if uid, gid, pid, ok := transport.PeerCred(r.conn); ok {
		return fmt.Sprintf("localhost:%d:%d:%d", uid, gid, pid)
	}
	if r.RemoteAddr == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr.String())
	if err != nil {
		return ""
	}
	return host
}

// askHandler sends a request to the handler in a namespace and returns the frames
// of its reply. A socket for each request needs no correlation: replies that come
// later, or twice, have no receiver. It runs without a goroutine of its own.
func askHandler(ctx context.Context, ns *Namespace, request [][]byte) ([][]byte, error) {
	dealer, err := NewDealer(&Options{Namespace: ns, Linger: NoLinger})
	if err != nil {
		return nil, err
	}
	defer dealer.Close()
	if err := dealer.Connect(zap.Endpoint); err != nil {
		return nil, err
	}
	if err := dealer.checkHandler(); err != nil {
		return nil, err
	}
	reply, err := dealer.s.Exchange(ctx, msg.Of(append([][]byte{nil}, request...)...))
	switch {
	case errors.Is(err, pattern.ErrPeerLost):
		return nil, errors.New("ZAP handler closed before it replied")
	case err != nil:
		return nil, fmt.Errorf("no reply of the ZAP handler: %w", err)
	}
	return Message{reply}.Frames(), nil
}

// checkHandler returns an error if no handler is connected. Over inproc, Connect
// has connected it if there is one.
func (d *Dealer) checkHandler() error {
	if peers := d.Peers(); len(peers) > 0 {
		if t := peers[0].SocketType(); t != TypeRep && t != TypeRouter {
			return fmt.Errorf("no ZAP handler, a REP or ROUTER, at %s: a %v is bound to it", zap.Endpoint, t)
		}
		return nil
	}
	for _, e := range d.Endpoints() {
		if e.Err != nil {
			return fmt.Errorf("no ZAP handler, a REP or ROUTER, at %s: %w", zap.Endpoint, e.Err)
		}
	}
	return fmt.Errorf("no ZAP handler at %s: no socket is bound to it", zap.Endpoint)
}

// zapIdentity returns the decision in the reply to the request with this ID.
func zapIdentity(frames [][]byte, id string) (Identity, error) {
	if len(frames) == 0 || len(frames[0]) != 0 {
		return Identity{}, fmt.Errorf("%w: %w: no empty frame at its beginning", ErrAuthFailed, zap.ErrMalformedReply)
	}
	reply, err := zap.ParseReply(frames[1:], id)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrAuthFailed, err)
	}
	switch reply.Status {
	case zap.StatusAccepted:
		return Identity{UserID: reply.UserID, Metadata: reply.Metadata}, nil
	case zap.StatusTemporary:
		err = ErrAuthUnavailable
	case zap.StatusInternalError:
		err = ErrAuthFailed
	default:
		err = errZAPDenied
	}
	return Identity{}, fmt.Errorf("%w: status %s of the ZAP handler: %.255q", err, reply.Status, reply.Text)
}

var errZAPDenied = errors.New("access denied")
