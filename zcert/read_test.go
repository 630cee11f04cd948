package zcert_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/zcert"
)

// The certificates of this file have the layout of those that CZMQ 4.2.1 writes.
const publicFile = `#   ****  Generated on 2026-11-29 17:00:00 by CZMQ  ****
#   ZeroMQ CURVE Public Certificate

metadata
    name = "front server"
    email = "ops@example.com"
curve
    public-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
`

const secretFile = publicFile + `    secret-key = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
`

var fileMetadata = []zcert.Property{{Name: "name", Value: "front server"}, {Name: "email", Value: "ops@example.com"}}

func TestReadPrefersTheSecretFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	full := zcert.Certificate{Key: key(t, serverSecret), Public: public(t, serverPublic), Metadata: fileMetadata}
	writeFile(t, path+zcert.SecretSuffix, secretFile)
	c, err := zcert.Read(path)
	expect(t, c, err, full)

	writeFile(t, path, strings.Replace(publicFile, "front", "other", 1))
	c, err = zcert.Read(path)
	expect(t, c, err, full)

	// Read also reads the secret file under its own name.
	c, err = zcert.Read(path + zcert.SecretSuffix)
	expect(t, c, err, full)
}

// Clients that get the public file would connect to no server with the secret one.
func TestReadRefusesFilesOfDifferentKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	other := strings.Replace(publicFile, serverPublic, clientPublic, 1)
	for name, secret := range map[string]string{
		"secret key":    secretFile,
		"no secret key": strings.Replace(secretFile, serverSecret, strings.Repeat("0", 40), 1),
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, path+zcert.SecretSuffix, secret)
			writeFile(t, path, other)
			c, err := zcert.Read(path)
			e, ok := errors.AsType[*zcert.Error](err)
			if !ok || e.Path != path || !c.Public.IsZero() || !c.Key.IsZero() {
				t.Fatalf("%v, %v", c, err)
			}
			for _, part := range []string{clientPublic, serverPublic, path + zcert.SecretSuffix} {
				if !strings.Contains(e.Error(), part) {
					t.Errorf("%v, without %s", err, part)
				}
			}
		})
	}
	writeFile(t, path+zcert.SecretSuffix, secretFile)
	writeFile(t, path, "malformed")
	if c, err := zcert.Read(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("malformed public file: %v, %v", c, err)
	}
}

func TestReadFallsBackToThePublicFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	writeFile(t, path, publicFile)
	c, err := zcert.Read(path)
	expect(t, c, err, zcert.Certificate{Public: public(t, serverPublic), Metadata: fileMetadata})
}

func TestReadDoesNotFallBackFromAMalformedSecretFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	writeFile(t, path, publicFile)
	writeFile(t, path+zcert.SecretSuffix, "curve\n")
	c, err := zcert.Read(path)
	if e, ok := errors.AsType[*zcert.Error](err); !ok || e.Path != path+zcert.SecretSuffix || !c.Public.IsZero() {
		t.Errorf("%v, %v", c, err)
	}
}

// A directory cannot be read, by any user. Neither can a file without
// permissions, except by root.
func TestReadDoesNotFallBackFromAnUnreadableSecretFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	writeFile(t, path, publicFile)
	if err := os.Mkdir(path+zcert.SecretSuffix, 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := zcert.Read(path)
	if e, ok := errors.AsType[*fs.PathError](err); !ok || e.Path != path+zcert.SecretSuffix || !c.Public.IsZero() {
		t.Errorf("%v, %v", c, err)
	}
	c, err = zcert.ReadPublic(path)
	expect(t, c, err, zcert.Certificate{Public: public(t, serverPublic), Metadata: fileMetadata})
}

func TestReadPublicIgnoresSecretKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	want := zcert.Certificate{Public: public(t, serverPublic), Metadata: fileMetadata}
	writeFile(t, path+zcert.SecretSuffix, "malformed")
	for _, text := range []string{publicFile, secretFile, strings.Replace(secretFile, serverSecret, "malformed", 1)} {
		writeFile(t, path, text)
		c, err := zcert.ReadPublic(path)
		expect(t, c, err, want)
	}
}

// CZMQ writes forty zeros as the secret key of a certificate that it has loaded
// from a public file.
func TestSecretKeyOfZerosIsNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	writeFile(t, path+zcert.SecretSuffix, strings.Replace(secretFile, serverSecret, strings.Repeat("0", 40), 1))
	c, err := zcert.Read(path)
	expect(t, c, err, zcert.Certificate{Public: public(t, serverPublic), Metadata: fileMetadata})
}

func TestReadAcceptsEveryFormOfTheText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	const keyLine = "    public-key = '" + serverPublic + "'"
	for _, text := range []string{
		"curve\n" + keyLine,
		"curve\r\n" + keyLine + "\r\n",
		"curve # comment\n\n# comment\n" + keyLine + " # comment\n",
		"curve\n    comment = \"CURVE\"\n    public-key=\"" + serverPublic + "\"\nother\n    public-key = x\n",
		"curve\n    public-key = " + serverPublic, // it has no #
		"curve = value\n" + keyLine + "\n        below = 1\nmetadata\n",
	} {
		writeFile(t, path, text)
		c, err := zcert.Read(path)
		expect(t, c, err, zcert.Certificate{Public: public(t, serverPublic)})
	}
}

func TestMetadataMayFollowTheKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	writeFile(t, path, "curve\n    public-key = '"+serverPublic+"'\nmetadata\n    name = front server # comment\n    email='ops@example.com'")
	c, err := zcert.Read(path)
	expect(t, c, err, zcert.Certificate{Public: public(t, serverPublic), Metadata: fileMetadata})
}

