package mechanism_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

const (
	username = "admin"
	password = "secret"
)

// plainInputs are bodies that a peer may send: the commands of both roles, a
// command of CURVE, and two bodies that are no command.
var plainInputs = map[string][]byte{
	"HELLO":    wire.Hello{Username: []byte(username), Password: []byte(password)}.AppendBody(nil),
	"WELCOME":  wire.Welcome{}.AppendBody(nil),
	"INITIATE": wire.Initiate{Metadata: properties}.AppendBody(nil),
	"READY":    wire.Ready{Metadata: properties}.AppendBody(nil),
	"ERROR":    wire.Error{Reason: []byte("400")}.AppendBody(nil),
	"MESSAGE":  []byte("\x07MESSAGE\x00body"),
	"garbage":  []byte("\x7f\x00garbage"),
	"empty":    {},
}

var plainInputNames = []string{"HELLO", "WELCOME", "INITIATE", "READY", "ERROR", "MESSAGE", "garbage", "empty"}

func newPlainClient() mechanism.Mechanism {
	return mechanism.NewPlainClient(username, password, properties)
}

func newPlainServer() mechanism.Mechanism { return mechanism.NewPlainServer(properties) }

var accepted = mechanism.Verdict{Status: mechanism.StatusAccepted}

// plainRoles have the commands that each role receives and those that it sends:
// the first sends[0] before it receives any, and sends[i] after receives[i-1].
var plainRoles = []struct {
	name     string
	create   func() mechanism.Mechanism
	receives []string
	sends    []string
}{
	{"client", newPlainClient, []string{"WELCOME", "READY"}, []string{"HELLO", "INITIATE", ""}},
	{"server", newPlainServer, []string{"HELLO", "INITIATE"}, []string{"", "WELCOME", "READY"}},
}

// TestPlainAcceptsOnlyItsHandshake gives each role every sequence of up to four
// inputs, and accepts the credentials. https://rfc.zeromq.org/spec/24/
func TestPlainAcceptsOnlyItsHandshake(t *testing.T) {
	all := sequences(4, plainInputNames)
	if len(all) != 1+8+64+512+4096 {
		t.Fatalf("%d sequences", len(all))
	}
	for _, role := range plainRoles {
		t.Run(role.name, func(t *testing.T) {
			for _, word := range all {
				checkPlainWord(t, role.create(), word, role.receives, role.sends)
			}
		})
	}
}

// checkPlainWord gives m the inputs of word. m must accept those that equal
// receives, send the commands in sends, and be ready at the end of receives. At
// the first other input it must fail, and never be ready after that.
func checkPlainWord(t *testing.T, m mechanism.Mechanism, word, receives, sends []string) {
	t.Helper()
	sent := drain(t, m)
	failed := false
	for i, input := range word {
		err := m.Receive(plainInputs[input])
		if ok := !failed && i < len(receives) && input == receives[i]; ok != (err == nil) {
			t.Fatalf("%q: input %d: %v", word, i, err)
		}
		if err != nil {
			failed = true
			checkInputError(t, input, err)
		}
		if m.Status() == mechanism.Waiting {
			if err := m.Resume(accepted); err != nil {
				t.Fatalf("%q: Resume: %v", word, err)
			}
		}
		sent = append(sent, drain(t, m)...)
		if ready := !failed && i == len(receives)-1; ready != (m.Status() == mechanism.Complete) {
			t.Fatalf("%q: status %d after input %d", word, m.Status(), i)
		}
		want := sends[:1]
		for j := 0; j <= i && j < len(receives) && word[j] == receives[j]; j++ {
			want = sends[:j+2]
		}
		if got := strings.Join(sent, " "); got != strings.TrimSpace(strings.Join(want, " ")) {
			t.Fatalf("%q: sent %q after input %d, want %q", word, got, i, want)
		}
	}
}

