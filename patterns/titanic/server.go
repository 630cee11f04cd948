package titanic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/mdp"
	"github.com/zerobroker/zmq/zmqstat"
)

// ServerOptions configure a server. In every field the zero value is the default, and
// negative values are errors that match [zmq.ErrInvalidOption].
type ServerOptions struct {
	// Socket are the options of all DEALERs of the server. Its Logger also gets failures
	// of the store. Default nil.
	Socket *zmq.Options

	// Version is the version of MDP. Default [mdp.V02].
	Version mdp.Version

	// Concurrency is how many calls of clients each of the three services handles at a
	// time. Calls that wait together share one fsync of a Log. Default 100.
	Concurrency int

	// MaxRunning bounds the requests that are executed at a time. Default 1000.
	MaxRunning int

	// Timeout is how long the execution of a request waits for its reply until it is
	// repeated. Default 60 s.
	Timeout time.Duration

	// Retry is the time between two checks whether a service has a worker, and until
	// a failed execution is repeated. Default 1 s.
	Retry time.Duration

	// Sockets is a registry to which the sockets are added. Default none.
	Sockets *zmqstat.Registry
}

// ServerStats are the counters of a server since it was started.
type ServerStats struct {
	Requests uint64 // requests that were stored
	Replies  uint64 // replies that were returned to clients
	Closed   uint64 // calls of titanic.close for a valid ID
	Executed uint64 // replies of workers that were stored
	Failed   uint64 // executions that had no reply and are repeated
	Refused  uint64 // calls of clients that are malformed or name an unknown ID
	Errors   uint64 // calls of clients and replies of workers that the store refused
	Waiting  int    // requests that wait for a worker
	Running  int    // requests that are executed
}

// Server is a Titanic server: it provides the services titanic.request, titanic.reply and
// titanic.close at a broker, and executes the stored requests. All methods may be called
// concurrently.
type Server struct {
	opt     ServerOptions
	store   Store
	workers []*mdp.Worker
	client  *mdp.Client

	ctx  context.Context // ends with Close
	end  context.CancelFunc
	wake chan struct{} // has a token if schedule has changed
	done sync.WaitGroup

	mu       sync.Mutex // guards the following
	schedule schedule
	stats    ServerStats
}

// NewServer starts a server of a store at a broker, which need not exist yet. A store
// belongs to one server. The error matches [zmq.ErrInvalidOption], is as that of
// [zmq.Connector.Connect], or is that of the store.
func NewServer(endpoint string, store Store, o *ServerOptions) (*Server, error) {
	s := &Server{store: store, wake: make(chan struct{}, 1)}
	if o != nil {
		s.opt = *o
	}
	s.ctx, s.end = context.WithCancel(context.Background())
	if err := s.start(endpoint); err != nil {
		s.Close()
		return nil, fmt.Errorf("titanic: new server: %w", err)
	}
	return s, nil
}

// start applies the defaults of the options and starts the clients and workers.
func (s *Server) start(endpoint string) error {
	o := &s.opt
	if o.MaxRunning < 0 || o.Retry < 0 || o.Timeout < 0 || o.Concurrency < 0 {
		return fmt.Errorf("%w: negative limit", zmq.ErrInvalidOption)
	}
	s.schedule = newSchedule(cmp.Or(o.Retry, time.Second), cmp.Or(o.MaxRunning, 1000))
	for _, id := range s.store.Pending() {
		frames, err := s.store.Request(id)
		if err != nil {
			return err
		}
		s.schedule.add(string(frames[0]), id)
	}
	var err error
	s.client, err = mdp.NewClient(endpoint, &mdp.ClientOptions{Socket: o.Socket, Version: o.Version,
		Timeout: cmp.Or(o.Timeout, time.Minute), MaxRequests: s.schedule.max + 1000, Sockets: o.Sockets})
	if err != nil {
		return err
	}
	for service, h := range map[string]mdp.Handler{serviceRequest: s.request, serviceReply: s.reply, serviceClose: s.close} {
		w, err := mdp.NewWorker(endpoint, service, h, &mdp.WorkerOptions{Socket: o.Socket, Version: o.Version,
			Concurrency: cmp.Or(o.Concurrency, 100), Sockets: o.Sockets})
		if err != nil {
			return err
		}
		s.workers = append(s.workers, w)
	}
	s.done.Go(s.run)
	return nil
}

// Stats returns the counters.
func (s *Server) Stats() ServerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Running, st.Waiting = s.schedule.running, len(s.schedule.waiting)
	return st
}

