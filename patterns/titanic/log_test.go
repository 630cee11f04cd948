package titanic_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/titanic"
)

func open(t *testing.T, dir string, o *titanic.LogOptions) *titanic.Log {
	t.Helper()
	l, err := titanic.OpenLog(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func frames(text ...string) [][]byte {
	var f [][]byte
	for _, s := range text {
		f = append(f, []byte(s))
	}
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantState checks the request and the reply of an ID, "" if there is none.
func wantState(t *testing.T, l *titanic.Log, id titanic.ID, request, reply string) {
	t.Helper()
	r, err := l.Request(id)
	a, err2 := l.Reply(id)
	switch {
	case request == "":
		if !errors.Is(err, titanic.ErrUnknown) || !errors.Is(err2, titanic.ErrUnknown) {
			t.Fatalf("%s: %q, %v; %q, %v", id, r, err, a, err2)
		}
		return
	case err != nil || string(bytes.Join(r, []byte("|"))) != request:
		t.Fatalf("%s: request %q, %v; want %q", id, r, err, request)
	case reply == "" && !errors.Is(err2, titanic.ErrPending):
		t.Fatalf("%s: reply %q, %v", id, a, err2)
	case reply != "" && (err2 != nil || string(bytes.Join(a, []byte("|"))) != reply):
		t.Fatalf("%s: reply %q, %v; want %q", id, a, err2, reply)
	}
}

func TestLogKeepsRequestsAndRepliesWhenOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, nil)
	a, b, c := titanic.NewID(), titanic.NewID(), titanic.NewID()
	for _, id := range []titanic.ID{a, b, c} {
		must(t, l.Add(id, frames("echo", "x", "")))
	}
	must(t, l.SetReply(b, frames("Y", "")))
	must(t, l.SetReply(b, frames("other"))) // has no effect
	must(t, l.Remove(c))
	must(t, l.Remove(c))
	must(t, l.SetReply(c, frames("Z")))
	if err := l.Add(a, frames("again")); err == nil {
		t.Error("an ID is added twice")
	}
	for range 3 {
		wantState(t, l, a, "echo|x|", "")
		wantState(t, l, b, "echo|x|", "Y|")
		wantState(t, l, c, "", "")
		if p := l.Pending(); len(p) != 1 || p[0] != a {
			t.Errorf("pending %v", p)
		}
		must(t, l.Close())
		if err := l.Remove(a); !errors.Is(err, titanic.ErrClosed) {
			t.Errorf("error %v", err)
		}
		l = open(t, dir, nil)
	}
}

// A crash may leave any part of the last group.
func TestLogRemovesTornTail(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, nil)
	a, b := titanic.NewID(), titanic.NewID()
	must(t, l.Add(a, frames("echo", "first")))
	file := filepath.Join(dir, "0000000000000001.log")
	whole, err := os.ReadFile(file)
	must(t, err)
	first := len(whole)
	must(t, l.Add(b, frames("echo", "second")))
	must(t, l.Close())
	whole, err = os.ReadFile(file)
	must(t, err)
	for n := first; n <= len(whole); n++ {
		for _, damage := range []func([]byte) []byte{
			func(b []byte) []byte { return b },
			func(b []byte) []byte { return append(b, make([]byte, 100)...) },
			func(b []byte) []byte { return append(b, "garbage"...) },
		} {
			must(t, os.WriteFile(file, damage(bytes.Clone(whole[:n])), 0o600))
			l := open(t, dir, nil)
			wantState(t, l, a, "echo|first", "")
			if n < len(whole) {
				wantState(t, l, b, "", "")
			} else {
				wantState(t, l, b, "echo|second", "")
			}
			c := titanic.NewID()
			must(t, l.Add(c, frames("echo", "third")))
			must(t, l.Close())
			l = open(t, dir, nil)
			wantState(t, l, c, "echo|third", "")
			if s := l.Stats(); s.TornTail != 0 {
				t.Errorf("%d bytes of a torn tail remained", s.TornTail)
			}
			must(t, l.Close())
		}
	}
}

func TestLogRefusesDamagedOrMissingFile(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, &titanic.LogOptions{SegmentSize: 1})
	for range 3 {
		must(t, l.Add(titanic.NewID(), frames("echo", "x")))
	}
	must(t, l.Close())
	file := filepath.Join(dir, "0000000000000002.log")
	whole, err := os.ReadFile(file)
	must(t, err)
	whole[len(whole)-1] ^= 1
	must(t, os.WriteFile(file, whole, 0o600))
	if _, err := titanic.OpenLog(dir, nil); !errors.Is(err, titanic.ErrCorrupt) {
		t.Errorf("error %v", err)
	}
	must(t, os.Remove(file))
	if _, err := titanic.OpenLog(dir, nil); !errors.Is(err, titanic.ErrCorrupt) {
		t.Errorf("error %v", err)
	}
	if _, err := titanic.OpenLog(dir, &titanic.LogOptions{MaxBytes: -1}); !errors.Is(err, zmq.ErrInvalidOption) {
		t.Errorf("error %v", err)
	}
}

