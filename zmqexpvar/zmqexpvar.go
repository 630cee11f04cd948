// Package zmqexpvar publishes the counters of sockets as a variable of package
// expvar, which a program that serves HTTP shows at /debug/vars. It is a package of
// its own because expvar imports net/http. It does not know how the counters are
// collected.
package zmqexpvar

import (
	"expvar"

	"github.com/zerobroker/zmq/zmqstat"
)

// Publish publishes the sockets of a registry under a name such as "zmq". The
// value is an array with an object for each open socket, whose fields are those of
// [zmqstat.Socket] without its peers. It is collected each time that it is read.
// Like [expvar.Publish], Publish panics if the name is in use, and also if r is nil.
func Publish(name string, r *zmqstat.Registry) { expvar.Publish(name, Var(r)) }

// Var returns the variable that Publish publishes. It panics if r is nil.
func Var(r *zmqstat.Registry) expvar.Var {
	if r == nil {
		panic("zmqexpvar: Var with a nil Registry")
	}
	return expvar.Func(func() any { return r.Sockets(0) })
}
