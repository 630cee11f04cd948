package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/term"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// curveCmd holds the commands for the keys of CURVE.
type curveCmd struct {
	Keygen curveKeygenCmd `cmd:"" help:"Make a key pair, and print it or write a certificate."`
	Public curvePublicCmd `cmd:"" help:"Print the public key of a certificate or a secret key."`
}

// Help is shown by zmq curve --help.
func (curveCmd) Help() string {
	return `CURVE encrypts connections and proves to each side that the other has its secret key. Each side has a key pair. A server decides
which clients it accepts; a client needs the public key of its server. A certificate is a pair of files in the format of CZMQ:
FILE has the public key, and FILE_secret has both keys.

Examples:

    zmq curve keygen --cert server
    zmq pull -b tcp://127.0.0.1:5555 --curve-server server --curve-allow any
    zmq push -c tcp://127.0.0.1:5555 --curve-serverkey server hello    # in another terminal`
}

type curveKeygenCmd struct {
	JSON  bool    `name:"json" help:"Print the keys as JSON: {\"public\":\"<Z85>\",\"secret\":\"<Z85>\"}."`
	Cert  *string `placeholder:"FILE" help:"Write the public key to FILE and both keys to FILE_secret, which only its owner can read, and print only the public key."`
	Name  *string `placeholder:"NAME" help:"Write this name to the certificate. Servers authenticate the owner as this user."`
	Force bool    `help:"Replace existing files of --cert. Their keys are lost."`
}

// Help is shown by zmq curve keygen --help.
func (curveKeygenCmd) Help() string {
	return `Prints a new key pair in Z85, with the labels of libzmq's curve_keygen. With --cert it writes the key pair to a certificate instead,
and prints the public key. Give FILE to the peers, and keep FILE_secret: it is not needed elsewhere.

pyzmq reads only files with .key at the end of their names: use --cert alice.key for its load_certificates. The secret file
that pyzmq writes can be read by other users, and is refused here until chmod 600. Its public file has no name: add a line
name = alice below metadata, indented by four spaces, or the user ID is the public key.

Examples:

    zmq curve keygen
    zmq curve keygen --json | jq -r .public
    zmq curve keygen --cert server
    zmq curve keygen --cert alice --name alice`
}

// Run makes a key pair.
func (c *curveKeygenCmd) Run(e *env) error {
	switch {
	case c.Force && c.Cert == nil:
		return usagef("--force needs --cert")
	case c.Name != nil && c.Cert == nil:
		return usagef("--name needs --cert")
	}
	key, err := curve.GenerateKey()
	if err != nil {
		return err
	}
	if c.Cert == nil {
		return c.print(e, key.Public().String(), key.SecretZ85())
	}
	if err := c.write(e, key); err != nil {
		return err
	}
	return c.print(e, key.Public().String(), "")
}

// write writes the certificate.
func (c *curveKeygenCmd) write(e *env, key curve.Key) error {
	path := *c.Cert
	if path == "" {
		return usagef("--cert: the name of the file is empty")
	}
	secret := path + zcert.SecretSuffix
	if !c.Force {
		for _, name := range []string{path, secret} {
			if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
				if err == nil {
					err = errors.New("the file exists; --force replaces it, and its keys are lost")
				}
				return fmt.Errorf("%s: %w", name, pathCause(err))
			}
		}
	}
	cert := zcert.Certificate{Key: key}
	if c.Name != nil {
		cert.Metadata = []zcert.Property{{Name: "name", Value: *c.Name}}
	}
	if err := cert.Write(path); err != nil {
		return err
	}
	e.logf("wrote %s, which peers need, and %s, which is secret", path, secret)
	return nil
}

// print prints the keys. secret is empty if it is not to be printed.
func (c *curveKeygenCmd) print(e *env, public, secret string) error {
	var b bytes.Buffer
	if c.JSON {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false) // Z85 has <, > and &
		if err := enc.Encode(struct {
			Public string `json:"public"`
			Secret string `json:"secret,omitempty"`
		}{public, secret}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(&b, "== CURVE PUBLIC KEY ==\n%s\n", public)
		if secret != "" {
			fmt.Fprintf(&b, "\n== CURVE SECRET KEY ==\n%s\n", secret)
		}
	}
	if secret != "" {
		e.warnSecretOutput()
	}
	_, err := e.stdout.Write(b.Bytes())
	return outputError(err)
}

// warnSecretOutput warns that a secret goes to a file that other users can read.
func (e *env) warnSecretOutput() {
	f, ok := e.stdout.(*os.File)
	if !ok {
		return
	}
	if info, err := f.Stat(); err == nil && sharedWith(info, permOthers) {
		e.logf("warning: the secret key is in a file that other users can read or change (mode %#o): delete it and use --cert, or umask 077", info.Mode().Perm())
	}
}

type curvePublicCmd struct {
	File *string `arg:"" optional:"" name:"file" help:"A certificate, or a file that contains only a secret key. Default: standard input."`
}

// Help is shown by zmq curve public --help.
func (curvePublicCmd) Help() string {
	return `Prints the public key in Z85. A secret key is read from a file or from standard input, in Z85 or in hexadecimal digits. It is never
an argument, because every user of the machine can read the arguments of a command.

Examples:

    zmq curve public server
    zmq curve public < server.key`
}

// Run prints the public key.
func (c *curvePublicCmd) Run(e *env) error {
	public, err := c.public(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, public)
	return outputError(err)
}

func (c *curvePublicCmd) public(e *env) (curve.PublicKey, error) {
	if c.File == nil {
		text, err := readSecretInput(e)
		if err != nil {
			return curve.PublicKey{}, fmt.Errorf("standard input: %w", err)
		}
		key, err := curve.ParseKey(text)
		if err != nil {
			return curve.PublicKey{}, fmt.Errorf("standard input: %w", err)
		}
		return key.Public(), nil
	}
	path := *c.File
	if isKeyText(path) {
		return curve.PublicKey{}, usagef("the argument is a key, or no file exists at this path: pass a secret key on standard input, " +
			"because other users can read the arguments of a command")
	}
	if key, err := readKeyFile(path); err == nil {
		return key.Public(), nil
	}
	cert, err := zcert.Read(path)
	return cert.Public, err
}

// maxSecret bounds the bytes that are read of a secret.
const maxSecret = 4096

// readKeyFile reads a file that contains only a secret key.
func readKeyFile(path string) (curve.Key, error) {
	text, err := readSecretFile(path)
	if err != nil {
		return curve.Key{}, err
	}
	return curve.ParseKey(text)
}

// readSecretFile reads the only line of a file.
func readSecretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readSecret(f)
}

// readSecretInput reads the only line of standard input. A terminal does not
// show what is typed.
func readSecretInput(e *env) (string, error) {
	if f, ok := e.stdin.(*os.File); ok && e.terminal.in {
		e.logf("type or paste the secret key, which is not shown, and press Enter")
		b, err := term.ReadPassword(int(f.Fd()))
		return string(b), err
	}
	return readSecret(e.stdin)
}

// readSecret reads a line that may end with a newline. Errors do not contain it.
func readSecret(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSecret+1))
	switch {
	case err != nil:
		return "", err
	case len(b) > maxSecret:
		return "", fmt.Errorf("more than %d bytes", maxSecret)
	}
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte{'\n'}), []byte{'\r'})
	switch {
	case len(b) == 0:
		return "", errors.New("empty")
	case bytes.ContainsAny(b, "\r\n"):
		return "", errors.New("more than one line")
	}
	return string(b), nil
}

// pathCause removes the operation and the path from an error of a file.
func pathCause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