// Close ends the server: calls of clients that have begun are answered, and executions are
// abandoned and repeated by the next server of the store. It does not close the store. It
// returns when all goroutines have ended.
func (s *Server) Close() error {
	for _, w := range s.workers {
		w.Shutdown(context.Background())
	}
	s.end()
	if s.client != nil {
		s.client.Close()
	}
	s.done.Wait()
	return nil
}

// count changes the counters by the result of a call of a client.
func (s *Server) count(counter *uint64, err error) zmq.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		*counter++
	case errors.Is(err, ErrUnknown):
		s.stats.Refused++
	case !errors.Is(err, ErrPending):
		s.stats.Errors++
		s.log(err)
	}
	return status(err)
}

// log logs a failure of the store.
func (s *Server) log(err error) {
	if s.opt.Socket != nil && s.opt.Socket.Logger != nil {
		s.opt.Socket.Logger.Error("titanic: store failed", slog.Any("error", err))
	}
}

// request serves titanic.request.
func (s *Server) request(_ context.Context, r *mdp.Request) zmq.Message {
	frames := r.Body.Frames()
	if len(frames) < 2 || !validTarget(frames[0]) {
		return s.count(nil, ErrUnknown)
	}
	id := NewID()
	if err := s.store.Add(id, frames); err != nil {
		return s.count(nil, err)
	}
	s.mu.Lock()
	s.stats.Requests++
	s.schedule.add(string(frames[0]), id)
	s.mu.Unlock()
	s.signal()
	return zmq.NewStringMessage(statusOK, id.String())
}

// reply serves titanic.reply.
func (s *Server) reply(_ context.Context, r *mdp.Request) zmq.Message {
	id, err := requestID(r)
	var frames [][]byte
	if err == nil {
		frames, err = s.store.Reply(id)
	}
	if m := s.count(&s.stats.Replies, err); err != nil {
		return m
	}
	return zmq.NewMessage(append([][]byte{[]byte(statusOK)}, frames...)...)
}

// close serves titanic.close: "MUST return 200 OK if the UUID is not known".
func (s *Server) close(_ context.Context, r *mdp.Request) zmq.Message {
	id, err := requestID(r)
	if err == nil {
		err = s.store.Remove(id)
	}
	if err == nil {
		s.mu.Lock()
		s.schedule.remove(id)
		s.mu.Unlock()
	}
	if r.Body.NumFrames() == 1 && errors.Is(err, ErrUnknown) {
		return s.count(&s.stats.Closed, nil)
	}
	return s.count(&s.stats.Closed, err)
}

// requestID returns the ID that is the body of a request.
func requestID(r *mdp.Request) (ID, error) {
	if r.Body.NumFrames() != 1 {
		return ID{}, ErrUnknown
	}
	return ParseID(string(r.Body.Frame(0)))
}

// signal wakes run.
func (s *Server) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run executes requests until the server is closed.
func (s *Server) run() {
	tick := time.NewTicker(max(s.schedule.retry/2, time.Millisecond))
	defer tick.Stop()
	for {
		s.mu.Lock()
		due := s.schedule.due(time.Now())
		s.mu.Unlock()
		for _, service := range due {
			s.done.Go(func() { s.serve(service) })
		}
		select {
		case <-s.wake:
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
	}
}

// serve executes the requests that wait for a service, if it has a worker: the server
// sends them "as and when services are available".
func (s *Server) serve(service string) {
	m, err := s.client.Do(s.ctx, "mmi.service", []byte(service))
	available := err == nil && string(m.Frame(0)) == "200"
	s.mu.Lock()
	ids := s.schedule.checked(time.Now(), service, available)
	s.mu.Unlock()
	for _, id := range ids {
		if err := s.execute(service, id); err != nil {
			s.finish(service, id, err)
		}
	}
}

// execute sends a request to the broker. Its reply is stored by another goroutine.
func (s *Server) execute(service string, id ID) error {
	frames, err := s.store.Request(id)
	if err != nil {
		return err
	}
	return s.client.Start(s.ctx, service, zmq.NewMessage(frames[1:]...), func(r mdp.Reply, err error) {
		if !r.Final && err == nil {
			return // only the final reply is stored
		}
		s.done.Go(func() { // the store waits for the disk
			if err == nil {
				err = s.store.SetReply(id, r.Frames())
			}
			s.finish(service, id, err)
		})
	})
}

// finish records the end of the execution of a request.
func (s *Server) finish(service string, id ID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, ErrUnknown): // the client has closed it
		err = nil
	case err == nil:
		s.stats.Executed++
	case errors.Is(err, ErrFull), errors.Is(err, ErrCorrupt):
		s.stats.Errors++
		s.log(err)
	default:
		s.stats.Failed++
	}
	s.schedule.done(time.Now(), service, id, err != nil)
	s.signal()
}
