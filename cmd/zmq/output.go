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

// outputSize is the size of the output buffer. It is flushed when no message is
// waiting to be printed.
const outputSize = 64 << 10

// errOutputClosed is the error of a write after the reader of standard output
// has exited.
var errOutputClosed = errors.New("standard output was closed")

// printer writes messages as lines. One goroutine uses it at a time.
type printer struct {
	w        *bufio.Writer
	codec    codec
	newlines bool // print no further newline after a message that ends with one

	rec  record
	line []byte
}

func newPrinter(w io.Writer, c codec, newlines bool) *printer {
	return &printer{w: bufio.NewWriterSize(w, outputSize), codec: c, newlines: newlines}
}

// print writes a message, and keeps it in rec until the next call.
func (p *printer) print(m *zmq.Message) error {
	p.rec.fill(m)
	p.line = p.codec.encode(p.line[:0], &p.rec)
	if !p.newlines || !bytes.HasSuffix(p.line, []byte{'\n'}) {
		p.line = append(p.line, '\n')
	}
	_, err := p.w.Write(p.line)
	return outputError(err)
}

// flush writes the buffered lines.
func (p *printer) flush() error { return outputError(p.w.Flush()) }

// outputError adds to the error of a write that standard output caused it.
func outputError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return errOutputClosed
	}
	return fmt.Errorf("standard output: %w", err)
}
