package zmq_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zap"
)

// zapHandler is a ROUTER that takes the place of a ZAP handler, so that a test can
// send any reply.
type zapHandler struct {
	*zmq.Router
	t *testing.T
}

func newZAPHandler(t *testing.T, ns *zmq.Namespace) *zapHandler {
	t.Helper()
	h := &zapHandler{must(zmq.NewRouter(&zmq.Options{Namespace: ns, Linger: zmq.NoLinger})), t}
	t.Cleanup(func() { h.Close() })
	must(h.Bind(zap.Endpoint))
	return h
}

// next returns the next request with its envelope.
func (h *zapHandler) next() zmq.Message {
	h.t.Helper()
	m, err := h.Recv(testContext(h.t))
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// reply sends frames as they are to the sender of a request.
func (h *zapHandler) reply(request zmq.Message, frames ...string) error {
	b := make([][]byte, len(frames))
	for i, f := range frames {
		b[i] = []byte(f)
	}
	return h.SendTo(testContext(h.t), request.RoutingID(), b...)
}

// requestID returns the ID in a request with its envelope.
func requestID(m zmq.Message) string { return string(m.Frame(2)) }

// nullPeer is a peer of the NULL mechanism.
func nullPeer() *zmq.AuthRequest {
	return &zmq.AuthRequest{Mechanism: "NULL", RemoteAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 50000}}
}

// zapResult is what an authenticator returns.
type zapResult struct {
	id  zmq.Identity
	err error
}

// authenticate calls an authenticator in a goroutine.
func authenticate(ctx context.Context, f zmq.Authenticator, r *zmq.AuthRequest) <-chan zapResult {
	c := make(chan zapResult, 1)
	go func() {
		id, err := f(ctx, r)
		c <- zapResult{id, err}
	}()
	return c
}

func TestZAPRequestHasTheFieldsOfLibzmq(t *testing.T) {
	key := must(curve.GenerateKey()).Public()
	for _, tt := range []struct {
		name    string
		request zmq.AuthRequest
		want    []string // after the ID
	}{
		{"NULL", zmq.AuthRequest{Mechanism: "NULL", RemoteAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 5}},
			[]string{"", "192.0.2.7", "", "NULL"}},
		{"PLAIN", zmq.AuthRequest{Mechanism: "PLAIN", Domain: "global", LocalRoutingID: "front", Username: "admin", Password: "secret",
			RemoteAddr: &net.TCPAddr{IP: net.ParseIP("2001:db8::7"), Port: 5}},
			[]string{"global", "2001:db8::7", "front", "PLAIN", "admin", "secret"}},
		{"PLAIN without credentials", zmq.AuthRequest{Mechanism: "PLAIN"}, []string{"", "", "", "PLAIN", "", ""}},
		{"CURVE", zmq.AuthRequest{Mechanism: "CURVE", PublicKey: key, RemoteAddr: &net.UnixAddr{Name: "@x"}},
			[]string{"", "", "", "CURVE", string(key[:])}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ns := zmq.NewNamespace()
			h := newZAPHandler(t, ns)
			done := authenticate(testContext(t), zmq.ZAP(ns), &tt.request)
			m := h.next()
			var got []string
			for _, f := range m.Frames() {
				got = append(got, string(f))
			}
			want := append([]string{"", "1.0", got[2]}, tt.want...)
			if !slices.Equal(got, want) {
				t.Errorf("request %q, want %q", got, want)
			}
			if _, err := zap.ParseRequest(m.Frames()[1:]); err != nil {
				t.Error(err)
			}
			h.reply(m, "", "1.0", requestID(m), "200", "OK", "", "")
			if r := <-done; r.err != nil {
				t.Error(r.err)
			}
		})
	}
}

// property is the metadata Role: writer.
const property = "\x04Role\x00\x00\x00\x06writer"

