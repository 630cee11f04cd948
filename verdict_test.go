package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zap"
)

// verdict is what a ZAP handler answers, and the consequences.
type verdict struct {
	name    string
	replies [][]string // in whole; "ID" becomes the ID of the request; nil: none
	// server and client are the reasons of the two sides. CloseHandshakeClosed of
	// the client means that the connection was closed without a status code.
	server, client zmq.CloseReason
}

// zapReply returns the frames of a reply.
func zapReply(fields ...string) []string { return append([]string{"", zap.Version, "ID"}, fields...) }

// verdicts are answers of handlers. What is not a reply of version 1.0 to this
// request, with exactly seven frames, is refused as 500 is. Only the first answer
// counts.
var verdicts = []verdict{
	{"200", [][]string{zapReply("200", "OK", "alice", "")}, zmq.CloseNone, zmq.CloseNone},
	{"300", [][]string{zapReply("300", "busy", "", "")}, zmq.CloseAuthFailed, zmq.CloseHandshakeClosed},
	{"400", [][]string{zapReply("400", "no", "", "")}, zmq.CloseAuthDenied, zmq.CloseRefused},
	{"500", [][]string{zapReply("500", "bug", "", "")}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"unknown status", [][]string{zapReply("201", "OK", "alice", "")}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"malformed", [][]string{zapReply("200", "OK")}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"6 frames", [][]string{zapReply("200", "OK", "alice")}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"8 frames", [][]string{zapReply("200", "OK", "alice", "", "")}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"malformed metadata", [][]string{zapReply("200", "OK", "alice", "\x04Role\xff")}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"another ID", [][]string{{"", zap.Version, "0", "200", "OK", "alice", ""}}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"another version", [][]string{{"", "2.0", "ID", "200", "OK", "alice", ""}}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"garbage", [][]string{{"\xff\x00200"}}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"empty", [][]string{{""}}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"400, then 200", [][]string{zapReply("400", "no", "", ""), zapReply("200", "OK", "alice", "")}, zmq.CloseAuthDenied, zmq.CloseRefused},
	{"garbage, then 200", [][]string{{"200"}, zapReply("200", "OK", "alice", "")}, zmq.CloseAuthFailed, zmq.CloseRefused},
	{"200, then 400", [][]string{zapReply("200", "OK", "alice", ""), zapReply("400", "no", "", "")}, zmq.CloseNone, zmq.CloseNone},
	{"none", nil, zmq.CloseAuthFailed, zmq.CloseHandshakeClosed},
}

// securities returns the security of a client and a server of each mechanism. The
// server has no authenticator yet.
func securities() map[string][2]zmq.Security {
	key := newKey()
	return map[string][2]zmq.Security{
		"NULL":  {},
		"PLAIN": {{Mechanism: zmq.Plain{Username: "alice", Password: "secret"}}, {Mechanism: zmq.PlainServer{}}},
		"CURVE": {{Mechanism: zmq.Curve{ServerKey: key.Public()}}, {Mechanism: zmq.Curve{Key: key, Server: true}}},
	}
}

// Each verdict of a ZAP handler has the same consequences with every mechanism,
// whether it comes at once or late. Nothing reaches the application before a peer
// is accepted, and a refused client backs off.
func TestVerdictsHaveTheSameConsequencesForEachMechanism(t *testing.T) {
	for mechanism, sec := range securities() {
		for _, v := range verdicts {
			for _, delay := range []time.Duration{0, 3 * time.Second} {
				t.Run(fmt.Sprintf("%s/%s after %v", mechanism, v.name, delay), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { testVerdict(t, sec[0], sec[1], v, delay) })
				})
			}
		}
	}
}

