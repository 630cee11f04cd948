//go:build unix

package session_test

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

// asleep is the reader of a queue that is not woken: the host calls Flush.
type asleep struct{}

func (asleep) Wake(*pipe.Queue) {}

// flushTest is a host whose pipe has a connection over a Unix-domain socket, which
// takes bytes without blocking, and the raw peer of the connection. It is in real
// time; no test measures it.
type flushTest struct {
	*host
	pipe *pipe.Pipe
	peer *st.Peer
}

// flush writes what is queued as a caller does that next waits for a reply.
func (f *flushTest) flush() { f.pipe.To.(interface{ Flush() }).Flush() }

// send queues a message.
func (f *flushTest) send(frames ...string) { f.host.send(f.pipe, frames...) }

func (f *flushTest) pending() int {
	f.sendMu.Lock()
	defer f.sendMu.Unlock()
	return f.pipe.Out.Unsent()
}

// runFlush calls f with a dialed connection and with an accepted one.
func runFlush(t *testing.T, f func(t *testing.T, f *flushTest)) {
	for _, dialed := range []bool{true, false} {
		t.Run(map[bool]string{true: "dialed", false: "accepted"}[dialed], func(t *testing.T) {
			dir, err := os.MkdirTemp("", "zmq") // short, unlike t.TempDir
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			path := filepath.Join(dir, "s")
			w := st.New(t, 1)
			h := newHost(w, lockstep)
			h.reader = asleep{}
			received := make(chan struct{}, 1)
			h.onReceived = func() { received <- struct{}{} }

			var nc net.Conn
			if dialed {
				l, err := net.Listen("unix", path)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				d, err := session.Dial(h.next, transport.IPC, "ipc://"+path, path, "")
				if err != nil {
					t.Fatal(err)
				}
				defer func() { d.Finish(); d.Wait(st.Ended()) }()
				if nc, err = l.Accept(); err != nil {
					t.Fatal(err)
				}
			} else {
				l, err := session.Listen(h.next, transport.IPC, "ipc://", path)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { l.Finish(); l.Wait(st.Ended()) }()
				if nc, err = net.Dial("unix", path); err != nil {
					t.Fatal(err)
				}
			}
			p := w.Peer(nc)
			defer p.Close()
			p.Handshake("DEALER")
			p.MustWrite(st.Message("traffic has begun"))
			<-received
			f(t, &flushTest{h, h.lastPipe(), p})
		})
	}
}

// TestFlushWritesQueue: one message at a time, as a REQ and a REP send.
func TestFlushWritesQueue(t *testing.T) {
	runFlush(t, func(t *testing.T, f *flushTest) {
		for _, body := range []string{"", "x", st.Large(8000)} {
			f.send("a", body)
			f.flush()
			if got := f.peer.Message(); got[1] != body {
				t.Errorf("received %.20q, want %.20q", got, body)
			}
			f.flush() // nothing is queued
		}
		for f.pending() > 0 { // a flusher may not have acknowledged the last message yet
			runtime.Gosched()
		}
	})
}

// TestFlushWritesSeveralMessages: a message that Flush does not write itself,
// several of them, or those after a command.
func TestFlushWritesSeveralMessages(t *testing.T) {
	for name, queue := range map[string]func(f *flushTest) (bodies []string){
		"large":                                  func(*flushTest) []string { return []string{st.Large(20_000)} },
		"more than the connection takes at once": func(*flushTest) []string { return []string{st.Large(1 << 20), "x", st.Large(1 << 20)} },
		"after a command": func(f *flushTest) []string {
			f.pipe.Sub.Subscribe("topic", true)
			return []string{"x", st.Large(20_000)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			runFlush(t, func(t *testing.T, f *flushTest) {
				bodies := queue(f)
				for _, body := range bodies {
					f.send("a", body)
				}
				f.flush()
				f.send("a", "later")
				f.flush()
				for _, body := range append(bodies, "later") {
					if got := f.peer.Message(); got[1] != body {
						t.Errorf("received %.20q of %d bytes, want %.20q", got, len(got[1]), body)
					}
				}
			})
		})
	}
}

// TestWithdrawnRequestsAreNotWrittenToSystem is TestWithdrawnRequestsAreNotWritten
// for a connection that takes the first requests of a batch, and of the next one a
// part, without blocking.
func TestWithdrawnRequestsAreNotWrittenToSystem(t *testing.T) {
	runFlush(t, func(t *testing.T, f *flushTest) {
		names := strings.Fields("a b c d e")
		for _, name := range names {
			size := 1 << 20
			if name == "a" {
				size = 1000
			}
			f.send(name, st.Large(size))
		}
		f.flush()
		var removed []string
		for len(removed) == 0 { // until the write blocks
			runtime.Gosched()
			removed = f.withdraw(f.pipe, "a", "b", "d")
		}
		if !slices.Equal(removed, []string{"d"}) {
			t.Errorf("withdrawn %q", removed)
		}
		for _, want := range []string{"a", "b", "c", "e"} {
			if got := f.peer.Message(); got[0] != want {
				t.Errorf("received %q, want %q", got[0], want)
			}
		}
		f.wantDrops(pipe.DropInFlight, 0)
	})
}

// TestFlushToClosedPeerReportsEnd: the failed write is that of the flusher.
func TestFlushToClosedPeerReportsEnd(t *testing.T) {
	runFlush(t, func(t *testing.T, f *flushTest) {
		ended := make(chan struct{})
		f.set(func() { f.onDisconnected = func() { close(ended) } })
		f.peer.Close()
		f.send("a", "x")
		f.flush()
		<-ended
		f.flush()
	})
}
