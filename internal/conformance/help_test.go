package conformance

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// subtest runs f as a subtest in virtual time.
func subtest(t *testing.T, name string, f func(w *st.World)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { st.Run(t, f) })
}

// endpoints are an endpoint with connections, in memory, and one of inproc.
var endpoints = []string{"mem://a", "inproc://a"}

// overEachTransport runs f as a subtest for each of the endpoints.
func overEachTransport(t *testing.T, name string, f func(w *st.World, ep string)) {
	t.Helper()
	for _, ep := range endpoints {
		subtest(t, name+" "+ep, func(w *st.World) { f(w, ep) })
	}
}

// connect binds the first socket, unless the endpoint is bound already, connects
// the second to it and waits until both count the peer.
func connect(w *st.World, ep string, bound, connecting *st.Socket) {
	w.Helper()
	w.Settle() // a closing peer must not be counted
	n, k := bound.Stats().Peers, connecting.Stats().Peers
	if _, err := bound.Bind(ep); err != nil && !errors.Is(err, inproc.ErrEndpointInUse) && !errors.Is(err, syscall.EADDRINUSE) {
		w.Fatal(err)
	}
	connecting.MustConnect(ep)
	connecting.WaitPeers(k + 1)
	bound.WaitPeers(n + 1)
}

// patternOptions sets options of the socket's pattern.
func patternOptions(f func(o *pattern.Options)) func(*socket.Options) {
	return func(o *socket.Options) { f(&o.Pattern) }
}

// dialRawPeers connects n raw peers of a type, one after the other, to a socket
// that is bound to mem://a, and completes their handshakes.
func dialRawPeers(w *st.World, s *st.Socket, n int, socketType string, properties ...string) []*st.Peer {
	w.Helper()
	var list []*st.Peer
	w.Settle() // a closing peer must not be counted
	before := s.Stats().Peers
	for i := range n {
		p := w.Dial("a")
		p.Handshake(socketType, properties...)
		list = append(list, p)
		s.WaitPeers(before + i + 1)
	}
	return list
}

// wantErr compares the error of a call with the expected one.
func wantErr(w *st.World, what string, got, want error) {
	w.Helper()
	if !errors.Is(got, want) {
		w.Errorf("%s: %v, want %v", what, got, want)
	}
}

// trySend sends without blocking.
func trySend(s *st.Socket, frames ...string) error { return s.TrySend(st.Of(frames...)) }

// trySendTo sends to a routing ID without blocking.
func trySendTo(s *st.Socket, id string, frames ...string) error {
	return s.TrySendTo(id, st.Of(frames...))
}

// withReadDeadline limits, in virtual time, how long the next reads of a raw peer
// block.
func withReadDeadline(p *st.Peer) *st.Peer {
	p.SetReadDeadline(time.Now().Add(time.Hour))
	return p
}

// wantPeerRecv compares the next message that a raw peer reads.
func wantPeerRecv(w *st.World, p *st.Peer, frames ...string) {
	w.Helper()
	withReadDeadline(p)
	if got := withReadDeadline(p).Message(); !slices.Equal(got, frames) {
		w.Fatalf("the peer read %q, want %q", got, frames)
	}
}

// wantPeerClosed discards the input of a raw peer until the socket closes the
// connection.
func wantPeerClosed(w *st.World, p *st.Peer) {
	w.Helper()
	if _, err := io.Copy(io.Discard, withReadDeadline(p)); errors.Is(err, os.ErrDeadlineExceeded) {
		w.Error("the socket did not close the connection")
	}
	w.Settle() // until the socket has reported it
}

// wantPeerNone checks that a raw peer is sent no frame for a minute. The peer
// cannot read afterwards.
func wantPeerNone(w *st.World, p *st.Peer) {
	w.Helper()
	p.SetReadDeadline(time.Now().Add(time.Minute))
	if flags, body, err := p.TryFrame(); err == nil {
		w.Errorf("the peer read a frame %x %q, want none", flags, body)
	}
}

// recvCommand reads a command and returns its name and its data.
func recvCommand(w *st.World, p *st.Peer) string {
	w.Helper()
	flags, body := withReadDeadline(p).Frame()
	if flags&wire.FlagCommand == 0 {
		w.Fatalf("the peer read the frame %q, want a command", body)
	}
	return string(body[1:1+body[0]]) + " " + string(body[1+body[0]:])
}

// setSubscribed subscribes to topics, or cancels the subscriptions.
func setSubscribed(w *st.World, s *st.Socket, on bool, topics ...string) {
	w.Helper()
	for _, topic := range topics {
		if err := s.Subscribe(topic, on); err != nil {
			w.Fatal(err)
		}
	}
	w.Settle()
}

// subscribeCommand returns an encoded SUBSCRIBE command.
func subscribeCommand(topic string) []byte { return st.Command("SUBSCRIBE", []byte(topic)) }

// recvAll receives all messages that are available.
func recvAll(w *st.World, s *st.Socket) (list []string) {
	w.Helper()
	w.Settle()
	for m := new(msg.Msg); s.TryRecv(m) == nil; {
		list = append(list, fmt.Sprint(st.Frames(m)))
	}
	return list
}

// frame makes a frame of a text. A final + sets the More flag.
func frame(text string) *msg.Frame {
	body, more := strings.CutSuffix(text, "+")
	return &msg.Frame{Body: []byte(body), More: more}
}

// trySendFrames sends frames without blocking, and returns the first error.
func trySendFrames(s *st.Socket, frames ...string) error {
	for _, f := range frames {
		if err := s.TrySendFrame(frame(f)); err != nil {
			return err
		}
	}
	return nil
}

// wantFrames receives frames and compares them. It returns the last.
func wantFrames(w *st.World, s *st.Socket, frames ...string) (last msg.Frame) {
	w.Helper()
	for _, want := range frames {
		w.Settle()
		err := s.TryRecvFrame(&last)
		got := string(last.Body)
		if last.More {
			got += "+"
		}
		if err != nil || got != want {
			w.Fatalf("received the frame %q, %v, want %q", got, err, want)
		}
	}
	return last
}