// checkInputError checks the kind of the error for an input that was refused.
func checkInputError(t *testing.T, input string, err error) {
	t.Helper()
	var byPeer *mechanism.PeerError
	switch input {
	case "ERROR":
		if !errors.As(err, &byPeer) || byPeer.Reason != "400" {
			t.Fatalf("%s: error %v", input, err)
		}
	case "garbage", "empty":
		if !errors.Is(err, mechanism.ErrMalformed) {
			t.Fatalf("%s: error %v", input, err)
		}
	default:
		if !errors.Is(err, mechanism.ErrUnexpected) {
			t.Fatalf("%s: error %v", input, err)
		}
	}
}

// TestPlainFailsAtCommandsBeforeItsOwn: a command that comes before the one that
// it answers was sent is an error, although the same command is right later.
func TestPlainFailsAtCommandsBeforeItsOwn(t *testing.T) {
	for _, word := range sequences(3, plainInputNames) {
		c := newPlainClient()
		for _, input := range word {
			checkRefused(t, c, input)
		}
		// Without Resume, a server has nothing to receive after HELLO. Without
		// Next, it has not sent the WELCOME that INITIATE answers.
		for _, verdict := range []*mechanism.Verdict{nil, &accepted} {
			s := newPlainServer()
			if err := s.Receive(plainInputs["HELLO"]); err != nil {
				t.Fatal(err)
			}
			if verdict != nil {
				if err := s.Resume(*verdict); err != nil {
					t.Fatal(err)
				}
			}
			for _, input := range word {
				checkRefused(t, s, input)
			}
			if body, ok := s.Next(nil); ok && len(word) > 0 {
				t.Fatalf("%q: Next returns %q", word, body)
			}
		}
	}
}

// checkRefused checks that m refuses an input and is not ready.
func checkRefused(t *testing.T, m mechanism.Mechanism, input string) {
	t.Helper()
	err := m.Receive(plainInputs[input])
	if err == nil {
		t.Fatalf("accepts %s", input)
	}
	checkInputError(t, input, err)
	if m.Status() != mechanism.Handshaking {
		t.Fatalf("status %d after %s", m.Status(), input)
	}
}

func TestPlainClientAndServerCompleteHandshake(t *testing.T) {
	long := strings.Repeat("x", 255)
	for _, tt := range []struct{ username, password string }{
		{username, password}, {"", ""}, {long, long}, {"\x00\xff", "\n"}, {"", long},
	} {
		c := mechanism.NewPlainClient(tt.username, tt.password, properties)
		s := mechanism.NewPlainServer([]byte("\x01S\x00\x00\x00\x00"))
		if err := s.Receive(nextBody(t, c)); err != nil {
			t.Fatal(err)
		}
		got := s.Credentials()
		if s.Status() != mechanism.Waiting || got.Mechanism != "PLAIN" || got.Username != tt.username || got.Password != tt.password {
			t.Fatalf("status %d, credentials %v", s.Status(), got)
		}
		if body, ok := s.Next(nil); ok {
			t.Fatalf("the server sends %q before Resume", body)
		}
		if err := s.Resume(accepted); err != nil {
			t.Fatal(err)
		}
		if err := c.Receive(nextBody(t, s)); err != nil {
			t.Fatal(err)
		}
		if err := s.Receive(nextBody(t, c)); err != nil {
			t.Fatal(err)
		}
		if s.Status() != mechanism.Handshaking {
			t.Fatal("the server is ready before it has sent READY")
		}
		if err := c.Receive(nextBody(t, s)); err != nil {
			t.Fatal(err)
		}
		if c.Status() != mechanism.Complete || s.Status() != mechanism.Complete {
			t.Fatalf("status %d and %d", c.Status(), s.Status())
		}
		if !bytes.Equal(s.Metadata(), properties) || string(c.Metadata()) != "\x01S\x00\x00\x00\x00" {
			t.Errorf("metadata %q and %q", s.Metadata(), c.Metadata())
		}
	}
}

