package ppp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// QueueOptions configure a [Queue]. In every field the zero value is the default.
type QueueOptions struct {
	// Socket has the options of both ROUTER sockets, such as their security. Default
	// all defaults.
	Socket *zmq.Options

	// WorkerSocket has the options of the socket of the workers, if they are not those
	// of the clients. Default Socket.
	WorkerSocket *zmq.Options

	// HeartbeatInterval is the time between two HEARTBEAT messages to a worker. The
	// workers should have the same. Default 1 s.
	HeartbeatInterval time.Duration

	// Liveness is after how many intervals without a message a worker is considered
	// dead. RFC 6 recommends 3 to 5. Default 3.
	Liveness int

	// MaxWorkers bounds the workers. READY messages of others are dropped. Each worker
	// has at most one request, so it bounds the requests that the queue holds, too.
	// Default 10000.
	MaxWorkers int

	// MaxAttempts bounds the workers that one request is given to. If the last of them
	// fails too, the request is dropped, so that a request that ends its worker does
	// not end all of them. 1 repeats no request; its client does that. Default 3.
	MaxAttempts int

	// Sockets is a registry to which the queue adds its sockets, as "ppp clients" and
	// "ppp workers". Default none.
	Sockets *zmqstat.Registry
}

// Queue distributes the requests of clients among workers, the least recently used of
// them first, and returns the replies. It is the "client" of RFC 6. All methods may be
// called concurrently.
//
// A worker has one request at a time. While no worker is idle, requests wait in the
// queues of the sockets, whose high-water marks bound them, and the clients wait. A
// request whose worker disconnects or sends no heartbeats is given to another worker. A
// worker that sends heartbeats has any time to reply.
type Queue struct {
	clients, workers *zmq.Router
	interval         time.Duration
	cancel           context.CancelFunc
	done             chan struct{} // closed when run has ended

	mu    sync.Mutex
	state queueState // guarded by mu
}

// NewQueue returns a queue that is not bound yet. The error matches
// [ErrInvalidOption].
func NewQueue(o *QueueOptions) (*Queue, error) {
	var v QueueOptions
	if o != nil {
		v = *o
	}
	if err := errors.Join(
		positive("HeartbeatInterval", &v.HeartbeatInterval, defaultHeartbeat),
		positive("Liveness", &v.Liveness, defaultLiveness),
		positive("MaxWorkers", &v.MaxWorkers, defaultMaxWorkers),
		positive("MaxAttempts", &v.MaxAttempts, defaultAttempts),
	); err != nil {
		return nil, err
	}
	if v.WorkerSocket == nil {
		v.WorkerSocket = v.Socket
	}
	clients, err := zmq.NewRouter(v.Socket)
	if err != nil {
		return nil, fmt.Errorf("ppp: socket of the clients: %w", err)
	}
	options := socketOptions(v.WorkerSocket)
	options.Router.Notify |= zmq.RouterNotifyDisconnect
	workers, err := zmq.NewRouter(&options)
	if err != nil {
		clients.Close()
		return nil, fmt.Errorf("ppp: socket of the workers: %w", err)
	}
	if v.Sockets != nil {
		v.Sockets.Add("ppp clients", clients.Socket)
		v.Sockets.Add("ppp workers", workers.Socket)
	}
	ctx, cancel := context.WithCancel(context.Background())
	q := &Queue{clients: clients, workers: workers, interval: v.HeartbeatInterval, cancel: cancel, done: make(chan struct{})}
	q.state = queueState{
		ttl:         times(v.HeartbeatInterval, v.Liveness),
		maxWorkers:  v.MaxWorkers,
		maxAttempts: v.MaxAttempts,
		workers:     map[string]*worker{},
	}
	go q.run(ctx)
	return q, nil
}

// BindClients accepts clients at an endpoint, as [zmq.Socket.Bind] does: REQ sockets,
// and DEALER sockets that send requests with or without an envelope.
func (q *Queue) BindClients(endpoint string) (string, error) { return q.clients.Bind(endpoint) }

