package zhttp

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
)

// requestBody is the body of a request.
type requestBody struct {
	s *StreamServer
	x *serverStream
}

func (b *requestBody) Read(p []byte) (int, error) {
	for {
		b.s.mu.Lock()
		n := b.x.read(p, b.s.options.Window/4)
		if n > 0 {
			b.s.update(b.x)
		}
		complete, err, over, changed := b.x.complete, b.x.err, b.x.over, b.x.changed
		b.s.mu.Unlock()
		switch {
		case n > 0 || len(p) == 0:
			return n, nil
		case complete:
			return 0, io.EOF
		case over:
			return 0, cmp.Or(err, io.ErrUnexpectedEOF)
		}
		<-changed
	}
}

func (b *requestBody) Close() error { return nil }

// streamWriter is the ResponseWriter of a handler.
type streamWriter struct {
	s      *StreamServer
	x      *serverStream
	header http.Header
	sent   http.Header // header when the status was set
	code   int
	head   bool // the method is HEAD
	buffer bytes.Buffer
	failed error
}

func (w *streamWriter) Header() http.Header { return w.header }

func (w *streamWriter) WriteHeader(code int) {
	if w.code == 0 && code >= 200 {
		w.code, w.sent = code, w.header.Clone()
	}
}

func (w *streamWriter) Write(b []byte) (int, error) {
	if w.code == 0 && w.header.Get("Content-Type") == "" {
		w.header.Set("Content-Type", http.DetectContentType(b))
	}
	w.WriteHeader(http.StatusOK)
	if w.head {
		return len(b), nil
	}
	w.buffer.Write(b)
	switch {
	case w.failed != nil:
	case w.x.streamed && w.buffer.Len() >= w.s.options.ChunkSize:
		w.failed = w.flush(false)
	case !w.x.streamed && w.buffer.Len() > w.s.options.MaxBody:
		w.failed = ErrBodyTooLarge
	}
	if w.failed != nil {
		w.buffer.Reset()
		return 0, w.failed
	}
	return len(b), nil
}

// Flush sends what was written, if the response is streamed.
func (w *streamWriter) Flush() {
	w.WriteHeader(http.StatusOK)
	if w.x.streamed && w.failed == nil {
		w.failed = w.flush(false)
	}
}

// finish sends the rest of the response.
func (w *streamWriter) finish() error {
	w.WriteHeader(http.StatusOK)
	if w.failed == nil {
		w.failed = w.flush(true)
	}
	return w.failed
}

// flush sends the buffer in parts, as credits permit. Before the first part it sends the
// header, without a body if there are no credits.
func (w *streamWriter) flush(last bool) error {
	for {
		w.s.mu.Lock()
		over, err, changed := w.x.over, w.x.err, w.x.changed
		n := w.buffer.Len()
		if w.x.streamed {
			n = int(min(int64(n), max(w.x.credits, 0), int64(w.s.options.ChunkSize)))
		}
		end := n == w.buffer.Len()
		wait := !over && n == 0 && !end && w.x.headSent
		if !over && !wait && (n > 0 || last || !w.x.headSent) {
			w.x.write(w.code, w.sent, w.buffer.Next(n), last && end)
			w.s.update(w.x)
		}
		w.s.mu.Unlock()
		switch {
		case over:
			return cmp.Or(err, io.ErrClosedPipe)
		case end:
			return nil
		case wait:
			<-changed
		}
	}
}