// TestPlainServerIsReadyOnlyIfAccepted gives the server every verdict, and then
// every sequence of up to three inputs.
func TestPlainServerIsReadyOnlyIfAccepted(t *testing.T) {
	for _, v := range verdicts {
		if v.status == mechanism.StatusAccepted {
			continue // tested above
		}
		for _, word := range sequences(3, plainInputNames) {
			s := newPlainServer()
			if err := s.Receive(plainInputs["HELLO"]); err != nil {
				t.Fatal(err)
			}
			err := s.Resume(mechanism.Verdict{Status: v.status, UserID: "joe", Metadata: properties})
			checkRefusal(t, s, err, v.status, v.command)
			for _, input := range word {
				checkRefused(t, s, input)
			}
		}
	}
}

func TestPlainResumesOnlyWhileWaiting(t *testing.T) {
	refuse := func(m mechanism.Mechanism, when string) {
		t.Helper()
		before := m.Status()
		if err := m.Resume(accepted); !errors.Is(err, mechanism.ErrUnexpected) || m.Status() != before {
			t.Errorf("Resume %s: %v, status %d", when, err, m.Status())
		}
	}
	for _, role := range plainRoles {
		m := role.create()
		refuse(m, "of a new "+role.name)
		for i, input := range role.receives {
			drain(t, m)
			if err := m.Receive(plainInputs[input]); err != nil {
				t.Fatal(err)
			}
			if m.Status() == mechanism.Waiting {
				if err := m.Resume(accepted); err != nil {
					t.Fatal(err)
				}
			}
			refuse(m, fmt.Sprintf("of a %s after input %d", role.name, i))
		}
		drain(t, m)
		refuse(m, "of a ready "+role.name)
	}
	for _, v := range verdicts {
		s := newPlainServer()
		if err := s.Receive(plainInputs["HELLO"]); err != nil {
			t.Fatal(err)
		}
		_ = s.Resume(mechanism.Verdict{Status: v.status}) // tested above
		refuse(s, "after "+string(v.status))
	}
}

func TestPlainRolesMustDiffer(t *testing.T) {
	a, b := newPlainClient(), newPlainClient()
	for _, m := range []mechanism.Mechanism{a, b} {
		if m.Server() {
			t.Error("a client is a server")
		}
	}
	if err := a.Receive(nextBody(t, b)); !errors.Is(err, mechanism.ErrUnexpected) {
		t.Errorf("a client receives HELLO: %v", err)
	}
	// Two servers wait for each other, until the handshake times out.
	s := newPlainServer()
	if body, ok := s.Next(nil); ok || !s.Server() || s.Status() != mechanism.Handshaking {
		t.Errorf("a new server sends %q, server %v, status %d", body, s.Server(), s.Status())
	}
}

// TestPlainRefusesTruncatedCommands truncates each command after every byte. An
// INITIATE or READY that ends after a property, or before the first, is valid.
func TestPlainRefusesTruncatedCommands(t *testing.T) {
	for _, role := range plainRoles {
		for i, input := range role.receives {
			body := plainInputs[input]
			for cut := range body {
				m := at(t, role.create(), role.receives[:i])
				err := m.Receive(body[:cut])
				if string(body[:cut]) == "\x08INITIATE" || string(body[:cut]) == "\x05READY" {
					if err != nil {
						t.Errorf("%s without metadata: %v", input, err)
					}
					continue
				}
				if !errors.Is(err, mechanism.ErrMalformed) || m.Status() != mechanism.Handshaking {
					t.Errorf("%s receives %q: %v, status %d", role.name, body[:cut], err, m.Status())
				}
			}
			m := at(t, role.create(), role.receives[:i])
			if err := m.Receive(append(slices.Clone(body), 0)); !errors.Is(err, mechanism.ErrMalformed) {
				t.Errorf("%s receives %s and one byte more: %v", role.name, input, err)
			}
		}
	}
}

