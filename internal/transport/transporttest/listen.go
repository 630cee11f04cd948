package transporttest

import (
	"context"
	"net"
	"sync"
	"syscall"

	"github.com/zerobroker/zmq/internal/transport"
)

func emptyAddress(s *suite) {
	s.want("CheckListen", s.tr.CheckListen(""), transport.ErrSyntax)
	s.want("CheckDial", s.tr.CheckDial(""), transport.ErrSyntax)
	_, err := s.tr.Listen("", nil)
	s.want("Listen", err, transport.ErrSyntax)
	_, err = s.tr.Dial(context.Background(), "", nil)
	s.want("Dial", err, transport.ErrSyntax)
}

func wildcard(s *suite) {
	if err := s.tr.CheckListen(s.wild); err != nil {
		s.Fatal(err)
	}
	s.want("CheckDial of a wildcard", s.tr.CheckDial(s.wild), transport.ErrSyntax)
	if a, b := s.listen().Addr(), s.listen().Addr(); a == b {
		s.Errorf("both listen on %s", a)
	}
}

func addrRoundTrip(s *suite) {
	l := s.listen()
	addr := l.Addr()
	if err := s.tr.CheckDial(addr); err != nil {
		s.Error(err)
	}
	if err := s.tr.CheckListen(addr); err != nil {
		s.Error(err)
	}
	s.dial(addr)
	s.accept(l)
	l.Close()
	if l.Addr() != addr {
		s.Errorf("address after Close is %s, was %s", l.Addr(), addr)
	}
}

func inUse(s *suite) {
	l := s.listen()
	_, err := s.tr.Listen(l.Addr(), nil)
	s.want("second Listen", err, syscall.EADDRINUSE)
	// The failed Listen does not affect the first listener, except that its
	// queue may have a connection that ends at once.
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 1)
			if n, _ := c.Read(buf); n == 1 {
				c.Write(buf)
			}
			c.Close()
		}
	}()
	c := s.dial(l.Addr())
	exchange(s, c)
	l.Close()
	<-done
}

// exchange sends one byte to an echo server and reads it back.
func exchange(s *suite, c net.Conn) {
	s.Helper()
	if _, err := c.Write([]byte{7}); err != nil {
		s.Error(err)
	}
	buf := make([]byte, 1)
	if _, err := c.Read(buf); err != nil || buf[0] != 7 {
		s.Errorf("echo: %v, %v", buf, err)
	}
}

func rebind(s *suite) {
	l := s.listenFixed()
	addr := l.Addr()
	a := s.dial(addr)
	b := s.accept(l)
	l.Close()
	again, err := s.tr.Listen(addr, nil)
	if err != nil {
		s.Fatal(err)
	}
	defer again.Close()
	s.dial(addr)
	s.accept(again)
	// Accepted connections stay open when their listener closes.
	if _, err := a.Write([]byte{1}); err != nil {
		s.Error(err)
	}
	if n, err := b.Read(make([]byte, 9)); n != 1 || err != nil {
		s.Errorf("read %d bytes, %v", n, err)
	}
}

func closeEndsAccept(s *suite) {
	l := s.listen()
	var g group
	g.start(func() {
		_, err := l.Accept()
		s.want("waiting Accept", err, net.ErrClosed)
	})
	l.Close()
	g.Wait()
	_, err := l.Accept()
	s.want("Accept", err, net.ErrClosed)
}

func closeTwice(s *suite) {
	l := s.listenFixed()
	for range 2 {
		if err := l.Close(); err != nil {
			s.Error(err)
		}
	}
	next, err := s.tr.Listen(l.Addr(), nil)
	if err != nil {
		s.Fatal(err)
	}
	defer next.Close()
	if err := l.Close(); err != nil {
		s.Error(err)
	}
	s.dial(next.Addr()) // Close of the old listener does not close the new one
}

func dialClosed(s *suite) {
	l := s.listen()
	l.Close()
	_, err := s.tr.Dial(context.Background(), l.Addr(), nil)
	s.want("Dial", err, s.DialClosed)
}

func dialEndedContext(s *suite) {
	l := s.listen()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.tr.Dial(ctx, l.Addr(), nil)
	s.want("Dial", err, context.Canceled)
}

func dialBeforeAccept(s *suite) {
	l := s.listen()
	a, b := s.dial(l.Addr()), s.dial(l.Addr())
	a.Write([]byte{1})
	b.Write([]byte{2})
	for i := range byte(2) {
		buf := make([]byte, 1)
		if _, err := s.accept(l).Read(buf); err != nil || buf[0] != i+1 {
			s.Errorf("connection %d: read %v, %v", i, buf, err)
		}
	}
}

func manyConnections(s *suite) {
	const many = 50
	l := s.listen()
	var served sync.WaitGroup
	served.Go(func() {
		for range many {
			c, err := l.Accept()
			if err != nil {
				s.Error(err)
				return
			}
			served.Go(func() {
				defer c.Close()
				buf := make([]byte, 1)
				if _, err := c.Read(buf); err != nil {
					s.Error(err)
				}
				c.Write(buf)
			})
		}
	})
	var g group
	for range many {
		g.start(func() {
			c, err := s.tr.Dial(context.Background(), l.Addr(), nil)
			if err != nil {
				s.Error(err)
				return
			}
			defer c.Close()
			exchange(s, c)
		})
	}
	g.Wait()
	served.Wait()
}
