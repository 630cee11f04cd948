package zmq_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// noise returns n random bytes.
func noise(n int) []byte {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{byte(n)})
	rng.Read(b)
	return b
}

// echo sends all bytes back until the socket is closed.
func echo(t *testing.T, ctx context.Context, s *zmq.Stream) {
	for m, err := range s.Messages(ctx) {
		if errors.Is(err, zmq.ErrClosed) {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		if m.IsConnect() || m.IsDisconnect() {
			continue
		}
		if err := s.Reply(ctx, m, m.Bytes()); err != nil && !errors.Is(err, zmq.ErrNoRoute) {
			t.Error(err)
			return
		}
	}
}

func TestStreamEchoesToManyClients(t *testing.T) {
	for _, ep := range []string{"tcp://127.0.0.1:*", "ipc://*"} {
		t.Run(ep[:3], func(t *testing.T) {
			ctx := testContext(t)
			s := must(zmq.NewStream(nil))
			network, address, _ := strings.Cut(must(s.Bind(ep)), "://")
			if network == "ipc" {
				network = "unix"
			}
			var all sync.WaitGroup
			all.Go(func() { echo(t, ctx, s) })
			var clients sync.WaitGroup
			for i := range 20 {
				clients.Go(func() {
					c, err := net.Dial(network, address)
					if err != nil {
						t.Error(err)
						return
					}
					defer c.Close()
					data := noise(100_000 + i)
					go c.Write(data)
					got := make([]byte, len(data))
					if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, data) {
						t.Errorf("read other bytes than were written (%v)", err)
					}
				})
			}
			clients.Wait()
			s.Close()
			all.Wait()
			// Disconnect notifications may be unread.
			if d := s.Stats().Drops; len(d) > 1 || d[zmq.DropUnread] > 20 {
				t.Errorf("drops: %v", d)
			}
		})
	}
}

// The client of net/http sends 100 kB and receives as much.
func TestStreamServesHTTP(t *testing.T) {
	ctx := testContext(t)
	s := must(zmq.NewStream(nil))
	defer s.Close()
	endpoint := must(s.Bind("tcp://127.0.0.1:*"))
	answer := noise(100_000)
	var requests sync.WaitGroup
	defer requests.Wait()
	requests.Go(func() {
		received := map[string][]byte{} // by connection
		for m, err := range s.Messages(ctx) {
			if errors.Is(err, zmq.ErrClosed) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			id := m.RoutingID()
			switch {
			case m.IsConnect():
				received[id] = nil
				continue
			case m.IsDisconnect():
				delete(received, id)
				continue
			}
			received[id] = append(received[id], m.Bytes()...)
			head, body, ok := bytes.Cut(received[id], []byte("\r\n\r\n"))
			if !ok || len(body) < len(answer) {
				continue
			}
			if !bytes.HasPrefix(head, []byte("POST /upload HTTP/1.1\r\n")) || !bytes.Equal(body, answer) {
				t.Errorf("a request with %d bytes that begins with %.50q", len(body), head)
			}
			s.Reply(ctx, m, fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), answer)
			s.Reply(ctx, m)
			delete(received, id)
		}
	})
	for range 3 {
		r, err := http.Post("http"+strings.TrimPrefix(endpoint, "tcp")+"/upload", "application/octet-stream", bytes.NewReader(answer))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || !bytes.Equal(got, answer) {
			t.Errorf("the answer has %d bytes of %d, %v", len(got), len(answer), err)
		}
	}
	s.Close()
}

