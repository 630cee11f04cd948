package filemq_test

import (
	"bufio"
	"crypto/sha1"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/patterns/filemq"
)

// interpreter is Debian's Python.
const interpreter = "/usr/bin/python3"

// foreign starts one side of the protocol that is written with pyzmq, and returns its next
// line with each call. Without pyzmq the test is skipped; with ZMQ_INTEROP_REQUIRED=1 it
// fails.
func foreign(t *testing.T, args ...string) func() string {
	t.Helper()
	out, err := exec.Command(interpreter, "-I", "-c", "import zmq").CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("ZMQ_INTEROP_REQUIRED") == "1":
		t.Fatalf("ZMQ_INTEROP_REQUIRED=1, but no pyzmq: %v %s", err, out)
	default:
		t.Skipf("no pyzmq: %v", err)
	}
	cmd := exec.Command(interpreter, append([]string{"-I", "testdata/fmq.py"}, args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		defer time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() }).Stop()
		cmd.Wait()
	})
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return func() string {
		t.Helper()
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatal("the program has ended")
			}
			return line
		case <-time.After(20 * time.Second):
			t.Fatal("the program prints nothing")
			return ""
		}
	}
}

func TestForeignClientReceivesFiles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	files := map[string]string{"empty": "", "small": "s", "sub/large": strings.Repeat("0123456789", 5000)}
	for name, content := range files {
		put(t, root, name, content)
	}
	s, err := filemq.NewServer(&filemq.ServerOptions{Root: root, ScanInterval: 20 * time.Millisecond, ChunkSize: 700})
	must(t, err)
	defer s.Close()
	endpoint, err := s.Bind("tcp://127.0.0.1:*")
	must(t, err)
	next := foreign(t, "client", endpoint)
	var got, want []string
	for range len(files) + 1 {
		got = append(got, next())
	}
	for name, content := range files {
		want = append(want, fmt.Sprintf("file /%s %d %x", name, len(content), sha1.Sum([]byte(content))))
	}
	want = append(want, "hugz-ok")
	sort.Strings(got)
	sort.Strings(want)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%q, want %q", got, want)
	}
	must(t, os.Remove(filepath.Join(root, "small")))
	if line := next(); line != "delete /small" {
		t.Fatal(line)
	}
	if st := s.Stats(); st.Invalid+st.Malformed != 0 {
		t.Errorf("%+v", st)
	}
}

func TestForeignServerSendsFiles(t *testing.T) {
	t.Parallel()
	inbox := t.TempDir()
	put(t, inbox, "old", "what the client has")
	next := foreign(t, "server")
	c, err := filemq.NewClient(next(), &filemq.ClientOptions{Inbox: inbox, Credit: 1500, HeartbeatInterval: 50 * time.Millisecond})
	must(t, err)
	defer c.Close()
	for _, want := range []filemq.Change{{Name: "a"}, {Name: "b"}, {Name: "b"}, {Name: "b", Deleted: true}} {
		wantChange(t, c, want)
	}
	for _, want := range []string{"ohai FILEMQ 2", "icanhaz / {'RESYNC': '1'} 1", "hugz"} {
		if line := next(); line != want {
			t.Fatalf("%q, want %q", line, want)
		}
	}
	wantTree(t, inbox, map[string]string{"old": "what the client has", "a": strings.Repeat("a", 3000)})
	must(t, c.Close())
	line := next()
	for line == "hugz" {
		line = next()
	}
	if line != "kthxbai" {
		t.Fatal(line)
	}
}
