package socket_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// The mechanism is that of our socket, never of the peer's choice: a greeting with
// any other name, or with anything after the name, ends the handshake, whatever
// the peer sends next (CVE-2014-7202).
func TestGreetingWithAnotherMechanismIsRefused(t *testing.T) {
	eachPlace(t, func(t *testing.T, pl place) {
		own := pl.sec.Name
		for _, name := range []string{
			"", "NULL", "PLAIN", "CURVE", "GSSAPI", strings.ToLower(own), own + " ", " " + own,
			own + "\x00x", own[:len(own)-1], strings.Repeat(own, 5)[:20], own + strings.Repeat("\x00", 14-len(own)) + "\x00\x00\x00\x00\x00\xff",
		} {
			if name == own {
				continue
			}
			st.Run(t, func(w *st.World) {
				pull, push := pl.pullWithGoodPeer(w)
				bad := rawPeer(w, pull, pl.binds)
				bad.MustWrite(append(st.GreetingOf(name, !pl.server), st.Ready("Socket-Type", "PUSH")...))
				bad.Write(st.Message("in plain text"))
				if d := bad.WaitClosed(); d != 0 {
					t.Errorf("%q: closed after %v", name, d)
				}
				wantOneFailure(t, pull, session.HandshakeFailed, engine.CloseMechanism)
				pull.WantNone()
				wantUnharmed(t, pull, push)
			})
		}
	})
}

// ZMTP 1.0 and 2.0 have no security. With a mechanism, or with an authenticator,
// their peers are refused (CVE-2014-9721).
func TestVersionsWithoutSecurityAreRefused(t *testing.T) {
	const signature = "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"
	versions := map[string]string{
		"1.0 without signature": "\x01\x00",
		"1.0":                   signature + "\x00\x08\x01\x00",
		"2.0":                   signature + "\x01\x08\x00\x00",
	}
	eachPlace(t, func(t *testing.T, pl place) {
		if pl.sec.Name == "NULL" && !pl.server {
			return // a NULL socket without an authenticator accepts them
		}
		for version, hello := range versions {
			t.Run(version, func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					pull, push := pl.pullWithGoodPeer(w)
					bad := rawPeer(w, pull, pl.binds)
					bad.MustWrite([]byte(hello))
					bad.Write([]byte("\x02\x00x\x00\x01x")) // a message of 1.0, and one of 2.0
					if d := bad.WaitClosed(); d != 0 {
						t.Errorf("closed after %v", d)
					}
					wantOneFailure(t, pull, session.HandshakeFailed, engine.CloseVersion)
					pull.WantNone()
					wantUnharmed(t, pull, push)
				})
			})
		}
	})
}

// edited is a mechanism that sends other bytes than it should. edit returns the
// bodies of the commands to send for each command.
type edited struct {
	mechanism.Mechanism
	edit func(name string, body []byte) [][]byte
	next [][]byte
}

func (e *edited) Next(dst []byte) ([]byte, bool) {
	for len(e.next) == 0 {
		body, ok := e.Mechanism.Next(nil)
		if !ok {
			return dst, false
		}
		name, _, _ := wire.SplitCommand(body)
		e.next = e.edit(string(name), body)
		if e.next == nil {
			return dst, false
		}
	}
	body := e.next[0]
	e.next = e.next[1:]
	return append(dst, body...), true
}

// badStep replaces one command of a peer.
type badStep struct {
	name    string
	command string // which one
	send    func(body []byte) [][]byte
	reason  engine.CloseReason
	timeout bool // the handshake ends at its deadline
}

func cmd(name, data string) []byte {
	return append(append([]byte{byte(len(name))}, name...), data...)
}

// badSteps returns what a peer can send instead of one of its commands.
func badSteps(command string, reason engine.CloseReason) (steps []badStep) {
	add := func(name string, reason engine.CloseReason, send func(body []byte) [][]byte) {
		steps = append(steps, badStep{command + "/" + name, command, send, reason, false})
	}
	one := func(b []byte) func([]byte) [][]byte { return func([]byte) [][]byte { return [][]byte{b} } }
	for _, other := range []string{"HELLO", "WELCOME", "INITIATE", "READY", "MESSAGE", "PING", "SUBSCRIBE", "X"} {
		if other != command {
			add(other+" instead", engine.CloseUnexpected, one(cmd(other, "\x00\x00")))
		}
	}
	add("one byte less", reason, func(b []byte) [][]byte { return [][]byte{b[:len(b)-1]} })
	add("one byte more", reason, func(b []byte) [][]byte { return [][]byte{append(b, 0)} })
	add("name only", reason, one(cmd(command, "")))
	add("empty", engine.CloseMalformed, one(nil))
	add("without a name", engine.CloseMalformed, one([]byte{0}))
	add("last bit changed", reason, func(b []byte) [][]byte { b[len(b)-1] ^= 1; return [][]byte{b} })
	steps = append(steps, badStep{command + "/never sent", command, func([]byte) [][]byte { return nil }, engine.CloseHandshakeTimeout, true})
	return steps
}