// testVerdict connects a client that sends a message to a server whose handler
// answers with v. Without an answer, delay says whether there is a handler.
func testVerdict(t *testing.T, client, server zmq.Security, v verdict, delay time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	zmq.NewMemory(t)
	ns := zmq.NewNamespace()
	server.Authenticator = zmq.ZAP(ns)
	reconnect := zmq.ReconnectOptions{MaxInterval: time.Minute}
	s := must(zmq.NewPull(&zmq.Options{Namespace: ns, Security: server, Linger: zmq.NoLinger}))
	c := must(zmq.NewPush(&zmq.Options{
		Security: client, Linger: zmq.NoLinger, Reconnect: reconnect,
		Limits: zmq.Limits{HandshakeTimeout: time.Minute}, // longer than that of the server
	}))
	defer s.Close()
	defer c.Close()
	if v.replies != nil || delay > 0 {
		go answer(ctx, newZAPHandler(t, ns), v.replies, delay)
	}
	atServer, atClient := record(ctx, s.Socket), record(ctx, c.Socket)
	must(s.Bind("mem://a"))
	if err := errors.Join(c.Connect("mem://a"), c.Send(ctx, []byte("secret"))); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	if delay > 0 {
		time.Sleep(delay - 1)
		synctest.Wait()
		wantNothingReceived(t, s, c)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
	}
	if v.server == zmq.CloseNone {
		m, err := s.TryRecv()
		if err != nil || m.String() != "secret" || m.From().UserID() != "alice" {
			t.Errorf("received %v from %q, %v", m, m.From().UserID(), err)
		}
		return
	}

	const quarter = 15 * time.Minute
	time.Sleep(quarter)
	synctest.Wait()
	begun := len(atServer.of(zmq.EventHandshakeFailed))
	time.Sleep(quarter)
	synctest.Wait()
	wantNothingReceived(t, s, c)
	atServer.wantFailures(t, v.server)
	atClient.wantFailures(t, v.client)
	// Delays vary by half, so the shortest one is half of MaxInterval.
	if n := len(atServer.of(zmq.EventHandshakeFailed)) - begun; n < 5 || n > 30 {
		t.Errorf("the client has tried %d times within %v", n, quarter)
	}
	if delays := atClient.of(zmq.EventRetrying); v.client == zmq.CloseRefused && delays[0].Delay < 30*time.Second {
		t.Errorf("the client tries again after %v", delays[0].Delay)
	}
}

// answer answers each request with replies after a delay.
func answer(ctx context.Context, h *zapHandler, replies [][]string, delay time.Duration) {
	for m, err := range h.Messages(ctx) {
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay):
			for _, frames := range replies {
				frames = slices.Clone(frames)
				if i := slices.Index(frames, "ID"); i >= 0 {
					frames[i] = requestID(m)
				}
				h.reply(m, frames...)
			}
		}
	}
}

// An answer about a peer that has gone accepts no other peer, and leaves nothing
// behind.
func TestAnswerAboutPeerThatHasGoneAcceptsNoOther(t *testing.T) {
	for mechanism, sec := range securities() {
		t.Run(mechanism, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				zmq.NewMemory(t)
				ns := zmq.NewNamespace()
				sec[1].Authenticator = zmq.ZAP(ns)
				h := newZAPHandler(t, ns)
				s := must(zmq.NewPull(&zmq.Options{Namespace: ns, Security: sec[1], Linger: zmq.NoLinger}))
				defer s.Close()
				events := record(t.Context(), s.Socket)
				must(s.Bind("mem://a"))
				connect := func() *zmq.Push {
					c := must(zmq.NewPush(&zmq.Options{Security: sec[0], Linger: zmq.NoLinger, Reconnect: zmq.ReconnectOptions{Interval: time.Hour, MaxInterval: time.Hour}}))
					if err := errors.Join(c.Connect("mem://a"), c.Send(testContext(t), []byte("secret"))); err != nil {
						t.Fatal(err)
					}
					return c
				}
				gone := connect()
				late := h.next()
				gone.Close()
				synctest.Wait()
				next := connect()
				defer next.Close()
				m := h.next()
				h.reply(late, "", zap.Version, requestID(late), "200", "OK", "gone", "")
				synctest.Wait()
				wantNothingReceived(t, s, next)
				h.reply(m, "", zap.Version, requestID(m), "400", "no", "", "")
				time.Sleep(15 * time.Second)
				synctest.Wait()
				wantNothingReceived(t, s, next)
				denied := 0
				for _, e := range events.of(zmq.EventHandshakeFailed) {
					if e.Reason == zmq.CloseAuthDenied {
						denied++
					}
				}
				if denied != 1 {
					t.Errorf("events %v, want one for %v", events.of(zmq.EventHandshakeFailed), zmq.CloseAuthDenied)
				}
			})
		})
	}
}

