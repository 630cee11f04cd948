package zmqdebug_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqdebug"
	"github.com/zerobroker/zmq/zmqstat"
)

func ExampleHandler() {
	pull, err := zmq.NewPull(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pull.Close()

	var sockets zmqstat.Registry
	sockets.Add("orders", pull.Socket)
	mux := http.NewServeMux()
	mux.Handle("/debug/zmq", zmqdebug.Handler(&sockets))
	// Serve mux on a loopback address, for operators only.

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/debug/zmq", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}
