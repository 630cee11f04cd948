package zcert_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

func TestWrittenCertificateIsRead(t *testing.T) {
	path := write(t, zcert.Certificate{Key: key(t, serverSecret), Metadata: metadata})
	full := zcert.Certificate{Key: key(t, serverSecret), Public: public(t, serverPublic), Metadata: metadata}
	c, err := zcert.Read(path)
	expect(t, c, err, full)

	// What was read can be written again.
	c, err = zcert.Read(write(t, c))
	expect(t, c, err, full)

	full.Key = curve.Key{}
	c, err = zcert.ReadPublic(path)
	expect(t, c, err, full)
	if text := readFile(t, path); strings.Contains(text, "secret-key") || strings.Contains(text, serverSecret) {
		t.Errorf("the public file is\n%s", text)
	}
	if names := files(t, filepath.Dir(path)); !slices.Equal(names, []string{"cert", "cert_secret"}) {
		t.Errorf("files: %q", names)
	}
}

func TestWriteOfPublicKeyWritesNoSecretFile(t *testing.T) {
	c := zcert.Certificate{Public: public(t, serverPublic)}
	path := write(t, c)
	got, err := zcert.Read(path)
	expect(t, got, err, c)
	if names := files(t, filepath.Dir(path)); !slices.Equal(names, []string{"cert"}) {
		t.Errorf("files: %q", names)
	}
}

func TestWriteKeepsTheSecretFileOfAPublicKey(t *testing.T) {
	full := zcert.Certificate{Key: key(t, serverSecret), Public: public(t, serverPublic)}
	path := write(t, full)
	if err := (zcert.Certificate{Public: full.Public, Metadata: metadata}).Write(path); err != nil {
		t.Fatal(err)
	}
	c, err := zcert.Read(path)
	expect(t, c, err, full)
	c, err = zcert.ReadPublic(path)
	expect(t, c, err, zcert.Certificate{Public: full.Public, Metadata: metadata})
}

func TestWrittenTextHasTheLayoutOfCZMQ(t *testing.T) {
	path := write(t, zcert.Certificate{Key: key(t, serverSecret), Metadata: fileMetadata})
	uncommented := func(text string) string {
		_, text, _ = strings.Cut(text, "\n\n")
		return text
	}
	if got, want := uncommented(readFile(t, path)), uncommented(publicFile); got != want {
		t.Errorf("public:\n%s\nwant\n%s", got, want)
	}
	if got, want := uncommented(readFile(t, path+zcert.SecretSuffix)), uncommented(secretFile); got != want {
		t.Errorf("secret:\n%s\nwant\n%s", got, want)
	}
}

func TestWriteRefusesWhatACertificateCannotHold(t *testing.T) {
	k := key(t, serverSecret)
	with := func(list ...zcert.Property) zcert.Certificate { return zcert.Certificate{Key: k, Metadata: list} }
	for _, test := range []struct {
		c    zcert.Certificate
		want string
	}{
		{zcert.Certificate{Metadata: fileMetadata}, "the certificate has no key"},
		{zcert.Certificate{Public: curve.PublicKey{1}}, "curve: public key: a point of low order, with which no connection is secret"},
		{zcert.Certificate{Key: k, Public: public(t, clientPublic)}, "the public key " + clientPublic + " does not belong to the secret key of " + serverPublic},
		{with(zcert.Property{Name: "a"}, zcert.Property{Name: "b"}, zcert.Property{Name: "a"}), `the metadata has two properties with the name "a"`},
		{with(zcert.Property{Value: "a"}), `metadata "": empty name`},
		{with(zcert.Property{Name: "a b"}), `metadata "a b": character " " in a name`},
		{with(zcert.Property{Name: "a", Value: "b\nsecret-key = x"}), `metadata "a": control character "\n" in a value`},
		{with(zcert.Property{Name: "a", Value: `"it's"`}), `metadata "a": value with both kinds of quotes that also begins with one, has a # or outer white space`},
		{with(zcert.Property{Name: "a", Value: strings.Repeat("b", 64<<10)}), "too much metadata: the file would have 657"},
	} {
		path := filepath.Join(t.TempDir(), "cert")
		if err := test.c.Write(path); err == nil || !strings.HasPrefix(err.Error(), "zcert: write "+path+": "+test.want) {
			t.Errorf("%v; want %s", err, test.want)
		}
		if names := files(t, filepath.Dir(path)); names != nil {
			t.Errorf("%s: files %q", test.want, names)
		}
	}
}

// A certificate that is readable as a public one is not written if the secret
// one would be too long.
func TestWriteRefusesAnUnreadableSecretFileBeforeItWrites(t *testing.T) {
	c := zcert.Certificate{Key: key(t, serverSecret)}
	fits := func(n int) bool {
		c.Metadata = []zcert.Property{{Name: "a", Value: strings.Repeat("b", n)}}
		path := filepath.Join(t.TempDir(), "cert")
		err := c.Write(path)
		if names := files(t, filepath.Dir(path)); (err == nil) != (len(names) == 2) {
			t.Fatalf("%d bytes: %v, files %q", n, err, names)
		}
		if err == nil {
			if _, err := zcert.Read(path); err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
		return err == nil
	}
	largest := sort.Search(64<<10, func(n int) bool { return !fits(n + 1) })
	if largest < 64<<10-1000 || fits(64<<10) {
		t.Errorf("the largest value has %d bytes", largest)
	}
}

func TestWriteReplacesFiles(t *testing.T) {
	path := write(t, zcert.Certificate{Key: key(t, serverSecret), Metadata: metadata})
	c := zcert.Certificate{Key: key(t, clientSecret), Public: public(t, clientPublic)}
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := zcert.Read(path)
	expect(t, got, err, c)
	got, err = zcert.ReadPublic(path)
	expect(t, got, err, zcert.Certificate{Public: c.Public})
	if names := files(t, filepath.Dir(path)); !slices.Equal(names, []string{"cert", "cert_secret"}) {
		t.Errorf("files: %q", names)
	}
}

// A directory in place of a file makes the rename fail.
func TestFailedWriteLeavesNoTemporaryFile(t *testing.T) {
	for _, blocked := range []string{"cert", "cert_secret"} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, blocked, "file"), 0o700); err != nil {
			t.Fatal(err)
		}
		err := zcert.Certificate{Key: key(t, serverSecret)}.Write(filepath.Join(dir, "cert"))
		if err == nil {
			t.Errorf("%s: no error", blocked)
		}
		for _, name := range files(t, dir) {
			if strings.HasPrefix(name, ".") {
				t.Errorf("%s: %s remains", blocked, name)
			}
		}
		// The secret file is written first.
		if _, err := os.Stat(filepath.Join(dir, "cert")); blocked == "cert_secret" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the public file exists without the secret one: %v", err)
		}
	}
}

func TestWriteToAMissingDirectoryFails(t *testing.T) {
	err := zcert.Certificate{Key: key(t, serverSecret)}.Write(filepath.Join(t.TempDir(), "missing", "cert"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestPrintedCertificateHasNoSecret(t *testing.T) {
	c := zcert.Certificate{Key: key(t, serverSecret), Public: public(t, serverPublic), Metadata: metadata}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(format, c)
		if strings.Contains(text, serverSecret) || strings.Contains(text, "8e0bdd69") || strings.Contains(text, "142 11 221") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}
