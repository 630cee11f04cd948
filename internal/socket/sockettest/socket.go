package sockettest

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
)

// Socket is a socket whose Must and Want methods fail the test.
type Socket struct {
	*socket.Socket
	socket.Addressed
	socket.Topics
	socket.Frames
	w        *World
	listener *socket.EventWatcher
	past     []socket.Stamped // events taken from listener
}

// waitTime is how long, in virtual time, a Must or Want method waits.
const waitTime = time.Hour

// Of returns a message of the frames.
func Of(frames ...string) msg.Msg {
	b := make([][]byte, len(frames))
	for i, f := range frames {
		b[i] = []byte(f)
	}
	return msg.Of(b...)
}

// Frames returns the frames of a message as strings.
func Frames(m *msg.Msg) []string {
	var s []string
	for i := range m.Len() {
		s = append(s, string(m.Frame(i)))
	}
	return s
}

// MustBind binds and returns the endpoint.
func (s *Socket) MustBind(ep string) string {
	s.w.Helper()
	bound, err := s.Bind(ep)
	if err != nil {
		s.w.Fatalf("bind %s: %v", ep, err)
	}
	return bound
}

// MustConnect connects.
func (s *Socket) MustConnect(ep string) {
	s.w.Helper()
	if err := s.Connect(ep); err != nil {
		s.w.Fatalf("connect %s: %v", ep, err)
	}
}

// MustSend sends one message of the frames.
func (s *Socket) MustSend(frames ...string) {
	s.w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitTime)
	defer cancel()
	if err := s.Send(ctx, Of(frames...)); err != nil {
		s.w.Fatalf("send %q: %v", clip(frames), err)
	}
}

// MustRecv returns the next message and its sender.
func (s *Socket) MustRecv() ([]string, *msg.Peer) {
	s.w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitTime)
	defer cancel()
	var m msg.Msg
	if err := s.Recv(ctx, &m); err != nil {
		s.w.Fatalf("receive: %v", err)
	}
	return Frames(&m), m.From
}

// WantRecv receives one message and fails the test if it is not the given one.
func (s *Socket) WantRecv(frames ...string) {
	s.w.Helper()
	if got, _ := s.MustRecv(); !slices.Equal(got, frames) {
		s.w.Fatalf("received %q, want %q", clip(got), clip(frames))
	}
}

// WantNone fails the test if a message can be received, now or after all
// goroutines have processed their input.
func (s *Socket) WantNone() {
	s.w.Helper()
	s.w.Settle()
	var m msg.Msg
	if err := s.TryRecv(&m); err != pattern.ErrWouldBlock {
		s.w.Fatalf("received %q, %v, want nothing", clip(Frames(&m)), err)
	}
}

// WantFull checks that a message cannot be sent now.
func (s *Socket) WantFull() {
	s.w.Helper()
	s.w.Settle()
	if err := s.TrySend(Of("too much")); err != pattern.ErrWouldBlock {
		s.w.Fatalf("sending gave %v, want %v", err, pattern.ErrWouldBlock)
	}
}

// Fill sends small messages until sending would block, and returns their number.
func (s *Socket) Fill() (n int) {
	s.w.Helper()
	for ; n < 1e6; n++ {
		s.w.Settle()
		switch err := s.TrySend(Of("fill")); err {
		case nil:
		case pattern.ErrWouldBlock:
			return n
		default:
			s.w.Fatal(err)
		}
	}
	s.w.Fatal("never full")
	return
}

// WaitPeers waits until n peers are connected.
func (s *Socket) WaitPeers(n int) {
	s.w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitTime)
	defer cancel()
	if err := s.WaitConnected(ctx, n); err != nil {
		s.w.Fatalf("waiting for %d peers: %v", n, err)
	}
}

// CloseIn closes the socket with a linger time, without limit if it is negative.
func (s *Socket) CloseIn(linger time.Duration) (unsent int) {
	ctx := context.Background()
	if linger >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, linger)
		defer cancel()
	}
	return s.Close(ctx).Unsent
}

// SetHWM changes both high-water marks.
func (s *Socket) SetHWM(send, recv int) error {
	if err := s.SetSendHWM(send); err != nil {
		return err
	}
	return s.SetRecvHWM(recv)
}

// WantDrops fails the test if the counters of dropped messages differ from want.
func (s *Socket) WantDrops(want map[pipe.Drop]uint64) {
	s.w.Helper()
	for why, n := range s.Stats().Drops {
		if n != want[pipe.Drop(why)] {
			s.w.Errorf("%d messages dropped for %v, want %d", n, pipe.Drop(why), want[pipe.Drop(why)])
		}
	}
}

// WantCloseReasons fails the test if the counters of close reasons differ from
// want. CloseNone is not compared.
func (s *Socket) WantCloseReasons(want map[engine.CloseReason]uint64) {
	s.w.Helper()
	counts := s.Stats().CloseReasons
	for f := engine.CloseNone + 1; f < engine.NumCloseReasons; f++ {
		if counts[f] != want[f] {
			s.w.Errorf("%d connections closed for %v, want %d", counts[f], f, want[f])
		}
	}
}

// History returns all events so far.
func (s *Socket) History() []socket.Stamped {
	for {
		ev, ok := s.listener.Next(Ended())
		if !ok {
			return s.past
		}
		s.past = append(s.past, ev)
	}
}

// EventsOf returns the events of the given kinds that the socket has reported.
func (s *Socket) EventsOf(kinds ...session.Kind) (some []socket.Stamped) {
	for _, ev := range s.History() {
		if slices.Contains(kinds, ev.Kind) {
			some = append(some, ev)
		}
	}
	return some
}

// WantKinds fails the test if the kinds of all reported events, in order, differ
// from want.
func (s *Socket) WantKinds(want ...session.Kind) {
	s.w.Helper()
	var got []session.Kind
	for _, ev := range s.History() {
		got = append(got, ev.Kind)
	}
	if !slices.Equal(got, want) {
		s.w.Errorf("events are %v, want %v", got, want)
	}
}

// clip truncates frames for a failure message.
func clip(frames []string) []string {
	out := slices.Clone(frames)
	for i, f := range out {
		if len(f) > 40 {
			out[i] = f[:40] + "..."
		}
	}
	return out
}

// Large returns a frame of n equal bytes.
func Large(n int) string { return string(bytes.Repeat([]byte{'L'}, n)) }

// ConnectAs connects, and assigns the routing ID to the peer.
func (s *Socket) ConnectAs(ep, id string) error {
	return s.ConnectWith(ep, socket.EndpointOptions{Alias: id})
}

// ConnectPeer connects, and returns the routing number of the peer.
func (s *Socket) ConnectPeer(ep string) (number uint32, err error) {
	return s.Addressed.ConnectPeer(ep, socket.EndpointOptions{})
}

// Call sends a request and returns its reply.
func (s *Socket) Call(ctx context.Context, m msg.Msg) (msg.Msg, error) {
	return s.Requests().Call(ctx, m)
}
