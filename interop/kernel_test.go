package interop

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/interop/internal/harness"
)

// kernel is a Jupyter kernel, in a process of its own, with a client. The kernel
// binds five sockets. The client has a DEALER for each of the ROUTER sockets
// shell, control and stdin, a SUB for iopub, and a REQ for the heartbeat.
//
// https://jupyter-client.readthedocs.io/en/stable/messaging.html
type kernel struct {
	t       *testing.T
	info    connectionInfo
	session string
	exited  chan error // the result of the process

	shell, control, stdin, iopub, heartbeat *ours
}

// connectionInfo is the content of a connection file, which the client writes
// and the kernel reads.
type connectionInfo struct {
	Transport       string `json:"transport"`
	IP              string `json:"ip"` // for ipc the first part of the paths
	ShellPort       int    `json:"shell_port"`
	ControlPort     int    `json:"control_port"`
	StdinPort       int    `json:"stdin_port"`
	IOPubPort       int    `json:"iopub_port"`
	HeartbeatPort   int    `json:"hb_port"`
	Key             string `json:"key"` // of the signatures
	SignatureScheme string `json:"signature_scheme"`
	PublicKey       string `json:"curve_publickey,omitempty"`
	SecretKey       string `json:"curve_secretkey,omitempty"`
}

func newConnectionInfo(t *testing.T, transport string, server party) connectionInfo {
	t.Helper()
	info := connectionInfo{Transport: transport, Key: rand.Text(), SignatureScheme: "hmac-sha256"}
	if server.mechanism == "CURVE" {
		info.PublicKey, info.SecretKey = server.key.Public().String(), server.key.SecretZ85()
	}
	if transport == "ipc" {
		info.IP = filepath.Join(t.TempDir(), "kernel")
	}
	for i, p := range []*int{&info.ShellPort, &info.ControlPort, &info.StdinPort, &info.IOPubPort, &info.HeartbeatPort} {
		if transport == "ipc" {
			*p = i + 1
			continue
		}
		host, port, err := net.SplitHostPort(freePort(t))
		if err != nil {
			t.Fatal(err)
		}
		info.IP = host
		if *p, err = strconv.Atoi(port); err != nil {
			t.Fatal(err)
		}
	}
	return info
}

func (i connectionInfo) endpoint(port int) string {
	if i.Transport == "ipc" {
		return fmt.Sprintf("ipc://%s-%d", i.IP, port)
	}
	return fmt.Sprintf("tcp://%s:%d", i.IP, port)
}

// startKernel starts a kernel with a connection file, and a client. The program
// gets the arguments "-f" and the file. It is killed at the end of the test.
func startKernel(t *testing.T, program []string, transport string, client, server party) *kernel {
	t.Helper()
	k := &kernel{t: t, info: newConnectionInfo(t, transport, server), session: rand.Text(), exited: make(chan error, 1)}
	dir := t.TempDir()
	file := filepath.Join(dir, "connection.json")
	text, err := json.Marshal(k.info)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := harness.Command(program[0], slices.Concat(program[1:], []string{"-f", file, "--HistoryManager.enabled=False"})...)
	cmd.Stdout, cmd.Stderr = &log, &log
	// The kernel ends with the process JPY_PARENT_PID.
	cmd.Env = append(os.Environ(), "IPYTHONDIR="+dir, "JUPYTER_RUNTIME_DIR="+dir, fmt.Sprint("JPY_PARENT_PID=", os.Getpid()))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		k.exited <- cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("output of the kernel:\n%s", log.Bytes())
		}
	})

	k.shell = k.connect("DEALER", k.info.ShellPort, client)
	k.control = k.connect("DEALER", k.info.ControlPort, client)
	k.stdin = k.connect("DEALER", k.info.StdinPort, client)
	k.iopub = k.connect("SUB", k.info.IOPubPort, client)
	k.iopub.subscribe("")
	k.heartbeat = k.connect("REQ", k.info.HeartbeatPort, client)
	for _, o := range []*ours{k.shell, k.control, k.stdin, k.iopub, k.heartbeat} {
		o.connected()
	}
	k.iopub.subscribed()
	return k
}

// connect creates a socket of the client. The kernel sends a request for input to
// the routing ID that sent the code, so the sockets have the same one.
func (k *kernel) connect(typ string, port int, client party) *ours {
	k.t.Helper()
	opts := testOptions()
	opts.RoutingID = k.session
	opts.Security = client.security(nil)
	o := newOurs(k.t, typ, opts)
	o.Socket.Connect(k.info.endpoint(port))
	return o
}

// delimiter precedes the signature, after the routing IDs or the topic.
const delimiter = "<IDS|MSG>"

// kernelMessage is a message of the Jupyter protocol.
type kernelMessage struct {
	header, parent messageHeader
	content        map[string]any
	buffers        [][]byte
}

type messageHeader struct {
	ID       string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"`
	Type     string `json:"msg_type"`
	Version  string `json:"version"`
}

// sign returns the signature of the header, parent header, metadata and content.
func sign(key string, parts [][]byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	for _, p := range parts {
		h.Write(p)
	}
	return []byte(hex.EncodeToString(h.Sum(nil)))
}

// send sends a message and returns its ID.
func (k *kernel) send(o *ours, typ string, content map[string]any, buffers ...[]byte) string {
	k.t.Helper()
	return k.sendSigned(o, k.info.Key, typ, content, buffers...)
}

