package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/zerobroker/zmq"
)

// outputSize is how much output is put together while messages come faster
// than they are waited for.
const outputSize = 64 << 10

// errOutputGone: whoever read our output does not want more.
var errOutputGone = errors.New("standard output was closed")

// printer writes messages as lines. One goroutine uses it at a time.
type printer struct {
	w        *bufio.Writer
	codec    codec
	newlines bool // at the end of a message are those of its line

	rec  record
	line []byte
}

func newPrinter(w io.Writer, c codec, newlines bool) *printer {
	return &printer{w: bufio.NewWriterSize(w, outputSize), codec: c, newlines: newlines}
}

// print writes a message. Its frames stay in rec until the next one.
func (p *printer) print(m *zmq.Message) error {
	p.rec.fill(m)
	p.line = p.codec.encode(p.line[:0], &p.rec)
	if !p.newlines || !bytes.HasSuffix(p.line, []byte{'\n'}) {
		p.line = append(p.line, '\n')
	}
	_, err := p.w.Write(p.line)
	return outputError(err)
}

// flush is called whenever there is nothing more to print for now.
func (p *printer) flush() error { return outputError(p.w.Flush()) }

// outputError is the error of a write to standard output.
func outputError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return errOutputGone
	}
	return fmt.Errorf("standard output: %w", err)
}
