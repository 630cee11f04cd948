package zhttp

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

var (
	// ErrInvalidOption is matched by the error of a constructor for an option that is
	// out of range, and for one that the sockets refuse. It is that of the sockets.
	ErrInvalidOption = zmq.ErrInvalidOption
	// ErrClosed is matched by the errors of calls on a closed value. It is that of the
	// sockets, and matches [net.ErrClosed].
	ErrClosed = zmq.ErrClosed
	// ErrBodyTooLarge is matched by the error for a body above MaxBody.
	ErrBodyTooLarge = errors.New("zhttp: body too large")
	// ErrMalformed is matched by the error of [Transport.RoundTrip] if the peer's reply
	// is no response of RFC 33 to the request.
	ErrMalformed = errors.New("zhttp: malformed response")
)

// ConditionError is the error of [Transport.RoundTrip] if the peer reports that the
// request has failed: a response of the type "error".
type ConditionError struct {
	Condition string // such as "remote-connection-failed" or "policy-violation" of zurl
}

func (e *ConditionError) Error() string {
	return "zhttp: the request failed: " + strconv.Quote(e.Condition)
}

// Defaults of options.
const (
	defaultMaxBody     = 8 << 20
	defaultConcurrency = 64
	defaultMaxQueued   = 1000

	defaultMaxQueuedBytes = 64 << 20
)

// TransportOptions configure a [Transport]. In every field the zero value is the default.
type TransportOptions struct {
	// Socket has the options of the REQ socket, such as its security. Default all
	// defaults.
	Socket *zmq.Options

	// MaxBody bounds the body of a request and of a response, in bytes. The peer gets it
	// as "max-size". Default 8 MiB.
	MaxBody int64

	// Target changes how the peer carries out the requests. Default as the URLs say.
	Target Target

	// Sockets is a registry to which the transport adds its socket, as "zhttp client".
	// Default none.
	Sockets *zmqstat.Registry
}

// Transport is an [http.RoundTripper] that sends each request as one message to a peer,
// which carries it out. All methods may be called concurrently, and requests are sent
// concurrently.
type Transport struct {
	socket  *zmq.Req
	options TransportOptions

	requests, responses, failures atomic.Uint64
	errors, malformed             atomic.Uint64
}

// NewTransport returns a transport that is connected to one or more endpoints, of which
// it uses one after the other. The error matches [ErrInvalidOption],
// [zmq.ErrInvalidEndpoint] or [zmq.ErrUnsupportedTransport].
func NewTransport(endpoints []string, o *TransportOptions) (*Transport, error) {
	var v TransportOptions
	if o != nil {
		v = *o
	}
	if v.MaxBody < 0 || !v.Target.valid() || len(endpoints) == 0 {
		return nil, fmt.Errorf("zhttp: MaxBody, Target or the number of endpoints: %w", ErrInvalidOption)
	}
	v.MaxBody = cmp.Or(v.MaxBody, defaultMaxBody)
	s, err := zmq.NewReq(v.Socket)
	if err != nil {
		return nil, fmt.Errorf("zhttp: socket of a transport: %w", err)
	}
	for _, e := range endpoints {
		if err := s.Connect(e); err != nil {
			s.Close()
			return nil, fmt.Errorf("zhttp: %w", err)
		}
	}
	if v.Sockets != nil {
		v.Sockets.Add("zhttp client", s.Socket)
	}
	return &Transport{socket: s, options: v}, nil
}

// RoundTrip sends a request and returns the response. It reads and closes the body of the
// request first. It waits until a peer is connected; the context of the request bounds
// the time, and a deadline is also passed to the peer, as "timeout".
//
// The error is a *[ConditionError] if the peer reports one, or matches [ErrBodyTooLarge],
// [ErrMalformed], the error of the context, or one of [zmq.Req.Do]. With
// [zmq.ErrWithdrawn] the request was not sent; otherwise it may have been carried out.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.requests.Add(1)
	response, err := t.roundTrip(r)
	if err != nil {
		t.failures.Add(1)
		return nil, err
	}
	t.responses.Add(1)
	return response, nil
}

func (t *Transport) roundTrip(r *http.Request) (*http.Response, error) {
	body, err := readBody(r.Body, t.options.MaxBody)
	if err != nil {
		return nil, err
	}
	id := rand.Text()
	m, err := t.socket.Do(r.Context(), encodeMessage(t.encode(r, id, body), true))
	if err != nil {
		return nil, fmt.Errorf("zhttp: %w", err)
	}
	response, err := t.decode(r, id, m.Bytes())
	var condition *ConditionError
	switch {
	case errors.As(err, &condition):
		t.errors.Add(1)
	case err != nil:
		t.malformed.Add(1)
	}
	return response, err
}

// readBody reads and closes a body, which may be nil.
func readBody(body io.ReadCloser, limit int64) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	if limit < 1<<62 {
		b, err := io.ReadAll(io.LimitReader(body, limit+1))
		if err == nil && int64(len(b)) > limit {
			err = ErrBodyTooLarge
		}
		return b, err
	}
	return io.ReadAll(body)
}

// encode returns the fields of a request.
func (t *Transport) encode(r *http.Request, id string, body []byte) dict {
	d := encodeRequest(r, id, body)
	d["max-size"] = t.options.MaxBody
	t.options.Target.encode(d)
	return d
}

// decode returns the response in a message.
func (t *Transport) decode(r *http.Request, id string, b []byte) (*http.Response, error) {
	d, _, err := decodeMessage(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	got, e1 := d.text("id")
	typ, e2 := d.text("type")
	condition, e3 := d.text("condition")
	code, e4 := d.number("code")
	reason, e5 := d.text("reason")
	headers, e6 := d.headers()
	body, e7 := d.bytes("body")
	if err := errors.Join(e1, e2, e3, e4, e5, e6, e7); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	switch {
	case got != id:
		return nil, fmt.Errorf("%w: the ID is %q", ErrMalformed, got)
	case typ == "error":
		return nil, &ConditionError{condition}
	case typ != "":
		return nil, fmt.Errorf("%w: type %q", ErrMalformed, typ)
	case code < 200 || code > 999 || !validValue(reason):
		return nil, fmt.Errorf("%w: status %d %q", ErrMalformed, code, reason)
	case int64(len(body)) > t.options.MaxBody:
		return nil, ErrBodyTooLarge
	}
	removePerConnection(headers)
	if r.Method == http.MethodHead {
		body = nil
	} else {
		headers.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", code, reason), StatusCode: int(code),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: headers, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// Close closes the transport. Requests in progress end with [ErrClosed]. Its error is
// that of [zmq.Socket.Close].
func (t *Transport) Close() error { return t.socket.Close() }

// TransportStats has the counters of a [Transport].
type TransportStats struct {
	Requests  uint64 // calls of RoundTrip
	Responses uint64 // calls that returned a response
	Failures  uint64 // calls that returned an error

	Conditions uint64 // failures that the peer reported
	Malformed  uint64 // failures because of a malformed response, or one that was too large
}

// Stats returns the counters.
func (t *Transport) Stats() TransportStats {
	return TransportStats{
		Requests: t.requests.Load(), Responses: t.responses.Load(), Failures: t.failures.Load(),
		Conditions: t.errors.Load(), Malformed: t.malformed.Load(),
	}
}

var _ http.RoundTripper = (*Transport)(nil)