// sendSigned is send with the key of the signature.
func (k *kernel) sendSigned(o *ours, key, typ string, content map[string]any, buffers ...[]byte) string {
	k.t.Helper()
	h := messageHeader{ID: rand.Text(), Session: k.session, Username: "go", Date: time.Now().UTC().Format(time.RFC3339Nano), Type: typ, Version: "5.3"}
	var parts [][]byte
	for _, v := range []any{h, struct{}{}, struct{}{}, content} {
		text, err := json.Marshal(v)
		if err != nil {
			k.t.Fatal(err)
		}
		parts = append(parts, text)
	}
	frames := append([][]byte{[]byte(delimiter), sign(key, parts)}, append(parts, buffers...)...)
	if err := o.Socket.(harness.Sender).Send(o.ctx, frames...); err != nil {
		k.t.Fatal(err)
	}
	return h.ID
}

// recv receives a message, whose signature must be right.
func (k *kernel) recv(o *ours) (m kernelMessage) {
	k.t.Helper()
	frames := o.recv()
	for len(frames) > 0 && string(frames[0]) != delimiter {
		frames = frames[1:] // the topic at iopub
	}
	if len(frames) < 6 {
		k.t.Fatalf("%s received %d frames after the topic", o.name, len(frames))
	}
	parts := frames[2:6]
	if want := sign(k.info.Key, parts); !hmac.Equal(frames[1], want) {
		k.t.Fatalf("%s received the signature %q, want %q", o.name, frames[1], want)
	}
	for i, v := range []any{&m.header, &m.parent, &map[string]any{}, &m.content} {
		if err := json.Unmarshal(parts[i], v); err != nil {
			k.t.Fatalf("%s received %q: %v", o.name, parts[i], err)
		}
	}
	m.buffers = frames[6:]
	return m
}

// reply receives the reply to a request. Its type is that of the request with
// "_reply" in place of "_request".
func (k *kernel) reply(o *ours, typ, request string) map[string]any {
	k.t.Helper()
	m := k.recv(o)
	if m.header.Type != typ || m.parent.ID != request {
		k.t.Fatalf("%s received a %s for %q: %v; want a %s for %q", o.name, m.header.Type, m.parent.ID, m.content, typ, request)
	}
	return m.content
}

// output is what a kernel publishes on iopub while it processes a request.
type output struct {
	types   []string // of the messages, with the state of the kernel if it is a status
	stdout  string
	stderr  string
	result  string
	comm    kernelMessage
	failure string // the name of an exception
}

// published receives what the kernel publishes for a request. It returns when
// the kernel is idle, or after the first message for which enough returns true.
func (k *kernel) published(request string, enough func(output) bool) (out output) {
	k.t.Helper()
	for {
		m := k.recv(k.iopub)
		if m.parent.ID != request {
			continue
		}
		typ := m.header.Type
		switch typ {
		case "status":
			typ = fmt.Sprint(m.content["execution_state"])
		case "stream":
			if m.content["name"] == "stdout" {
				out.stdout += fmt.Sprint(m.content["text"])
			} else {
				out.stderr += fmt.Sprint(m.content["text"])
			}
		case "execute_result":
			data, _ := m.content["data"].(map[string]any)
			out.result = fmt.Sprint(data["text/plain"])
		case "error":
			out.failure = fmt.Sprint(m.content["ename"])
		case "comm_msg":
			out.comm = m
		}
		if n := len(out.types); n == 0 || out.types[n-1] != typ {
			out.types = append(out.types, typ) // a stream may consist of several messages
		}
		if typ == "idle" || enough != nil && enough(out) {
			return out
		}
	}
}

// execute sends code. An error in it does not abort the requests that follow.
func (k *kernel) execute(code string) (request string) {
	k.t.Helper()
	return k.send(k.shell, "execute_request", map[string]any{
		"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{}, "allow_stdin": true, "stop_on_error": false,
	})
}

// run executes code, and returns the status of the reply and what the kernel has
// published.
func (k *kernel) run(code string) (status string, out output) {
	k.t.Helper()
	request := k.execute(code)
	out = k.published(request, nil)
	return fmt.Sprint(k.reply(k.shell, "execute_reply", request)["status"]), out
}

// ping sends a heartbeat, which must come back unchanged.
func (k *kernel) ping() {
	k.t.Helper()
	m, err := k.heartbeat.Socket.(*zmq.Req).Do(k.heartbeat.ctx, []byte("ping"), []byte(""))
	if err != nil {
		k.t.Fatal(err)
	}
	if got := m.Frames(); len(got) != 2 || string(got[0]) != "ping" || len(got[1]) != 0 {
		k.t.Errorf("the heartbeat is %q", got)
	}
}

// waitExit waits until the process of the kernel has ended.
func (k *kernel) waitExit() {
	k.t.Helper()
	select {
	case err := <-k.exited:
		if err != nil {
			k.t.Errorf("the kernel ended with %v", err)
		}
	case <-time.After(waitLimit):
		k.t.Error("the kernel has not ended")
	}
}

// importError returns the reason why a Python cannot import ipykernel, or an
// empty string.
func importError(python string) string {
	out, err := exec.Command(python, "-I", "-c", "import ipykernel").CombinedOutput()
	if err == nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return fmt.Sprintf("no ipykernel for %s: %v %s", python, err, lines[len(lines)-1])
}

// missingKernel returns the reason why Debian's ipykernel is unavailable, or an
// empty string.
var missingKernel = sync.OnceValue(func() string { return importError(interpreter) })

// requireKernel skips the test if Debian's ipykernel is unavailable. With
// ZMQ_INTEROP_REQUIRED=1 it fails the test instead.
func requireKernel(t *testing.T) {
	t.Helper()
	switch why := missingKernel(); {
	case why == "":
	case os.Getenv(harness.Required) == "1":
		t.Fatalf("%s=1, but %s (python3-ipykernel)", harness.Required, why)
	default:
		t.Skip(why + " (python3-ipykernel)")
	}
}
