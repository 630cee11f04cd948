package zmq_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
)

// A loop over the events of a socket gets the last ones and ends when the socket is
// closed; one that begins afterwards ends at once.
func TestEventsEndWithTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zmq.NewMemory(t)
		pull := must(zmq.NewPull(inprocOptions()))
		events := pull.Events(t.Context())
		must(pull.Bind("mem://a"))
		var kinds []zmq.EventKind
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ev := range events {
				kinds = append(kinds, ev.Kind)
			}
		}()
		synctest.Wait()
		pull.Close()
		<-done
		if len(kinds) != 2 || kinds[0] != zmq.EventListening || kinds[1] != zmq.EventListenerClosed {
			t.Errorf("events %v", kinds)
		}
		for ev := range pull.Events(t.Context()) {
			t.Errorf("event %v of a closed socket", ev.Kind)
		}
	})
}

// A proxy with the same socket as front and back pauses, resumes and ends by
// commands.
func TestProxyOfOneSocketObeysItsControlSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := inprocOptions()
		router, dealer := must(zmq.NewRouter(o)), must(zmq.NewDealer(o))
		join(t, "inproc://router", router, dealer)
		control, commands := must(zmq.NewPair(o)), must(zmq.NewPair(o))
		join(t, "inproc://control", control, commands)
		done := make(chan error, 1)
		go func() {
			done <- zmq.Proxy(t.Context(), router.Socket, router.Socket, &zmq.ProxyOptions{ControlSocket: control.Socket})
		}()
		command := func(text string) {
			check(commands.TrySend([]byte(text)))
			synctest.Wait()
		}
		wantEcho := func(when string, want bool) {
			t.Helper()
			synctest.Wait()
			if _, err := dealer.TryRecv(); (err == nil) != want {
				t.Errorf("%s: the message came back: %v", when, err == nil)
			}
		}
		check(dealer.TrySend([]byte("a")))
		wantEcho("at first", true)
		command("PAUSE")
		check(dealer.TrySend([]byte("b")))
		wantEcho("paused", false)
		command("RESUME")
		wantEcho("resumed", true)
		command("TERMINATE")
		if err := <-done; err != nil {
			t.Error(err)
		}
		check(dealer.TrySend([]byte("c")))
		wantEcho("ended", false)
	})
}

// The text of an event of every kind is one line with the kind, the endpoint, the
// delay, and the error or else the reason.
func TestEventTextIsOneLine(t *testing.T) {
	remote := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 40000}
	for kind := zmq.EventListening; kind <= zmq.EventResolveFailed; kind++ {
		name := strings.ReplaceAll(kind.String(), "_", " ")
		for want, ev := range map[string]zmq.Event{
			name + ", tcp://x:1": {Endpoint: "tcp://x:1"},
			name + ", tcp://x:1, remote 10.0.0.7:40000, reason tls": {Endpoint: "tcp://x:1", RemoteAddr: remote, Reason: zmq.CloseTLS},
			name + ", tcp://10.0.0.7:40000, reason tls":             {Endpoint: "tcp://10.0.0.7:40000", RemoteAddr: remote, Reason: zmq.CloseTLS},
			name + ", tcp://x:1, again in 1.5s, denied":             {Endpoint: "tcp://x:1", Delay: 1500 * time.Millisecond, Reason: zmq.CloseRefused, Err: errors.New("denied")},
			name + `, ipc://a, \x1b[2J\n "b" \`:                     {Endpoint: "ipc://a", Err: errors.New("\x1b[2J\n \"b\" \\")},
			name + ", tcp://x:1, after 3 events that were dropped":  {Endpoint: "tcp://x:1", Missed: 3},
		} {
			ev.Kind = kind
			if got := fmt.Sprint(ev); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}

// The text of the event that a peer is ready describes the peer.
func TestTextOfReadyEventDescribesPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zmq.NewMemory(t)
		pull, push := must(zmq.NewPull(nil)), must(zmq.NewPush(nil))
		closeAtEnd(t, pull)
		closeAtEnd(t, push)
		events := push.Events(t.Context())
		must(pull.Bind("mem://a"))
		check(push.Connect("mem://a"))
		for ev := range events {
			if ev.Kind == zmq.EventReady {
				if got := ev.String(); !strings.HasPrefix(got, "ready, mem://a, peer PULL") {
					t.Error(got)
				}
				break
			}
		}
		pull.Close()
		push.Close()
	})
}
