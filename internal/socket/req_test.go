package socket_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestUnansweredCallsDoNotSpin: several Calls wait for replies while another
// receives its reply. If waiting Calls woke each other, virtual time would not
// advance.
func TestUnansweredCallsDoNotSpin(t *testing.T) {
	st.Run(t, func(w *st.World) {
		_, req, p := reqWithPeer(w, "REP")
		results := make(chan error, 4)
		for range 3 {
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				_, err := req.Call(ctx, st.Of("x"))
				results <- err
			}()
		}
		last := ""
		for range 3 {
			last = p.Message()[0]
		}
		p.MustWrite(st.Message("none", "", "stale"), st.Message(last, "", "reply"))
		if err := <-results; err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := <-results; !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
	})
}

// TestConcurrentCallsReceiveTheirReplies: a REP answers many concurrent Calls
// one by one.
func TestConcurrentCallsReceiveTheirReplies(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const n = 100
		rep := w.Socket(pattern.REP)
		req := w.Socket(pattern.REQ)
		req.MustConnect(rep.MustBind("mem://a"))
		results := make(chan error, n)
		for i := range n {
			go func() {
				m, err := req.Call(context.Background(), st.Of(fmt.Sprint(i)))
				if err == nil && string(m.First) != fmt.Sprint("re ", i) {
					err = fmt.Errorf("call %d got %q", i, m.First)
				}
				results <- err
			}()
		}
		for range n {
			m, _ := rep.MustRecv()
			time.Sleep(time.Millisecond)
			rep.MustSend("re " + m[0])
		}
		for range n {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestLargeRepliesAreNotOverwritten keeps large replies while more arrive.
func TestLargeRepliesAreNotOverwritten(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const n = 4
		_, req, p := reqWithPeer(w, "REP")
		body := func(i int) string { return string(byte('a'+i)) + st.Large(60000) }
		results := make(chan error, n)
		for i := range n {
			go func() {
				m, err := req.Call(context.Background(), st.Of(string(byte('a'+i))))
				if err == nil && string(m.First) != body(i) {
					err = fmt.Errorf("reply %c begins %.10q", 'a'+i, m.First)
				}
				results <- err
			}()
		}
		var requests [][]string
		for range n {
			requests = append(requests, p.Message())
		}
		for _, r := range requests {
			b := st.Message(r[0], "", body(int(r[2][0]-'a')))
			p.MustWrite(b[:1000]) // so that the rest is read directly into the memory of the frame
			w.Settle()
			p.MustWrite(b[1000:])
		}
		for range n {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestReplyWakesRemainingReceiver: two calls of Recv wait for one reply and one
// of them is cancelled. The reply wakes the other.
func TestReplyWakesRemainingReceiver(t *testing.T) {
	st.Run(t, func(w *st.World) {
		_, req, p := reqWithPeer(w, "REP")
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go req.Call(ctx, st.Of("call")) // also waits for a reply
		w.Settle()
		req.MustSend("strict")
		var m msg.Msg
		done := make(chan error, 1)
		go func() { done <- req.Recv(ctx, &m) }()
		w.Settle()
		brief, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		if err := req.Recv(brief, new(msg.Msg)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the second Recv: %v", err)
		}
		p.MustWrite(st.Message("", "reply"))
		w.Settle()
		select {
		case err := <-done:
			if err != nil || st.Frames(&m)[0] != "reply" {
				t.Errorf("the first Recv: %v %q", err, st.Frames(&m))
			}
		default:
			t.Error("the first Recv was not woken")
		}
	})
}

// TestBlockedSendToFailsWhenPeerDisconnects: a call of SendTo that is blocked
// on a full peer returns ErrNoRoute when the peer disconnects.
func TestBlockedSendToFailsWhenPeerDisconnects(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.SendHWM = 1 })
		router.MustConnect("mem://a")
		p := l.Accept()
		p.Handshake("DEALER", "Identity", "d")
		w.Settle()
		// The end of a connection may free capacity in the queue, if a message
		// is written or truncated. SendTo could use it before the ROUTER
		// notices the end. So the network accepts exactly one whole message.
		w.Net.Links()[0].Up().Stall()
		w.Net.Links()[0].Up().SetBuffer(len(st.Message("x")))
		for router.TrySendTo("d", st.Of("x")) == nil {
			w.Settle()
		}
		done := make(chan error, 1)
		go func() { done <- router.SendTo(context.Background(), "d", st.Of("x")) }()
		w.Settle()
		w.Net.Links()[0].Cut(memnet.RST) // after a FIN the system would accept another write, which frees capacity
		w.Settle()
		select {
		case err := <-done:
			if err != pattern.ErrNoRoute {
				t.Error(err)
			}
		default:
			t.Error("SendTo is still blocked")
		}
	})
}
