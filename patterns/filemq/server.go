package filemq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// ServerStats has the counters of a Server since it was made.
type ServerStats struct {
	Clients  int  // after OHAI
	Files    int  // that are published
	Complete bool // whether these are all, MaxFiles being sufficient

	Chunks    uint64 // sent
	Bytes     uint64 // of files, sent
	Malformed uint64 // messages that were discarded: a wrong signature or several frames
	Invalid   uint64 // commands that were answered with RTFM
	Refused   uint64 // clients and subscriptions that were answered with SRSLY
	Expired   uint64 // clients that were silent for ClientTimeout
	Unread    uint64 // files that could not be read when they were to be sent
}

// Server publishes a directory. All methods may be called concurrently.
type Server struct {
	o      *ServerOptions
	root   *os.Root
	router *zmq.Router
	ctx    context.Context
	cancel context.CancelFunc
	loops  sync.WaitGroup
	wake   chan struct{} // there may be chunks to send

	mu   sync.Mutex
	core *serverCore
}

// maxCommand is the default of Limits.MaxFrameSize: the largest chunk and the other fields
// fit, and so do the digests of some 100,000 files.
const maxCommand = 17 << 20

// pumpRetry is when a chunk is sent again that met a full queue.
const pumpRetry = 50 * time.Millisecond

// NewServer returns a server without endpoints. It scans the directory at once and then at
// intervals. The error matches ErrInvalidOption or is that of the directory.
func NewServer(o *ServerOptions) (*Server, error) {
	c, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(c.Root)
	if err != nil {
		return nil, fmt.Errorf("filemq: %w", err)
	}
	var so zmq.Options
	if c.Socket != nil {
		so = *c.Socket
	}
	so.Router.Notify = zmq.RouterNotifyDisconnect
	if so.Limits.MaxMessageFrames == 0 {
		so.Limits.MaxMessageFrames = 1
	}
	if so.Limits.MaxFrameSize == 0 {
		so.Limits.MaxFrameSize = maxCommand
	}
	router, err := zmq.NewRouter(&so)
	if err != nil {
		root.Close()
		return nil, err
	}
	s := &Server{
		o:      c,
		root:   root,
		router: router,
		wake:   make(chan struct{}, 1),
		core:   &serverCore{o: c, files: make(map[string]file), clients: make(map[string]*session)},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.loops.Go(s.receive)
	s.loops.Go(s.pump)
	s.loops.Go(s.scan)
	return s, nil
}

// Bind accepts clients at an endpoint, as zmq.Socket.Bind does. IANA has registered the
// port 5670.
func (s *Server) Bind(endpoint string) (string, error) { return s.router.Bind(endpoint) }

// Stats returns the counters.
func (s *Server) Stats() ServerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.core.stats
	st.Clients, st.Files = len(s.core.clients), len(s.core.files)
	return st
}

// Close closes the socket and waits until all goroutines have ended. Chunks that are queued
// are dropped: clients request their files again.
func (s *Server) Close() error {
	s.cancel()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	s.router.Shutdown(ended)
	s.loops.Wait()
	return s.root.Close()
}

// receive handles the commands of the clients until the server is closed.
func (s *Server) receive() {
	for m, err := range s.router.Messages(s.ctx) {
		if err != nil {
			return
		}
		s.handle(m)
	}
}

func (s *Server) handle(m zmq.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := m.RoutingID()
	if m.IsDisconnect() {
		s.core.removeClient(id)
		return
	}
	cmd, err := decode(m.Frame(0))
	var answer *command
	switch {
	case m.NumFrames() != 1 || errors.Is(err, errSignature):
		s.core.stats.Malformed++
	case err != nil:
		answer = s.core.rtfm(id, "malformed command")
	default:
		answer = s.core.receive(id, cmd, func(path string) error { return s.authorize(m.From(), path) }, time.Now())
	}
	if answer != nil {
		s.router.TrySendTo(id, answer.encode())
	}
	s.notify()
}

func (s *Server) authorize(peer zmq.PeerInfo, path string) error {
	if s.o.Authorize == nil {
		return nil
	}
	return s.o.Authorize(peer, path)
}

func (s *Server) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// scan looks for changes of the directory, and for clients that are silent.
func (s *Server) scan() {
	var files map[string]file
	t := time.NewTicker(s.o.ScanInterval)
	defer t.Stop()
	for {
		var complete bool
		files, complete = scan(s.root, files, s.o.MaxFiles)
		s.mu.Lock()
		s.core.update(files)
		s.core.stats.Complete = complete
		s.core.tick(time.Now())
		s.mu.Unlock()
		s.notify()
		select {
		case <-t.C:
		case <-s.ctx.Done():
			return
		}
	}
}

// pump sends chunks while clients have credit, one of each client in turn.
func (s *Server) pump() {
	buf := make([]byte, s.o.ChunkSize)
	for {
		for s.sendNext(buf) {
		}
		select {
		case <-s.wake:
		case <-time.After(pumpRetry):
		case <-s.ctx.Done():
			return
		}
	}
}

// sendNext sends one chunk. It reports false if there is nothing to send.
func (s *Server) sendNext(buf []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	w, cmd, ok := s.core.next(now)
	if !ok || s.ctx.Err() != nil {
		return false
	}
	if cmd == nil {
		data, eof, err := read(s.root, w, buf)
		if err != nil {
			s.core.stats.Unread++
			s.core.skip(w) // the next scan finds it deleted or changed
			return true
		}
		cmd = s.core.chunk(w, data, eof)
	}
	switch err := s.router.TrySendTo(w.client, cmd.encode()); {
	case err == nil:
		s.core.sent(w, cmd)
	case errors.Is(err, zmq.ErrWouldBlock):
		s.core.clients[w.client].retryAt = now.Add(pumpRetry)
	default:
		s.core.removeClient(w.client)
	}
	return true
}

// read reads a chunk.
func read(root *os.Root, w work, buf []byte) (data []byte, eof bool, err error) {
	f, err := root.Open(w.name)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	n, err := f.ReadAt(buf[:w.size], w.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	return buf[:n], w.offset+int64(n) >= info.Size(), nil
}
