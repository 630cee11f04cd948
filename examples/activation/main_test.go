package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// TestMain runs the program if the test has started itself as systemd starts a service.
func TestMain(m *testing.M) {
	if os.Getenv("LISTEN_FDS") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A client that has connected before the service runs gets its reply. A shell sets
// LISTEN_PID, because the process has its number only when it runs.
func TestServiceAnswersOverPassedListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	req, err := zmq.NewReq(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer req.Close()
	if err := req.Connect("tcp://" + l.Addr().String()); err != nil {
		t.Fatal(err)
	}

	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	service := exec.CommandContext(t.Context(), "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, self)
	service.Env = append(os.Environ(), "LISTEN_FDS=1")
	service.ExtraFiles = []*os.File{file} // descriptor 3
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	defer service.Wait()
	defer service.Process.Signal(os.Interrupt)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if reply, err := req.Do(ctx, []byte("hello")); err != nil || reply.String() != "hello" {
		t.Errorf("%v, %v", reply, err)
	}
}

func TestServiceNeedsListener(t *testing.T) {
	if _, err := listener(); err == nil {
		t.Error("no error")
	}
}