// at gives m these inputs, which it accepts, and takes its commands.
func at(t *testing.T, m mechanism.Mechanism, inputs []string) mechanism.Mechanism {
	t.Helper()
	drain(t, m)
	for _, input := range inputs {
		if err := m.Receive(plainInputs[input]); err != nil {
			t.Fatal(err)
		}
		if m.Status() == mechanism.Waiting {
			if err := m.Resume(accepted); err != nil {
				t.Fatal(err)
			}
		}
		drain(t, m)
	}
	return m
}

// TestPlainRefusesWrongLengths sets every byte of each command to every value,
// lengths included. A changed command is refused, or is a command with the same
// lengths.
func TestPlainRefusesWrongLengths(t *testing.T) {
	for _, role := range plainRoles {
		for i, input := range role.receives {
			good := plainInputs[input]
			for pos := range good {
				for v := range 256 {
					body := slices.Clone(good)
					body[pos] = byte(v)
					m := at(t, role.create(), role.receives[:i])
					err := m.Receive(body)
					switch {
					case err != nil && !errors.Is(err, mechanism.ErrMalformed) && !errors.Is(err, mechanism.ErrUnexpected):
						t.Fatalf("%s receives %q: %v", role.name, body, err)
					case err == nil && !sameLengths(input, body, m):
						t.Fatalf("%s accepts %q: %v, metadata %q", role.name, body, m.Credentials(), m.Metadata())
					}
				}
			}
		}
	}
}

// sameLengths reports whether m has decoded body, a changed form of an input, to
// fields that have the lengths of the fields of the input.
func sameLengths(input string, body []byte, m mechanism.Mechanism) bool {
	switch input {
	case "HELLO":
		c := m.Credentials()
		return len(c.Username) == len(username) && len(c.Password) == len(password) &&
			bytes.Contains(body, []byte(c.Username)) && bytes.HasSuffix(body, []byte(c.Password))
	case "WELCOME":
		return string(body) == "\x07WELCOME"
	}
	_, value, n := wire.ConsumeProperty(m.Metadata())
	_, want, whole := wire.ConsumeProperty(properties)
	return n == whole && len(value) == len(want) && bytes.HasSuffix(body, m.Metadata())
}

// TestPlainCopiesWhatItReceives: credentials and metadata stay valid when the
// buffer of the command is reused.
func TestPlainCopiesWhatItReceives(t *testing.T) {
	for _, role := range plainRoles {
		m := role.create()
		drain(t, m)
		for _, input := range role.receives {
			body := slices.Clone(plainInputs[input])
			if err := m.Receive(body); err != nil {
				t.Fatal(err)
			}
			clear(body)
			if m.Status() == mechanism.Waiting {
				if c := m.Credentials(); c.Username != username || c.Password != password {
					t.Errorf("credentials %q, %q", c.Username, c.Password)
				}
				if err := m.Resume(accepted); err != nil {
					t.Fatal(err)
				}
			}
			drain(t, m)
		}
		if !bytes.Equal(m.Metadata(), properties) {
			t.Errorf("%s: metadata %q", role.name, m.Metadata())
		}
	}
}

func TestPlainDoesNotEncrypt(t *testing.T) {
	for _, role := range plainRoles {
		m := role.create()
		if m.Name() != "PLAIN" || m.Seals() || m.Credentials().Mechanism != "PLAIN" {
			t.Errorf("%s: name %q, seals %v", role.name, m.Name(), m.Seals())
		}
		sealed, err := m.Seal([]byte("x"), wire.FlagMore, []byte("body"))
		if string(sealed) != "xbody" || err != nil {
			t.Errorf("%s: sealed %q, %v", role.name, sealed, err)
		}
		if _, plain, err := m.Open([]byte("body")); string(plain) != "body" || err != nil {
			t.Errorf("%s: opened %q, %v", role.name, plain, err)
		}
	}
}

