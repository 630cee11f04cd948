package zhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
)

// world has a server, a client and a raw peer on a simulated network.
type world struct {
	t      *testing.T
	net    simnet.Network
	server *Server
	client *http.Client
	trans  *Transport
}

// inWorld runs a test in virtual time.
func inWorld(t *testing.T, h http.HandlerFunc, so ServerOptions, to TransportOptions, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, net: simnet.New(1)}
		var err error
		so.Socket, to.Socket = w.net.Options(), w.net.Options()
		if w.server, err = NewServer(h, &so); err != nil {
			t.Fatal(err)
		}
		if _, err := w.server.Bind("sim://server"); err != nil {
			t.Fatal(err)
		}
		if w.trans, err = NewTransport([]string{"sim://server"}, &to); err != nil {
			t.Fatal(err)
		}
		w.client = &http.Client{Transport: w.trans}
		test(w)
		w.trans.Close()
		w.server.Close()
	})
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %s %q", r.Method, r.Host, r.URL, r.RequestURI, r.Header["X-Many"]))
	w.WriteHeader(http.StatusAccepted)
	w.Write(body)
}

func TestRequestAndResponsePassThroughHandler(t *testing.T) {
	inWorld(t, echo, ServerOptions{}, TransportOptions{}, func(w *world) {
		for _, body := range []string{"", "some text", strings.Repeat("\x00\xff", 100_000)} {
			r, err := http.NewRequest("PUT", "https://user@example.org/a%2Fb?q=1#f", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header["X-Many"] = []string{"1", "2\r\n3"}
			r.Header.Set("Connection", "close")
			response, err := w.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(response.Body)
			if err != nil || string(got) != body || response.StatusCode != 202 || response.Status != "202 Accepted" || response.ContentLength != int64(len(body)) {
				t.Errorf("%d bytes: %v, %v, %d bytes", len(body), err, response, len(got))
			}
			if seen := response.Header.Get("X-Seen"); seen != `PUT example.org https://example.org/a%2Fb?q=1 /a%2Fb?q=1 ["1" "2  3"]` {
				t.Errorf("the handler received %s", seen)
			}
		}
	})
}

// raw sends messages of REQ and returns the fields of the response.
func (w *world) raw(message string) dict {
	w.t.Helper()
	s, err := zmq.NewReq(w.net.Options())
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	if err := s.Connect("sim://server"); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	m, err := s.Do(ctx, []byte(message))
	if err != nil {
		return nil
	}
	d, prefixed, err := decodeMessage(m.Bytes())
	if err != nil || prefixed != strings.HasPrefix(message, "T") {
		w.t.Errorf("response %q: %v", m.Bytes(), err)
	}
	return d
}

func request(extra dict) dict {
	d := dict{"id": "7", "method": "GET", "uri": "http://example.org/", "headers": []any{}}
	for k, v := range extra {
		d[k] = v
	}
	return d
}

// RFC 33, basic response: the ID of the request, its user-data, code, reason, headers and
// body. The response has the format of the request.
func TestServerReturnsFieldsOfRFC(t *testing.T) {
	inWorld(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.RemoteAddr+" "+r.Host)
	}, ServerOptions{}, TransportOptions{}, func(w *world) {
		for _, prefixed := range []bool{true, false} {
			d := w.raw(string(encodeMessage(request(dict{
				"user-data": dict{"a": true}, "peer-address": "::1", "peer-port": 80, "headers": []any{[]any{"host", "other"}},
			}), prefixed)))
			got := string(appendValue(nil, d))
			want := string(appendValue(nil, dict{
				"id": "7", "user-data": dict{"a": true}, "code": 200, "reason": "OK", "body": "[::1]:80 other",
				"headers": []any{[]any{"Content-Type", "text/plain; charset=utf-8"}},
			}))
			if got != want {
				t.Errorf("response %s, want %s", got, want)
			}
		}
	})
}

