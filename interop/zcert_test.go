package interop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/interop/internal/harness"
	"github.com/zerobroker/zmq/zcert"
)

// The tests in this file exchange certificates with zcert of CZMQ, the library
// that defines their format.

// missingCZMQ returns the reason why CZMQ is unavailable, or an empty string.
var missingCZMQ = sync.OnceValue(func() string {
	out, err := exec.Command(interpreter, "-I", "-c", `import ctypes; ctypes.CDLL("libczmq.so.4")`).CombinedOutput()
	if err == nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return fmt.Sprintf("no libczmq4 for %s: %v %s", interpreter, err, lines[len(lines)-1])
})

// startCZMQ starts czmq.py. It skips the test if CZMQ is unavailable; with
// ZMQ_INTEROP_REQUIRED=1 it fails the test instead.
func startCZMQ(t *testing.T) *python {
	t.Helper()
	switch why := missingCZMQ(); {
	case why == "":
	case os.Getenv(harness.Required) == "1":
		t.Fatalf("%s=1, but %s", harness.Required, why)
	default:
		t.Skip(why)
	}
	return startPeer(t, interpreter, "-I", "czmq.py")
}

// latin1 returns text with one character for each byte, as czmq.py expects it.
func latin1(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(rune(text[i]))
	}
	return b.String()
}

// noSecretKey is what CZMQ has in place of a missing secret key.
var noSecretKey = strings.Repeat("0", 40)

// differs returns the first difference between a certificate and what CZMQ has
// read, or an empty string.
func differs(c zcert.Certificate, theirs answer) string {
	secret := noSecretKey
	if !c.Key.IsZero() {
		secret = c.Key.SecretZ85()
	}
	switch {
	case theirs.Public != c.Public.String():
		return fmt.Sprintf("public key %q, CZMQ has %q", c.Public, theirs.Public)
	case theirs.Secret != secret:
		return fmt.Sprintf("secret key %q, CZMQ has %q", secret, theirs.Secret)
	case len(theirs.Meta) != len(c.Metadata):
		return fmt.Sprintf("metadata %q, CZMQ has %q", c.Metadata, theirs.Meta)
	}
	for _, p := range c.Metadata {
		if value, ok := theirs.Meta[p.Name]; !ok || value != latin1(p.Value) {
			return fmt.Sprintf("metadata %q, CZMQ has %q", p, value)
		}
	}
	return ""
}

