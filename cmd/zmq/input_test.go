package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func lines(r io.Reader, buffer int) *lineSource {
	return &lineSource{r: bufio.NewReaderSize(r, buffer), decode: raw.decode, limit: -1}
}

// all returns the first frame of each message of a source.
func all(t *testing.T, s source) []string {
	t.Helper()
	var got []string
	var r record
	for {
		err := s.next(&r)
		if err == io.EOF {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(r.frames[0]))
	}
}

func TestLineSourceReadsLinesOfAnyLength(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, end := range []string{"", "\n"} {
		in := "a\n" + long + "\n\n" + long + end
		got := all(t, lines(iotest.OneByteReader(strings.NewReader(in)), 16))
		if want := []string{"a", long, "", long}; strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("end %q: %q", end, got)
		}
	}
}

func TestLineSourceDropsIncompleteLineOnReadError(t *testing.T) {
	broken := errors.New("broken")
	s := lines(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), 16)
	var r record
	if err := s.next(&r); err != nil {
		t.Fatal(err)
	}
	if err := s.next(&r); !errors.Is(err, broken) {
		t.Errorf("the incomplete line was returned: %v %q", err, r.frames)
	}
}

func TestLineSourceStopsAtLimit(t *testing.T) {
	s := lines(strings.NewReader("a\nb\nc\n"), 16)
	s.limit = 2
	if got := all(t, s); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

func TestListSourceRepeatsList(t *testing.T) {
	s := &listSource{list: []record{{frames: frames("a")}, {frames: frames("b")}}, n: 5}
	if got := strings.Join(all(t, s), ""); got != "ababa" {
		t.Error(got)
	}
}

// An input that is stopped while it waits for a line reports that, and does not
// return the line.
func TestInputReturnsNoLineAfterStop(t *testing.T) {
	r, w := io.Pipe()
	reading := make(chan struct{})
	in := &input{src: &signalSource{lines(r, 16), reading}}
	done := make(chan error)
	go func() {
		var rec record
		done <- in.next(&rec)
	}()
	<-reading
	if !in.stop() {
		t.Error("stop does not report the waiting call")
	}
	w.Write([]byte("late\n"))
	if err := <-done; err != errStopped {
		t.Errorf("line after stop: %v", err)
	}
	var rec record
	if err := in.next(&rec); err != errStopped {
		t.Errorf("after stop: %v", err)
	}
	if in.stop() {
		t.Error("stop reports a waiting call, but there is none")
	}
}

// signalSource closes reading when it is read.
type signalSource struct {
	source
	reading chan<- struct{}
}

func (s *signalSource) next(r *record) error {
	close(s.reading)
	return s.source.next(r)
}
