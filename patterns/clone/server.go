package clone

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/binarystar"
	"github.com/zerobroker/zmq/zmqstat"
)

var (
	// ErrClosed is returned by calls on a closed Server or Client. It is [zmq.ErrClosed].
	ErrClosed = zmq.ErrClosed
	// ErrRunning is returned by [Server.Run] while another call runs.
	ErrRunning = errors.New("clone: the server runs already")
	// ErrInvalidOption is matched by the error of a constructor for invalid options. It is
	// [zmq.ErrInvalidOption].
	ErrInvalidOption = zmq.ErrInvalidOption
)

// Endpoints are the endpoints of one server.
type Endpoints struct {
	Snapshot  string // of the ROUTER that answers requests
	Publisher string // of the PUB that sends updates
	Collector string // of the SUB that receives updates of clients
}

// TCP returns the endpoints of a host at port, port+1 and port+2, as RFC 12 has them. A host
// of "*" is for a server only.
func TCP(host string, port int) Endpoints {
	at := func(i int) string { return fmt.Sprintf("tcp://%s:%d", host, port+i) }
	return Endpoints{at(0), at(1), at(2)}
}

// PairOptions make a server one of two, of which one is active at a time.
type PairOptions struct {
	// Role is the role of this server, Bind the endpoint at which it sends its state to its
	// peer, and Peer that of the peer, as in [binarystar.Options]. They are required.
	Role       binarystar.Role
	Bind, Peer string

	// Server has the endpoints of the peer for its clients. Snapshot and Publisher are
	// required.
	Server Endpoints
}

// ServerOptions configure a [Server]. The zero value of each field is its default.
type ServerOptions struct {
	// Socket has options for all sockets, such as security and logging. Only options that
	// ROUTER, PUB, SUB and DEALER have may be set. Default none, except that SendHWM
	// is 100000 for the PUB and 30000 for the ROUTER.
	Socket *zmq.Options

	// Pair makes the server one of two. Default none: it is always active.
	Pair *PairOptions

	// MaxKeys and MaxBytes bound the hashmap, in keys and in bytes of keys and values. An
	// update above them is dropped. Defaults 10000000 and 4 GiB.
	MaxKeys, MaxBytes int

	// MaxKeySize and MaxValueSize bound one key and one value, in bytes; the former also
	// the properties. An update above them is dropped. Defaults 255 and 1 MiB.
	MaxKeySize, MaxValueSize int

	// MaxSnapshots bounds the clients that receive a snapshot at a time. Further requests
	// are dropped; a [Client] repeats them. Default 256.
	MaxSnapshots int

	// SnapshotTimeout bounds how long a client that receives a snapshot may read nothing.
	// Default 30 s.
	SnapshotTimeout time.Duration

	// MaxPending bounds the updates that a passive server keeps until the active one has
	// published them, and PendingTimeout how long. Defaults 100000 and 10 s.
	MaxPending     int
	PendingTimeout time.Duration

	// Heartbeat is the time between two HUGZ, and between two messages to the peer.
	// Default 1 s.
	Heartbeat time.Duration

	// Sockets is a registry to which the sockets are added. Default none.
	Sockets *zmqstat.Registry
}

func (o *ServerOptions) withDefaults() (ServerOptions, error) {
	var c ServerOptions
	if o != nil {
		c = *o
	}
	if min(c.MaxKeys, c.MaxBytes, c.MaxKeySize, c.MaxValueSize, c.MaxSnapshots, c.MaxPending) < 0 ||
		min(c.SnapshotTimeout, c.PendingTimeout, c.Heartbeat) < 0 {
		return c, fmt.Errorf("clone: negative limit: %w", ErrInvalidOption)
	}
	if p := c.Pair; p != nil && (p.Server.Snapshot == "" || p.Server.Publisher == "") {
		return c, fmt.Errorf("clone: endpoints of the peer are missing: %w", ErrInvalidOption)
	}
	setDefault(&c.MaxKeys, 10_000_000)
	setDefault(&c.MaxBytes, 4<<30)
	setDefault(&c.MaxKeySize, 255)
	setDefault(&c.MaxValueSize, 1<<20)
	setDefault(&c.MaxSnapshots, 256)
	setDefault(&c.SnapshotTimeout, 30*time.Second)
	setDefault(&c.MaxPending, 100_000)
	setDefault(&c.PendingTimeout, 10*time.Second)
	setDefault(&c.Heartbeat, time.Second)
	return c, nil
}

