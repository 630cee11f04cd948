// Package transporttest is the battery of tests that every transport passes:
// what the layers above may rely on, whatever moves the bytes. It takes a
// factory and knows no transport itself.
package transporttest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/zerobroker/zmq/internal/transport"
)

// Config describes the transport under test.
type Config struct {
	// New returns the transport and a wildcard address to listen on. It is
	// called once per test, inside the bubble if there is one.
	New func(t *testing.T) (tr transport.Transport, wildcard string)

	// Fixed returns an address that can be bound again after it was closed.
	// Nil means that what a wildcard has become is one.
	Fixed func(t *testing.T) string

	// Gone is what dialling an address matches after its listener has closed.
	Gone error

	// Bubble runs every test in virtual time. Only a transport that does no
	// I/O can live there.
	Bubble bool
}

// suite is one test's view of the transport.
type suite struct {
	*testing.T
	Config
	tr   transport.Transport
	wild string
}

// Run runs the battery.
func Run(t *testing.T, c Config) {
	for _, test := range battery {
		t.Run(test.name, func(t *testing.T) {
			body := func(t *testing.T) {
				tr, wild := c.New(t)
				test.f(&suite{t, c, tr, wild})
			}
			if c.Bubble {
				synctest.Test(t, body)
				return
			}
			body(t)
		})
	}
}

var battery = []struct {
	name string
	f    func(*suite)
}{
	{"EmptyAddressIsMalformed", emptyAddress},
	{"WildcardGivesItsOwnAddressEachTime", wildcard},
	{"AddrCanBeDialledAndBoundAgain", addrRoundTrip},
	{"BoundAddressIsInUse", inUse},
	{"CloseFreesTheAddress", rebind},
	{"CloseEndsAccept", closeEndsAccept},
	{"CloseTwice", closeTwice},
	{"DialWithoutListener", dialNobody},
	{"DialWithEndedContext", dialEndedContext},
	{"DialDoesNotWaitForAccept", dialBeforeAccept},
	{"ManyConnections", manyConnections},
	{"BothWays", bothWays},
	{"LargeWrites", largeWrites},
	{"CloseIsEOFAfterTheData", closeIsEOF},
	{"CloseEndsRead", closeEndsRead},
	{"CloseEndsWrite", closeEndsWrite},
	{"WriteToClosedPeerFailsInTheEnd", writeToClosed},
	{"ReadDeadlinePassed", deadlinePassed},
	{"ReadDeadlineWhileWaiting", deadlineWaiting},
	{"ReadDeadlineMovedWhileWaiting", deadlineMoved},
	{"WriteDeadline", writeDeadline},
	{"ReadWriteCloseRace", race},
	{"ReaderGivesData", readerData},
	{"ReaderEOF", readerEOF},
	{"ReaderDeadline", readerDeadline},
	{"ReaderClose", readerClose},
	{"ReaderHoldsNoBuffer", readerIdle},
}

// listen binds the wildcard until the test ends.
func (s *suite) listen() transport.Listener {
	s.Helper()
	l, err := s.tr.Listen(s.wild, nil)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { l.Close() })
	return l
}

// listenFixed binds an address that can be bound again.
func (s *suite) listenFixed() transport.Listener {
	s.Helper()
	if s.Fixed != nil {
		s.wild = s.Fixed(s.T)
	}
	return s.listen()
}

func (s *suite) dial(addr string) net.Conn {
	s.Helper()
	c, err := s.tr.Dial(context.Background(), addr, nil)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { c.Close() })
	return c
}

func (s *suite) accept(l transport.Listener) net.Conn {
	s.Helper()
	c, err := l.Accept()
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { c.Close() })
	return c
}

// pair returns both ends of a connection: the dialler's and the listener's.
func (s *suite) pair() (net.Conn, net.Conn) {
	s.Helper()
	l := s.listen()
	a := s.dial(l.Addr())
	return a, s.accept(l)
}

// want checks an error by what it matches.
func (s *suite) want(what string, err, target error) {
	s.Helper()
	if !errors.Is(err, target) {
		s.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

// group is goroutines that the test waits for.
type group struct{ sync.WaitGroup }

// start runs f and returns a channel that is closed when it has returned.
func (g *group) start(f func()) <-chan struct{} {
	done := make(chan struct{})
	g.Go(func() {
		defer close(done)
		f()
	})
	return done
}
