package zmq_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// secretWords are the texts that must not be found in what a program may print.
type secretWords []string

// hide adds the forms in which a password can be written.
func (w *secretWords) hide(password string) {
	*w = append(*w, password, fmt.Sprintf("%x", password), fmt.Sprintf("%X", password),
		base64.StdEncoding.EncodeToString([]byte(password)), strings.Trim(fmt.Sprint([]byte(password)), "[]"))
}

// hideKey adds the forms in which a secret key can be written. A part of the key is
// enough.
func (w *secretWords) hideKey(k curve.Key) {
	s := k.Secret()
	*w = append(*w, k.SecretZ85(), k.SecretZ85()[:10], string(s[:8]), strings.Trim(fmt.Sprint(s[:8]), "[]"), strings.Trim(fmt.Sprint(s[24:]), "[]"))
	for _, part := range [][]byte{s[:8], s[12:20], s[24:]} {
		*w = append(*w, fmt.Sprintf("%x", part), fmt.Sprintf("%X", part))
	}
}

// in returns the secret that a text has, or "".
func (w secretWords) in(text string) string {
	for _, s := range w {
		if strings.Contains(text, s) || strings.Contains(text, strings.Trim(fmt.Sprintf("%q", s), `"`)) {
			return s
		}
	}
	return ""
}

// printed collects everything that the tested sockets report.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

// add prints a value with every verb that programs use for logs.
func (p *printed) add(values ...any) {
	for _, v := range values {
		for _, verb := range []string{"%v\n", "%+v\n", "%#v\n", "%s\n", "%q\n", "%x\n"} {
			fmt.Fprintf(p, verb, v)
		}
	}
}

func (p *printed) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// watch logs a socket to p, and prints all its events there.
func (p *printed) watch(ctx context.Context, s zmq.Socket, done *sync.WaitGroup) {
	events := s.Events(ctx)
	done.Go(func() {
		for ev := range events {
			p.add(ev, ev.Err, ev.Peer)
		}
	})
}

func TestSecretWordsAreFound(t *testing.T) {
	// A fixed key: at the end of a part of a random one, %q may join bytes to a
	// character.
	var s [32]byte
	for i := range s {
		s[i] = byte(i + 1)
	}
	key := must(curve.NewKey(s))
	var w secretWords
	w.hide("hunter2hunter2")
	w.hideKey(key)
	for _, text := range []string{
		"a hunter2hunter2 b", fmt.Sprintf("%+v", []byte("hunter2hunter2")), fmt.Sprintf("%x", "hunter2hunter2"),
		fmt.Sprintf("%v", s), fmt.Sprintf("%x", s), fmt.Sprintf("%q", s), string(s[:]), "key=" + key.SecretZ85(),
	} {
		if w.in(text) == "" {
			t.Errorf("no secret is found in %q", text)
		}
	}
	if got := w.in("nothing of that " + key.Public().String()); got != "" {
		t.Errorf("%q is found", got)
	}
}

