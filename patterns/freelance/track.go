package freelance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// track is a client with the strategy [Tracked]. Its ROUTER addresses the servers by
// their endpoints, whatever their identity is.
type track struct {
	socket *zmq.Router
	cancel context.CancelFunc
	done   chan struct{} // closed when run has ended
	wake   chan struct{} // it has room for one; a deadline has changed

	mu     sync.Mutex
	state  trackState // guarded by mu
	closed bool       // guarded by mu
}

func newTrack(endpoints []string, v *ClientOptions) (*track, error) {
	o := socketOptions(v.Socket)
	if o.RoutingID != "" {
		return nil, fmt.Errorf("freelance: a client of RFC 10 has no identity: %w", ErrInvalidOption)
	}
	o.Immediate = true // a request for a server that is down goes to another one
	o.Router.Notify = zmq.RouterNotifyConnect | zmq.RouterNotifyDisconnect
	s, err := zmq.NewRouter(&o)
	if err != nil {
		return nil, fmt.Errorf("freelance: socket of a client: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t := &track{socket: s, cancel: cancel, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	t.state = trackState{
		interval: v.PingInterval, ttl: times(v.PingInterval, v.Liveness),
		timeout: v.Timeout, attempts: v.Attempts, maxRequests: v.MaxRequests,
		requests: map[uint64]*request{},
	}
	for _, e := range endpoints {
		if err := s.ConnectAs(e, e); err != nil {
			cancel()
			s.Close()
			return nil, fmt.Errorf("freelance: %w", err)
		}
		t.state.servers = append(t.state.servers, &server{endpoint: e})
	}
	if v.Sockets != nil {
		v.Sockets.Add("freelance client", s.Socket)
	}
	go t.run(ctx)
	return t, nil
}

func (t *track) request(ctx context.Context, frames [][]byte) (zmq.Message, error) {
	r, err := t.begin(frames)
	if err != nil {
		return zmq.Message{}, err
	}
	select {
	case res := <-r.done:
		return res.reply, res.err
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.cancel(r)
	select {
	case res := <-r.done: // the reply has arrived meanwhile
		return res.reply, res.err
	default:
		return zmq.Message{}, fmt.Errorf("freelance: %w", ctx.Err())
	}
}

func (t *track) begin(frames [][]byte) (*request, error) {
	body := make([][]byte, len(frames))
	for i, f := range frames {
		body[i] = append([]byte(nil), f...)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, fmt.Errorf("freelance: %w", ErrClosed)
	}
	r, err := t.state.begin(time.Now(), body)
	t.send()
	select {
	case t.wake <- struct{}{}:
	default:
	}
	return r, err
}

// run is the goroutine of the client.
func (t *track) run(ctx context.Context) {
	defer close(t.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.socket.Ready():
			t.receive()
		case <-t.wake:
		case <-timer.C:
		}
		timer.Reset(t.tick())
	}
}

// batch bounds the messages that are processed before the next tick.
const batch = 64

func (t *track) receive() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for range batch {
		m, err := t.socket.TryRecv()
		if err != nil {
			return
		}
		t.state.receive(time.Now(), m)
		t.send()
	}
}

// tick returns the time until the next one.
func (t *track) tick() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.state.tick(now)
	t.send()
	return t.state.next(now).Sub(now)
}

// send sends what the state has put out. It does not wait, so that no server delays
// others. The caller holds mu.
func (t *track) send() {
	for len(t.state.out) > 0 {
		out := t.state.out
		t.state.out = nil
		for _, o := range out {
			err := t.socket.TrySendMessageTo(o.server.endpoint, o.message)
			switch {
			case err == nil:
			case o.request != nil && errors.Is(err, zmq.ErrMessageTooLarge):
				if t.state.requests[o.request.sequence] == o.request {
					t.state.end(o.request, result{err: fmt.Errorf("freelance: %w", err)})
				}
			default:
				t.state.undelivered(time.Now(), o, errors.Is(err, zmq.ErrWouldBlock))
			}
		}
	}
}

func (t *track) close() error {
	t.cancel()
	<-t.done
	t.mu.Lock()
	t.closed = true
	t.state.closed()
	t.mu.Unlock()
	return t.socket.Close()
}

func (t *track) stats() ClientStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.stats
}

func (t *track) servers() []ServerInfo {
	t.mu.Lock()
	defer t.mu.Unlock()
	var infos []ServerInfo
	for _, s := range t.state.servers {
		infos = append(infos, ServerInfo{Endpoint: s.endpoint, Alive: s.alive})
	}
	return infos
}