// setDefault sets an option that has the zero value.
func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// ServerStats are the counters of a [Server].
type ServerStats struct {
	Active           bool   // whether the server serves clients
	Keys, Bytes      int    // of the hashmap
	Number           uint64 // sequence number of the last update
	Pending          int    // updates that the active server has not published, on a passive one
	Updates          uint64 // updates applied and published
	Expired          uint64 // values deleted because their time to live has passed
	Snapshots        uint64 // snapshots sent to the end
	SnapshotValues   uint64 // values sent in snapshots
	SnapshotsRefused uint64 // requests dropped because of MaxSnapshots
	SnapshotsAborted uint64 // snapshots whose client has disconnected or not read for SnapshotTimeout
	NotServed        uint64 // requests dropped because the server is not active
	Malformed        uint64 // messages dropped because they are not commands of RFC 12
	TooLarge         uint64 // updates dropped because of MaxKeySize or MaxValueSize
	StoreFull        uint64 // updates dropped because of MaxKeys or MaxBytes
	PendingDropped   uint64 // updates that a passive server has dropped: MaxPending, PendingTimeout, or without a UUID
	Syncs            uint64 // snapshots that were requested from the active server
}

// Server is a server of RFC 12. All methods may be called concurrently.
type Server struct {
	o         ServerOptions
	router    *zmq.Router
	pub       *zmq.Pub
	collector *zmq.Sub
	follower  *zmq.Sub         // receives the updates of the active server; nil without a pair
	star      *binarystar.Star // nil without a pair

	running sync.Mutex // held by Run
	mu      sync.Mutex // held while Run processes messages; guards core and dealer
	core    *core
	dealer  *zmq.Dealer // receives the snapshot of the active server; nil if there is none
	poller  *zmq.Poller
	closed  bool

	changeMu sync.Mutex
	changes  []binarystar.State
	wake     context.CancelFunc
}

// NewServer returns a server that is bound to the endpoints and idle until [Server.Run].
// The error matches [ErrInvalidOption] or those of [zmq.Socket.Bind].
func NewServer(at Endpoints, o *ServerOptions) (*Server, error) {
	c, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{o: c, poller: zmq.NewPoller()}
	s.core = newCore(serverLimits{
		maxKeys: c.MaxKeys, maxBytes: c.MaxBytes, maxKeySize: c.MaxKeySize, maxValueSize: c.MaxValueSize,
		maxSnapshots: c.MaxSnapshots, maxPending: c.MaxPending, snapshotTimeout: c.SnapshotTimeout,
		pendingTimeout: c.PendingTimeout, syncTimeout: 5 * c.Heartbeat, beat: c.Heartbeat,
	}, (*serverSockets)(s))
	if err := s.open(at); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.core.active = c.Pair == nil
	return s, nil
}

func socketOptions(o *zmq.Options) zmq.Options {
	if o == nil {
		return zmq.Options{}
	}
	return *o
}

