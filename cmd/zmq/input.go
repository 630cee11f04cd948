package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

// errStopped is what an input returns once it was stopped.
var errStopped = errors.New("input stopped")

// source yields the messages to send. next fills r and returns io.EOF when
// there are no more.
type source interface {
	next(r *record) error
}

// input is a source that can be stopped, also while it waits for a line that
// may never come.
type input struct {
	src      source
	terminal bool // somebody types it, who ends it when he likes

	mu      sync.Mutex
	stopped bool
	reading bool
	over    bool // the source has said so
}

func (in *input) next(r *record) error {
	if !in.begin() {
		return errStopped
	}
	err := in.src.next(r)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.reading = false
	in.over = in.over || err == io.EOF
	if in.stopped {
		return errStopped
	}
	return err
}

// isOver reports whether the source has no more messages, all of which were
// dealt with: its end is asked for after the last one.
func (in *input) isOver() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.over
}

func (in *input) begin() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.reading = !in.stopped
	return in.reading
}

// stop makes next return errStopped from now on. It reports whether next waits
// for a line at this moment: it may do so for ever, and must not be waited for.
func (in *input) stop() (reading bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.stopped = true
	return in.reading
}

// listSource yields n messages from a list, again and again.
type listSource struct {
	list []record
	n    int
	i    int
}

func (s *listSource) next(r *record) error {
	if s.i == s.n {
		return io.EOF
	}
	r.set(&s.list[s.i%len(s.list)])
	s.i++
	return nil
}

// lineSource yields the lines of a stream, whatever their length, and no more
// than limit if that is not negative. The last one needs no newline.
type lineSource struct {
	r         *bufio.Reader
	decode    func(line []byte, r *record) error
	skipBlank bool
	newlines  bool // are part of what they end
	limit     int

	sent, line int
	long       []byte // a line that the reader's buffer could not hold
}

func (s *lineSource) next(r *record) error {
	if s.sent == s.limit {
		return io.EOF
	}
	for {
		line, err := s.read()
		if err != nil {
			return err
		}
		s.line++
		if s.skipBlank && blank(line) {
			continue
		}
		if err := s.decode(line, r); err != nil {
			return fmt.Errorf("standard input, line %d: %w", s.line, err)
		}
		s.sent++
		return nil
	}
}

// read returns the next line, valid until the next call.
func (s *lineSource) read() ([]byte, error) {
	s.long = s.long[:0]
	for {
		part, err := s.r.ReadSlice('\n')
		switch {
		case err == bufio.ErrBufferFull:
			s.long = append(s.long, part...)
			continue
		case err == io.EOF && len(part)+len(s.long) == 0:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, fmt.Errorf("standard input: %w", err)
		}
		if len(s.long) > 0 {
			s.long = append(s.long, part...)
			part = s.long
		}
		if s.newlines {
			return part, nil
		}
		return bytes.TrimSuffix(part, []byte{'\n'}), nil
	}
}
