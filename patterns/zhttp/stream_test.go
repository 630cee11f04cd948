package zhttp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
)

// responder plays a peer of the advanced arrangement.
type responder struct {
	t      *testing.T
	pull   *zmq.Pull
	dealer *zmq.Dealer
	pub    *zmq.Pub
}

// withResponder runs a test in virtual time.
func withResponder(t *testing.T, o StreamOptions, test func(p *responder, tr *StreamTransport, client *http.Client)) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p := &responder{t: t}
		var err error
		if p.pull, err = zmq.NewPull(n.Options()); err != nil {
			t.Fatal(err)
		}
		named := n.Options()
		named.RoutingID = "peer"
		if p.dealer, err = zmq.NewDealer(named); err != nil {
			t.Fatal(err)
		}
		if p.pub, err = zmq.NewPub(n.Options()); err != nil {
			t.Fatal(err)
		}
		p.pull.Bind("sim://in")
		p.dealer.Bind("sim://stream")
		p.pub.Bind("sim://out")
		o.Socket = n.Options()
		tr, err := NewStreamTransport(StreamEndpoints{[]string{"sim://in"}, []string{"sim://stream"}, []string{"sim://out"}}, &o)
		if err != nil {
			t.Fatal(err)
		}
		test(p, tr, &http.Client{Transport: tr})
		tr.Close()
		p.pull.Close()
		p.dealer.Close()
		p.pub.Close()
	})
}

// hear receives the first message of a request, or one that follows.
func (p *responder) hear(first bool) dict {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	recv := p.dealer.Recv
	if first {
		recv = p.pull.Recv
	}
	m, err := recv(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	d, _, err := decodeMessage(m.Frame(m.NumFrames() - 1))
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

// say sends a response to a request.
func (p *responder) say(request dict, d dict) {
	p.t.Helper()
	reply := dict{"id": request["id"], "from": "peer"}
	for k, v := range d {
		reply[k] = v
	}
	b := append(append([]byte{}, request["from"].([]byte)...), ' ')
	if err := p.pub.Send(context.Background(), append(b, encodeMessage(reply, true)...)); err != nil {
		p.t.Fatal(err)
	}
	synctest.Wait()
}

// begin starts a request and returns its first message and the result.
func (p *responder) begin(client *http.Client, r *http.Request) (dict, chan *http.Response, chan error) {
	responses, errs := make(chan *http.Response, 1), make(chan error, 1)
	go func() {
		response, err := client.Do(r)
		if err != nil {
			errs <- err
			return
		}
		responses <- response
	}()
	return p.hear(true), responses, errs
}

func get(ctx context.Context) *http.Request {
	r, _ := http.NewRequestWithContext(ctx, "GET", "http://example.org/", nil)
	return r
}

var ok = dict{"seq": 0, "code": 200, "reason": "OK", "headers": []any{}, "body": "abc", "more": true}

// RFC 33: the first message offers credits, and no more than these are in flight.
func TestStreamResponseIsReadWithCredits(t *testing.T) {
	withResponder(t, StreamOptions{Window: 8}, func(p *responder, tr *StreamTransport, client *http.Client) {
		request, responses, _ := p.begin(client, get(context.Background()))
		if request["stream"] != true || request["credits"] != int64(8) || request["seq"] != int64(0) || request["more"] != nil {
			t.Errorf("request %s", appendValue(nil, request))
		}
		p.say(request, ok)
		response := <-responses
		buf := make([]byte, 3)
		if _, err := io.ReadFull(response.Body, buf); err != nil || string(buf) != "abc" {
			t.Errorf("read %q, %v", buf, err)
		}
		if d := p.hear(false); string(d["type"].([]byte)) != "credit" || d["credits"] != int64(3) || d["seq"] != int64(1) {
			t.Errorf("message %s", appendValue(nil, d))
		}
		p.say(request, dict{"seq": 1, "body": "def"})
		if rest, err := io.ReadAll(response.Body); err != nil || string(rest) != "def" {
			t.Errorf("rest %q, %v", rest, err)
		}
		if st := tr.Stats(); st != (StreamStats{Requests: 1, Responses: 1}) {
			t.Errorf("%+v", st)
		}
	})
}

// RFC 33: the initiator may send body data without credits in the first message only.
func TestStreamRequestBodyWaitsForCredits(t *testing.T) {
	withResponder(t, StreamOptions{ChunkSize: 4}, func(p *responder, tr *StreamTransport, client *http.Client) {
		r, _ := http.NewRequest("POST", "http://example.org/", io.MultiReader(strings.NewReader("123456789")))
		request, responses, _ := p.begin(client, r)
		if string(request["body"].([]byte)) != "1234" || request["more"] != true {
			t.Errorf("request %s", appendValue(nil, request))
		}
		synctest.Wait()
		if _, err := p.dealer.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Error("a message without credits")
		}
		var got []string
		for seq := range int64(2) {
			p.say(request, dict{"seq": seq, "type": "credit", "credits": 3})
			d := p.hear(false)
			got = append(got, string(d["body"].([]byte)))
			if last := seq == 1; d["more"] == last || d["seq"] != seq+1 {
				t.Errorf("message %s", appendValue(nil, d))
			}
		}
		if strings.Join(got, "|") != "567|89" {
			t.Errorf("body %q", got)
		}
		p.say(request, dict{"seq": 2, "code": 200, "reason": "OK", "headers": []any{}, "body": ""})
		(<-responses).Body.Close()
	})
}

func TestStreamIsCancelledByContextAndClose(t *testing.T) {
	withResponder(t, StreamOptions{}, func(p *responder, tr *StreamTransport, client *http.Client) {
		ctx, cancel := context.WithCancel(context.Background())
		request, responses, _ := p.begin(client, get(ctx))
		p.say(request, ok)
		response := <-responses
		cancel()
		synctest.Wait()
		if _, err := io.ReadAll(response.Body); !errors.Is(err, context.Canceled) {
			t.Errorf("read after the end of the context: %v", err)
		}
		request, responses, _ = p.begin(client, get(context.Background()))
		p.say(request, ok)
		(<-responses).Body.Close()

		// A request that is cancelled before its responder is known.
		ctx, cancel = context.WithCancel(context.Background())
		request, _, errs := p.begin(client, get(ctx))
		cancel()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("RoundTrip: %v", err)
		}
		p.say(request, ok)
		cancels := 0
		for range 4 {
			d, err := p.dealer.TryRecv()
			if err == nil && bytes.Contains(d.Bytes(), []byte("6:cancel,")) {
				cancels++
			}
		}
		if st := tr.Stats(); cancels != 3 || st.Drops.UnknownSession != 1 || st.Sessions != 0 {
			t.Errorf("%d times cancel, %+v", cancels, st)
		}
	})
}

