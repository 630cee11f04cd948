package zmqexpvar_test

import (
	"encoding/json"
	"expvar"
	"fmt"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqexpvar"
	"github.com/zerobroker/zmq/zmqstat"
)

// A program that has several registries publishes them in a map. One registry is
// published with zmqexpvar.Publish("zmq", &sockets).
func ExampleVar() {
	push, err := zmq.NewPush(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer push.Close()
	var sockets zmqstat.Registry
	sockets.Add("orders", push.Socket)
	var vars expvar.Map
	vars.Set("shop", zmqexpvar.Var(&sockets))

	var shown struct{ Shop []zmqstat.Socket }
	if err := json.Unmarshal([]byte(vars.String()), &shown); err != nil {
		fmt.Println(err)
	}
	fmt.Println(shown.Shop[0].Name, shown.Shop[0].MessagesSent)
	// Output: orders 0
}