// BindWorkers accepts workers at an endpoint, as [zmq.Socket.Bind] does.
func (q *Queue) BindWorkers(endpoint string) (string, error) { return q.workers.Bind(endpoint) }

// Close closes the queue. Requests without a reply are dropped; their clients repeat
// them. Close waits until the sockets have written their messages, at most
// [zmq.Options.Linger], and until all goroutines have ended. Its error is that of
// [zmq.Socket.Close].
func (q *Queue) Close() error {
	q.cancel()
	<-q.done
	return errors.Join(q.workers.Close(), q.clients.Close())
}

// batch bounds the messages of one socket that are processed before those of the other.
const batch = 64

// run is the goroutine of the queue.
func (q *Queue) run(ctx context.Context) {
	defer close(q.done)
	ticker := time.NewTicker(q.interval)
	defer ticker.Stop()
	for {
		var clients <-chan struct{}
		if q.free() {
			clients = q.clients.Ready()
		}
		select {
		case <-ctx.Done():
			return
		case <-q.workers.Ready():
			q.receive()
		case <-clients:
			q.receive()
		case <-ticker.C:
			q.tick()
		}
	}
}

func (q *Queue) free() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state.free()
}

// receive processes messages that have arrived: first those of workers, because they
// make workers idle.
func (q *Queue) receive() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for range batch {
		m, err := q.workers.TryRecv()
		if err != nil {
			break
		}
		q.state.fromWorker(time.Now(), m)
		q.send()
	}
	for range batch {
		if !q.state.free() {
			return
		}
		m, err := q.clients.TryRecv()
		if err != nil {
			return
		}
		q.state.fromClient(m)
		q.send()
	}
}

func (q *Queue) tick() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.state.tick(time.Now())
	q.send()
}

// send sends what the state has put out. It does not wait, so that no peer delays
// others. The caller holds mu.
func (q *Queue) send() {
	for len(q.state.out) > 0 {
		out := q.state.out
		q.state.out = nil
		for _, o := range out {
			socket := q.workers
			if o.toClient {
				socket = q.clients
			}
			switch err := socket.TrySendMessageTo(o.id, o.message); {
			case err != nil:
				q.state.undelivered(o, err)
			case o.toClient:
				q.state.stats.Replies++
			}
		}
	}
}

// QueueStats has the counters of a [Queue].
type QueueStats struct {
	Workers     int // workers in a conversation
	IdleWorkers int // those of them without a request
	Pending     int // requests that wait for another worker because theirs has failed

	Requests uint64 // requests received from clients
	Replies  uint64 // replies sent to clients
	Retries  uint64 // requests taken from a failed worker to be given to another

	WorkersReady        uint64 // conversations begun, except by a worker that had one
	WorkersExpired      uint64 // workers considered dead because they sent nothing
	WorkersDisconnected uint64 // workers whose connection ended, or that had no room for a request

	Drops QueueDrops
}

// QueueDrops counts the messages that a [Queue] has received and dropped. Those that its
// sockets have dropped are in their own counters ([QueueOptions].Sockets).
type QueueDrops struct {
	Malformed     uint64 // messages of workers that are none of RFC 6
	UnknownWorker uint64 // messages of peers that have not sent READY, or are considered dead
	StaleReply    uint64 // replies to a request that the worker does not have, or no longer
	WorkerLimit   uint64 // READY messages above [QueueOptions].MaxWorkers
	Attempts      uint64 // requests whose last attempt failed ([QueueOptions].MaxAttempts)
	ClientGone    uint64 // replies to clients that have disconnected
	ClientFull    uint64 // replies to clients whose queue is full
	TooLarge      uint64 // requests and replies above the limits of the socket that was to send them
}

// Stats returns the counters.
func (q *Queue) Stats() QueueStats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.state.stats
	s.Workers = len(q.state.workers)
	s.IdleWorkers = q.state.idle.Len()
	s.Pending = len(q.state.pending)
	return s
}
