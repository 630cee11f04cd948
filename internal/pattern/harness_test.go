package pattern_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// message is the frames of a message.
type message []string

func (m message) msg() msg.Msg {
	frames := make([][]byte, len(m))
	for i, f := range m {
		frames[i] = []byte(f)
	}
	return msg.Of(frames...)
}

func framesOf(m *msg.Msg) (frames message) {
	for i := range m.Len() {
		frames = append(frames, string(m.Frame(i)))
	}
	return frames
}

// socket calls a pattern as internal/socket does, in one goroutine.
type socket struct {
	t      *testing.T
	pat    pattern.Pattern
	opt    pattern.Options
	drops  pipe.Drops
	sendMu sync.Mutex
	inbox  []*pipe.Pipe // pipes that Wake has not reported to the pattern yet
}

func newSocket(t *testing.T, typ pattern.Type, set ...func(*pattern.Options)) *socket {
	s := &socket{t: t}
	for _, f := range set {
		f(&s.opt)
	}
	s.pat = pattern.Types[typ].New(&s.opt, &s.drops)
	return s
}

// Room is called by a queue under the send lock.
func (s *socket) Room(q *pipe.Queue) { s.pat.(pattern.Sender).Room(q.From()) }

// Wake is called by a queue under the lock of its writer.
func (s *socket) Wake(q *pipe.Queue) { s.inbox = append(s.inbox, q.To()) }

// receiver returns the pattern after it has reported all ready pipes to it.
func (s *socket) receiver() pattern.Receiver {
	r := s.pat.(pattern.Receiver)
	for _, p := range s.inbox {
		r.Wake(p)
	}
	s.inbox = nil
	return r
}

// processInput calls ProcessInput of a Lockstep pattern.
func (s *socket) processInput() {
	if l, ok := s.pat.(pattern.Lockstep); ok {
		s.receiver()
		l.ProcessInput()
	}
}

// far is the far end of a pipe.
type far struct {
	s   *socket
	p   *pipe.Pipe
	hwm int // of the messages to the far end
	mu  sync.Mutex
}

// hwm is the default high-water mark of a pipe.
const hwm = 4

// attach makes and attaches a pipe without a peer.
func (s *socket) attach() *far {
	s.t.Helper()
	f, err := s.tryAttach(hwm)
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

func (s *socket) tryAttach(hwm int) (*far, error) {
	f := s.newFar(hwm)
	return f, s.pat.Attach(f.p)
}

// newFar makes a pipe that is not attached.
func (s *socket) newFar(hwm int) *far {
	f := &far{s: s, p: pipe.New(), hwm: hwm}
	f.p.Out = pipe.NewQueue(pipe.Config{Lock: &s.sendMu, HWM: hwm, Writer: s, From: f.p, Drops: &s.drops})
	f.p.In = pipe.NewQueue(pipe.Config{Lock: &f.mu, Reader: s, To: f.p})
	return f
}

// connect makes and attaches a pipe with a peer. The routing ID may be empty.
func (s *socket) connect(id string) *far {
	s.t.Helper()
	f := s.attach()
	if err := f.connect(id); err != nil {
		s.t.Fatal(err)
	}
	return f
}

func (f *far) connect(id string) error {
	peer := &msg.Peer{RoutingID: id}
	if err := f.s.pat.Connected(f.p, peer); err != nil {
		return err
	}
	f.p.SetPeer(peer)
	f.s.queueNotifications()
	return nil
}

func (f *far) disconnect() {
	f.s.pat.Disconnected(f.p)
	f.s.queueNotifications()
}

// queueNotifications queues the pending notifications, as a socket does after it has
// released its send lock.
func (s *socket) queueNotifications() {
	if n, ok := s.pat.(pattern.Notifier); ok {
		for _, notification := range n.Notifications() {
			notification.Queue()
		}
	}
}

func (f *far) detach() { f.s.pat.Detach(f.p) }

// sends sends a message from the peer. It reports whether the message was
// queued.
func (f *far) sends(frames ...string) bool {
	f.s.t.Helper()
	queued, err := f.trySends(frames...)
	if err != nil {
		f.s.t.Fatal(err)
	}
	return queued
}

func (f *far) trySends(frames ...string) (queued bool, err error) {
	m := message(frames).msg()
	if pub, ok := f.s.pat.(pattern.Publisher); ok {
		return pub.ProcessMessage(f.p, &m)
	}
	var b msg.Batch // a batch from a connection names its peer
	b.Add(msg.Seg{B: m.AppendEncoded(nil), From: f.p.Peer()})
	b.Msgs = 1
	f.mu.Lock()
	defer f.mu.Unlock()
	f.p.In.PutBatch(&b)
	return true, nil
}

// wants fails the test unless exactly these messages were queued to the peer.
func (f *far) wants(want ...message) {
	f.s.t.Helper()
	var got []message
	var m msg.Msg
	for f.p.Out.Next(&m) {
		got = append(got, framesOf(&m))
	}
	if !equalMessages(got, want) {
		f.s.t.Fatalf("the peer got %.200q, want %.200q", got, want)
	}
}

func equalMessages(a, b []message) bool { return slices.EqualFunc(a, b, slices.Equal[message]) }

// send sends a message as a socket does.
func (s *socket) send(frames ...string) error { return s.sendMsg(message(frames).msg()) }

func (s *socket) sendMsg(m msg.Msg) error {
	s.processInput()
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return s.pat.(pattern.Sender).Send(m)
}

// sent fails the test if the message cannot be sent.
func (s *socket) sent(frames ...string) {
	s.t.Helper()
	if err := s.send(frames...); err != nil {
		s.t.Fatalf("sending %.50q: %v", frames, err)
	}
}

// wantSend fails the test unless send returns want.
func (s *socket) wantSend(want error, frames ...string) {
	s.t.Helper()
	if err := s.send(frames...); !errors.Is(err, want) {
		s.t.Fatalf("sending %.50q: %v, want %v", frames, err, want)
	}
}

func (s *socket) recv() (msg.Msg, error) {
	var m msg.Msg
	err := s.receiver().Recv(&m)
	return m, err
}

// receives fails the test unless Recv returns these frames. It returns the
// message.
func (s *socket) receives(frames ...string) msg.Msg {
	s.t.Helper()
	m, err := s.recv()
	if err != nil || !slices.Equal(framesOf(&m), frames) {
		s.t.Fatalf("received %.200q (%v), want %.200q", framesOf(&m), err, frames)
	}
	return m
}

// wantRecv fails the test unless Recv returns the error want.
func (s *socket) wantRecv(want error) {
	s.t.Helper()
	if m, err := s.recv(); !errors.Is(err, want) {
		s.t.Fatalf("received %.200q (%v), want %v", framesOf(&m), err, want)
	}
}

// wantDrops fails the test unless exactly n messages were dropped, all for this
// reason.
func (s *socket) wantDrops(why pipe.Drop, n uint64) {
	s.t.Helper()
	for d := range s.drops {
		want := uint64(0)
		if pipe.Drop(d) == why {
			want = n
		}
		if got := s.drops[d].Load(); got != want {
			s.t.Fatalf("%d messages dropped for %v, want %d", got, pipe.Drop(d), want)
		}
	}
}