// Handshakes fail in every way, with all records, events, errors and values of the
// sockets printed. No secret is in them: not the passwords, neither the right one
// nor the wrong one, and not the secret keys.
func TestFailedHandshakesPrintNoSecret(t *testing.T) {
	const right, wrong = "correct horse battery", "wrong horse battery"
	serverKey, clientKey, otherKey := newKey(), newKey(), newKey()
	var words secretWords
	words.hide(right)
	words.hide(wrong)
	for _, k := range []curve.Key{serverKey, clientKey, otherKey} {
		words.hideKey(k)
	}
	failing := func(err error) zmq.Authenticator {
		return func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
			if r.Password == right || r.PublicKey == clientKey.Public() {
				return zmq.Identity{UserID: "alice"}, nil
			}
			return zmq.Identity{}, err
		}
	}
	denied := failing(errors.New("no such user"))
	curveServer := zmq.Security{Mechanism: zmq.Curve{Key: serverKey, Server: true}, Authenticator: denied}
	plainServer := zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: denied}
	withAuthenticator := func(s zmq.Security, a zmq.Authenticator) zmq.Security { s.Authenticator = a; return s }
	client := func(m zmq.Mechanism) zmq.Security { return zmq.Security{Mechanism: m} }
	plainRight := client(zmq.Plain{Username: "alice", Password: right})
	plainWrong := client(zmq.Plain{Username: "alice", Password: wrong})
	curveRight := client(zmq.Curve{Key: clientKey, ServerKey: serverKey.Public()})
	curveOther := client(zmq.Curve{Key: otherKey, ServerKey: serverKey.Public()})

	for _, tt := range []struct {
		name           string
		server, client zmq.Security
	}{
		{"right password", plainServer, plainRight},
		{"right key", curveServer, curveRight},
		{"wrong password", plainServer, plainWrong},
		{"unknown key", curveServer, curveOther},
		{"wrong server key", curveServer, client(zmq.Curve{Key: clientKey, ServerKey: otherKey.Public()})},
		{"PLAIN client of CURVE", curveServer, plainWrong},
		{"CURVE client of PLAIN", plainServer, curveOther},
		{"PLAIN client of NULL", zmq.Security{}, plainWrong},
		{"CURVE client of NULL", zmq.Security{}, curveOther},
		{"NULL client of CURVE", curveServer, zmq.Security{}},
		{"two PLAIN servers", plainServer, plainServer},
		{"two CURVE servers", curveServer, curveServer},
		{"two PLAIN clients", plainWrong, plainRight},
		{"two CURVE clients", curveRight, curveOther},
		{"no decision", withAuthenticator(plainServer, failing(zmq.ErrAuthUnavailable)), plainWrong},
		{"panic", withAuthenticator(curveServer, func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) { panic("bug") }), curveOther},
		{"no answer", withAuthenticator(plainServer, func(ctx context.Context, _ *zmq.AuthRequest) (zmq.Identity, error) {
			<-ctx.Done()
			return zmq.Identity{}, ctx.Err()
		}), plainWrong},
		{"error with the request", withAuthenticator(plainServer, func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
			return zmq.Identity{}, fmt.Errorf("refused: %+v %v %s", r, *r, r)
		}), plainWrong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &printed{}
			ctx, cancel := context.WithTimeout(testContext(t), 10*time.Second)
			defer cancel()
			options := func(s zmq.Security) *zmq.Options {
				o := quickOptions()
				o.Security = s
				o.Limits.HandshakeTimeout = 200 * time.Millisecond
				o.Logger = slog.New(slog.NewTextHandler(p, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
				p.add(o, *o, s, s.Mechanism)
				return o
			}
			s, c := must(zmq.NewPull(options(tt.server))), must(zmq.NewPush(options(tt.client)))
			var watchers sync.WaitGroup
			p.watch(ctx, s.Socket, &watchers)
			p.watch(ctx, c.Socket, &watchers)
			join(t, "tcp://127.0.0.1:*", s, c)
			raw(t, s.Endpoints()[0].Endpoint)

			wait, stop := context.WithTimeout(ctx, 300*time.Millisecond)
			p.add(c.WaitConnected(wait), c.Send(wait, []byte("x")))
			stop()
			p.add(s.Endpoints(), c.Endpoints(), s.Stats(), c.Stats(), s.Peers(), c.Peers(), s, c, s.Socket, c.Socket)
			p.add(s.Close(), c.Close())
			watchers.Wait()
			text := p.text()
			if !strings.Contains(text, "level=") || len(text) < 10_000 {
				t.Errorf("only %d bytes were printed", len(text))
			}
			if secret := words.in(text); secret != "" {
				i := strings.Index(text, secret)
				t.Errorf("a secret is printed: %.300q", text[max(0, i-200):])
			}
		})
	}
}

// raw sends what is no ZMTP to a socket, and a HELLO of PLAIN that is cut.
func raw(t *testing.T, endpoint string) {
	for _, b := range []string{"GET / HTTP/1.1\r\n\r\n", "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01PLAIN" + strings.Repeat("\x00", 47) + "\x04\x08\x05HELLO\x05a"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, b)
		io.Copy(io.Discard, conn)
		conn.Close()
	}
}
