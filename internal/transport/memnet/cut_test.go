package memnet_test

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/transport/memnet"
)

const (
	reset  = syscall.ECONNRESET
	broken = syscall.EPIPE
)

// record collects the bytes that a flow destroys. They must be contiguous.
type record struct {
	from int64 // stream offset of b
	b    []byte
}

func (r *record) of(f *memnet.Flow) {
	f.OnDestroy(func(off int64, b []byte) {
		if len(r.b) == 0 {
			r.from = off
		} else if off != r.from+int64(len(r.b)) {
			panic("the destroyed bytes are not contiguous")
		}
		r.b = append(r.b, b...)
	})
}

func (w *fixture) wantDestroyed(r *record, from int64, s string) {
	w.Helper()
	if string(r.b) != s || s != "" && r.from != from {
		w.Errorf("destroyed %q from %d, want %q from %d", r.b, r.from, s, from)
	}
}

func TestCutWithRSTDestroysPendingBytes(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		var up, down record
		a, b, l := w.connect(func(l *memnet.Link) { up.of(l.Up()); down.of(l.Down()) })
		w.wantWrite(a, "read", 4, nil)
		w.wantRead(b, "read", nil)
		w.wantWrite(a, "lost", 4, nil)
		w.wantWrite(b, "gone", 4, nil)
		l.Cut(memnet.RST)
		for _, c := range []net.Conn{a, b} {
			w.wantRead(c, "", reset)
			w.wantWrite(c, "x", 0, reset)
			w.wantRead(c, "", reset)
		}
		w.wantStats(l.Up(), 8, 4, 4, 0)
		w.wantStats(l.Down(), 4, 0, 4, 0)
		w.wantDestroyed(&up, 4, "lost")
		w.wantDestroyed(&down, 0, "gone")
		w.wantErr("Close", a.Close(), nil)
		w.wantErr("second Close", a.Close(), net.ErrClosed)
	})
}

func TestCutWithFINDeliversPendingBytes(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, l := w.connect(func(l *memnet.Link) { l.SetLatency(ms) })
		w.wantWrite(a, "still", 5, nil)
		w.wantWrite(b, "coming", 6, nil)
		l.Cut(memnet.FIN)
		w.wantWrite(a, "x", 0, broken)
		w.wantWrite(b, "x", 0, broken)
		w.wantRead(b, "still", nil)
		w.wantRead(b, "", io.EOF)
		w.wantRead(a, "coming", nil)
		w.wantRead(a, "", io.EOF)
		w.wantStats(l.Up(), 5, 5, 0, 0)
		w.wantStats(l.Down(), 6, 6, 0, 0)
	})
}

// TestCutAfterDeliveryDeliversExactlyNBytes cuts after every byte of a stream.
// The writer has written all bytes before.
func TestCutAfterDeliveryDeliversExactlyNBytes(t *testing.T) {
	const text = "0123456789"
	for _, how := range []memnet.Cut{memnet.RST, memnet.FIN} {
		for n := range len(text) + 1 {
			inVirtualTime(t, func(w *fixture) {
				var lost record
				a, b, l := w.connect(func(l *memnet.Link) {
					lost.of(l.Up())
					l.SetLatency(time.Second)
					l.Up().CutAfterDelivery(int64(n), how)
				})
				want := end(how)
				if n == 0 {
					// The link is cut before any byte is accepted.
					w.wantWrite(a, text, 0, want.write)
					w.wantRead(b, "", want.read)
					w.wantStats(l.Up(), 0, 0, 0, 0)
					return
				}
				w.wantWrite(a, text, len(text), nil)
				w.wantRead(b, text[:n], nil)
				w.wantTime("the end", 0, func() { w.wantRead(b, "", want.read) })
				w.wantWrite(a, "x", 0, want.write)
				w.wantWrite(b, "x", 0, want.write)
				w.wantRead(a, "", want.read)
				w.wantStats(l.Up(), 10, int64(n), int64(10-n), 0)
				w.wantDestroyed(&lost, int64(n), text[n:])
			})
		}
	}
}

// ends are the errors of Read and Write after a cut.
type ends struct{ read, write error }

func end(how memnet.Cut) ends {
	if how == memnet.RST {
		return ends{reset, reset}
	}
	return ends{io.EOF, broken}
}

// TestCutAfterWriteAcceptsExactlyNBytes cuts at every byte of a Write. With FIN
// the accepted bytes are delivered, with RST they are destroyed.
func TestCutAfterWriteAcceptsExactlyNBytes(t *testing.T) {
	const text = "0123456789"
	for _, how := range []memnet.Cut{memnet.RST, memnet.FIN} {
		for n := range len(text) {
			inVirtualTime(t, func(w *fixture) {
				var lost record
				a, b, l := w.connect(func(l *memnet.Link) { lost.of(l.Up()) })
				l.Up().CutAfterWrite(int64(n), how)
				want := end(how)
				w.wantWrite(a, text, n, want.write)
				if how == memnet.RST {
					w.wantStats(l.Up(), int64(n), 0, int64(n), 0)
					w.wantDestroyed(&lost, 0, text[:n])
				} else if n > 0 {
					w.wantRead(b, text[:n], nil)
				}
				w.wantRead(b, "", want.read)
				w.wantRead(a, "", want.read)
			})
		}
	}
	// A Write that ends exactly at the cut succeeds.
	inVirtualTime(t, func(w *fixture) {
		a, _, l := w.connect(nil)
		l.Up().CutAfterWrite(10, memnet.RST)
		w.wantWrite(a, text, 10, nil)
		w.wantWrite(a, "x", 0, reset)
	})
}