func TestZAPReplyDecides(t *testing.T) {
	errAny := errors.New("any error that is not one of the others")
	for _, tt := range []struct {
		name  string
		reply []string // ID is replaced by the ID of the request
		want  error
		text  string // in the error
	}{
		{"200", []string{"", "1.0", "ID", "200", "OK", "alice", property}, nil, ""},
		{"300", []string{"", "1.0", "ID", "300", "database is down", "", ""}, zmq.ErrAuthUnavailable, `300 of the ZAP handler: "database is down"`},
		{"400", []string{"", "1.0", "ID", "400", "No\naccess", "", ""}, errAny, `400 of the ZAP handler: "No\naccess"`},
		{"500", []string{"", "1.0", "ID", "500", "bug", "", ""}, zmq.ErrAuthFailed, `500 of the ZAP handler: "bug"`},
		{"unknown status", []string{"", "1.0", "ID", "201", "OK", "alice", ""}, zmq.ErrAuthFailed, "status code"},
		{"long status", []string{"", "1.0", "ID", "2000", "OK", "alice", ""}, zmq.ErrAuthFailed, "status code"},
		{"no status", []string{"", "1.0", "ID", "", "OK", "alice", ""}, zmq.ErrAuthFailed, "status code"},
		{"constant ID", []string{"", "1.0", "1x", "200", "OK", "alice", ""}, zmq.ErrAuthFailed, "another request"},
		{"no ID", []string{"", "1.0", "", "200", "OK", "alice", ""}, zmq.ErrAuthFailed, "another request"},
		{"other version", []string{"", "1.1", "ID", "200", "OK", "alice", ""}, zmq.ErrAuthFailed, "version"},
		{"six frames", []string{"", "1.0", "ID", "200", "OK", "alice"}, zmq.ErrAuthFailed, "5 frames, want 6"},
		{"eight frames", []string{"", "1.0", "ID", "200", "OK", "alice", "", ""}, zmq.ErrAuthFailed, "7 frames, want 6"},
		{"no empty frame", []string{"1.0", "ID", "200", "OK", "alice", ""}, zmq.ErrAuthFailed, "no empty frame"},
		{"frame instead of the empty one", []string{"x", "1.0", "ID", "200", "OK", "alice", ""}, zmq.ErrAuthFailed, "no empty frame"},
		{"empty message", []string{""}, zmq.ErrAuthFailed, "0 frames"},
		{"garbage", []string{"\xff\x00garbage"}, zmq.ErrAuthFailed, "no empty frame"},
		{"truncated metadata", []string{"", "1.0", "ID", "200", "OK", "alice", property[:8]}, zmq.ErrAuthFailed, "metadata"},
		{"metadata with an empty name", []string{"", "1.0", "ID", "200", "OK", "alice", "\x00\x00\x00\x00\x00"}, zmq.ErrAuthFailed, "metadata"},
		{"metadata of 2^32 bytes", []string{"", "1.0", "ID", "200", "OK", "alice", "\x01a\xff\xff\xff\xff"}, zmq.ErrAuthFailed, "metadata"},
		{"too much metadata", []string{"", "1.0", "ID", "200", "OK", "alice", strings.Repeat("\x01a\x00\x00\x00\x00", 11000)}, zmq.ErrAuthFailed, "metadata"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ns := zmq.NewNamespace()
				h := newZAPHandler(t, ns)
				start := time.Now()
				done := authenticate(testContext(t), zmq.ZAP(ns), nullPeer())
				m := h.next()
				frames := slices.Clone(tt.reply)
				for i, f := range frames {
					if f == "ID" {
						frames[i] = requestID(m)
					}
				}
				h.reply(m, frames...)
				r := <-done
				if d := time.Since(start); d != 0 {
					t.Errorf("the decision took %v", d)
				}
				if tt.want == nil {
					if r.err != nil || r.id.UserID != "alice" || !maps.Equal(r.id.Metadata, map[string]string{"Role": "writer"}) {
						t.Errorf("identity %+v, error %v", r.id, r.err)
					}
					return
				}
				if r.id.UserID != "" || r.id.Metadata != nil {
					t.Errorf("identity %+v with an error", r.id)
				}
				if r.err == nil || !strings.Contains(r.err.Error(), tt.text) {
					t.Fatalf("error %v, want one with %q", r.err, tt.text)
				}
				for _, e := range []error{zmq.ErrAuthUnavailable, zmq.ErrAuthFailed} {
					if errors.Is(r.err, e) != (e == tt.want) {
						t.Errorf("error %v matches %v: %v", r.err, e, e != tt.want)
					}
				}
			})
		})
	}
}

func TestZAPWithoutHandlerFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns := zmq.NewNamespace()
		start := time.Now()
		_, err := zmq.ZAP(ns)(testContext(t), nullPeer())
		if !errors.Is(err, zmq.ErrAuthUnavailable) || !strings.Contains(err.Error(), "no socket is bound") || !strings.Contains(err.Error(), zap.Endpoint) {
			t.Errorf("error %v", err)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("took %v", d)
		}
		// A handler that starts later receives nothing of it.
		h := newZAPHandler(t, ns)
		synctest.Wait()
		if m, err := h.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("handler received %v, %v", m, err)
		}
		if n := len(h.Peers()); n != 0 {
			t.Errorf("handler has %d peers", n)
		}
	})
}

