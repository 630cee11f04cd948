package zmqdebug_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqdebug"
	"github.com/zerobroker/zmq/zmqstat"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func get(h http.Handler, method, target, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// hostileID is a routing ID that breaks out of every context of an unescaped page.
const hostileID = `"'><script>alert(1)</script>{{.}}`

// inprocPair registers a ROUTER with a DEALER that has the hostile routing ID and
// has sent one message.
func inprocPair(t *testing.T, r *zmqstat.Registry) (*zmq.Router, *zmq.Dealer) {
	ns := zmq.NewNamespace()
	router := must(zmq.NewRouter(&zmq.Options{Namespace: ns}))
	dealer := must(zmq.NewDealer(&zmq.Options{Namespace: ns, RoutingID: hostileID}))
	t.Cleanup(func() { dealer.Close(); router.Close() })
	must(router.Bind("inproc://a"))
	check(dealer.Connect("inproc://a"))
	check(dealer.TrySend([]byte("x")))
	r.Add(hostileID, router.Socket)
	r.Add("", dealer.Socket)
	return router, dealer
}

func TestJSONHasTheCountersOfOpenSockets(t *testing.T) {
	var r zmqstat.Registry
	router, _ := inprocPair(t, &r)
	h := zmqdebug.Handler(&r)
	for _, c := range []struct{ target, accept string }{
		{"/?format=json", ""}, {"/", "application/json"}, {"/debug/zmq", "application/json;q=0.9, text/html"}, {"/?format=json", "text/html"},
	} {
		w := get(h, "GET", c.target, c.accept)
		var report zmqdebug.Report
		if err := json.Unmarshal(w.Body.Bytes(), &report); err != nil || w.Code != 200 {
			t.Fatalf("%+v: status %d, %v: %s", c, w.Code, err, w.Body)
		}
		if len(report.Sockets) != 2 || report.Sockets[0].Name != hostileID || report.Sockets[0].QueuedRecv != 1 ||
			len(report.Sockets[0].Peers) != 1 || report.Sockets[0].Peers[0].RoutingID != hostileID || report.Sockets[1].Type != "DEALER" {
			t.Errorf("%+v: %+v", c, report.Sockets)
		}
	}
	router.Close()
	for end := time.Now().Add(time.Minute); ; { // the counters of one request are shared for a moment
		var report zmqdebug.Report
		check(json.Unmarshal(get(h, "GET", "/?format=json", "").Body.Bytes(), &report))
		if len(report.Sockets) == 1 && report.Sockets[0].Name == "DEALER" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a closed socket is still shown: %+v", report.Sockets)
		}
	}
}

func TestPageEscapesTextOfPeers(t *testing.T) {
	var r zmqstat.Registry
	inprocPair(t, &r)
	w := get(zmqdebug.Handler(&r), "GET", "/", "text/html,application/xhtml+xml,application/json;q=0.9")
	body := w.Body.String()
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("status %d, %v", w.Code, w.Header())
	}
	if strings.Contains(body, "<script>alert") || strings.Contains(body, hostileID) {
		t.Error("the page contains the text of a peer unescaped")
	}
	if n := strings.Count(body, "&lt;script&gt;alert(1)"); n < 2 {
		t.Errorf("the escaped routing ID is %d times in the page, want its name and its peer", n)
	}
	if n := strings.Count(body, "<script"); n != 1 {
		t.Errorf("%d script elements, want 1", n)
	}
	for _, external := range []string{"http://", "https://", "src=", "@import", "url("} {
		if strings.Contains(body, external) {
			t.Errorf("the page contains %q: it must not load anything", external)
		}
	}
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "script-src 'nonce-"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q without %q", policy, want)
		}
	}
	if again := get(zmqdebug.Handler(&r), "GET", "/", "").Header().Get("Content-Security-Policy"); again == policy {
		t.Error("two pages have the same nonce")
	}
}

