package mechanism_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

const transcriptFile = "testdata/curve_transcript.txt"

// transcript is a handshake and frames as computed with libsodium by
// testdata/curve_transcript.py.
type transcript struct {
	names  []string // in the order of the file
	values map[string][]byte
}

func readTranscript(t testing.TB) transcript {
	t.Helper()
	text, err := os.ReadFile(transcriptFile)
	if err != nil {
		t.Fatal(err)
	}
	tr := transcript{values: map[string][]byte{}}
	for line := range strings.Lines(string(text)) {
		name, digits, _ := strings.Cut(strings.TrimSpace(line), " = ")
		value, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		tr.names = append(tr.names, name)
		tr.values[name] = value
	}
	return tr
}

// random returns a source of the values with these names.
func (tr transcript) random(names ...string) func([]byte) {
	var all []byte
	for _, n := range names {
		all = append(all, tr.values[n]...)
	}
	return func(b []byte) { all = all[copy(b, all):] }
}

// pair returns both sides with the keys and nonces of the transcript.
func (tr transcript) pair(t testing.TB) *curvePair {
	t.Helper()
	var p curvePair
	var err error
	if p.clientKeys, err = mechanism.NewCurveKeys([32]byte(tr.values["client-secret"]), [32]byte{}); err != nil {
		t.Fatal(err)
	}
	if p.serverKeys, err = mechanism.NewCurveKeys([32]byte(tr.values["server-secret"]), [32]byte{}); err != nil {
		t.Fatal(err)
	}
	if p.serverKey, err = mechanism.NewCurveServerKey([32]byte(tr.values["server-public"])); err != nil {
		t.Fatal(err)
	}
	if c := p.clientKeys.Public(); !bytes.Equal(c[:], tr.values["client-public"]) {
		t.Errorf("public key of the client %x", c)
	}
	p.client = mechanism.NewCurveClient(p.clientKeys, p.serverKey, tr.values["client-metadata"],
		tr.random("client-transient-secret", "vouch-nonce"))
	p.server = mechanism.NewCurveServer(p.serverKeys, tr.values["server-metadata"],
		tr.random("server-transient-secret", "cookie-key", "cookie-nonce", "welcome-nonce"))
	return &p
}

// TestCurveSendsWhatLibsodiumComputes compares all commands of a handshake, and
// frames of both directions, with those in the transcript.
func TestCurveSendsWhatLibsodiumComputes(t *testing.T) {
	tr := readTranscript(t)
	p := tr.pair(t)
	for _, step := range []struct {
		name     string
		from, to mechanism.Mechanism
	}{
		{"hello", p.client, p.server}, {"welcome", p.server, p.client},
		{"initiate", p.client, p.server}, {"ready", p.server, p.client},
	} {
		if p.server.Status() == mechanism.Waiting {
			if err := p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
				t.Fatal(err)
			}
		}
		body := next(t, step.from)
		if !bytes.Equal(body, tr.values[step.name]) {
			t.Fatalf("%s\n%x, want\n%x", step.name, body, tr.values[step.name])
		}
		deliver(t, step.to, body)
	}
	frames := 0
	for _, name := range tr.names {
		side, size, ok := strings.Cut(name, "-message-")
		if !ok {
			continue
		}
		n, err := strconv.Atoi(size)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, n)
		for i := range body {
			body[i] = byte(i % 251)
		}
		from, to := p.client, p.server
		if side == "server" {
			from, to = p.server, p.client
		}
		flags := []byte{0, wire.FlagMore, wire.FlagCommand, wire.FlagMore | wire.FlagCommand}[frames/2%4]
		frames++
		sealed := seal(t, from, flags, string(body))
		if sum := sha256.Sum256(sealed); !bytes.Equal(sum[:], tr.values[name]) {
			t.Errorf("%s: other bytes", name)
		}
		got, plain, err := to.Open(sealed)
		if err != nil || got != flags || !bytes.Equal(plain, body) {
			t.Errorf("%s: flags %d, %d bytes, %v", name, got, len(plain), err)
		}
	}
	if frames != 32 {
		t.Errorf("%d frames", frames)
	}
}

// TestCurveTranscriptIsThatOfLibsodium computes the transcript again.
func TestCurveTranscriptIsThatOfLibsodium(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-I", "-c", "import ctypes; ctypes.CDLL('libsodium.so.23')").Run(); err != nil {
		t.Skipf("no Python with libsodium: %v", err)
	}
	got, err := exec.Command(python, "-I", "testdata/curve_transcript.py").Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(transcriptFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from the output of its program", transcriptFile)
	}
}

// TestCurveReferenceAgreesWithMechanism: the hostile peer of the other tests
// computes the right commands if no field is changed.
func TestCurveReferenceAgreesWithMechanism(t *testing.T) {
	r, p := newReference(), newCurvePair(t)
	check := func(what string, got, want []byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s\n%x, want\n%x", what, got, want)
		}
	}
	hello := next(t, p.client)
	check("HELLO", hello, r.hello())
	deliver(t, p.server, hello)
	welcome := next(t, p.server)
	check("WELCOME", welcome, r.welcome())
	deliver(t, p.client, welcome)
	initiate := next(t, p.client)
	check("INITIATE", initiate, r.initiate())
	deliver(t, p.server, initiate)
	if err := p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
		t.Fatal(err)
	}
	ready := next(t, p.server)
	check("READY", ready, r.ready())
	deliver(t, p.client, ready)
	check("frame of the client", seal(t, p.client, wire.FlagMore, "body"), r.message(toServer, 3, 1, "body"))
	check("frame of the server", seal(t, p.server, wire.FlagCommand, "body"), r.message(toClient, 2, 2, "body"))
}

// TestCurvePublicKeysAreThoseOfRFC7748 checks the key pairs of
// https://www.rfc-editor.org/rfc/rfc7748#section-6.1
func TestCurvePublicKeysAreThoseOfRFC7748(t *testing.T) {
	for secret, public := range map[string]string{
		"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a": "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
		"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb": "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	} {
		s, err := hex.DecodeString(secret)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := mechanism.NewCurveKeys([32]byte(s), [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		if got := keys.Public(); hex.EncodeToString(got[:]) != public {
			t.Errorf("public key %x, want %s", got, public)
		}
	}
}