func TestCheckPlainLimitsLengths(t *testing.T) {
	max, long := strings.Repeat("q", 255), strings.Repeat("q", 256)
	if err := mechanism.CheckPlain(max, max); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct{ username, password, want string }{
		{long, "", "username of 256 bytes"},
		{"", long, "password of 256 bytes"},
	} {
		err := mechanism.CheckPlain(tt.username, tt.password)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "qq") {
			t.Errorf("error %v, want one about a %s", err, tt.want)
		}
		func() {
			defer func() {
				if r, _ := recover().(string); !strings.HasPrefix(r, "zmq: internal: "+tt.want) || strings.Contains(r, "qq") {
					t.Errorf("panic value %q", r)
				}
			}()
			mechanism.NewPlainClient(tt.username, tt.password, nil)
		}()
	}
}

// TestPlainPasswordIsNotFormatted formats every value that contains a password,
// and values that contain it, in all states. Package fmt calls no methods of
// unexported fields, so only a mechanism is safe in one.
func TestPlainPasswordIsNotFormatted(t *testing.T) {
	check := func(v any) {
		t.Helper()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			values := []any{v, &v, struct{ V any }{v}, []any{v}}
			if m, ok := v.(mechanism.Mechanism); ok {
				values = append(values, struct{ m mechanism.Mechanism }{m})
			}
			for _, value := range values {
				got := fmt.Sprintf(verb, value)
				for _, form := range []string{"%s", "%x", "%X", "%d", "%#v"} {
					secret := strings.Trim(fmt.Sprintf(form, []byte(password)), "[]")
					if form == "%#v" {
						secret = "0x73, 0x65, 0x63, 0x72"
					}
					if strings.Contains(got, secret) {
						t.Errorf("%s of %T contains the password: %s", verb, v, got)
					}
				}
			}
		}
	}
	c := newPlainClient()
	check(c)
	drain(t, c)
	check(c)
	s := newPlainServer()
	if err := s.Receive(plainInputs["HELLO"]); err != nil {
		t.Fatal(err)
	}
	check(s)
	check(s.Credentials())
	credentials := s.Credentials()
	check(&credentials)
	if got := fmt.Sprint(credentials); !strings.Contains(got, username) {
		t.Errorf("credentials are formatted as %s, without the username", got)
	}
	err := s.Resume(mechanism.Verdict{Status: mechanism.StatusDenied})
	check(s)
	check(err)
	if got := s.Credentials(); got.Password != "" || got.Username != "" {
		t.Error("the credentials are readable after Resume")
	}
	// A HELLO that is malformed or arrives a second time.
	for _, body := range [][]byte{plainInputs["HELLO"], append(slices.Clone(plainInputs["HELLO"]), 0), plainInputs["HELLO"][:12]} {
		s := newPlainServer()
		if err := s.Receive(body); err == nil {
			err = s.Receive(body)
			if err == nil {
				t.Fatal("accepts a second HELLO")
			}
			check(err)
		} else {
			check(err)
		}
		check(s)
	}
}

// A server of libzmq 4.3.4 and 4.3.5 sends these bytes.
func TestPlainClientReadsErrorOfLibzmq(t *testing.T) {
	const libzmq = "\x5eRROR\x03400"
	for name, m := range map[string]mechanism.Mechanism{"awaits WELCOME": newPlainClient(), "awaits READY": newPlainClient()} {
		drain(t, m)
		if name == "awaits READY" {
			if err := m.Receive(plainInputs["WELCOME"]); err != nil {
				t.Fatal(err)
			}
			drain(t, m)
		}
		var byPeer *mechanism.PeerError
		if err := m.Receive([]byte(libzmq)); !errors.As(err, &byPeer) || byPeer.Reason != "400" {
			t.Errorf("%s: %v, want a refusal with the reason 400", name, err)
		}
		if err := m.Receive(plainInputs["WELCOME"]); err == nil || m.Status() == mechanism.Complete {
			t.Errorf("%s: continues after the refusal", name)
		}
	}
	if err := newPlainClient().Receive([]byte("\x5eRROR\x04400")); !errors.Is(err, mechanism.ErrMalformed) {
		t.Errorf("a reason that runs past the end: %v, want %v", err, mechanism.ErrMalformed)
	}
}
