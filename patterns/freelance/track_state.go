package freelance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zerobroker/zmq"
)

// trackState is the client of RFC 10: it is passed the requests of the application, the
// messages of the socket and the time, and appends the messages to send to out. Results
// are put in the channels of the requests.
type trackState struct {
	interval    time.Duration // between PINGs
	ttl         time.Duration // silence after which a server is considered dead
	timeout     time.Duration // of one attempt
	attempts    int
	maxRequests int

	servers  []*server // in order of preference
	requests map[uint64]*request
	last     uint64 // last sequence number
	out      []output

	stats ClientStats
}

// server is a server. Its routing ID is its endpoint.
type server struct {
	endpoint  string
	connected bool
	alive     bool // connected, and not silent for too long
	pingAt    time.Time
	expires   time.Time
}

// request is a request in progress.
type request struct {
	sequence uint64
	body     [][]byte
	server   *server // that has it; nil while no server is alive
	tries    map[*server]int
	attempt  int // counted from 1
	deadline time.Time
	done     chan result // it has room for one
}

type result struct {
	reply zmq.Message
	err   error
}

// output is a message to a server. request is nil for PING.
type output struct {
	server  *server
	message zmq.Message
	request *request
}

// begin begins a request. The body must not change until it has ended.
func (t *trackState) begin(now time.Time, body [][]byte) (*request, error) {
	t.stats.Requests++
	if len(t.requests) >= t.maxRequests {
		t.stats.Failures++
		return nil, ErrBusy
	}
	t.last++
	r := &request{sequence: t.last, body: body, tries: map[*server]int{}, attempt: 1, deadline: now.Add(t.timeout), done: make(chan result, 1)}
	t.requests[r.sequence] = r
	t.assign(r)
	return r, nil
}

// cancel removes a request that the application does not wait for any longer.
func (t *trackState) cancel(r *request) {
	if t.requests[r.sequence] == r {
		delete(t.requests, r.sequence)
		t.stats.Failures++
	}
}

// assign sends a request to the server that is alive and has had it least often.
func (t *trackState) assign(r *request) {
	r.server = nil
	for _, s := range t.servers {
		if s.alive && (r.server == nil || r.tries[s] < r.tries[r.server]) {
			r.server = s
		}
	}
	if r.server == nil {
		return
	}
	r.tries[r.server]++
	t.out = append(t.out, output{server: r.server, message: zmq.NewMessage(encodeRequest(r.sequence, r.body)...), request: r})
}

// repeat begins the next attempt of a request, or ends it.
func (t *trackState) repeat(now time.Time, r *request) {
	if r.attempt >= t.attempts {
		t.end(r, result{err: fmt.Errorf("%w after %d attempts", ErrNoReply, r.attempt)})
		return
	}
	r.attempt++
	r.deadline = now.Add(t.timeout)
	t.stats.Retries++
	t.assign(r)
}

func (t *trackState) end(r *request, res result) {
	delete(t.requests, r.sequence)
	if res.err != nil {
		t.stats.Failures++
	} else {
		t.stats.Replies++
	}
	r.done <- res
}

// closed ends all requests.
func (t *trackState) closed() {
	for _, r := range t.sorted() {
		t.end(r, result{err: ErrClosed})
	}
}

// sorted returns the requests in the order in which they began.
func (t *trackState) sorted() []*request {
	return slices.SortedFunc(maps.Values(t.requests), func(a, b *request) int { return cmp.Compare(a.sequence, b.sequence) })
}

// receive processes a message of the socket.
func (t *trackState) receive(now time.Time, m zmq.Message) {
	i := slices.IndexFunc(t.servers, func(s *server) bool { return s.endpoint == m.RoutingID() })
	if i < 0 {
		t.stats.Drops.Malformed++
		return
	}
	s := t.servers[i]
	switch {
	case m.IsConnect():
		s.connected = true
		t.heard(now, s)
		s.pingAt = now
		return
	case m.IsDisconnect():
		s.connected = false
		t.dead(now, s)
		return
	}
	k, sequence, body := decodeReply(m)
	if k == kindInvalid {
		t.stats.Drops.Malformed++
		return
	}
	t.heard(now, s)
	if k == kindPong {
		return
	}
	r := t.requests[sequence]
	if r == nil || r.tries[s] == 0 {
		t.stats.Drops.StaleReply++
		return
	}
	t.end(r, result{reply: body})
}

// heard processes that a server is alive. Requests without a server are sent to it.
func (t *trackState) heard(now time.Time, s *server) {
	s.expires = now.Add(t.ttl)
	s.pingAt = now.Add(t.interval)
	if s.alive {
		return
	}
	s.alive = true
	for _, r := range t.sorted() {
		if r.server == nil {
			t.assign(r)
		}
	}
}

// dead processes that a server is not alive. Its requests are sent to others.
func (t *trackState) dead(now time.Time, s *server) {
	if !s.alive {
		return
	}
	s.alive = false
	for _, r := range t.sorted() {
		if r.server == s {
			t.repeat(now, r)
		}
	}
}

// undelivered processes that a message could not be sent, because the server is not
// connected any longer or, if full, has no room for it. The request waits for its
// deadline, or until a server connects.
func (t *trackState) undelivered(now time.Time, o output, full bool) {
	if o.request != nil && o.request.server == o.server {
		o.request.server = nil
	}
	if !full {
		t.dead(now, o.server)
	}
}

// tick sends PINGs and ends attempts that are due.
func (t *trackState) tick(now time.Time) {
	for _, s := range t.servers {
		if s.alive && !now.Before(s.expires) {
			t.stats.Expired++
			t.dead(now, s)
		}
		if s.connected && !now.Before(s.pingAt) {
			s.pingAt = now.Add(t.interval)
			t.out = append(t.out, output{server: s, message: zmq.NewStringMessage(ping)})
		}
	}
	for _, r := range t.sorted() {
		if !now.Before(r.deadline) {
			t.repeat(now, r)
		}
	}
}

// next returns the time of the next tick.
func (t *trackState) next(now time.Time) time.Time {
	at := now.Add(t.interval)
	for _, s := range t.servers {
		if s.connected && s.pingAt.Before(at) {
			at = s.pingAt
		}
		if s.alive && s.expires.Before(at) {
			at = s.expires
		}
	}
	for _, r := range t.requests {
		if r.deadline.Before(at) {
			at = r.deadline
		}
	}
	return at
}
