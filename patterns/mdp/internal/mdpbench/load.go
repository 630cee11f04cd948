package main

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// load is a number of clients and workers. They write ZMTP to TCP connections directly
// and parse only what they need, so that they take less time than a broker.
type load struct {
	clients, window      int
	workers, concurrency int
	size, version        int
	duration             time.Duration
}

// warmUp is the time before the measurement.
const warmUp = 300 * time.Millisecond

// run returns the requests per second that a broker carries.
func (l *load) run(endpoint string) (float64, error) {
	address := strings.TrimPrefix(endpoint, "tcp://")
	var conns []net.Conn
	failed := make(chan error, l.clients+l.workers)
	var replies atomic.Int64
	defer func() {
		for _, c := range conns {
			c.Close()
		}
		for range conns {
			<-failed
		}
	}()
	for i := range l.workers + l.clients {
		concurrency, serve := 0, l.request
		if i < l.workers {
			concurrency, serve = l.concurrency, l.work
		}
		c, err := dial(address, concurrency)
		if err != nil {
			return 0, err
		}
		conns = append(conns, c)
		go func() { failed <- serve(c, &replies) }()
	}
	time.Sleep(warmUp)
	before, begin := replies.Load(), time.Now()
	time.Sleep(l.duration)
	n, d := replies.Load()-before, time.Since(begin)
	if len(failed) > 0 {
		err := <-failed
		failed <- err
		return 0, err
	}
	if n == 0 {
		return 0, errors.New("no reply")
	}
	return float64(n) / d.Seconds(), nil
}

// request is a client: it keeps its window full.
func (l *load) request(c net.Conn, replies *atomic.Int64) error {
	request := encode([]byte("MDPC02"), []byte{1}, []byte("echo"), bytes.Repeat([]byte{'x'}, l.size))
	if l.version == 1 {
		request = encode(nil, []byte("MDPC01"), []byte("echo"), bytes.Repeat([]byte{'x'}, l.size))
	}
	requests := bytes.Repeat(request, l.window)
	r := reader{conn: c}
	for n := l.window; ; {
		if _, err := c.Write(requests[:n*len(request)]); err != nil {
			return err
		}
		msgs, err := r.next()
		if err != nil {
			return err
		}
		n = 0
		for len(msgs) > 0 {
			size, _ := message(msgs)
			msgs = msgs[size:]
			n++
		}
		replies.Add(int64(n))
	}
}

// work is a worker: it replaces the command of each request, which makes it a reply.
func (l *load) work(c net.Conn, _ *atomic.Int64) error {
	ready, command, reply := encode([]byte("MDPW02"), []byte{1}, []byte("echo")), 1, byte(4)
	if l.version == 1 {
		ready, command, reply = encode(nil, []byte("MDPW01"), []byte{1}, []byte("echo")), 2, 3
	}
	if _, err := c.Write(ready); err != nil {
		return err
	}
	r := reader{conn: c}
	for {
		msgs, err := r.next()
		if err != nil {
			return err
		}
		out := msgs[:0]
		for len(msgs) > 0 {
			size, frames := message(msgs)
			if m := msgs[:size]; frames > command+1 { // not HEARTBEAT
				at := 0
				for range command {
					at += 2 + int(m[at+1])
				}
				m[at+2] = reply
				out = append(out, m...)
			}
			msgs = msgs[size:]
		}
		if _, err := c.Write(out); err != nil {
			return err
		}
	}
}

// reader reads whole messages.
type reader struct {
	conn net.Conn
	buf  []byte
	n    int // bytes in buf
	used int // of these, bytes that next has returned
}

// next returns the next messages, at least one. They are valid until the next call.
func (r *reader) next() ([]byte, error) {
	r.n = copy(r.buf, r.buf[r.used:r.n])
	r.used = 0
	if r.buf == nil {
		r.buf = make([]byte, 1<<18)
	}
	for {
		n, err := r.conn.Read(r.buf[r.n:])
		if err != nil {
			return nil, err
		}
		r.n += n
		for {
			size, _ := message(r.buf[r.used:r.n])
			if size == 0 {
				break
			}
			r.used += size
		}
		if r.used > 0 {
			return r.buf[:r.used], nil
		}
	}
}
