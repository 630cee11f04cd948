package interop

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
)

// The test in this file uses a Jupyter kernel. Debian 12 has ipykernel 6.17, which
// does not support CURVE; ipykernel does since version 7.3. Debian's kernel is
// therefore used with NULL, and with CURVE on sockets that curve_kernel.py
// configures. A kernel that itself reads the keys in the connection file is
// optional, because only Python's registry has it.

// curveKernel is the directory of a virtual environment that has an ipykernel
// with CURVE.
func curveKernel() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "zerobroker-zmq", "ipykernel-7")
}

// A client of a Jupyter kernel uses every socket of the kernel: it starts code,
// receives the output, answers a request for input, and interrupts and stops the
// kernel.
func TestJupyterKernelServesClient(t *testing.T) {
	for _, c := range []struct {
		name           string
		program        []string
		client, server party
	}{
		{"NULL", []string{interpreter, "-I", "-m", "ipykernel_launcher"}, nullParty, nullParty},
		{"CURVE", []string{interpreter, "-I", "curve_kernel.py"}, curveClient, curveServer},
		{"CURVE of the kernel", []string{filepath.Join(curveKernel(), "bin", "python"), "-I", "-m", "ipykernel_launcher"}, curveClient, curveServer},
	} {
		for _, transport := range []string{"tcp", "ipc"} {
			t.Run(c.name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				if c.program[0] == interpreter {
					requireKernel(t)
				} else if why := importError(c.program[0]); why != "" {
					t.Skipf("optional (python3 -m venv %[1]s && %[1]s/bin/pip install 'ipykernel>=7.3'): %[2]s", curveKernel(), why)
				}
				k := startKernel(t, c.program, transport, c.client, c.server)
				k.ping()
				k.checkInfo()
				k.checkExecution()
				k.checkSignature()
				k.checkInput()
				k.checkBuffers()
				if c.server.mechanism == "CURVE" {
					k.checkKeyIsRequired()
				}
				k.checkInterrupt()
				k.checkShutdown()
			})
		}
	}
}

func (k *kernel) checkInfo() {
	k.t.Helper()
	for _, o := range []*ours{k.shell, k.control} {
		request := k.send(o, "kernel_info_request", map[string]any{})
		info := k.reply(o, "kernel_info_reply", request)
		language, _ := info["language_info"].(map[string]any)
		if info["status"] != "ok" || language["name"] != "python" || !strings.HasPrefix(fmt.Sprint(info["protocol_version"]), "5.") {
			k.t.Errorf("kernel_info_reply %v", info)
		}
		k.published(request, nil)
	}
}

func (k *kernel) checkExecution() {
	k.t.Helper()
	status, out := k.run("import sys\nprint('hello')\nn = 6 * 7\nn")
	if want := []string{"busy", "execute_input", "stream", "execute_result", "idle"}; status != "ok" || !slices.Equal(out.types, want) {
		k.t.Errorf("status %q, messages %q, want %q", status, out.types, want)
	}
	if out.stdout != "hello\n" || out.result != "42" {
		k.t.Errorf("output %q and result %q", out.stdout, out.result)
	}
	status, out = k.run("print('bad', file=sys.stderr)\n1 / 0")
	if status != "error" || out.failure != "ZeroDivisionError" || out.stderr != "bad\n" {
		k.t.Errorf("status %q, error %q, output %q", status, out.failure, out.stderr)
	}
	const size = 2 << 20
	status, out = k.run(fmt.Sprintf("print('x' * %d)", size))
	if status != "ok" || out.stdout != strings.Repeat("x", size)+"\n" {
		k.t.Errorf("status %q, %d bytes of output, want %d", status, len(out.stdout), size+1)
	}
}

// The kernel ignores a message with a wrong signature, and processes the next.
func (k *kernel) checkSignature() {
	k.t.Helper()
	k.sendSigned(k.shell, "another key", "execute_request", map[string]any{"code": "n = 43", "silent": false})
	if status, out := k.run("n"); status != "ok" || out.result != "42" {
		k.t.Errorf("status %q and result %q after code with a wrong signature", status, out.result)
	}
}

// The kernel asks for input at the stdin socket of the client that sent the code.
func (k *kernel) checkInput() {
	k.t.Helper()
	request := k.execute("input('name? ').upper()")
	m := k.recv(k.stdin)
	if m.header.Type != "input_request" || m.parent.ID != request || m.content["prompt"] != "name? " {
		k.t.Errorf("request for input %q with %v", m.header.Type, m.content)
	}
	k.send(k.stdin, "input_reply", map[string]any{"value": "ann"})
	out := k.published(request, nil)
	if reply := k.reply(k.shell, "execute_reply", request); reply["status"] != "ok" || out.result != "'ANN'" {
		k.t.Errorf("reply %v, result %q", reply, out.result)
	}
}

// Frames after the content are binary.
func (k *kernel) checkBuffers() {
	k.t.Helper()
	status, out := k.run(`
def opened(comm, _):
    comm.on_msg(lambda m: comm.send({"n": len(m["content"]["data"])}, buffers=m["buffers"]))
get_ipython().kernel.comm_manager.register_target("echo", opened)`)
	if status != "ok" {
		k.t.Fatalf("status %q: %s", status, out.failure)
	}
	request := k.send(k.shell, "comm_open", map[string]any{"comm_id": "1", "target_name": "echo", "data": map[string]any{}})
	k.published(request, nil)
	want := message{blob(1<<20, 1), blob(0, 0), blob(300, 2)}.frames()
	request = k.send(k.shell, "comm_msg", map[string]any{"comm_id": "1", "data": map[string]any{"a": 1}}, want...)
	out = k.published(request, nil)
	if !slices.EqualFunc(out.comm.buffers, want, bytes.Equal) {
		k.t.Errorf("%d buffers, want %d with the same content", len(out.comm.buffers), len(want))
	}
}

// A client with another key of the server, and one without CURVE, are refused.
func (k *kernel) checkKeyIsRequired() {
	k.t.Helper()
	wrong := curveClient
	wrong.serverKey = otherKey.Public()
	for _, client := range []party{wrong, nullParty} {
		o := k.connect("DEALER", k.info.ShellPort, client)
		o.watch().wait(zmq.EventHandshakeFailed)
		if o.count(zmq.EventReady) > 0 {
			k.t.Errorf("a client with %v is accepted", client)
		}
		o.Close()
	}
}

// While code runs, the kernel answers heartbeats, and it interrupts the code on
// request.
func (k *kernel) checkInterrupt() {
	k.t.Helper()
	request := k.execute("import time\nprint('running')\ntime.sleep(600)")
	k.published(request, func(out output) bool { return out.stdout == "running\n" })
	k.ping()
	interrupt := k.send(k.control, "interrupt_request", map[string]any{})
	k.reply(k.control, "interrupt_reply", interrupt)
	if reply := k.reply(k.shell, "execute_reply", request); reply["status"] != "error" || reply["ename"] != "KeyboardInterrupt" {
		k.t.Errorf("reply to the interrupted code: %v", reply)
	}
	if out := k.published(request, nil); out.failure != "KeyboardInterrupt" {
		k.t.Errorf("error %q", out.failure)
	}
}

func (k *kernel) checkShutdown() {
	k.t.Helper()
	events := k.shell.watch()
	request := k.send(k.control, "shutdown_request", map[string]any{"restart": false})
	if reply := k.reply(k.control, "shutdown_reply", request); reply["status"] != "ok" || reply["restart"] != false {
		k.t.Errorf("shutdown_reply %v", reply)
	}
	k.waitExit()
	events.wait(zmq.EventDisconnected)
}