func TestPageOfEmptyRegistrySaysSo(t *testing.T) {
	w := get(zmqdebug.Handler(new(zmqstat.Registry)), "GET", "/", "")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "No socket is open.") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestHandlerAllowsOnlyGetAndHead(t *testing.T) {
	var r zmqstat.Registry
	h := zmqdebug.Handler(&r)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "X"} {
		if w := get(h, method, "/", ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	full := get(h, "GET", "/?format=json", "")
	if w := get(h, "HEAD", "/?format=json", ""); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != full.Header().Get("Content-Length") {
		t.Errorf("HEAD: status %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
	if w := get(h, "GET", "/?format=xml", ""); w.Code != http.StatusBadRequest {
		t.Errorf("an unknown format: status %d", w.Code)
	}
}

// hangingWriter is a client that never reads: its Write blocks until the end.
type hangingWriter struct {
	head    http.Header
	writing chan struct{}
	end     chan struct{}
}

func (w *hangingWriter) Header() http.Header { return w.head }
func (w *hangingWriter) WriteHeader(int)     {}
func (w *hangingWriter) Write(b []byte) (int, error) {
	close(w.writing)
	<-w.end
	return len(b), nil
}

// TestHangingClientDelaysNoSocketAndNoOtherClient: while a client does not read its
// page, messages pass, other clients get theirs, and the sockets close.
func TestHangingClientDelaysNoSocketAndNoOtherClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r zmqstat.Registry
		router, dealer := inprocPair(t, &r)
		h := zmqdebug.Handler(&r)
		w := &hangingWriter{http.Header{}, make(chan struct{}), make(chan struct{})}
		served := make(chan struct{})
		go func() {
			defer close(served)
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		}()
		<-w.writing
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 100 {
			check(dealer.Send(ctx, []byte("y")))
			must(router.Recv(ctx))
		}
		time.Sleep(time.Second) // so that the counters are collected again
		if rec := get(h, "GET", "/?format=json", ""); rec.Code != 200 || !strings.Contains(rec.Body.String(), `"messages_received":100`) {
			t.Errorf("another client: status %d, %s", rec.Code, rec.Body)
		}
		check(dealer.Close())
		check(router.Close())
		select {
		case <-served:
			t.Error("the client was served although it does not read")
		default:
		}
		close(w.end)
		<-served
	})
}

// TestCountersAreCollectedOnceForManyClients: the sockets are read at most every
// 250 ms, however many clients there are.
func TestCountersAreCollectedOnceForManyClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r zmqstat.Registry
		_, dealer := inprocPair(t, &r)
		h := zmqdebug.Handler(&r)
		first := get(h, "GET", "/?format=json", "").Body.String()
		check(dealer.TrySend([]byte("y")))
		time.Sleep(249 * time.Millisecond)
		if got := get(h, "GET", "/?format=json", "").Body.String(); got != first {
			t.Error("the counters were collected again after 249 ms")
		}
		time.Sleep(time.Millisecond)
		if got := get(h, "GET", "/?format=json", "").Body.String(); !strings.Contains(got, `"messages_sent":2`) {
			t.Errorf("after 250 ms: %s", got)
		}
	})
}

// TestPageSaysWhatIsWrong: the state of a socket is a sentence.
func TestPageSaysWhatIsWrong(t *testing.T) {
	var r zmqstat.Registry
	h := func() string { return get(zmqdebug.Handler(&r), "GET", "/", "").Body.String() }
	ns := zmq.NewNamespace()
	push := must(zmq.NewPush(&zmq.Options{Namespace: ns, SendHWM: 2, Linger: zmq.NoLinger}))
	t.Cleanup(func() { push.Close() })
	r.Add("jobs", push.Socket)
	if body := h(); !strings.Contains(body, "neither bound nor connected") {
		t.Error("without an endpoint: ", body)
	}
	must(push.Bind("inproc://a"))
	if body := h(); !strings.Contains(body, "no peer is connected") {
		t.Error("without a peer: ", body)
	}
	pull := must(zmq.NewPull(&zmq.Options{Namespace: ns, RecvHWM: 2}))
	t.Cleanup(func() { pull.Close() })
	check(pull.Connect("inproc://a"))
	if body := h(); !strings.Contains(body, "1 peer connected") || strings.Contains(body, "with a problem") {
		t.Error("with a peer: ", body)
	}
	for push.TrySend([]byte("x")) == nil {
	}
	if body := h(); !strings.Contains(body, "the queues of 1 peer are full") || !strings.Contains(body, "1 with a problem") {
		t.Error("with a full queue: ", body)
	}
}

func TestHandlerPanicsForNilRegistry(t *testing.T) {
	defer func() {
		if p := recover(); p != "zmqdebug: Handler with a nil Registry" {
			t.Errorf("panic %v", p)
		}
	}()
	zmqdebug.Handler(nil)
}