func TestZAPRefusesHandlersOfOtherTypes(t *testing.T) {
	for _, typ := range []zmq.SocketType{zmq.TypeServer, zmq.TypeDealer, zmq.TypePair, zmq.TypePull, zmq.TypeReq} {
		t.Run(typ.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ns := zmq.NewNamespace()
				s := must(zmq.New(typ, &zmq.Options{Namespace: ns}))
				defer s.Close()
				must(s.Bind(zap.Endpoint))
				start := time.Now()
				_, err := zmq.ZAP(ns)(testContext(t), nullPeer())
				if !errors.Is(err, zmq.ErrAuthUnavailable) || !strings.Contains(err.Error(), "a REP or ROUTER") {
					t.Errorf("error %v", err)
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

// A handler that does not answer delays its peers until their context ends. It
// collects no requests meanwhile.
func TestZAPEndsWithContextIfHandlerDoesNotReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns := zmq.NewNamespace()
		h := newZAPHandler(t, ns)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var all []<-chan zapResult
		for range 100 {
			all = append(all, authenticate(ctx, zmq.ZAP(ns), nullPeer()))
		}
		for _, done := range all {
			if err := (<-done).err; !errors.Is(err, zmq.ErrAuthUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
		}
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("took %v", d)
		}
		synctest.Wait()
		if m, err := h.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("the queue of the handler has %v, %v", m, err)
		}
		if st := h.Stats(); st.QueuedRecv != 0 || st.Peers != 0 {
			t.Errorf("the handler has %d messages and %d peers", st.QueuedRecv, st.Peers)
		}
	})
}

// A reply that is late or sent twice has no receiver, and does not become the
// reply to another request.
func TestZAPDropsLateAndSecondReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns := zmq.NewNamespace()
		h := newZAPHandler(t, ns)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		timedOut := authenticate(ctx, zmq.ZAP(ns), nullPeer())
		late := h.next()
		if r := <-timedOut; r.err == nil {
			t.Error("accepted without a reply")
		}
		second := authenticate(testContext(t), zmq.ZAP(ns), nullPeer())
		m := h.next()
		if err := h.reply(late, "", "1.0", requestID(late), "200", "OK", "late", ""); !errors.Is(err, zmq.ErrNoRoute) {
			t.Errorf("late reply: %v", err)
		}
		synctest.Wait()
		if len(second) > 0 {
			t.Error("decided by the reply to another request")
		}
		h.reply(m, "", "1.0", requestID(m), "400", "", "", "")
		h.reply(m, "", "1.0", requestID(m), "200", "OK", "twice", "")
		if r := <-second; r.err == nil || r.id.UserID != "" {
			t.Errorf("%+v", r)
		}
		third := authenticate(testContext(t), zmq.ZAP(ns), nullPeer())
		m = h.next()
		h.reply(m, "", "1.0", requestID(m), "200", "OK", "third", "")
		if r := <-third; r.err != nil || r.id.UserID != "third" {
			t.Errorf("%+v", r)
		}
	})
}