func readCertificate(t *testing.T, read func(string) (zcert.Certificate, error), path string) zcert.Certificate {
	t.Helper()
	c, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCertificateOfCZMQIsRead(t *testing.T) {
	t.Parallel()
	p := startCZMQ(t)
	for _, meta := range []map[string]string{
		{},
		{"name": "Ann Example", "email": "ann@example.com", "organization": "Example & Sons", "created-by": "CZMQ zmakecert"},
		{"empty": "", "special": " #='\t ", "latin": latin1("caf\u00e9"), "a/b": "1", "$-_@.&+": "2"},
	} {
		path := filepath.Join(t.TempDir(), "cert")
		theirs := p.call(command{"do": "new", "path": path, "meta": meta})
		full := readCertificate(t, zcert.Read, path)
		if d := differs(full, theirs); d != "" || full.Key.IsZero() || len(full.Metadata) != len(meta) {
			t.Errorf("%q: %v: %s", meta, full, d)
		}
		theirs.Secret = noSecretKey
		if d := differs(readCertificate(t, zcert.ReadPublic, path), theirs); d != "" {
			t.Errorf("%q: public file: %s", meta, d)
		}

		// Without the secret file, CZMQ reads the public one. It saves that with
		// a secret file, which has no key.
		if err := os.Remove(path + zcert.SecretSuffix); err != nil {
			t.Fatal(err)
		}
		theirs = p.call(command{"do": "save", "path": path})
		saved := readCertificate(t, zcert.Read, path+".saved")
		if d := differs(saved, theirs); d != "" || !saved.Key.IsZero() || saved.Public != full.Public {
			t.Errorf("%q: saved again: %v: %s", meta, saved, d)
		}
	}
}

// awkward is metadata of which CZMQ itself would write an unreadable file.
var awkward = []zcert.Property{
	{Name: "name", Value: "front server"},
	{Name: "empty"},
	{Name: "double", Value: `say "hello" # = `},
	{Name: "single", Value: ` it's # = `},
	{Name: "both", Value: `it's "both" =`},
	{Name: "$-_@.&+/0", Value: "caf\u00e9\t\xff"},
}

func TestCZMQReadsOurCertificate(t *testing.T) {
	t.Parallel()
	p := startCZMQ(t)
	for range 20 {
		key, err := curve.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		for _, meta := range [][]zcert.Property{nil, awkward} {
			path := filepath.Join(t.TempDir(), "cert")
			c := zcert.Certificate{Key: key, Public: key.Public(), Metadata: meta}
			if err := c.Write(path); err != nil {
				t.Fatal(err)
			}
			if d := differs(c, p.call(command{"do": "load", "path": path})); d != "" {
				t.Errorf("%v: %s", c, d)
			}
			if err := os.Remove(path + zcert.SecretSuffix); err != nil {
				t.Fatal(err)
			}
			c.Key = curve.Key{}
			if d := differs(c, p.call(command{"do": "load", "path": path})); d != "" {
				t.Errorf("public file of %v: %s", c, d)
			}
		}
	}
}

// stricter are errors for certificates that CZMQ reads, often only in part, or
// with the first of two values.
var stricter = regexp.MustCompile(strings.Join([]string{
	`z85: invalid character`, `encode a number above`, `of length \d+, want 40`, `all bytes are zero`, `low order`,
	`does not belong to`, `: second `, `of this name`, `below a property of the metadata`, `control character`,
}, "|"))

// ownReading matches text that the RFC and this library read differently from
// CZMQ: a carriage return as a line ending, and an indented comment.
var ownReading = regexp.MustCompile(`\r|(?m)^ +#`)

// What we accept, CZMQ must read as the same keys and metadata. What only CZMQ
// accepts, we must refuse for one of the known reasons.
func TestChangedCertificatesAreReadAsByCZMQ(t *testing.T) {
	t.Parallel()
	p := startCZMQ(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "cert")
	key, err := curve.ParseKey("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6")
	if err != nil {
		t.Fatal(err)
	}
	if err := (zcert.Certificate{Key: key, Metadata: awkward}).Write(path); err != nil {
		t.Fatal(err)
	}
	original, err := os.ReadFile(path + zcert.SecretSuffix)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	both, ours, theirs, neither := 0, 0, 0, 0
	for range 2000 {
		text := change(r, original)
		if ownReading.Match(text) {
			continue
		}
		file := filepath.Join(dir, "changed")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := zcert.Read(file)
		czmq := p.call(command{"do": "load", "path": file})
		switch {
		case err == nil && czmq.Public != "":
			both++
			if d := differs(c, czmq); d != "" {
				t.Errorf("%s\n%q", d, text)
			}
		case err == nil:
			ours++
			t.Errorf("CZMQ does not read %q", text)
		case czmq.Public != "":
			theirs++
			if !stricter.MatchString(err.Error()) {
				t.Errorf("CZMQ reads %q, which we refuse: %v", text, err)
			}
		default:
			neither++
		}
	}
	t.Logf("read by both %d, only by us %d, only by CZMQ %d, by neither %d", both, ours, theirs, neither)
	if both < 200 || theirs < 100 || neither < 200 {
		t.Error("the changes do not exercise every case")
	}
}

// change returns a copy of text with one to three random changes, most of them
// in characters that ZPL gives a meaning, or of whole lines.
func change(r *rand.Rand, text []byte) []byte {
	const special = "    \n\n##==\"\"''\t/\r\x00\x80abc019-_"
	for range 1 + r.IntN(3) {
		at := r.IntN(len(text))
		lines := bytes.SplitAfter(text, []byte("\n"))
		line := r.IntN(len(lines))
		insert, remove := "", 0
		switch r.IntN(6) {
		case 0:
			remove = 1
		case 1:
			insert = string(special[r.IntN(len(special))])
		case 2:
			insert, remove = string(special[r.IntN(len(special))]), 1
		case 3:
			insert = "    "
			at = len(bytes.Join(lines[:line], nil))
		case 4: // repeat a line
			insert = string(lines[line])
			at = len(bytes.Join(lines[:r.IntN(len(lines))], nil))
		case 5:
			at, remove = len(bytes.Join(lines[:line], nil)), len(lines[line])
		}
		text = append(append(append([]byte{}, text[:at]...), insert...), text[min(at+remove, len(text)):]...)
	}
	return text
}
