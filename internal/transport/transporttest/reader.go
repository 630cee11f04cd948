package transporttest

import (
	"bytes"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

// lender provides buffers to a Reader and counts those it has not returned.
type lender struct {
	out  atomic.Int64
	size int
	put  chan struct{} // receives a value for each returned buffer, if not nil
}

func (l *lender) take() []byte {
	l.out.Add(1)
	return make([]byte, l.size)
}

func (l *lender) give([]byte) {
	l.out.Add(-1)
	if l.put != nil {
		l.put <- struct{}{}
	}
}

func (l *lender) checkNoneOut(s *suite) {
	s.Helper()
	if n := l.out.Load(); n != 0 {
		s.Errorf("%d buffers were not returned", n)
	}
}

// reader returns a Reader with the Spin of the configuration.
func (s *suite) reader(c net.Conn) *transport.Reader {
	r := transport.NewReader(c)
	r.SetSpin(s.Spin)
	return r
}

func readerData(s *suite) {
	a, b := s.pair()
	data := pattern(1 << 20)
	var g group
	g.start(func() {
		a.Write(data)
		a.Close()
	})
	r, l := s.reader(b), lender{size: 5000}
	var got bytes.Buffer
	// ReadInto and Read may alternate.
	head := make([]byte, 1000)
	n, err := r.ReadInto(head)
	if err != nil {
		s.Error(err)
	}
	got.Write(head[:n])
	for {
		buf, n, err := r.Read(l.take, l.give)
		if err == io.EOF {
			break
		}
		if err != nil {
			s.Error(err)
			break
		}
		if n < 1 || len(buf) != n || n > l.size {
			s.Fatalf("%d bytes of %d, in a buffer of %d", len(buf), n, l.size)
		}
		got.Write(buf[:n])
		l.give(buf)
	}
	g.Wait()
	if !bytes.Equal(got.Bytes(), data) {
		s.Errorf("read %d bytes, want %d, or the bytes differ", got.Len(), len(data))
	}
	l.checkNoneOut(s)
}

func readerEOF(s *suite) {
	a, b := s.pair()
	a.Close()
	r, l := s.reader(b), lender{size: 10}
	for range 2 {
		if buf, n, err := r.Read(l.take, l.give); buf != nil || n != 0 || err != io.EOF {
			s.Errorf("got %v, %d, %v", buf, n, err)
		}
	}
	if n, err := r.ReadInto(make([]byte, 1)); n != 0 || err != io.EOF {
		s.Errorf("ReadInto: %d, %v", n, err)
	}
	l.checkNoneOut(s)
}

func readerDeadline(s *suite) {
	a, b := s.pair()
	r, l := s.reader(b), lender{size: 10}
	for _, at := range []time.Time{time.Unix(1, 0), time.Now().Add(short)} {
		b.SetReadDeadline(at)
		buf, _, err := r.Read(l.take, l.give)
		s.want("Read", err, os.ErrDeadlineExceeded)
		if buf != nil {
			s.Error("Read returned both a buffer and an error")
		}
	}
	b.SetReadDeadline(time.Time{})
	a.Write([]byte("x"))
	buf, n, err := r.Read(l.take, l.give)
	if n != 1 || err != nil {
		s.Fatalf("after the deadline: %d, %v", n, err)
	}
	l.give(buf)
	l.checkNoneOut(s)
}

func readerClose(s *suite) {
	_, b := s.pair()
	r, l := s.reader(b), lender{size: 10}
	var g group
	g.start(func() {
		_, _, err := r.Read(l.take, l.give)
		s.want("waiting Read", err, net.ErrClosed)
	})
	b.Close()
	g.Wait()
	_, _, err := r.Read(l.take, l.give)
	s.want("Read", err, net.ErrClosed)
	l.checkNoneOut(s)
}

// readerIdle checks that a waiting Reader has no buffer. It skips connections
// for which that is not supported.
func readerIdle(s *suite) {
	a, b := s.pair()
	waits, canWait := b.(transport.ReadWaiter)
	if !canWait && !slices.Contains(pollers, runtime.GOOS) {
		s.Skip("no way to wait without a buffer on " + runtime.GOOS)
	}
	r, l := s.reader(b), lender{size: 10, put: make(chan struct{}, 10)}
	var g group
	done := g.start(func() {
		buf, n, err := r.Read(l.take, l.give)
		if n != 1 || err != nil {
			s.Errorf("read %d bytes, %v", n, err)
		}
		l.give(buf)
	})
	if s.Bubble {
		synctest.Wait()
	} else if !canWait {
		<-l.put // the first attempt to read has returned its buffer
	}
	l.checkNoneOut(s)
	a.Write([]byte("x"))
	<-done
	g.Wait()
	if canWait {
		b.SetReadDeadline(time.Now().Add(short))
		s.want("WaitRead", waits.WaitRead(), os.ErrDeadlineExceeded)
	}
}

// pollers are the systems on which a Reader waits for a file descriptor.
var pollers = []string{"aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "linux", "netbsd", "openbsd", "solaris"}
