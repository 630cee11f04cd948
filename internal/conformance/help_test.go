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

// clause runs the test of one part of a row in virtual time.
func clause(t *testing.T, says string, f func(w *st.World)) {
	t.Helper()
	t.Run(says, func(t *testing.T) { st.Run(t, f) })
}

// places are the two ways in which sockets of this process meet.
var places = []string{"mem://a", "inproc://a"}

// everywhere runs it over a connection and within the process.
func everywhere(t *testing.T, says string, f func(w *st.World, ep string)) {
	t.Helper()
	for _, ep := range places {
		clause(t, says+" "+ep, func(w *st.World) { f(w, ep) })
	}
}

// meet connects two sockets, one of which is or will be bound.
func meet(w *st.World, ep string, bound, connecting *st.Socket) {
	w.Helper()
	w.Settle() // or one that is leaving might be counted
	n, k := bound.Stats().Peers, connecting.Stats().Peers
	if _, err := bound.Bind(ep); err != nil && !errors.Is(err, inproc.ErrEndpointInUse) && !errors.Is(err, syscall.EADDRINUSE) {
		w.Fatal(err)
	}
	connecting.MustConnect(ep)
	connecting.MustMeet(k + 1)
	bound.MustMeet(n + 1)
}

// options sets what the rules of a type depend on.
func options(f func(o *pattern.Options)) func(*socket.Options) {
	return func(o *socket.Options) { f(&o.Pattern) }
}

// handshaken connects n raw peers of a type to the address "a", one after the
// other, to a socket that is bound there.
func handshaken(w *st.World, s *st.Socket, n int, socketType string, properties ...string) []*st.Peer {
	w.Helper()
	var list []*st.Peer
	w.Settle() // or one that is leaving might be counted
	before := s.Stats().Peers
	for i := range n {
		p := w.Dial("a")
		p.Shake(socketType, properties...)
		list = append(list, p)
		s.MustMeet(before + i + 1)
	}
	return list
}

// is compares an error.
func is(w *st.World, what string, got, want error) {
	w.Helper()
	if !errors.Is(got, want) {
		w.Errorf("%s: %v, want %v", what, got, want)
	}
}

// try sends without waiting.
func try(s *st.Socket, frames ...string) error { return s.TrySend(st.Of(frames...)) }

// tryTo sends to a routing id without waiting.
func tryTo(s *st.Socket, id string, frames ...string) error {
	return s.TrySendTo(id, st.Of(frames...))
}

// patient bounds, in virtual time, how long a raw peer waits for what it is to
// read.
func patient(p *st.Peer) *st.Peer {
	p.SetReadDeadline(time.Now().Add(time.Hour))
	return p
}

// wants compares what a raw peer reads next.
func wants(w *st.World, p *st.Peer, frames ...string) {
	w.Helper()
	patient(p)
	if got := patient(p).Message(); !slices.Equal(got, frames) {
		w.Fatalf("a peer was sent %q, want %q", got, frames)
	}
}

// ends reads, throwing away what comes, until the other end has closed.
func ends(w *st.World, p *st.Peer) {
	w.Helper()
	if _, err := io.Copy(io.Discard, patient(p)); errors.Is(err, os.ErrDeadlineExceeded) {
		w.Error("a connection has not ended")
	}
	w.Settle() // until that is reported
}

// silent checks that nothing more comes to a raw peer, for a minute, which ends
// its usefulness.
func silent(w *st.World, p *st.Peer) {
	w.Helper()
	p.SetReadDeadline(time.Now().Add(time.Minute))
	if flags, body, err := p.TryFrame(); err == nil {
		w.Errorf("a peer was sent a frame %x %q, want nothing", flags, body)
	}
}

// command reads a command.
func command(w *st.World, p *st.Peer) string {
	w.Helper()
	flags, body := patient(p).Frame()
	if flags&wire.FlagCommand == 0 {
		w.Fatalf("a peer was sent the frame %q, want a command", body)
	}
	return string(body[1:1+body[0]]) + " " + string(body[1+body[0]:])
}

// change makes or takes back subscriptions.
func change(w *st.World, s *st.Socket, on bool, topics ...string) {
	w.Helper()
	for _, topic := range topics {
		if err := s.Subscribe(topic, on); err != nil {
			w.Fatal(err)
		}
	}
	w.Settle()
}

// subscribing is the command that subscribes, as a raw peer writes it.
func subscribing(topic string) []byte { return st.Command("SUBSCRIBE", []byte(topic)) }

// received takes everything that there is.
func received(w *st.World, s *st.Socket) (list []string) {
	w.Helper()
	w.Settle()
	for m := new(msg.Msg); s.TryRecv(m) == nil; {
		list = append(list, fmt.Sprint(st.Frames(m)))
	}
	return list
}

// frame makes a frame of a text; one that ends in + has another behind it.
func frame(text string) *msg.Frame {
	body, more := strings.CutSuffix(text, "+")
	return &msg.Frame{Body: []byte(body), More: more}
}

// tryFrames sends frames without waiting, and returns the first error.
func tryFrames(s *st.Socket, frames ...string) error {
	for _, f := range frames {
		if err := s.TrySendFrame(frame(f)); err != nil {
			return err
		}
	}
	return nil
}

// wantFrames receives frames and compares them.
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
