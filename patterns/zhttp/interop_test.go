package zhttp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

const interpreter = "/usr/bin/python3"

// pyzmq starts testdata/zhttp.py and returns the lines of its output. The process
// ends with the test. The test is skipped if pyzmq is missing.
func pyzmq(t *testing.T, arguments ...string) *bufio.Scanner {
	t.Helper()
	if out, err := exec.Command(interpreter, "-I", "-c", "import zmq").CombinedOutput(); err != nil {
		if os.Getenv("ZMQ_INTEROP_REQUIRED") == "1" {
			t.Fatalf("ZMQ_INTEROP_REQUIRED=1, but no pyzmq: %v: %s", err, out)
		}
		t.Skipf("no pyzmq for %s: %v", interpreter, err)
	}
	cmd := exec.Command(interpreter, append([]string{"-I", "testdata/zhttp.py"}, arguments...)...)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		kill.Stop()
		stdin.Close()
		cmd.Wait()
	})
	return bufio.NewScanner(stdout)
}

// line returns the next line.
func line(t *testing.T, s *bufio.Scanner) string {
	t.Helper()
	if !s.Scan() {
		t.Fatalf("the process ended: %v", s.Err())
	}
	return s.Text()
}

func TestTransportUsesPyzmqZurl(t *testing.T) {
	tr, err := NewTransport([]string{line(t, pyzmq(t, "zurl"))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	client := &http.Client{Transport: tr, Timeout: 20 * time.Second}
	for n := range 20 {
		url := fmt.Sprintf("http://example.org/%d", n)
		r, err := client.Post(url, "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "POST "+url+" body" || r.Status != "201 Made up" ||
			!slices.Equal(r.Header["X-A"], []string{"1", "2"}) || r.Header["Transfer-Encoding"] != nil {
			t.Fatalf("%v, %+v, %q", err, r, body)
		}
	}
	_, err = client.Get("http://example.org/policy")
	var condition *ConditionError
	if !errors.As(err, &condition) || condition.Condition != "policy-violation" {
		t.Errorf("error of zurl: %v", err)
	}
}

func TestServerServesPyzmqProxy(t *testing.T) {
	s, err := NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-B", "c")
		fmt.Fprintf(w, "%s %s %s %s ", r.Method, r.URL.Path, r.Header.Get("X-A"), r.RemoteAddr)
		io.Copy(w, r.Body)
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	endpoint, err := s.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	if got := line(t, pyzmq(t, "proxy", endpoint)); got != "ok" {
		t.Errorf("the proxy printed %q", got)
	}
}

func TestStreamTransportUsesPyzmqStream(t *testing.T) {
	e := strings.Fields(line(t, pyzmq(t, "stream")))
	tr, err := NewStreamTransport(StreamEndpoints{In: e[:1], InStream: e[1:2], Out: e[2:]}, &StreamOptions{Window: 10_000, ChunkSize: 5000})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	client := &http.Client{Transport: tr, Timeout: 30 * time.Second}
	for _, size := range []int{0, 1, 999, 5000, 5001, 200_000} {
		want := strings.Repeat("y", size)
		r, err := client.Post("http://example.org/echo", "text/plain", strings.NewReader(want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != want || r.StatusCode != 200 || r.Header.Get("X-A") != "1" {
			t.Fatalf("echo of %d bytes: %d bytes, %v", size, len(got), err)
		}
		r, err = client.Get(fmt.Sprintf("http://example.org/%d", size))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r.Body); n != int64(size) || err != nil {
			t.Fatalf("%d bytes of %d, %v", n, size, err)
		}
	}
	var condition *ConditionError
	if _, err := client.Get("http://example.org/error"); !errors.As(err, &condition) || condition.Condition != "remote-connection-failed" {
		t.Errorf("error of the peer: %v", err)
	}
	if st := tr.Stats(); st.Responses != 12 || st.Sessions != 0 || st.Drops != (StreamDrops{}) {
		t.Errorf("%+v", st)
	}
}

func TestStreamServerServesPyzmqInitiator(t *testing.T) {
	s, err := NewStreamServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }),
		&StreamServerOptions{Window: 2000, ChunkSize: 700})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	any := []string{"tcp://127.0.0.1:*"}
	e, err := s.Bind(StreamEndpoints{any, any, any})
	if err != nil {
		t.Fatal(err)
	}
	if got := line(t, pyzmq(t, "initiator", e.In[0], e.InStream[0], e.Out[0])); got != "ok" {
		t.Errorf("the initiator printed %q", got)
	}
	if st := s.Stats(); st.Requests != 4 || st.Failures != 0 || st.Drops.Malformed+st.Drops.BadRequest != 0 {
		t.Errorf("%+v", st)
	}
}
