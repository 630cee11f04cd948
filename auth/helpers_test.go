package auth_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// must returns v, and panics on an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newKey() curve.PublicKey { return must(curve.GenerateKey()).Public() }

// writeFile writes a file with these permissions, whatever the umask is.
func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// writeCert writes the public certificate of a key.
func writeCert(t *testing.T, dir, name string, key curve.PublicKey, metadata ...zcert.Property) {
	t.Helper()
	c := zcert.Certificate{Public: key, Metadata: metadata}
	if err := c.Write(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}
