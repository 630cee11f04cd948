package zmq_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// A server of PLAIN receives the password. It must not be able to have it written
// to the client's log, whichever text of the protocol it puts it in.
func TestPlainServerCannotHaveThePasswordPrinted(t *testing.T) {
	const password = "battery"
	var words secretWords
	words.hide(password)
	greeting := func(mechanism string) string {
		return "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01" + mechanism + strings.Repeat("\x00", 20-len(mechanism)) + "\x01" + strings.Repeat("\x00", 31)
	}
	command := func(name, data string) string {
		body := string(rune(len(name))) + name + data
		return "\x04" + string(rune(len(body))) + body
	}
	short := func(text string) string { return string(rune(len(text))) + text }
	property := func(name, value string) string { return short(name) + "\x00\x00\x00" + short(value) }
	welcome := command("WELCOME", "")
	ready := command("READY", property("Socket-Type", "PULL"))

	for _, tt := range []struct {
		name string
		// first is sent in the first connection, in one part before each command of the
		// client, and later is sent in those that follow, in place of everything.
		first []string
		later string
		end   zmq.CloseReason // of the connection in which the server sends the password
	}{
		{"ERROR in place of WELCOME", []string{command("ERROR", short("wrong "+password))}, "", zmq.CloseRefused},
		{"ERROR in the form of libzmq", []string{"\x04\x0d\x5eRROR" + short(password)}, "", zmq.CloseRefused},
		{"ERROR in place of READY", []string{welcome, command("ERROR", short(password))}, "", zmq.CloseRefused},
		{"ERROR that this side is not admitted", []string{command("ERROR", short("not-admitted:"+password))}, "", zmq.CloseRefused},
		{"ERROR after the handshake", []string{welcome, ready + command("ERROR", short(password))}, "", zmq.CloseRefused},
		{"ERROR with a number of messages", []string{welcome, ready + command("ERROR", short("rejected-after-0-messages:"+password))}, "", zmq.CloseRefused},
		{"ERROR that is cut", []string{command("ERROR", "\xff"+password)}, "", zmq.CloseMalformed},
		{"unknown command", []string{command(password, "")}, "", zmq.CloseUnexpected},
		{"unknown command in place of READY", []string{welcome, command(password, "")}, "", zmq.CloseUnexpected},
		{"socket type", []string{welcome, command("READY", property("Socket-Type", password))}, "", zmq.CloseSocketType},
		{"socket type in capitals", []string{welcome, command("READY", property("Socket-Type", "BATTERY"))}, "", zmq.CloseSocketType},
		{"routing ID", []string{welcome, command("READY", property("Socket-Type", "PULL")+property("Identity", "\x00"+password))}, "", zmq.CloseMalformed},
		{"mechanism of a later connection", []string{welcome}, greeting(password), zmq.CloseMechanism},
		{"later connection without ZMTP", []string{welcome}, "\x08\x00" + password, zmq.CloseVersion},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := testContext(t)
			l := must(net.Listen("tcp", "127.0.0.1:0"))
			var server sync.WaitGroup
			server.Go(func() {
				for i := 0; ; i++ {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					if i > 0 && tt.later != "" {
						io.WriteString(conn, tt.later)
					} else {
						servePlain(conn, greeting("PLAIN"), tt.first)
					}
					conn.Close()
				}
			})
			p := &printed{}
			o := quickOptions()
			o.Limits.HandshakeTimeout = 2 * time.Second
			o.Security.Mechanism = zmq.Plain{Username: "alice", Password: password}
			o.Logger = slog.New(slog.NewTextHandler(p, &slog.HandlerOptions{Level: slog.LevelDebug}))
			push := must(zmq.NewPush(o))
			watching, stop := context.WithCancel(ctx)
			var watchers sync.WaitGroup
			p.watch(watching, push.Socket, &watchers)
			if err := push.Connect("tcp://" + l.Addr().String()); err != nil {
				t.Fatal(err)
			}
			await(t, "a connection ends with "+tt.end.String(), func() bool { return push.Stats().CloseReasons[tt.end] > 0 })
			p.add(push.Endpoints(), push.Stats())
			push.Close()
			stop()
			l.Close()
			server.Wait()
			watchers.Wait()
			text := p.text()
			if !strings.Contains(text, "level=") {
				t.Errorf("nothing is logged: %q", text)
			}
			words := append(words, strings.ToUpper(password))
			if secret := words.in(text); secret != "" {
				i := strings.Index(text, secret)
				t.Errorf("the password is printed: %.400q", text[max(0, i-200):])
			}
		})
	}
}

// servePlain sends a greeting, and each part after one command of the client.
func servePlain(conn net.Conn, greeting string, parts []string) {
	r := bufio.NewReader(conn)
	io.WriteString(conn, greeting)
	if _, err := r.Discard(64); err != nil {
		return
	}
	for _, part := range parts {
		head := make([]byte, 2) // a command of up to 255 bytes
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		if _, err := r.Discard(int(head[1])); err != nil {
			return
		}
		io.WriteString(conn, part)
	}
	io.Copy(io.Discard, r)
}

// A client of PLAIN shows the status codes of ZAP.
func TestPlainClientShowsStatusCodes(t *testing.T) {
	for _, reason := range []string{"300", "400", "500"} {
		t.Run(reason, func(t *testing.T) {
			l := must(net.Listen("tcp", "127.0.0.1:0"))
			defer l.Close()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					body := "\x05ERROR" + string(rune(len(reason))) + reason
					servePlain(conn, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01PLAIN"+strings.Repeat("\x00", 15)+"\x01"+strings.Repeat("\x00", 31),
						[]string{"\x04" + string(rune(len(body))) + body})
					conn.Close()
				}
			}()
			o := quickOptions()
			o.Security.Mechanism = zmq.Plain{Username: "alice", Password: "battery"}
			push := must(zmq.NewPush(o))
			defer push.Close()
			events := push.Events(testContext(t))
			if err := push.Connect("tcp://" + l.Addr().String()); err != nil {
				t.Fatal(err)
			}
			for ev := range events {
				if ev.Kind != zmq.EventHandshakeFailed {
					continue
				}
				if want := fmt.Sprintf("(ZAP status %s)", reason); !strings.Contains(ev.Err.Error(), want) {
					t.Errorf("error %v, want %s", ev.Err, want)
				}
				return
			}
			t.Error("no handshake failed")
		})
	}
}

// A client of PLAIN shows why it is not admitted.
func TestPlainClientShowsThatItsRoutingIDIsInUse(t *testing.T) {
	options := func(s zmq.Security) *zmq.Options {
		o := quickOptions()
		o.Security = s
		return o
	}
	router := must(zmq.NewRouter(options(zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: zmq.AllowAny})))
	endpoint := must(router.Bind("tcp://127.0.0.1:*"))
	o := options(zmq.Security{Mechanism: zmq.Plain{Username: "alice", Password: "battery"}})
	o.RoutingID = "id"
	first, second := must(zmq.NewDealer(o)), must(zmq.NewDealer(o))
	closeAtEnd(t, first, second, router)
	ctx := testContext(t)
	if err := first.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	await(t, "the first peer is connected", func() bool { return len(router.Peers()) == 1 })
	events := second.Events(ctx)
	if err := second.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	for ev := range events {
		if ev.Reason != zmq.CloseRefused {
			continue
		}
		if want := `refused by peer: "not-admitted:routing-ID-in-use"`; !strings.Contains(ev.Err.Error(), want) {
			t.Errorf("error %v, want %s", ev.Err, want)
		}
		return
	}
	t.Error("the second peer is not refused")
}