// edit replaces a part of secretFile, which must occur once.
func edit(t *testing.T, old, new string) string {
	t.Helper()
	if strings.Count(secretFile, old) != 1 {
		t.Fatalf("%q occurs %d times", old, strings.Count(secretFile, old))
	}
	return strings.Replace(secretFile, old, new, 1)
}

func TestMalformedCertificateIsRefusedWithFileAndLine(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ": no section curve"},
		{"metadata\n    a = b\n", ": no section curve"},
		{"curve\n", ":1: no public-key in the section curve"},
		{edit(t, "    public-key", "    public_key"), ":7: no public-key in the section curve"},
		{edit(t, "    public-key", "        public-key"), ":8: indented too far below the line before it"},
		{edit(t, "    public-key", "\tpublic-key"), ":8: indented with a tab, want spaces"},
		{edit(t, "    public-key", "public-key"), ":7: no public-key in the section curve"},
		{edit(t, `"`+serverPublic+`"`, `"`+serverPublic), `:8: no closing "`},
		{edit(t, `"`+serverPublic+`"`, ""), ":8: public-key of length 0, want 40"},
		{edit(t, serverPublic, serverPublic[1:]), ":8: public-key of length 39, want 40"},
		{edit(t, serverPublic, strings.Repeat("a1", 32)), ":8: public-key of length 64, want 40"},
		{edit(t, serverPublic, "~"+serverPublic[1:]), `:8: curve: public key: z85: invalid character "~" at offset 0`},
		{edit(t, serverPublic, serverPublic[:35]+"#####"), ":8: curve: public key: z85: the 5 characters at offset 35 encode a number above 2^32-1"},
		{edit(t, serverPublic, strings.Repeat("0", 40)), ":8: curve: public key: all bytes are zero"},
		{edit(t, serverPublic, "0rr91"+strings.Repeat("0", 35)), ":8: curve: public key: a point of low order, with which no connection is secret"},
		{edit(t, serverSecret, serverSecret[1:]), ":9: secret-key of length 39, want 40"},
		{edit(t, serverSecret, serverSecret[:39]+"~"), `:9: curve: secret key: z85: invalid character "~" at offset 39`},
		{edit(t, serverSecret, clientSecret), ":9: the secret-key does not belong to the public-key, but to " + clientPublic},
		{secretFile + "    secret-key = x\n", ":10: second secret-key; the first one is in line 9"},
		{secretFile + "    public-key = x\n", ":10: second public-key; the first one is in line 8"},
		{secretFile + "curve\n", ":10: second curve; the first one is in line 7"},
		{secretFile + "metadata\n", ":10: second metadata; the first one is in line 4"},
		{edit(t, "    email", "    name"), ":6: the metadata has a property of this name in line 5 already"},
		{edit(t, "    email", "        email"), ":6: a property below a property of the metadata"},
		{edit(t, "front", "\x1b[2J"), `:5: control character "\x1b"`},
		{edit(t, "email =", "email"), ":6: no = after the name"},
		{secretFile + strings.Repeat("#", 65<<10), ": longer than 65536 bytes"},
	} {
		path := filepath.Join(t.TempDir(), "cert")
		writeFile(t, path, test.text)
		c, err := zcert.Read(path)
		if err == nil || err.Error() != path+test.want {
			t.Errorf("%q: %v; want PATH%s", test.text, err, test.want)
		}
		if e, ok := errors.AsType[*zcert.Error](err); !ok || e.Path != path || e.Err == nil {
			t.Errorf("%q: %#v", test.text, err)
		}
		if !c.Key.IsZero() || !c.Public.IsZero() || c.Metadata != nil {
			t.Errorf("%q: %v with an error", test.text, c)
		}
	}
}

// The pieces are so long that no error has one by accident: some errors contain
// the public key of a changed secret key.
func TestErrorsContainNoPartOfTheSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	read := func(text string) {
		t.Helper()
		writeFile(t, path, text)
		_, err := zcert.Read(path)
		if err == nil {
			return
		}
		for i := range len(serverSecret) - 4 {
			if piece := serverSecret[i : i+5]; strings.Contains(err.Error(), piece) {
				t.Errorf("%q: the error contains %q: %v", text, piece, err)
			}
		}
	}
	start := strings.Index(secretFile, "    secret-key")
	for _, inserted := range []string{"", "\n", "\"", "#", "~"} {
		for pos := start; pos < len(secretFile); pos++ {
			read(secretFile[:pos] + inserted + secretFile[pos+1:])
		}
	}
}

func TestMissingCertificateIsNotExist(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	for _, read := range []func(string) (zcert.Certificate, error){zcert.Read, zcert.ReadPublic} {
		_, err := read(path)
		if e, ok := errors.AsType[*fs.PathError](err); !ok || e.Path != path || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v", err)
		}
	}
}

func TestReadOfDirectoryReturnsError(t *testing.T) {
	if c, err := zcert.Read(t.TempDir()); err == nil || !c.Public.IsZero() {
		t.Errorf("%v, %v", c, err)
	}
}

func TestLargestCertificateIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert")
	writeFile(t, path, secretFile+strings.Repeat("#", 64<<10-len(secretFile)))
	c, err := zcert.Read(path)
	if err != nil || c.Key.IsZero() || !slices.Equal(c.Metadata, fileMetadata) {
		t.Errorf("%v, %v", c, err)
	}
}