func TestCutAtPassedOffsetActsAtOnce(t *testing.T) {
	for name, cut := range map[string]func(f *memnet.Flow){
		"delivery": func(f *memnet.Flow) { f.CutAfterDelivery(2, memnet.RST) },
		"write":    func(f *memnet.Flow) { f.CutAfterWrite(2, memnet.RST) },
	} {
		inVirtualTime(t, func(w *fixture) {
			a, b, l := w.connect(nil)
			w.wantWrite(a, "abc", 3, nil)
			w.wantRead(b, "abc", nil)
			w.wantWrite(a, "defg", 4, nil)
			cut(l.Up())
			w.wantRead(b, "", reset)
			if s := l.Up().Stats(); s.Destroyed != 4 {
				w.Errorf("%s: %+v", name, s)
			}
		})
	}
}

func TestCutEndsBlockedReadAndWrite(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, l := w.connect(func(l *memnet.Link) { l.Up().SetBuffer(10) })
		time.AfterFunc(time.Minute, func() { l.Cut(memnet.RST) })
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.wantWrite(a, strings.Repeat("x", 30), 10, reset)
		}()
		w.wantTime("both", time.Minute, func() {
			w.wantRead(a, "", reset)
			<-done
		})
		w.wantRead(b, "", reset)
	})
}

// TestCloseWithUnreadBytesResetsPeer: the other end reads the bytes that had
// arrived, then ECONNRESET. Bytes in flight are destroyed in both directions.
func TestCloseWithUnreadBytesResetsPeer(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		var up, down record
		a, b, l := w.connect(func(l *memnet.Link) { up.of(l.Up()); down.of(l.Down()) })
		w.wantWrite(a, "arrived", 7, nil)
		l.Up().SetLatency(ms)
		w.wantWrite(a, "in transit", 10, nil)
		w.wantWrite(b, "never read", 10, nil)
		a.Close()
		w.wantWrite(b, "x", 0, reset)
		w.wantRead(b, "arrived", nil)
		w.wantRead(b, "", reset)
		w.wantDestroyed(&up, 7, "in transit")
		w.wantDestroyed(&down, 0, "never read")
		w.wantStats(l.Up(), 17, 7, 10, 0)
		w.wantStats(l.Down(), 10, 0, 10, 0)
	})
}

// TestCloseWithoutUnreadBytesDeliversWrittenBytes also checks the two Writes of
// the other end that follow.
func TestCloseWithoutUnreadBytesDeliversWrittenBytes(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, l := w.connect(func(l *memnet.Link) { l.SetLatency(ms) })
		w.wantWrite(a, "last", 4, nil)
		w.wantWrite(b, "too late", 8, nil) // these bytes have not arrived when a closes
		a.Close()
		w.wantRead(b, "last", nil)
		w.wantRead(b, "", io.EOF)
		w.wantStats(l.Down(), 8, 0, 8, 0)
		// The first Write after the close of the other end succeeds.
		w.wantWrite(b, "to closed end", 13, nil)
		w.wantWrite(b, "x", 0, broken)
		w.wantStats(l.Down(), 21, 0, 21, 0)
	})
}

func TestCloseWriteKeepsOtherDirectionOpen(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, _ := w.connect(nil)
		w.wantWrite(a, "question", 8, nil)
		w.wantErr("CloseWrite", a.(interface{ CloseWrite() error }).CloseWrite(), nil)
		w.wantWrite(a, "x", 0, broken)
		w.wantRead(b, "question", nil)
		w.wantRead(b, "", io.EOF)
		w.wantWrite(b, "answer", 6, nil)
		w.wantRead(a, "answer", nil)
		a.Close()
		w.wantErr("CloseWrite", a.(interface{ CloseWrite() error }).CloseWrite(), net.ErrClosed)
	})
}

// TestOnAcceptGetsEveryAcceptedByte: the function gets the bytes that Write counts,
// also those that are destroyed at once, and no others.
func TestOnAcceptGetsEveryAcceptedByte(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		var got []byte
		a, b, l := w.connect(func(l *memnet.Link) {
			l.Up().OnAccept(func(b []byte) { got = append(got, b...) })
		})
		l.Up().CutAfterWrite(8, memnet.RST)
		w.wantWrite(a, "abc", 3, nil)
		w.wantWrite(b, "other direction", 15, nil)
		w.wantWrite(a, "defghijk", 5, reset)
		if string(got) != "abcdefgh" {
			w.Errorf("accepted %q", got)
		}
	})
	inVirtualTime(t, func(w *fixture) {
		var got []byte
		a, b, l := w.connect(nil)
		l.Up().OnAccept(func(b []byte) { got = append(got, b...) })
		b.Close()
		w.wantWrite(a, "destroyed", 9, nil)
		w.wantWrite(a, "refused", 0, broken)
		if string(got) != "destroyed" {
			w.Errorf("accepted %q", got)
		}
	})
}