func TestStreamSessionTimesOutAndKeepsAlive(t *testing.T) {
	withResponder(t, StreamOptions{MaxSessions: 1}, func(p *responder, tr *StreamTransport, client *http.Client) {
		request, responses, _ := p.begin(client, get(context.Background()))
		if _, err := client.Get("http://example.org/"); !errors.Is(err, ErrTooManySessions) {
			t.Errorf("second request: %v", err)
		}
		p.say(request, ok)
		response := <-responses
		if d := p.hear(false); string(d["type"].([]byte)) != "keep-alive" {
			t.Errorf("message %s", appendValue(nil, d))
		}
		before := time.Now()
		b, err := io.ReadAll(response.Body)
		if !errors.Is(err, ErrSessionTimeout) || string(b) != "abc" || time.Since(before) > time.Minute {
			t.Errorf("%q, %v after %v", b, err, time.Since(before))
		}
	})
}

func TestStreamCloseEndsRequests(t *testing.T) {
	withResponder(t, StreamOptions{}, func(p *responder, tr *StreamTransport, client *http.Client) {
		_, _, errs := p.begin(client, get(context.Background()))
		tr.Close()
		if err := <-errs; !errors.Is(err, ErrClosed) {
			t.Errorf("RoundTrip: %v", err)
		}
		if _, err := client.Get("http://example.org/"); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
	if _, err := NewStreamTransport(StreamEndpoints{}, nil); !errors.Is(err, ErrInvalidOption) {
		t.Errorf("without endpoints: %v", err)
	}
}