// An authenticator that panics, never returns or returns too late refuses the peer,
// with every mechanism.
func TestFailingAuthenticatorRefusesPeerOfEachMechanism(t *testing.T) {
	for name, ask := range map[string]zmq.Authenticator{
		"panics":               func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) { panic("boom") },
		"panics with an error": func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) { panic(errors.ErrUnsupported) },
		"never returns": func(ctx context.Context, _ *zmq.AuthRequest) (zmq.Identity, error) {
			<-ctx.Done()
			return zmq.Identity{}, nil
		},
		"returns too late": func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) {
			time.Sleep(time.Minute)
			return zmq.Identity{UserID: "late"}, nil
		},
		"returns an invalid property": func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) {
			return zmq.Identity{UserID: "x", Metadata: map[string]string{"": "x"}}, nil
		},
	} {
		for mechanism, sec := range securities() {
			t.Run(mechanism+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					zmq.NewMemory(t)
					sec[1].Authenticator = ask
					s := must(zmq.NewPull(&zmq.Options{Security: sec[1], Linger: zmq.NoLinger}))
					c := must(zmq.NewPush(&zmq.Options{Security: sec[0], Linger: zmq.NoLinger}))
					defer time.Sleep(2 * time.Minute) // the last authenticator returns
					defer s.Close()
					defer c.Close()
					events := record(t.Context(), s.Socket)
					must(s.Bind("mem://a"))
					if err := errors.Join(c.Connect("mem://a"), c.Send(testContext(t), []byte("secret"))); err != nil {
						t.Fatal(err)
					}
					time.Sleep(3 * time.Minute)
					synctest.Wait()
					wantNothingReceived(t, s, c)
					events.wantFailures(t, zmq.CloseAuthFailed)
				})
			})
		}
	}
}

// wantNothingReceived checks that neither side has a peer or a message.
func wantNothingReceived(t *testing.T, s *zmq.Pull, c *zmq.Push) {
	t.Helper()
	if m, err := s.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("received %v, %v", m, err)
	}
	if st := s.Stats(); st.Peers != 0 || st.QueuedRecv != 0 {
		t.Errorf("the server has %d peers and %d messages", st.Peers, st.QueuedRecv)
	}
	if st := c.Stats(); st.Peers != 0 || st.MessagesWritten != 0 || st.QueuedSend != 1 {
		t.Errorf("the client has %d peers, %d messages written and %d queued", st.Peers, st.MessagesWritten, st.QueuedSend)
	}
}

// recorded are the events of a socket.
type recorded struct {
	mu     sync.Mutex
	events []zmq.Event
}

// record collects events until ctx ends.
func record(ctx context.Context, s zmq.Socket) *recorded {
	r := &recorded{}
	events := s.Events(ctx)
	go func() {
		for e := range events {
			r.mu.Lock()
			r.events = append(r.events, e)
			r.mu.Unlock()
		}
	}()
	return r
}

func (r *recorded) of(kind zmq.EventKind) (list []zmq.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Kind == kind {
			list = append(list, e)
		}
	}
	return list
}

// wantFailures checks that every connection failed in its handshake, for a reason.
func (r *recorded) wantFailures(t *testing.T, reason zmq.CloseReason) {
	t.Helper()
	for _, kind := range []zmq.EventKind{zmq.EventReady, zmq.EventDisconnected, zmq.EventPeerRefused} {
		if n := len(r.of(kind)); n > 0 {
			t.Errorf("%d events %v", n, kind)
		}
	}
	failures := r.of(zmq.EventHandshakeFailed)
	if len(failures) == 0 {
		t.Error("no handshake failed")
	}
	for _, e := range failures {
		if e.Reason != reason || e.Err == nil {
			t.Errorf("failed because of %q: %v, want %q", e.Reason, e.Err, reason)
			return
		}
	}
}
