package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

// idle counts the buffers that a Reader has.
type idle struct {
	out  atomic.Int64  // calls of get, minus calls of put
	puts chan struct{} // receives a value for each call of put
}

func (i *idle) get() []byte {
	i.out.Add(1)
	return make([]byte, 64)
}

func (i *idle) put([]byte) {
	i.out.Add(-1)
	i.puts <- struct{}{}
}

// TestIdleReadersHaveNoBuffers has a thousand readers wait. Then each receives
// a byte and must have one buffer.
func TestIdleReadersHaveNoBuffers(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		t.Skip("no way to wait without a buffer on " + runtime.GOOS)
	}
	const many = 1000
	t.Setenv("TMPDIR", shortDir(t))
	for name, tr := range map[string]transport.Transport{"tcp": tcp, "ipc": transport.IPC} {
		t.Run(name, func(t *testing.T) {
			wild := map[string]string{"tcp": "127.0.0.1:0", "ipc": "*"}[name]
			l := listen(t, tr, wild, nil)
			lender := idle{puts: make(chan struct{}, 2*many)}
			var got atomic.Int64
			var g sync.WaitGroup
			var peers []net.Conn
			for range many {
				a, b, err := both(tr, l)
				if errors.Is(err, syscall.EMFILE) {
					t.Skip("too few files allowed: ", err)
				}
				if err != nil {
					t.Fatal(err)
				}
				defer a.Close()
				defer b.Close()
				peers = append(peers, a)
				g.Go(func() {
					buf, n, err := transport.NewReader(b).Read(lender.get, lender.put)
					if n != 1 || err != nil {
						t.Errorf("read %d bytes, %v", n, err)
						return
					}
					got.Add(int64(buf[0]))
				})
			}
			for range many {
				<-lender.puts // a reader has tried to read and returned its buffer
			}
			if n := lender.out.Load(); n != 0 {
				t.Errorf("readers of %d idle connections have %d buffers", many, n)
			}
			for _, c := range peers {
				c.Write([]byte{1})
			}
			g.Wait()
			if n, out := got.Load(), lender.out.Load(); n != many || out != many {
				t.Errorf("%d connections received their byte in %d buffers, want %d", n, out, many)
			}
		})
	}
}

// both returns both ends of a connection to l, the dialer's first.
func both(tr transport.Transport, l transport.Listener) (a, b net.Conn, err error) {
	if a, err = tr.Dial(context.Background(), l.Addr(), nil); err != nil {
		return nil, nil, err
	}
	if b, err = l.Accept(); err != nil {
		a.Close()
	}
	return a, b, err
}

// scripted is a connection of a type unknown to Reader, which reads from r.
type scripted struct {
	net.Conn
	r io.Reader
}

func (s scripted) Read(p []byte) (int, error) { return s.r.Read(p) }

func (s scripted) Close() error { return nil }

// TestReaderReturnsErrorAfterBytes covers connections whose Read returns bytes
// and an error in one call. Reader returns them in two calls.
func TestReaderReturnsErrorAfterBytes(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		what string
		r    io.Reader
		want []any
	}{
		{"separate", io.MultiReader(iotest.OneByteReader(reader("ab")), iotest.ErrReader(boom)), []any{"a", "b", boom}},
		{"together", iotest.DataErrReader(io.MultiReader(reader("ab"), iotest.ErrReader(boom))), []any{"ab", boom, boom}},
		{"end", iotest.DataErrReader(reader("ab")), []any{"ab", io.EOF, io.EOF}},
	}
	for _, test := range tests {
		lender := idle{puts: make(chan struct{}, 10)}
		r := transport.NewReader(scripted{r: test.r})
		var got []any
		for range test.want {
			buf, n, err := r.Read(lender.get, lender.put)
			if err != nil {
				got = append(got, err)
				if buf != nil || n != 0 {
					t.Errorf("%s: %d bytes with %v", test.what, n, err)
				}
				continue
			}
			got = append(got, string(buf[:n]))
			lender.put(buf)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.what, got, test.want)
		}
		if n := lender.out.Load(); n != 0 {
			t.Errorf("%s: %d buffers were not returned", test.what, n)
		}
	}
	// ReadInto, too, returns an error that came with bytes in the previous
	// call.
	r := transport.NewReader(scripted{r: iotest.DataErrReader(reader("x"))})
	lender := idle{puts: make(chan struct{}, 10)}
	r.Read(lender.get, lender.put)
	if n, err := r.ReadInto(make([]byte, 4)); n != 0 || err != io.EOF {
		t.Errorf("ReadInto: %d, %v", n, err)
	}
}

func reader(s string) io.Reader { return &oneString{s} }

type oneString struct{ s string }

func (o *oneString) Read(p []byte) (int, error) {
	if o.s == "" {
		return 0, io.EOF
	}
	n := copy(p, o.s)
	o.s = o.s[n:]
	return n, nil
}

func TestReaderDoesNotAllocate(t *testing.T) {
	l := listen(t, tcp, "127.0.0.1:0", nil)
	a, b := connect(t, tcp, l, l.Addr(), nil)
	r := transport.NewReader(b)
	spare := make([]byte, 64)
	get, put := func() []byte { return spare }, func([]byte) {}
	msg := []byte("x")
	n := testing.AllocsPerRun(200, func() {
		a.Write(msg)
		if _, n, err := r.Read(get, put); n != 1 || err != nil {
			t.Errorf("read %d bytes, %v", n, err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations per Read", n)
	}
}

// TestReaderReturnsSameErrorAsConn checks that an error of the system call has
// the form of an error from the connection's Read method.
func TestReaderReturnsSameErrorAsConn(t *testing.T) {
	l := listen(t, tcp, "127.0.0.1:0", nil)
	a, b := connect(t, tcp, l, l.Addr(), nil)
	a.(*net.TCPConn).SetLinger(0)
	a.Close()
	lender := idle{puts: make(chan struct{}, 10)}
	b.SetReadDeadline(time.Now().Add(time.Minute))
	_, _, err := transport.NewReader(b).Read(lender.get, lender.put)
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "read" || op.Addr == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %#v", err)
	}
	if runtime.GOOS != "windows" && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v", err)
	}
}

// TestReaderSpinsAfterBytes: a Reader that has received bytes keeps its buffer, and so
// does not sleep, until more arrive or the time that SetSpin sets is over.
func TestReaderSpinsAfterBytes(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		t.Skip("no way to wait without a buffer on " + runtime.GOOS)
	}
	x, y, err := both(tcp, listen(t, tcp, "127.0.0.1:0", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	defer y.Close()
	r := transport.NewReader(y)
	r.SetSpin(time.Hour)
	lender := idle{puts: make(chan struct{}, 1000)}
	read := func() {
		buf, n, err := r.Read(lender.get, lender.put)
		if n != 1 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		lender.put(buf)
		<-lender.puts
	}
	x.Write([]byte("x"))
	read() // it may sleep: no bytes have arrived before
	for len(lender.puts) > 0 {
		<-lender.puts
	}
	begin := func() (done chan struct{}) {
		done = make(chan struct{})
		go func() { defer close(done); read() }()
		return done
	}
	for range 100 {
		done := begin()
		for lender.out.Load() == 0 && len(lender.puts) == 0 {
			runtime.Gosched()
		}
		x.Write([]byte("x"))
		<-done
		if n := len(lender.puts); n > 0 {
			t.Fatalf("the buffer was returned %d times before the bytes arrived", n)
		}
	}
	r.SetSpin(time.Nanosecond)
	done := begin()
	<-lender.puts // the reader sleeps
	x.Write([]byte("x"))
	<-done
}
