package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

// newServer serves a directory, and returns it and its endpoint.
func newServer(t *testing.T) (dir, endpoint string) {
	dir, endpoint = t.TempDir(), exampletest.Endpoint(t)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	exampletest.Background(t, func(ctx context.Context) error { return serve(ctx, endpoint, root) })
	return dir, endpoint
}

func TestFetchedFileIsIdentical(t *testing.T) {
	dir, endpoint := newServer(t)
	random := rand.NewChaCha8([32]byte{})
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, 3*chunkSize + 1, 3 * credit * chunkSize} {
		want := make([]byte, size)
		random.Read(want)
		if err := os.WriteFile(filepath.Join(dir, "file"), want, 0o600); err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := fetch(t.Context(), endpoint, "file", &got); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d bytes differ from %d bytes", got.Len(), size)
		}
	}
}

func TestFetchReportsErrorsOfServer(t *testing.T) {
	dir, endpoint := newServer(t)
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"missing", "../passwd", "link", "."} {
		if err := fetch(t.Context(), endpoint, name, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "server:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServerAnswersInvalidRequests(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, m := range []zmq.Message{zmq.NewStringMessage("file"), zmq.NewStringMessage("file", "1"), zmq.NewStringMessage("", "12345678")} {
		if reply := chunk(root, m); string(reply.Frame(0)) != "error" {
			t.Errorf("%v: %v", m, reply)
		}
	}
}
