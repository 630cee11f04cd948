// Package transporttest implements the tests that every transport must pass.
// They check the behaviour that other packages rely on. The package knows no
// transport; the caller passes one in [Config].
package transporttest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

// Config describes the transport under test.
type Config struct {
	// New returns the transport and a wildcard address to listen on. It is
	// called once per test, inside the bubble if Bubble is set.
	New func(t *testing.T) (tr transport.Transport, wildcard string)

	// Fixed returns an address that can be bound again after its listener was
	// closed. If Fixed is nil, the tests use the actual address of a wildcard.
	Fixed func(t *testing.T) string

	// DialClosed is the error that Dial matches after the listener has closed.
	DialClosed error

	// WriteTimeoutIsFinal means that every Write fails after one has timed out.
	WriteTimeoutIsFinal bool

	// Spin is passed to SetSpin of every Reader.
	Spin time.Duration

	// Bubble runs every test in a synctest bubble, that is in virtual time. The
	// transport must do no I/O.
	Bubble bool
}

// suite is the state of one test.
type suite struct {
	*testing.T
	Config
	tr   transport.Transport
	wild string
}

// Run runs all tests.
func Run(t *testing.T, c Config) {
	for _, test := range tests {
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

var tests = []struct {
	name string
	f    func(*suite)
}{
	{"EmptyAddressIsMalformed", emptyAddress},
	{"WildcardListensOnDifferentAddressEachTime", wildcard},
	{"AddrCanBeDialedAndBoundAgain", addrRoundTrip},
	{"BoundAddressIsInUse", inUse},
	{"ListenerCloseFreesAddress", rebind},
	{"ListenerCloseEndsAccept", closeEndsAccept},
	{"SecondListenerCloseDoesNothing", closeTwice},
	{"DialFailsAfterListenerClose", dialClosed},
	{"DialFailsIfContextHasEnded", dialEndedContext},
	{"DialDoesNotWaitForAccept", dialBeforeAccept},
	{"ManyConnectionsWorkConcurrently", manyConnections},
	{"BytesArriveInBothDirections", bothWays},
	{"LargeWriteArrivesWhole", largeWrites},
	{"PeerReadsBytesThenEOFAfterClose", closeIsEOF},
	{"CloseEndsRead", closeEndsRead},
	{"CloseEndsWrite", closeEndsWrite},
	{"WriteToClosedPeerFailsEventually", writeToClosed},
	{"ReadFailsAfterDeadline", deadlinePassed},
	{"DeadlineEndsWaitingRead", deadlineWaiting},
	{"ChangedDeadlineAffectsWaitingRead", deadlineMoved},
	{"WriteWorksAgainAfterDeadline", writeDeadline},
	{"MethodsMayBeCalledConcurrently", race},
	{"ReaderReturnsAllBytes", readerData},
	{"ReaderReturnsEOF", readerEOF},
	{"DeadlineEndsReader", readerDeadline},
	{"CloseEndsReader", readerClose},
	{"WaitingReaderHasNoBuffer", readerIdle},
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

// pair returns both ends of a connection, the dialer's first.
func (s *suite) pair() (net.Conn, net.Conn) {
	s.Helper()
	l := s.listen()
	a := s.dial(l.Addr())
	return a, s.accept(l)
}

// want checks that err matches target.
func (s *suite) want(what string, err, target error) {
	s.Helper()
	if !errors.Is(err, target) {
		s.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

// group is a set of goroutines that the test waits for.
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
