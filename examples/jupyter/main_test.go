package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

// newConnection returns a connection with ipc endpoints of the test.
func newConnection(t *testing.T) connection {
	path := strings.TrimPrefix(exampletest.Endpoint(t), "ipc://")
	return connection{
		Transport: "ipc", IP: path, Shell: 1, IOPub: 2, Stdin: 3, Control: 4, Heartbeat: 5,
		Scheme: "hmac-sha256", Key: "a key of the test",
	}
}

// write writes a connection file.
func write(t *testing.T, c connection) string {
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kernel.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func wantOutput(t *testing.T, c connection, code, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	if err := execute(ctx, c, code, &out); err != nil || out.String() != want {
		t.Errorf("%s: %q, %v, want %q", code, out.String(), err, want)
	}
}

func wantFailure(t *testing.T, c connection, code, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := execute(ctx, c, code, new(bytes.Buffer)); !errors.Is(err, errFailed) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %s", code, err, want)
	}
}

func TestClientUsesKernel(t *testing.T) {
	c := newConnection(t)
	exampletest.Background(t, func(ctx context.Context) error { return serve(ctx, c) })
	wantOutput(t, c, "1<<10 + 3", "1027\n")
	wantOutput(t, c, `"a" + "b"`, "\"ab\"\n")
	wantFailure(t, c, "1/0", "division by zero")
}

func TestClientUsesKernelOverCURVE(t *testing.T) {
	c := newConnection(t)
	key, err := curve.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	c.PublicKey, c.SecretKey = key.Public().String(), key.SecretZ85()
	exampletest.Background(t, func(ctx context.Context) error { return serve(ctx, c) })
	wantOutput(t, c, "1<<10 + 3", "1027\n")

	c.PublicKey = "" // a client without encryption is refused
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := execute(ctx, c, "1", new(bytes.Buffer)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestClientUsesIPython(t *testing.T) {
	c := newConnection(t)
	kernel := python(t, "ipykernel", "-m", "ipykernel_launcher", "-f", write(t, c))
	if err := kernel.Start(); err != nil {
		t.Fatal(err)
	}
	defer kernel.Wait()
	defer kernel.Process.Kill()
	wantOutput(t, c, "print(6 * 7)\n6 * 8", "42\n48\n")
	wantFailure(t, c, "1/0", "ZeroDivisionError")
}

func TestKernelServesJupyterClient(t *testing.T) {
	c := newConnection(t)
	ended := make(chan error, 1)
	go func() { ended <- serve(t.Context(), c) }()
	client := python(t, "jupyter_client", "client_test.py", write(t, c))
	if out, err := client.CombinedOutput(); err != nil || string(out) != "1027\nerror\n" {
		t.Errorf("%q, %v", out, err)
	}
	if err := <-ended; err != nil { // the client has shut it down
		t.Error(err)
	}
}

// python returns a command that runs a program that imports a module.
func python(t *testing.T, module string, args ...string) *exec.Cmd {
	command := exampletest.Python(t, args...)
	if err := exec.Command(command.Path, "-I", "-c", "import "+module).Run(); err != nil {
		if os.Getenv("ZMQ_INTEROP_REQUIRED") != "" {
			t.Fatalf("no %s for %s (python3-ipykernel)", module, command.Path)
		}
		t.Skipf("no %s for %s (python3-ipykernel)", module, command.Path)
	}
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "IPYTHONDIR="+t.TempDir())
	return command
}

func TestDecodeRefusesInvalidMessages(t *testing.T) {
	frames, err := encode("key", newHeader("status", "s"), header{}, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decode("key", zmq.NewMessage(append([][]byte{[]byte("id")}, frames...)...)); err != nil {
		t.Error(err)
	}
	changed := append([][]byte{}, frames...)
	changed[5] = []byte(`{"execution_state":"idle"}`)
	for name, m := range map[string]zmq.Message{
		"another key": zmq.NewMessage(append([][]byte{frames[0], sign("other", frames[2:])}, frames[2:]...)...),
		"changed":     zmq.NewMessage(changed...),
		"short":       zmq.NewMessage(frames[:5]...),
		"empty":       zmq.NewMessage(),
		"not JSON":    zmq.NewMessage(delimiter, sign("key", [][]byte{{1}, {2}, {3}, {4}}), []byte{1}, []byte{2}, []byte{3}, []byte{4}),
	} {
		if _, err := decode("key", m); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestConnectionFileErrors(t *testing.T) {
	c := newConnection(t)
	c.Scheme = "hmac-md5"
	if _, err := readConnection(write(t, c)); err == nil {
		t.Error("no error for an unknown signature scheme")
	}
	if _, err := readConnection(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
