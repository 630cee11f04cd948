package zmqexpvar_test

import (
	"encoding/json"
	"expvar"
	"net/http/httptest"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqexpvar"
	"github.com/zerobroker/zmq/zmqstat"
)

func TestPublishedVariableHasTheCountersOfOpenSockets(t *testing.T) {
	ns := zmq.NewNamespace()
	push, err := zmq.NewPush(&zmq.Options{Namespace: ns})
	if err != nil {
		t.Fatal(err)
	}
	pull, err := zmq.NewPull(&zmq.Options{Namespace: ns})
	if err != nil {
		t.Fatal(err)
	}
	var r zmqstat.Registry
	r.Add("in", pull.Socket)
	r.Add("out", push.Socket)
	zmqexpvar.Publish("zmq", &r)
	if _, err := pull.Bind("inproc://a"); err != nil {
		t.Fatal(err)
	}
	if err := push.Connect("inproc://a"); err != nil {
		t.Fatal(err)
	}
	if err := push.TrySend([]byte("abc")); err != nil {
		t.Fatal(err)
	}

	// As a program shows it at /debug/vars.
	read := func() []zmqstat.Socket {
		w := httptest.NewRecorder()
		expvar.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/debug/vars", nil))
		var vars struct{ Zmq []zmqstat.Socket }
		if err := json.Unmarshal(w.Body.Bytes(), &vars); err != nil {
			t.Fatal(err)
		}
		return vars.Zmq
	}
	list := read()
	if len(list) != 2 || list[0].Name != "in" || list[1].Name != "out" {
		t.Fatalf("sockets %+v", list)
	}
	if list[0].QueuedRecv != 1 || list[1].QueuedSend != 1 || list[1].MessagesSent != 1 || list[1].BytesSent != 3 {
		t.Errorf("counters %+v", list)
	}
	if err := pull.Close(); err != nil {
		t.Fatal(err)
	}
	if list := read(); len(list) != 1 || list[0].Name != "out" {
		t.Errorf("after Close: %+v", list)
	}
	push.Close()
}

func TestPublishAndVarPanicWithoutRegistry(t *testing.T) {
	for name, call := range map[string]func(){
		"Publish": func() { zmqexpvar.Publish("zmq-nil", nil) }, "Var": func() { zmqexpvar.Var(nil) },
	} {
		func() {
			defer func() {
				if p := recover(); p != "zmqexpvar: Var with a nil Registry" {
					t.Errorf("%s: panic %v", name, p)
				}
			}()
			call()
		}()
	}
	if expvar.Get("zmq-nil") != nil {
		t.Error("Publish without a registry has published a variable")
	}
}