// handshakeSteps returns the commands of a client or server of a mechanism with
// wrong content, and those that are not sent.
func handshakeSteps(sec string, server bool) (steps []badStep) {
	names := []string{"HELLO", "INITIATE"}
	if server {
		names = []string{"WELCOME", "READY"}
	}
	for _, name := range names {
		steps = append(steps, badSteps(name, engine.CloseCrypto)...)
	}
	// The commands of PLAIN have no checksum, and sizes are checked first.
	kept := steps[:0]
	for _, s := range steps {
		short := strings.HasSuffix(s.name, "name only")
		resized := strings.Contains(s.name, "one byte")
		switch {
		case sec == "PLAIN" && strings.HasSuffix(s.name, "bit changed"),
			sec == "PLAIN" && short && s.command != "HELLO", // complete without metadata
			sec == "PLAIN" && s.name == "WELCOME/one byte less":
			continue
		case sec == "PLAIN" && (short || resized):
			s.reason = engine.CloseMalformed
		case short, resized && (s.command == "HELLO" || s.command == "WELCOME"):
			s.reason = engine.CloseMalformed
		}
		kept = append(kept, s)
	}
	return kept
}

// A client or server that sends a wrong, changed, cut or no command in its
// handshake is disconnected for the right reason, and its messages are not
// received. After a failed attempt our socket waits before it connects again.
func TestWrongCommandInHandshakeIsRefused(t *testing.T) {
	eachPlace(t, func(t *testing.T, pl place) {
		if pl.sec.Name == "NULL" {
			return // TestBadInputClosesOnlyItsConnection
		}
		for _, step := range handshakeSteps(pl.sec.Name, !pl.server) {
			t.Run(step.name, func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					pull, push := pl.pullWithGoodPeer(w)
					bad := rawPeer(w, pull, pl.binds)
					start := time.Now()
					go func() {
						err := bad.TryHandshakeWith(func(md []byte) mechanism.Mechanism {
							return &edited{Mechanism: pl.hostile()(md), edit: func(name string, body []byte) [][]byte {
								if name == step.command {
									return step.send(body)
								}
								return [][]byte{body}
							}}
						}, "PUSH")
						if err == nil && !step.timeout {
							bad.Write(bad.Seal(st.Message("early")))
						}
					}()
					for len(pull.EventsOf(session.HandshakeFailed)) == 0 && time.Since(start) < time.Minute {
						time.Sleep(time.Second)
					}
					want := time.Duration(0)
					if step.timeout {
						want = 10 * time.Second
					}
					failed := pull.EventsOf(session.HandshakeFailed)
					if len(failed) != 1 || failed[0].Time.Sub(start) != want {
						t.Fatalf("events %+v, want one after %v", failed, want)
					}
					wantOneFailure(t, pull, session.HandshakeFailed, step.reason)
					pull.WantNone()
					wantUnharmed(t, pull, push)
				})
			})
		}
	})
}

// A server that refuses our socket, with one ERROR or many, at any point of the
// handshake, ends the attempt; the next one follows after the longest backoff.
func TestErrorFromServerIsRetriedAfterLongestBackoff(t *testing.T) {
	for _, sec := range st.Securities()[1:] {
		for _, at := range []string{"WELCOME", "READY"} {
			for _, errs := range []int{1, 1000} {
				t.Run(fmt.Sprint(sec.Name, "/", at, "/", errs), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						pl := place{sec, false, false}
						pull := w.Socket(pattern.PULL, pl.ours)
						l := w.Listen("a")
						pull.MustConnect("mem://a")
						refuse := func() {
							bad := l.Accept()
							bad.TryHandshakeWith(func(md []byte) mechanism.Mechanism {
								return &edited{Mechanism: sec.Server(md), edit: func(name string, body []byte) (list [][]byte) {
									if name != at {
										return [][]byte{body}
									}
									for range errs {
										list = append(list, cmd("ERROR", "\x03400"))
									}
									return list
								}}
							}, "PUSH")
							bad.WaitClosed()
						}
						refuse()
						wantOneFailure(t, pull, session.HandshakeFailed, engine.CloseRefused)
						if d := st.After(refuse); d < 2500*time.Millisecond || d > 7500*time.Millisecond {
							t.Errorf("connected again after %v", d)
						}
					})
				})
			}
		}
	}
}

