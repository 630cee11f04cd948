package session_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/tlstest"
)

// clientHello returns the first bytes of a TLS client. A peer that sends them again
// and again has no work with them.
func clientHello(t testing.TB, c *tls.Config) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go tls.Client(near, c).Handshake()
	hello := make([]byte, 16<<10)
	n, err := far.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	return hello[:n]
}

// from gives accepted connections below TLS the source addresses of from.
func (w secured) from(from func(i int) net.IP) {
	i := -1
	w.Transport = transport.OverTLS(&far{w.Net, func() net.IP { i++; return from(i) }})
}

// pending returns how many connections of a listener are in their handshake.
func pending(s *st.Socket) uint64 {
	ev := s.Stats().Events
	return ev[session.Accepted] - ev[session.Ready] - ev[session.PeerRefused] - ev[session.HandshakeFailed]
}

// 1,000 clients of TLS that stop after their ClientHello are limited as other
// pending peers are, in all and for each source, and are closed at the deadline. They
// count as silent until the handshake of TLS is complete. A good client is served
// meanwhile.
func TestClientsThatStopAfterClientHelloAreLimited(t *testing.T) {
	const clients, gap = 1000, 10 * time.Millisecond
	const young = 50 // connect within the time after which a silent peer is overdue
	for _, tt := range []struct {
		name string
		from func(int) net.IP
		set  func(*socket.Options)
		most uint64
	}{
		{"one source", oneSource, func(*socket.Options) {}, 64 + young},
		{"many sources", manySources, func(o *socket.Options) { o.MaxPending = 100 }, 100},
		{"no limit but the deadline", manySources, func(o *socket.Options) { o.MaxPending, o.MaxPerSource = 0, 0 }, clients},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runTLS(t, func(w secured) {
				hello := clientHello(t, w.trusting())
				w.from(tt.from)
				pull := w.Socket(pattern.PULL, w.server(), tt.set)
				pull.MustBind("mem://a")
				most := uint64(0)
				for i := range clients {
					w.Dial("a").MustWrite(hello)
					time.Sleep(gap)
					w.Settle()
					if most = max(most, pending(pull)); i%100 != 99 {
						continue
					}
					good := w.dialTLS()
					if d := st.After(func() { good.Handshake("PUSH") }); d > 500*time.Millisecond {
						t.Errorf("a good client was served after %v", d)
					}
					good.MustWrite(st.Message("x"))
					pull.WantRecv("x")
					good.Close()
				}
				if most > tt.most || most < tt.most/2 {
					t.Errorf("%d were pending at a time, want at most %d", most, tt.most)
				}
				time.Sleep(10 * time.Second)
				w.Settle()
				if n := pending(pull); n != 0 {
					t.Errorf("%d are pending after the deadline", n)
				}
				counts := pull.Stats()
				if n := counts.Events[session.PeerRefused] + counts.CloseReasons[engine.CloseHandshakeTimeout]; n != clients {
					t.Errorf("%d were refused or closed at the deadline, want %d", n, clients)
				}
			})
		})
	}
}

// A pending client of TLS costs memory for the state of its handshake. Package
// crypto/tls keeps up to 64 KiB of an incomplete ClientHello.
func TestPendingTLSClientCostsBoundedMemory(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hello func(valid []byte) []byte
		most  int64
	}{
		{"ClientHello", func(valid []byte) []byte { return valid }, 64 << 10},
		{"incomplete ClientHello of 64 KiB", func([]byte) []byte {
			// Records of 16 KiB; the message is one byte shorter than it claims.
			b := append([]byte{1, 0, 0xff, 0xff}, make([]byte, 0xfffe)...)
			var records []byte
			for len(b) > 0 {
				n := min(len(b), 16<<10)
				records = append(append(records, 22, 3, 1, byte(n>>8), byte(n)), b[:n]...)
				b = b[n:]
			}
			return records
		}, 384 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runTLS(t, func(w secured) {
				const clients = 100
				hello := tt.hello(clientHello(t, w.trusting()))
				pull := w.Socket(pattern.PULL, w.server(), func(o *socket.Options) { o.MaxPerSource = 0 })
				pull.MustBind("mem://a")
				w.Dial("a").MustWrite(hello) // what the first makes for all
				w.Settle()
				before := liveHeap()
				for range clients {
					w.Dial("a").MustWrite(hello)
				}
				w.Settle()
				each := (liveHeap() - before) / clients
				t.Logf("%d bytes sent cost %d, with both ends of the connection", len(hello), each)
				if each > tt.most {
					t.Errorf("a pending client costs %d bytes, want at most %d", each, tt.most)
				}
				if n := pending(pull); n != clients+1 {
					t.Errorf("%d clients are pending, want %d", n, clients+1)
				}
			})
		})
	}
}

// liveHeap returns the size of the heap without garbage.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // for objects of finalizers and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// stopped is the connection of a client that sends its ClientHello and no more.
type stopped struct {
	net.Conn
	hello []byte
}

func (s *stopped) Read(p []byte) (n int, err error) {
	if len(s.hello) == 0 {
		return 0, io.EOF
	}
	n = copy(p, s.hello)
	s.hello = s.hello[n:]
	return n, nil
}

func (s *stopped) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkClientHello is what a client of TLS that sends a recorded ClientHello
// costs the server: the key exchange and the signature.
func BenchmarkClientHello(b *testing.B) {
	authority := tlstest.NewAuthority()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	selfSigned := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, selfSigned, selfSigned, rsaKey.Public(), rsaKey)
	if err != nil {
		b.Fatal(err)
	}
	client := authority.Client()
	client.ServerName = "localhost"
	hello := clientHello(b, client)
	for _, bb := range []struct {
		name   string
		server *tls.Config
	}{
		{"ECDSA P-256", authority.Server()},
		{"RSA 2048", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: rsaKey}}}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				if err := tls.Server(&stopped{hello: hello}, bb.server).Handshake(); err != io.EOF {
					b.Fatal(err)
				}
			}
		})
	}
}
