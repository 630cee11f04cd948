package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

// errStopped is returned by input.next after input.stop.
var errStopped = errors.New("input stopped")

// source yields the messages to send. next fills r and returns io.EOF when
// there are no more.
type source interface {
	next(r *record) error
}

// input is a source that can be stopped, also while it waits for a line.
type input struct {
	src      source
	terminal bool // standard input is a terminal

	mu      sync.Mutex
	stopped bool
	reading bool
	over    bool // the source has returned io.EOF
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

// isOver reports whether the source has returned io.EOF. The caller sends each
// message before it asks for the next, so all messages have been sent.
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

// stop makes next return errStopped from now on. It reports whether a call of
// next is reading: it may block without a limit, so callers must not wait for
// it.
func (in *input) stop() (reading bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.stopped = true
	return in.reading
}

// listSource yields n messages from a list, which it repeats.
type listSource struct {
	list []record
	n    int
	i    int
}

func (s *listSource) next(r *record) error {
	if s.i == s.n {
		return io.EOF
	}
	r.copyFrom(&s.list[s.i%len(s.list)])
	s.i++
	return nil
}

// lineSource yields the lines of a stream, at most limit of them unless that is
// negative. Lines have any length, and the last one needs no newline.
type lineSource struct {
	r         *bufio.Reader
	decode    func(line []byte, r *record) error
	skipBlank bool
	newlines  bool // a line includes its newline
	limit     int

	sent, line int
	long       []byte // a line longer than the buffer of r
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