func TestZAPFailsAtOnceIfHandlerCloses(t *testing.T) {
	for _, read := range []bool{false, true} {
		t.Run(fmt.Sprintf("request read %v", read), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ns := zmq.NewNamespace()
				h := newZAPHandler(t, ns)
				start := time.Now()
				done := authenticate(testContext(t), zmq.ZAP(ns), nullPeer())
				synctest.Wait()
				if read {
					h.next()
				}
				h.Close()
				if err := (<-done).err; !errors.Is(err, zmq.ErrAuthUnavailable) || !strings.Contains(err.Error(), "closed before it replied") {
					t.Errorf("error %v", err)
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

// A reply that was sent decides, even if the handler closes at once.
func TestZAPReceivesReplyOfHandlerThatCloses(t *testing.T) {
	for range 100 {
		ns := zmq.NewNamespace()
		h := newZAPHandler(t, ns)
		done := authenticate(testContext(t), zmq.ZAP(ns), nullPeer())
		m := h.next()
		h.reply(m, "", "1.0", requestID(m), "200", "OK", "alice", "")
		h.Close()
		if r := <-done; r.err != nil || r.id.UserID != "alice" {
			t.Fatalf("%+v", r)
		}
	}
}

// A ROUTER may answer many requests in any order, each request has its own reply.
func TestZAPRequestsAreConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns := zmq.NewNamespace()
		h := newZAPHandler(t, ns)
		const n = 50
		all := make([]<-chan zapResult, n)
		for i := range n {
			all[i] = authenticate(testContext(t), zmq.ZAP(ns),
				&zmq.AuthRequest{Mechanism: "PLAIN", Username: fmt.Sprint("user", i)})
		}
		var requests []zmq.Message
		ids := map[string]bool{}
		for range n {
			m := h.next()
			requests = append(requests, m)
			ids[requestID(m)] = true
		}
		if len(ids) != n {
			t.Errorf("%d requests have %d IDs", n, len(ids))
		}
		slices.Reverse(requests)
		for _, m := range requests {
			h.reply(m, "", "1.0", requestID(m), "200", "OK", string(m.Frame(7)), "")
		}
		for i, done := range all {
			if r := <-done; r.err != nil || r.id.UserID != fmt.Sprint("user", i) {
				t.Errorf("user%d: %+v", i, r)
			}
		}
	})
}

// A handler that replies with the ID of the request works in the default namespace
// too. It is a REP here.
func TestZAPUsesDefaultNamespaceForNil(t *testing.T) {
	rep := must(zmq.NewRep(nil))
	defer rep.Close()
	must(rep.Bind(zap.Endpoint))
	done := authenticate(testContext(t), zmq.ZAP(nil), nullPeer())
	m := must(rep.Recv(testContext(t)))
	req := must(zap.ParseRequest(m.Frames()))
	rep.SendMessage(testContext(t), zmq.NewMessage(req.Reply(zap.Reply{Status: zap.StatusAccepted, UserID: "alice"})...))
	if r := <-done; r.err != nil || r.id.UserID != "alice" {
		t.Errorf("%+v", r)
	}
}

// libzmq has the credentials of the peer's process in the address of an ipc peer.
func TestZAPAddressOfConnections(t *testing.T) {
	ipc := ""
	if runtime.GOOS == "linux" {
		ipc = fmt.Sprintf("localhost:%d:%d:%d", os.Getuid(), os.Getgid(), os.Getpid())
	}
	for endpoint, want := range map[string]string{"tcp://127.0.0.1:*": "127.0.0.1", "ipc://*": ipc} {
		t.Run(endpoint, func(t *testing.T) {
			o := quickOptions()
			h := newZAPHandler(t, o.Namespace)
			o.Security.Authenticator = zmq.ZAP(o.Namespace)
			dealer := must(zmq.NewDealer(quickOptions()))
			o.RoutingID = "front"
			router := must(zmq.NewRouter(o))
			join(t, endpoint, router, dealer)
			m := h.next()
			if address, id := string(m.Frame(4)), string(m.Frame(5)); address != want || id != "front" {
				t.Errorf("address %q and routing ID %q, want %q and front", address, id, want)
			}
			h.reply(m, "", "1.0", requestID(m), "200", "OK", "alice", property)
			dealer.Send(testContext(t), []byte("x"))
			got := must(router.Recv(testContext(t)))
			if role, _ := got.From().AuthProperty("Role"); got.From().UserID() != "alice" || role != "writer" || !bytes.Equal(got.Bytes(), []byte("x")) {
				t.Errorf("%q from %v, user %q, role %q", got.Bytes(), got.From(), got.From().UserID(), role)
			}
		})
	}
}

// A request that no handler has received yet is removed when its peer disconnects, so
// that peers that have gone do not fill the queue of the handler.
func TestZAPRequestOfDisconnectedPeerIsRemoved(t *testing.T) {
	for mechanism, sec := range securities() {
		t.Run(mechanism, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				zmq.NewMemory(t)
				ns := zmq.NewNamespace()
				h := newZAPHandler(t, ns)
				sec[1].Authenticator = zmq.ZAP(ns)
				pull := must(zmq.NewPull(&zmq.Options{Namespace: ns, Security: sec[1], Linger: zmq.NoLinger}))
				defer pull.Close()
				must(pull.Bind("mem://a"))
				push := must(zmq.NewPush(&zmq.Options{Security: sec[0], Linger: zmq.NoLinger}))
				check(push.Connect("mem://a"))
				synctest.Wait()
				if n := h.Stats().QueuedRecv; n != 1 {
					t.Errorf("%d requests, want 1", n)
				}
				push.Close()
				synctest.Wait()
				if m, err := h.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
					t.Errorf("the handler received %v, %v", m, err)
				}
			})
		})
	}
}