func TestServerRefusesBadRequests(t *testing.T) {
	inWorld(t, echo, ServerOptions{MaxBody: 5}, TransportOptions{}, func(w *world) {
		for _, extra := range []dict{
			{"method": "G T"}, {"method": nil}, {"uri": "/path"}, {"uri": "http://%zz/"}, {"uri": 7}, {"headers": "x"},
			{"headers": []any{"x"}}, {"headers": []any{[]any{"a", "b", "c"}}}, {"headers": []any{[]any{"a b", "c"}}},
			{"headers": []any{[]any{"a", "b\r\nc: d"}}}, {"body": 1}, {"peer-port": "x"}, {"type": "credit"}, {"more": true},
		} {
			d := w.raw(string(encodeMessage(request(extra), true)))
			if d == nil || string(d["type"].([]byte)) != "error" || string(d["condition"].([]byte)) != "bad-request" || string(d["id"].([]byte)) != "7" {
				t.Errorf("%v: %s", extra, appendValue(nil, d))
			}
		}
		if d := w.raw(string(encodeMessage(request(dict{"body": "123456"}), true))); d["code"] != int64(413) {
			t.Errorf("a body above the limit: %s", appendValue(nil, d))
		}
		for _, message := range []string{"", "T", "1:a,", "J{}", "T0:]"} {
			if d := w.raw(message); d != nil {
				t.Errorf("%q is answered with %v", message, d)
			}
		}
		if st := w.server.Stats(); st.Drops != (ServerDrops{Malformed: 5, BadRequest: 14, TooLarge: 1}) || st.Requests != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestServerBoundsConcurrencyAndQueue(t *testing.T) {
	inWorld(t, func(w http.ResponseWriter, r *http.Request) { time.Sleep(time.Second) },
		ServerOptions{Concurrency: 2, MaxQueued: 3}, TransportOptions{}, func(w *world) {
			codes := make(chan int, 10)
			for range 10 {
				go func() {
					r, err := w.client.Get("http://example.org/")
					if err != nil {
						t.Error(err)
						codes <- 0
						return
					}
					codes <- r.StatusCode
				}()
			}
			count := map[int]int{}
			for range 10 {
				count[<-codes]++
			}
			if count[200] != 5 || count[503] != 5 {
				t.Errorf("status codes %v", count)
			}
		})
}

func TestHandlerThatFailsIsError(t *testing.T) {
	inWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("test")
		}
		_, err := w.Write(make([]byte, 101))
		if !errors.Is(err, ErrBodyTooLarge) {
			t.Errorf("Write: %v", err)
		}
	}, ServerOptions{MaxBody: 100}, TransportOptions{}, func(w *world) {
		for _, path := range []string{"panic", "large"} {
			_, err := w.client.Get("http://example.org/" + path)
			var condition *ConditionError
			if !errors.As(err, &condition) || condition.Condition != "undefined-condition" {
				t.Errorf("%s: %v", path, err)
			}
		}
		if st := w.server.Stats(); st.Failures != 2 || w.trans.Stats().Conditions != 2 {
			t.Errorf("%+v", st)
		}
	})
}

func TestHeadHasNoBody(t *testing.T) {
	inWorld(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }, ServerOptions{}, TransportOptions{}, func(w *world) {
		r, err := w.client.Head("http://example.org/")
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(r.Body); len(b) != 0 {
			t.Errorf("body %q", b)
		}
	})
}

// The response must be that of RFC 33 to this request.
func TestTransportRefusesMalformedResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		rep, err := zmq.NewRouter(n.Options())
		if err != nil {
			t.Fatal(err)
		}
		defer rep.Close()
		rep.Bind("sim://server")
		tr, err := NewTransport([]string{"sim://server"}, &TransportOptions{Socket: n.Options(), MaxBody: 10})
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		client := &http.Client{Transport: tr, Timeout: time.Second}
		for i, c := range []struct {
			change dict
			err    error
		}{
			{dict{"id": "other"}, ErrMalformed}, {dict{"code": 99}, ErrMalformed}, {dict{"code": "200"}, ErrMalformed},
			{dict{"type": "credit"}, ErrMalformed}, {dict{"headers": true}, ErrMalformed}, {dict{"reason": "a\r\nb"}, ErrMalformed},
			{dict{"body": "12345678901"}, ErrBodyTooLarge}, {dict{"body": "1234567890"}, nil},
		} {
			go func() {
				m, err := rep.Recv(context.Background())
				if err != nil {
					return
				}
				d, _, _ := decodeMessage(m.Body().Bytes())
				reply := dict{"id": d["id"], "code": 200, "reason": "OK", "headers": []any{}, "body": ""}
				for k, v := range c.change {
					reply[k] = v
				}
				if d["max-size"] != int64(10) || d["timeout"] != int64(1000) {
					t.Errorf("request %s", appendValue(nil, d))
				}
				rep.Reply(context.Background(), m, encodeMessage(reply, true))
			}()
			if _, err := client.Get("http://example.org/"); !errors.Is(err, c.err) {
				t.Errorf("case %d: %v, want %v", i+1, err, c.err)
			}
			synctest.Wait()
		}
		_, err = client.Post("http://example.org/", "", strings.NewReader("12345678901"))
		if !errors.Is(err, ErrBodyTooLarge) {
			t.Errorf("request body: %v", err)
		}
		_, err = client.Get("http://example.org/") // nothing answers
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without an answer: %v", err)
		}
	})
}

func TestConstructorsRefuseInvalidOptions(t *testing.T) {
	one := []string{"tcp://127.0.0.1:1"}
	_, e1 := NewTransport(nil, nil)
	_, e2 := NewTransport(one, &TransportOptions{MaxBody: -1})
	_, e3 := NewTransport(one, &TransportOptions{Target: Target{ConnectPort: 65536}})
	_, e4 := NewServer(nil, &ServerOptions{Concurrency: -1})
	_, e5 := NewServer(nil, &ServerOptions{Socket: &zmq.Options{Conflate: true}})
	for i, err := range []error{e1, e2, e3, e4, e5} {
		if !errors.Is(err, ErrInvalidOption) {
			t.Errorf("case %d: %v", i+1, err)
		}
	}
	if _, err := NewTransport([]string{"tcp"}, nil); !errors.Is(err, zmq.ErrInvalidEndpoint) {
		t.Errorf("endpoint: %v", err)
	}
}