func TestLogSharesFsyncBetweenConcurrentCalls(t *testing.T) {
	l := open(t, t.TempDir(), nil)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 10 {
				if err := l.Add(titanic.NewID(), frames("echo", "x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if s := l.Stats(); s.Records != 640 || s.Syncs > 320 {
		t.Errorf("%d records with %d calls of fsync", s.Records, s.Syncs)
	}
}

func TestLogEnforcesLimits(t *testing.T) {
	l := open(t, t.TempDir(), &titanic.LogOptions{MaxRequests: 2, MaxBytes: 200})
	a, b := titanic.NewID(), titanic.NewID()
	must(t, l.Add(a, frames("echo", "x")))
	if err := l.Add(b, frames("echo", strings.Repeat("x", 200))); !errors.Is(err, titanic.ErrFull) {
		t.Errorf("error %v", err)
	}
	must(t, l.Add(b, frames("echo", "x")))
	must(t, l.SetReply(a, frames(strings.Repeat("x", 200)))) // not refused
	if err := l.Add(titanic.NewID(), frames("e")); !errors.Is(err, titanic.ErrFull) {
		t.Errorf("error %v", err)
	}
	must(t, l.Remove(a))
	must(t, l.Add(titanic.NewID(), frames("e")))
}

// After a failure the state of the disk is unknown, so nothing more is acknowledged.
func TestLogRefusesChangesAfterFailure(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	l := open(t, dir, &titanic.LogOptions{SegmentSize: 1})
	a := titanic.NewID()
	must(t, l.Add(a, frames("echo", "x")))
	must(t, os.RemoveAll(dir)) // so that the next file cannot be created
	for range 2 {
		if err := l.Add(titanic.NewID(), frames("echo", "x")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("error %v", err)
		}
	}
	if err := l.SetReply(a, frames("x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	wantState(t, l, a, "echo|x", "")
	if err := l.Close(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// One old request does not keep all later files: its records are moved.
func TestLogReclaimsSpace(t *testing.T) {
	dir := t.TempDir()
	o := &titanic.LogOptions{SegmentSize: 1024}
	l := open(t, dir, o)
	old := titanic.NewID()
	must(t, l.Add(old, frames("echo", "old")))
	live := map[titanic.ID]string{}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 500 {
		id, body := titanic.NewID(), fmt.Sprint("body", i)
		must(t, l.Add(id, frames("echo", body)))
		if i%3 > 0 {
			must(t, l.SetReply(id, frames(body)))
		}
		if live[id] = "echo|" + body; len(live) > 10 {
			for id := range live {
				must(t, l.Remove(id))
				delete(live, id)
				if rng.IntN(2) == 0 {
					break
				}
			}
		}
		if i%100 == 0 {
			must(t, l.Close())
			l = open(t, dir, o)
		}
	}
	s := l.Stats()
	if s.Segments > 8 || s.Moved == 0 {
		t.Errorf("%+v", s)
	}
	must(t, l.Close())
	l = open(t, dir, o)
	wantState(t, l, old, "echo|old", "")
	for id, request := range live {
		if r, err := l.Request(id); err != nil || string(bytes.Join(r, []byte("|"))) != request {
			t.Errorf("%q, %v; want %q", r, err, request)
		}
	}
	if got := l.Stats(); got.Requests != s.Requests || got.Bytes != s.Bytes || got.Pending != s.Pending {
		t.Errorf("%+v after opening, %+v before", got, s)
	}
}

// TestMain runs the process that TestKilledLogLosesNothingAcknowledged kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TITANIC_TEST_DIR"); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// writeUntilKilled changes a log, and prints each change when it is acknowledged.
func writeUntilKilled(dir string) {
	l, err := titanic.OpenLog(dir, &titanic.LogOptions{SegmentSize: 1 << 10})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var mu sync.Mutex
	say := func(op string, id titanic.ID) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(op, id)
	}
	for range 8 {
		go func() {
			for {
				id := titanic.NewID()
				body := strings.Repeat(id.String(), rand.IntN(20))
				if l.Add(id, frames("echo", body)) != nil {
					return
				}
				say("add", id)
				if rand.IntN(3) > 0 && l.SetReply(id, frames("re", body)) == nil {
					say("reply", id)
				}
				if rand.IntN(3) > 0 {
					say("removing", id)
					if l.Remove(id) == nil {
						say("remove", id)
					}
				}
			}
		}()
	}
	select {}
}

// A process that is killed at a random time loses nothing that was acknowledged, and what
// was removed does not return.
func TestKilledLogLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	state := map[string]string{} // the last change of each ID
	for round := range 10 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "TITANIC_TEST_DIR="+dir)
		stdout, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		delay := time.Duration(30+rand.IntN(120)) * time.Millisecond
		timer := time.AfterFunc(delay, func() { cmd.Process.Kill() })
		readChanges(t, stdout, state)
		timer.Stop()
		cmd.Wait()
		l := open(t, dir, nil)
		counts := map[string]int{}
		for text, last := range state {
			counts[last]++
			checkChange(t, l, text, last, fmt.Sprintf("round %d, killed after %v", round, delay))
		}
		t.Logf("round %d: %v, %+v", round, counts, l.Stats())
		must(t, l.Close())
		maps.DeleteFunc(state, func(_, last string) bool { return last == "removing" }) // removed or not
	}
	if len(state) == 0 {
		t.Error("nothing was acknowledged")
	}
}

func readChanges(t *testing.T, r io.Reader, state map[string]string) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // an incomplete line is not an acknowledgement
		}
		op, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		if op == "error" {
			t.Fatal(line)
		}
		state[id] = op
	}
}

func checkChange(t *testing.T, l *titanic.Log, text, last, when string) {
	t.Helper()
	id, err := titanic.ParseID(text)
	must(t, err)
	r, err := l.Request(id)
	a, err2 := l.Reply(id)
	switch last {
	case "add":
		if err != nil || string(r[0]) != "echo" {
			t.Errorf("%s: acknowledged request %s: %q, %v", when, text, r, err)
		}
	case "reply":
		if err != nil || err2 != nil || !bytes.Equal(a[1], r[1]) {
			t.Errorf("%s: acknowledged reply %s: %q, %v, %v", when, text, a, err, err2)
		}
	case "remove":
		if !errors.Is(err, titanic.ErrUnknown) {
			t.Errorf("%s: removed request %s: %q, %v", when, text, r, err)
		}
	}
}
