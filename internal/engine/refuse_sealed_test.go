package engine_test

import (
	"fmt"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// secured returns a copy of a Config with a mechanism.
func secured(cfg *engine.Config, newMechanism func([]byte) mechanism.Mechanism) *engine.Config {
	c := *cfg
	c.NewMechanism = newMechanism
	return &c
}

// link passes bytes between two engines.
type link struct {
	t    *testing.T
	from [2]*engine.Engine
	left [2][]byte // sent to the engine and not consumed
	errs [2]error
}

// run passes bytes until both engines are silent. Each accepts its peer.
func (l *link) run() {
	for busy := true; busy; {
		busy = false
		for i, e := range l.from {
			if _, waiting := e.Authenticating(); waiting && l.errs[i] == nil {
				busy = true
				l.errs[i] = e.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted})
			}
			if out := e.Output(); len(out) > 0 {
				l.left[1-i] = append(l.left[1-i], out...)
				busy = true
			}
			if n := l.deliver(i); n > 0 {
				l.left[i] = l.left[i][n:]
				busy = true
			}
		}
	}
}

func (l *link) deliver(i int) (n int) {
	e := l.from[i]
	if l.errs[i] == nil && !e.HandshakeDone() {
		n, l.errs[i] = e.Handshake(l.left[i])
	}
	if l.errs[i] == nil && e.HandshakeDone() {
		var in msg.Batch
		var k int
		k, l.errs[i] = e.Decode(l.left[i][n:], false, 1<<20, &in)
		n += k
	}
	return n
}

// An ERROR with which a socket refuses a peer reaches the peer in a form that it
// accepts at this point: sealed if the peer has completed its handshake, and
// otherwise as a command of the handshake, which only a server of CURVE sends.
// https://rfc.zeromq.org/spec/26/#the-error-command
func TestRefusedPeerUnderstandsError(t *testing.T) {
	for _, sec := range st.Securities() {
		for _, accepted := range []bool{true, false} {
			for _, server := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/accepted=%v/server=%v", sec.Name, accepted, server), func(t *testing.T) {
					ours, theirs := sec.Client, sec.Server
					if server {
						ours, theirs = sec.Server, sec.Client
					}
					cfg := dealer("")
					cfg.OnError = true
					l := &link{t: t}
					if accepted {
						l.from = [2]*engine.Engine{engine.NewAccepted(secured(cfg, ours)), engine.New(secured(cfg, theirs))}
					} else {
						l.from = [2]*engine.Engine{engine.New(secured(cfg, ours)), engine.NewAccepted(secured(cfg, theirs))}
					}
					l.run()
					l.from[1].Admit()
					l.run()
					if l.errs != [2]error{} || !l.from[0].HandshakeDone() {
						t.Fatalf("handshake failed: %v", l.errs)
					}
					l.from[0].Refuse("full")
					l.run()
					if n, ok := engine.Rejected(l.errs[1]); !ok || n != 0 || engine.CloseReasonOf(l.errs[1]) != engine.CloseRefused {
						t.Errorf("the peer ends with %v, want the ERROR", l.errs[1])
					}
				})
			}
		}
	}
}

// A handshake that fails after the peer has completed its own ends with a sealed
// ERROR too.
func TestCauseOfFailedHandshakeIsSealedForPeerInTraffic(t *testing.T) {
	sec := st.Curve(nil, nil)
	cfg, bad := dealer(""), dealer("\x00bad")
	cfg.OnError, bad.OnError = true, true
	for _, server := range []bool{true, false} {
		ours, theirs := sec.Client, sec.Server
		if server {
			ours, theirs = sec.Server, sec.Client
		}
		l := &link{t: t, from: [2]*engine.Engine{engine.NewAccepted(secured(cfg, ours)), engine.New(secured(bad, theirs))}}
		l.run()
		if engine.CloseReasonOf(l.errs[0]) != engine.CloseMalformed {
			t.Errorf("server=%v: the engine ends with %v, want %v", server, l.errs[0], engine.CloseMalformed)
		}
		if engine.CloseReasonOf(l.errs[1]) != engine.CloseRefused {
			t.Errorf("server=%v: the peer ends with %v, want the ERROR", server, l.errs[1])
		}
	}
}
