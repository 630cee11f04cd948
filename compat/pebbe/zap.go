package zmq4

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/zap"
)

// requestID is the ID of the last request to a ZAP handler.
var requestID atomic.Uint64

// ask asks the ZAP handler of the context, a REP or ROUTER that is bound to
// zap.Endpoint, about a peer. bound is false if there is none.
func (c *contextState) ask(ctx context.Context, r *session.AuthRequest, domain string) (v mechanism.Verdict, bound bool, err error) {
	dealer, err := socket.New(pattern.DEALER, socket.Options{Namespace: c.space, SendAnySize: true})
	if err != nil {
		return v, false, err
	}
	defer dealer.Close(context.Background())
	if err := dealer.Connect(zap.Endpoint); err != nil {
		return v, false, err
	}
	if peers := dealer.Peers(); len(peers) == 0 || peers[0].SocketType == "DEALER" {
		return v, false, nil
	}
	request := zapRequest(r, domain)
	reply, err := dealer.Exchange(ctx, msg.Of(append([][]byte{nil}, request.Frames()...)...))
	if err != nil {
		return mechanism.Verdict{Status: mechanism.StatusTemporary}, true, fmt.Errorf("no reply of the ZAP handler: %w", err)
	}
	v, err = verdict(&reply, request.ID)
	return v, true, err
}

// zapRequest returns the request about a peer.
func zapRequest(r *session.AuthRequest, domain string) zap.Request {
	request := zap.Request{
		ID:        strconv.FormatUint(requestID.Add(1), 10),
		Domain:    domain,
		Address:   zapAddress(r),
		RoutingID: []byte(r.RoutingID),
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

// zapAddress returns the address of a peer in the form that libzmq uses.
func zapAddress(r *session.AuthRequest) string {
	if uid, gid, pid, ok := transport.PeerCred(r.Conn); ok {
		return fmt.Sprintf("localhost:%d:%d:%d", uid, gid, pid)
	}
	if r.Remote == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(r.Remote.String())
	if err != nil {
		return ""
	}
	return host
}

// verdict returns the decision in the reply to the request with this ID.
func verdict(m *msg.Msg, id string) (mechanism.Verdict, error) {
	var frames [][]byte
	for i := range m.Len() {
		frames = append(frames, m.Frame(i))
	}
	failed := mechanism.Verdict{Status: mechanism.StatusInternalError}
	if len(frames[0]) != 0 {
		return failed, zap.ErrMalformedReply
	}
	reply, err := zap.ParseReply(frames[1:], id)
	if err != nil {
		return failed, err
	}
	v := mechanism.Verdict{Status: mechanism.ZAPStatus(reply.Status)}
	if reply.Status != zap.StatusAccepted {
		return v, fmt.Errorf("%w: status %s: %.255q", errDenied, reply.Status, reply.Text)
	}
	v.UserID, v.Metadata = reply.UserID, frames[len(frames)-1]
	return v, nil
}

var errDenied = errors.New("the ZAP handler did not accept the peer")