// A connection whose peer stops at any point of its handshake is closed at the
// deadline, and a good peer completes its handshake meanwhile.
func TestPeerThatStopsInHandshakeIsClosedAtDeadline(t *testing.T) {
	const peers = 20
	eachPlace(t, func(t *testing.T, pl place) {
		if !pl.binds {
			return
		}
		greeting := st.GreetingOf(pl.sec.Name, !pl.server)
		for name, opening := range map[string][]byte{
			"silent": nil, "half greeting": greeting[:32], "greeting": greeting,
			"half command": append(greeting, 4, 200, 5, 'H', 'E', 'L', 'L', 'O'),
		} {
			t.Run(name, func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					pull := w.Socket(pattern.PULL, pl.ours)
					ep := pull.MustBind("mem://a")
					var bad []*st.Peer
					for range peers {
						p := w.Dial("a")
						p.MustWrite(opening)
						bad = append(bad, p)
					}
					push := w.Socket(pattern.PUSH, pl.good)
					push.MustConnect(ep)
					push.MustSend("meanwhile")
					pull.WantRecv("meanwhile")
					for i, p := range bad {
						want := 10 * time.Second
						if i > 0 {
							want = 0
						}
						if d := p.WaitClosed(); d != want {
							t.Errorf("peer %d: closed after %v, want %v", i, d, want)
						}
					}
					if n := len(pull.EventsOf(session.HandshakeFailed)); n != peers {
						t.Errorf("%d failed handshakes, want %d", n, peers)
					}
					if n := pull.Stats().CloseReasons[engine.CloseHandshakeTimeout]; n != peers {
						t.Errorf("%d deadlines, want %d", n, peers)
					}
				})
			})
		}
	})
}

// Wrong credentials are refused, and the peer learns nothing but that.
func TestWrongCredentialsAreRefused(t *testing.T) {
	stranger := [32]byte{1, 2, 3}
	for name, c := range map[string]struct {
		sec    st.Security
		peer   func(md []byte) mechanism.Mechanism
		reason engine.CloseReason
	}{
		"password":    {st.Securities()[1], plainClient(st.Username, "wrong"), engine.CloseAuthDenied},
		"user":        {st.Securities()[1], plainClient("mallory", st.Password), engine.CloseAuthDenied},
		"empty":       {st.Securities()[1], plainClient("", ""), engine.CloseAuthDenied},
		"client key":  {st.Securities()[2], curveClient(t, stranger, st.ServerPublic()), engine.CloseAuthDenied},
		"server key":  {st.Securities()[2], curveClient(t, st.ClientSecret, st.ClientPublic()), engine.CloseCrypto},
		"two servers": {st.Securities()[1], st.Securities()[1].Server, engine.CloseMechanism},
	} {
		t.Run(name, func(t *testing.T) {
			for _, binds := range []bool{true, false} {
				st.Run(t, func(w *st.World) {
					pl := place{c.sec, true, binds}
					pull, push := pl.pullWithGoodPeer(w)
					bad := rawPeer(w, pull, binds)
					err := make(chan error, 1)
					go func() { err <- bad.TryHandshakeWith(c.peer, "PUSH") }()
					var refused *mechanism.PeerError
					switch e := <-err; {
					case e == nil:
						t.Error("the handshake succeeded")
					case errors.As(e, &refused) && refused.Reason != "400":
						t.Errorf("the peer learns %q", refused.Reason)
					}
					bad.WaitClosed()
					wantOneFailure(t, pull, session.HandshakeFailed, c.reason)
					pull.WantNone()
					wantUnharmed(t, pull, push)
				})
			}
		})
	}
}

func plainClient(user, password string) func([]byte) mechanism.Mechanism {
	return func(md []byte) mechanism.Mechanism { return mechanism.NewPlainClient(user, password, md) }
}

func curveClient(t *testing.T, secret, server [32]byte) func([]byte) mechanism.Mechanism {
	keys, err := mechanism.NewCurveKeys(secret, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	public, err := mechanism.NewCurveServerKey(server)
	if err != nil {
		t.Fatal(err)
	}
	return func(md []byte) mechanism.Mechanism { return mechanism.NewCurveClient(keys, public, md, nil) }
}