// open makes the sockets.
func (s *Server) open(at Endpoints) (err error) {
	so := socketOptions(s.o.Socket)
	ro := so
	setDefault(&ro.SendHWM, 30_000)
	if s.router, err = zmq.NewRouter(&ro); err != nil {
		return err
	}
	if s.collector, err = zmq.NewSub(&so); err != nil {
		return err
	}
	po := so
	setDefault(&po.SendHWM, 100_000)
	if s.pub, err = zmq.NewPub(&po); err != nil {
		return err
	}
	_, err1 := s.router.Bind(at.Snapshot)
	_, err2 := s.pub.Bind(at.Publisher)
	_, err3 := s.collector.Bind(at.Collector)
	err = errors.Join(err1, err2, err3, s.collector.Subscribe(""), s.poller.Add(s.router.Socket, s.collector.Socket))
	if s.o.Sockets != nil {
		s.o.Sockets.Add("", s.router.Socket, s.pub.Socket, s.collector.Socket)
	}
	if err != nil || s.o.Pair == nil {
		return err
	}
	if s.follower, err = zmq.NewSub(&so); err != nil {
		return err
	}
	pair := s.o.Pair
	if err := errors.Join(s.follower.Subscribe(""), s.follower.Connect(pair.Server.Publisher), s.poller.Add(s.follower.Socket)); err != nil {
		return err
	}
	s.star, err = binarystar.New(&binarystar.Options{
		Socket: s.o.Socket, Role: pair.Role, Bind: pair.Bind, Peer: pair.Peer,
		Heartbeat: s.o.Heartbeat, OnChange: s.changed, Sockets: s.o.Sockets,
	})
	return err
}

// changed records a new state of the pair for the loop.
func (s *Server) changed(state binarystar.State) {
	s.changeMu.Lock()
	defer s.changeMu.Unlock()
	s.changes = append(s.changes, state)
	if s.wake != nil {
		s.wake()
	}
}

// Run serves clients until ctx ends or the server is closed. It returns the error of ctx,
// [ErrClosed], or [ErrRunning] if another call runs.
func (s *Server) Run(ctx context.Context) error {
	if !s.running.TryLock() {
		return ErrRunning
	}
	defer s.running.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	var star sync.WaitGroup
	if s.star != nil {
		star.Go(func() { s.star.Run(ctx) })
	}
	defer star.Wait()
	defer cancel()
	buf := make([]zmq.Message, 256)
	for pause := minPause; ; {
		busy, progress, blocked, err := s.process(buf)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case busy:
			pause = minPause
		case blocked && progress:
			pause = minPause
			s.wait(ctx, pause)
		case blocked:
			s.wait(ctx, pause)
			pause = min(2*pause, maxPause)
		default:
			s.wait(ctx, time.Hour)
			pause = minPause
		}
	}
}

// A client that does not read its snapshot is tried again after minPause, in which it does
// not read more than the queue holds, and later after up to maxPause.
const (
	minPause = 200 * time.Microsecond
	maxPause = 50 * time.Millisecond
)

// wait waits for messages, a change of the pair, the next deadline, or most.
func (s *Server) wait(ctx context.Context, most time.Duration) {
	s.mu.Lock()
	at := s.core.deadline()
	s.mu.Unlock()
	if soon := time.Now().Add(most); soon.Before(at) {
		at = soon
	}
	ctx, cancel := context.WithDeadline(ctx, at)
	defer cancel()
	s.changeMu.Lock()
	s.wake = cancel
	if len(s.changes) > 0 {
		cancel()
	}
	s.changeMu.Unlock()
	s.poller.Wait(ctx)
}

// ended is a context that has ended: batches with it do not wait.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// process takes messages from all sockets. busy reports that there is more to do, blocked that
// a client does not read its snapshot, progress that values of snapshots were sent.
func (s *Server) process(buf []zmq.Message) (busy, progress, blocked bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, false, false, ErrClosed
	}
	now := time.Now()
	s.applyChanges(now)
	n := 0
	n += take(s.collector.Receiver, buf, func(m zmq.Message) { s.core.set(now, m) })
	if s.follower != nil {
		n += take(s.follower.Receiver, buf, func(m zmq.Message) { s.core.follow(now, m) })
	}
	if s.dealer != nil {
		n += take(s.dealer.Receiver, buf, func(m zmq.Message) { s.core.receiveSnapshot(now, m) })
	}
	n += take(s.router.Receiver, buf, func(m zmq.Message) { s.request(now, m) })
	s.core.tick(now)
	before := s.core.stats.SnapshotValues
	busy, blocked = s.core.advance(now)
	return busy || n > 0, s.core.stats.SnapshotValues > before, blocked, nil
}

