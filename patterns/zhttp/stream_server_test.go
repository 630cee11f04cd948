package zhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
)

var simEndpoints = StreamEndpoints{[]string{"sim://in"}, []string{"sim://stream"}, []string{"sim://out"}}

// withStreams runs a test with a server and a client of the advanced arrangement, in
// virtual time.
func withStreams(t *testing.T, h http.HandlerFunc, o StreamServerOptions, test func(n simnet.Network, s *StreamServer, client *http.Client)) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		o.Socket = n.Options()
		s, err := NewStreamServer(h, &o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Bind(simEndpoints); err != nil {
			t.Fatal(err)
		}
		tr, err := NewStreamTransport(simEndpoints, &StreamOptions{Socket: n.Options(), Window: 10_000, ChunkSize: 3000})
		if err != nil {
			t.Fatal(err)
		}
		test(n, s, &http.Client{Transport: tr})
		tr.Close()
		s.Close()
	})
}

func TestStreamsPassThroughHandler(t *testing.T) {
	withStreams(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
		w.WriteHeader(http.StatusAccepted)
		io.Copy(w, r.Body)
	}, StreamServerOptions{Window: 5000, ChunkSize: 2000}, func(_ simnet.Network, s *StreamServer, client *http.Client) {
		var requests sync.WaitGroup
		for _, size := range []int{0, 1, 2999, 3000, 3001, 10_000, 300_000} {
			requests.Go(func() {
				want := strings.Repeat("z", size)
				r, err := client.Post("http://example.org/", "text/plain", strings.NewReader(want))
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(r.Body)
				length := fmt.Sprint(size)
				if size >= 3000 {
					length = "-1"
				}
				if err != nil || string(got) != want || r.Status != "202 Accepted" || r.Header.Get("X-Length") != length {
					t.Errorf("%d bytes: %d bytes, %v, %+v", size, len(got), err, r)
				}
			})
		}
		requests.Wait()
		synctest.Wait()
		if st := s.Stats(); st.Responses != 7 || st.Sessions != 0 || st.Failures != 0 || st.Drops.Malformed != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// A handler that writes waits for credits, so that no more than the window is held.
func TestStreamWriterWaitsForCredits(t *testing.T) {
	written := 0
	withStreams(t, func(w http.ResponseWriter, r *http.Request) {
		for range 100 {
			n, _ := w.Write(make([]byte, 1000))
			w.(http.Flusher).Flush()
			written += n
		}
	}, StreamServerOptions{}, func(_ simnet.Network, s *StreamServer, client *http.Client) {
		r, err := client.Get("http://example.org/")
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if written != 10_000 {
			t.Errorf("%d bytes written without a reader", written)
		}
		n, err := io.Copy(io.Discard, r.Body)
		if n != 100_000 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
	})
}

func TestStreamHandlerEndsWithItsRequest(t *testing.T) {
	var ended chan error // of the bubble
	withStreams(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			panic("test")
		case "/late-panic":
			w.(http.Flusher).Flush()
			panic("test")
		case "/head":
			io.WriteString(w, "body")
			return
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		_, err := io.ReadAll(r.Body)
		ended <- err
	}, StreamServerOptions{}, func(_ simnet.Network, s *StreamServer, client *http.Client) {
		ended = make(chan error)
		var condition *ConditionError
		if _, err := client.Get("http://example.org/panic"); !errors.As(err, &condition) || condition.Condition != "undefined-condition" {
			t.Errorf("panic: %v", err)
		}
		r, err := client.Get("http://example.org/late-panic")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r.Body); !errors.As(err, &condition) || condition.Condition != "cancel" {
			t.Errorf("panic after the header: %v", err)
		}
		if r, err = client.Head("http://example.org/head"); err != nil || r.StatusCode != 200 {
			t.Errorf("HEAD: %v, %v", r, err)
		}
		if r, err = client.Get("http://example.org/wait"); err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if err := <-ended; err != nil {
			t.Errorf("body of a request without one: %v", err)
		}
		body, w := io.Pipe()
		go func() { w.Write(make([]byte, 3000)) }()
		if r, err = client.Post("http://example.org/wait", "", body); err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		w.Close()
		if err := <-ended; !errors.Is(err, errCancelled) {
			t.Errorf("body of a cancelled request: %v", err)
		}
		synctest.Wait()
		if st := s.Stats(); st.Failures != 4 || st.Sessions != 0 || st.Responses != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// rawInitiator sends first messages and returns the fields of the responses.
func rawInitiator(t *testing.T, n simnet.Network) (push *zmq.Push, hear func() dict, end func()) {
	t.Helper()
	push, err := zmq.NewPush(n.Options())
	if err != nil {
		t.Fatal(err)
	}
	sub, err := zmq.NewSub(n.Options())
	if err != nil {
		t.Fatal(err)
	}
	end = func() {
		push.Close()
		sub.Close()
	}
	push.Connect("sim://in")
	sub.Connect("sim://out")
	sub.Subscribe("raw ")
	if err := sub.WaitSubscribed(context.Background()); err != nil {
		t.Fatal(err)
	}
	hear = func() dict {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		m, err := sub.Recv(ctx)
		if err != nil {
			t.Fatal(err)
		}
		d, _, err := decodeMessage(m.Bytes()[len("raw "):])
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return push, hear, end
}

// RFC 33: without "stream" the response is one message, for which there need be no
// credits. Other requests are refused, or not answered if they have no address.
func TestStreamServerAnswersSingleAndBadRequests(t *testing.T) {
	var block chan bool // of the bubble
	withStreams(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/block" {
			<-block
		}
		io.WriteString(w, strings.Repeat("x", 5000))
	}, StreamServerOptions{MaxSessions: 1, ChunkSize: 10}, func(n simnet.Network, s *StreamServer, client *http.Client) {
		block = make(chan bool)
		push, hear, end := rawInitiator(t, n)
		defer end()
		send := func(extra dict) {
			d := request(dict{"from": "raw", "seq": 0, "user-data": "u"})
			for k, v := range extra {
				d[k] = v
			}
			if err := push.Send(context.Background(), encodeMessage(d, true)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		send(nil)
		if d := hear(); len(d["body"].([]byte)) != 5000 || d["more"] != nil || d["seq"] != int64(0) || string(d["user-data"].([]byte)) != "u" {
			t.Errorf("single response %.200s", appendValue(nil, d))
		}
		send(dict{"method": "G T"})
		if d := hear(); string(d["condition"].([]byte)) != "bad-request" {
			t.Errorf("bad request: %s", appendValue(nil, d))
		}
		for _, bad := range []dict{{"from": nil}, {"id": nil}, {"seq": 1}, {"credits": -1}} {
			send(bad)
		}
		send(dict{"uri": "http://example.org/block"})
		send(dict{"uri": "http://example.org/block"}) // the same ID
		send(dict{"id": "8"})
		if d := hear(); d["code"] != int64(503) || string(d["id"].([]byte)) != "8" {
			t.Errorf("above the limit: %s", appendValue(nil, d))
		}
		block <- true
		hear()
		if st := s.Stats(); st.Drops != (StreamServerDrops{Malformed: 5, BadRequest: 1, SessionLimit: 1}) || st.Requests != 2 {
			t.Errorf("%+v", st)
		}
	})
}

func TestStreamServerEndsSilentSessions(t *testing.T) {
	withStreams(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, StreamServerOptions{},
		func(n simnet.Network, s *StreamServer, client *http.Client) {
			push, hear, end := rawInitiator(t, n)
			defer end()
			push.Send(context.Background(), encodeMessage(request(dict{"from": "raw", "seq": 0, "stream": true}), true))
			for seq := range int64(2) {
				if d := hear(); string(d["type"].([]byte)) != "keep-alive" || d["seq"] != seq {
					t.Errorf("message %s", appendValue(nil, d))
				}
			}
			if d := hear(); string(d["condition"].([]byte)) != "session-timeout" {
				t.Errorf("message %s", appendValue(nil, d))
			}
			synctest.Wait()
			if st := s.Stats(); st.Expired != 1 || st.Sessions != 0 || st.Failures != 1 {
				t.Errorf("%+v", st)
			}
		})
}
