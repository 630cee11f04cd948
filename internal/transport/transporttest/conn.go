package transporttest

import (
	"bytes"
	"io"
	"net"
	"os"
	"time"
)

// short is the time to deadlines that tests let expire. It is long enough for a
// deadline to be in the future when it is set.
const short = 10 * time.Millisecond

// endless is larger than the buffers of any connection. It is allocated in
// advance, because clearing so much memory takes longer than a short deadline.
var endless = make([]byte, 64<<20)

// pattern returns n bytes whose values depend on the position, so that a test
// notices missing or exchanged bytes.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i) ^ byte(i>>8)*31 ^ byte(i>>16)*17
	}
	return b
}

func bothWays(s *suite) {
	a, b := s.pair()
	data := pattern(300_000)
	var g group
	for _, c := range []net.Conn{a, b} {
		g.start(func() {
			for rest := data; len(rest) > 0; {
				n := min(len(rest), 1+len(rest)%7919)
				if _, err := c.Write(rest[:n]); err != nil {
					s.Error(err)
					return
				}
				rest = rest[n:]
			}
		})
		g.start(func() {
			got := make([]byte, len(data))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, data) {
				s.Errorf("wrong bytes, %v", err)
			}
		})
	}
	g.Wait()
}

func largeWrites(s *suite) {
	a, b := s.pair()
	data := pattern(4 << 20) // larger than the buffers of the connection
	var g group
	g.start(func() {
		if n, err := a.Write(data); n != len(data) || err != nil {
			s.Errorf("wrote %d bytes, %v", n, err)
		}
		a.Close()
	})
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got, data) {
		s.Errorf("read %d bytes of %d, %v", len(got), len(data), err)
	}
	g.Wait()
}

func closeIsEOF(s *suite) {
	a, b := s.pair()
	a.Write([]byte("last bytes"))
	a.Close()
	got, err := io.ReadAll(b)
	if string(got) != "last bytes" || err != nil {
		s.Errorf("got %q, %v", got, err)
	}
	if n, err := b.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		s.Errorf("Read after io.EOF returned %d bytes, %v", n, err)
	}
}

func closeEndsRead(s *suite) {
	a, _ := s.pair()
	var g group
	g.start(func() {
		_, err := a.Read(make([]byte, 1))
		s.want("waiting Read", err, net.ErrClosed)
	})
	a.Close()
	g.Wait()
	_, err := a.Read(make([]byte, 1))
	s.want("Read", err, net.ErrClosed)
	_, err = a.Write(make([]byte, 1))
	s.want("Write", err, net.ErrClosed)
	s.want("Close", a.Close(), net.ErrClosed)
}

func closeEndsWrite(s *suite) {
	a, _ := s.pair()
	var g group
	if !s.WriteTimeoutIsFinal {
		fill(s, a)
	}
	if err := a.SetWriteDeadline(time.Time{}); err != nil {
		s.Fatal(err)
	}
	g.start(func() {
		_, err := a.Write(endless)
		s.want("waiting Write", err, net.ErrClosed)
	})
	a.Close()
	g.Wait()
}

// fill writes until the buffers of the connection are full.
func fill(s *suite, c net.Conn) {
	s.Helper()
	if err := c.SetWriteDeadline(time.Now().Add(short)); err != nil {
		s.Fatal(err)
	}
	n, err := c.Write(endless)
	s.want("Write", err, os.ErrDeadlineExceeded)
	if n == 0 {
		s.Error("nothing was buffered")
	}
}

func writeToClosed(s *suite) {
	a, b := s.pair()
	b.Close()
	a.SetWriteDeadline(time.Now().Add(10 * time.Second))
	for {
		_, err := a.Write(make([]byte, 1000))
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			s.Fatal("Write to a closed peer does not fail")
		}
		if err != nil {
			return
		}
	}
}

func deadlinePassed(s *suite) {
	a, b := s.pair()
	b.Write([]byte("there"))
	a.SetReadDeadline(time.Unix(1, 0))
	for range 2 {
		n, err := a.Read(make([]byte, 10))
		s.want("Read", err, os.ErrDeadlineExceeded)
		if n != 0 {
			s.Errorf("read %d bytes", n)
		}
	}
	// The connection is still usable after the deadline.
	a.SetReadDeadline(time.Time{})
	buf := make([]byte, 5)
	if _, err := io.ReadFull(a, buf); err != nil || string(buf) != "there" {
		s.Errorf("got %q, %v", buf, err)
	}
}

func deadlineWaiting(s *suite) {
	a, _ := s.pair()
	start := time.Now()
	a.SetReadDeadline(start.Add(short))
	_, err := a.Read(make([]byte, 1))
	s.want("Read", err, os.ErrDeadlineExceeded)
	if ne, ok := err.(net.Error); !ok || !ne.Timeout() {
		s.Errorf("%v is not a timeout", err)
	}
	if d := time.Since(start); d < short {
		s.Errorf("waited %v of %v", d, short)
	}
}

func deadlineMoved(s *suite) {
	a, _ := s.pair()
	a.SetReadDeadline(time.Now().Add(time.Hour))
	var g group
	g.start(func() {
		_, err := a.Read(make([]byte, 1))
		s.want("Read", err, os.ErrDeadlineExceeded)
	})
	a.SetReadDeadline(time.Now().Add(short))
	g.Wait()
}

func writeDeadline(s *suite) {
	a, b := s.pair()
	fill(s, a)
	if s.WriteTimeoutIsFinal {
		a.SetWriteDeadline(time.Time{})
		_, err := a.Write([]byte{1})
		s.want("Write", err, os.ErrDeadlineExceeded)
		return
	}
	// Write works again when the deadline is removed and the peer reads.
	a.SetWriteDeadline(time.Time{})
	var g group
	g.start(func() {
		if _, err := a.Write([]byte{1}); err != nil {
			s.Error(err)
		}
		a.Close()
	})
	if _, err := io.Copy(io.Discard, b); err != nil {
		s.Error(err)
	}
	g.Wait()
}

func race(s *suite) {
	a, b := s.pair()
	var g group
	for _, c := range []net.Conn{a, b} {
		for range 3 {
			g.start(func() {
				buf := make([]byte, 1000)
				for {
					if _, err := c.Write(buf); err != nil {
						return
					}
				}
			})
			g.start(func() {
				buf := make([]byte, 700)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
				}
			})
		}
	}
	g.start(func() {
		for range 100 {
			a.SetDeadline(time.Now().Add(time.Hour))
		}
		a.Close()
		b.Close()
	})
	g.Wait()
}