// take receives the messages that have arrived, up to the length of buf.
func take(r zmq.Receiver, buf []zmq.Message, f func(zmq.Message)) int {
	n, _ := r.RecvBatch(ended, buf)
	for _, m := range buf[:n] {
		f(m)
	}
	clear(buf[:n])
	return n
}

// request processes a message of the snapshot port.
func (s *Server) request(now time.Time, m zmq.Message) {
	_, fromServer := m.From().Property(serverProperty)
	if s.star != nil {
		serve := s.star.State() == binarystar.StateActive
		if _, ok := decodeRequest(m); ok && !fromServer {
			serve = s.star.Request() // a vote
		}
		s.applyChanges(now)
		if !serve {
			s.core.stats.NotServed++
			return
		}
	}
	s.core.request(m.RoutingID(), m, fromServer)
}

// applyChanges applies the changes of the pair.
func (s *Server) applyChanges(now time.Time) {
	s.changeMu.Lock()
	changes := s.changes
	s.changes = nil
	s.changeMu.Unlock()
	for _, state := range changes {
		switch state {
		case binarystar.StateActive:
			s.core.activate(now)
			(*serverSockets)(s).closeDealer()
		case binarystar.StatePassive:
			s.core.passivate(now)
		}
	}
}

// Stats returns the counters.
func (s *Server) Stats() ServerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.core.stats
	st.Active, st.Keys, st.Bytes = s.core.active, len(s.core.store.entries), s.core.store.bytes
	st.Number, st.Pending = s.core.store.number, len(s.core.pending)
	return st
}

// Close closes the sockets and ends Run. Later calls return nil.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	var errs []error
	if s.router != nil {
		errs = append(errs, s.router.Close())
	}
	if s.pub != nil {
		errs = append(errs, s.pub.Close())
	}
	if s.collector != nil {
		errs = append(errs, s.collector.Close())
	}
	if s.follower != nil {
		errs = append(errs, s.follower.Close())
	}
	(*serverSockets)(s).closeDealer()
	s.mu.Unlock()
	if s.star != nil {
		errs = append(errs, s.star.Close())
	}
	s.running.Lock() // until Run has returned
	defer s.running.Unlock()
	return errors.Join(errs...)
}

// serverSockets is a Server as the output of its core.
type serverSockets Server

func (s *serverSockets) publish(u *update) {
	s.pub.SendMessage(context.Background(), u.encode()) // a PUB does not wait
}

func (s *serverSockets) sendTo(client string, msgs []zmq.Message) (n int, gone bool) {
	n, err := s.router.SendBatchTo(ended, client, msgs)
	return n, err != nil && !errors.Is(err, context.Canceled)
}

func (s *serverSockets) requestSnapshot() {
	s.closeDealer()
	so := socketOptions(s.o.Socket)
	so.Linger = zmq.NoLinger
	so.Metadata = maps.Clone(so.Metadata)
	if so.Metadata == nil {
		so.Metadata = make(map[string]string)
	}
	so.Metadata[serverProperty] = "1"
	d, err := zmq.NewDealer(&so)
	if err != nil {
		return // the core requests again when its time has passed
	}
	if err := errors.Join(d.Connect(s.o.Pair.Server.Snapshot), d.TrySendMessage(encodeRequest("")), s.poller.Add(d.Socket)); err != nil {
		d.Close()
		return
	}
	s.dealer = d
}

func (s *serverSockets) closeDealer() {
	if s.dealer != nil {
		s.poller.Remove(s.dealer.Socket)
		s.dealer.Close()
		s.dealer = nil
	}
}