// The STREAM connects again after the server of net/http has closed the
// connection.
func TestStreamSendsHTTPRequests(t *testing.T) {
	ctx := testContext(t)
	data := noise(100_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("the server read %d bytes, %v", len(got), err)
		}
		w.Write(got)
	}))
	defer server.Close()
	s := must(zmq.NewStream(&zmq.Options{Reconnect: zmq.ReconnectOptions{Interval: time.Millisecond}}))
	defer s.Close()
	endpoint := "tcp" + strings.TrimPrefix(server.URL, "http")
	if err := s.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 3 {
		m := must(s.Recv(ctx))
		if !m.IsConnect() {
			t.Fatalf("received %d bytes instead of a connection", m.Size())
		}
		ids = append(ids, m.RoutingID())
		head := "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + strconv.Itoa(len(data)) + "\r\n\r\n"
		if err := s.Reply(ctx, m, []byte(head), data); err != nil {
			t.Fatal(err)
		}
		var answer []byte
		for {
			m := must(s.Recv(ctx))
			if m.IsDisconnect() {
				break
			}
			if m.NumFrames() != 1 || m.Size() == 0 || m.Size() > 8192 || m.RoutingID() != ids[0] {
				t.Fatalf("a piece of %d frames and %d bytes from %q", m.NumFrames(), m.Size(), m.RoutingID())
			}
			answer = append(answer, m.Bytes()...)
		}
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("the answer has %d bytes of %d, %v", len(got), len(data), err)
		}
	}
	if ids[1] != ids[0] || ids[2] != ids[0] {
		t.Errorf("one endpoint has the routing IDs %q", ids)
	}
	if err := s.ClosePeer(ctx, ids[0]); err != nil {
		t.Error(err)
	}
	if err := s.SendTo(ctx, ids[0], data); !errors.Is(err, zmq.ErrNoRoute) {
		t.Errorf("after ClosePeer: %v", err)
	}
	if err := s.Disconnect(endpoint); !errors.Is(err, zmq.ErrEndpointNotFound) {
		t.Errorf("Disconnect after ClosePeer: %v", err)
	}
}

func TestStreamReportsResetConnectionsAsDisconnected(t *testing.T) {
	ctx := testContext(t)
	s := must(zmq.NewStream(nil))
	defer s.Close()
	endpoint := must(s.Bind("tcp://127.0.0.1:*"))
	c := must(net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://")))
	id := must(s.Recv(ctx)).RoutingID()
	fmt.Fprint(c, "bytes")
	if m := must(s.Recv(ctx)); m.String() != "bytes" || m.From().RemoteAddr().String() != c.LocalAddr().String() {
		t.Errorf("received %q of %v", m, m.From().RemoteAddr())
	}
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	if m := must(s.Recv(ctx)); !m.IsDisconnect() || m.RoutingID() != id || m.Size() > 0 {
		t.Errorf("received %q", m)
	}
	if err := s.TrySendTo(id, []byte("x")); !errors.Is(err, zmq.ErrNoRoute) {
		t.Errorf("TrySendTo after the reset: %v", err)
	}
}

func TestRouterNotificationsSurroundTheMessagesOfAPeer(t *testing.T) {
	ctx := testContext(t)
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	notifying := *opts
	notifying.Router.Notify = zmq.RouterNotifyConnect | zmq.RouterNotifyDisconnect
	router := must(zmq.NewRouter(&notifying))
	defer router.Close()
	must(router.Bind("inproc://a"))
	dealer := must(zmq.NewDealer(opts))
	dealer.Connect("inproc://a")
	dealer.Send(ctx, nil)
	connected, data := must(router.Recv(ctx)), must(router.Recv(ctx))
	dealer.Close()
	disconnected := must(router.Recv(ctx))
	for i, m := range []zmq.Message{connected, data, disconnected} {
		if m.Size() > 0 || m.IsConnect() != (i == 0) || m.IsDisconnect() != (i == 2) || m.RoutingID() != data.RoutingID() {
			t.Errorf("message %d is %q, connect %v, disconnect %v", i, m, m.IsConnect(), m.IsDisconnect())
		}
	}
}

// A client that ends its sending direction after its request receives the
// answer. ClosePeer returns when the system of the client has received it.
func TestStreamAnswersHalfClosedClient(t *testing.T) {
	for _, ep := range []string{"tcp://127.0.0.1:*", "ipc://" + filepath.Join(t.TempDir(), "s")} {
		t.Run(ep[:3], func(t *testing.T) {
			ctx := testContext(t)
			s, err := zmq.NewStream(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			bound, err := s.Bind(ep)
			if err != nil {
				t.Fatal(err)
			}
			network, address := "tcp", bound[len("tcp://"):]
			if bound[:3] == "ipc" {
				network = "unix"
			}
			c, err := net.Dial(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write([]byte("request")); err != nil {
				t.Fatal(err)
			}
			if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			for m, err := range s.Messages(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				if !m.IsDisconnect() {
					continue
				}
				if err := s.Reply(ctx, m, []byte("answer")); err != nil {
					t.Fatal(err)
				}
				if err := s.ClosePeer(ctx, m.RoutingID()); err != nil {
					t.Fatal(err)
				}
				break
			}
			if b, err := io.ReadAll(c); string(b) != "answer" || err != nil {
				t.Errorf("the client received %q, %v", b, err)
			}
		})
	}
}
