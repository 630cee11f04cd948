package main

import (
	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// curveFlag is the optional last argument of libzmq's throughput programs. Its
// latency programs do not have it.
type curveFlag struct {
	Curve int `arg:"" optional:"" name:"enable-curve" help:"1: use CURVE with the keys of libzmq's programs, which are not secret. 0: do not."`
}

func (c curveFlag) check() error {
	if c.Curve != 0 && c.Curve != 1 {
		return usagef("the last argument, which enables CURVE, must be 0 or 1")
	}
	return nil
}

// The keys in the programs of libzmq. The bound side is the server.
const (
	perfServerSecret = "{X}#>t#jRGaQ}gMhv=30r(Mw+87YGs+5%kh=i@f8"
	perfClientSecret = "9R9bV}[6z6DC-%$!jTVTKvWc=LEL{4i4gzUe$@Zx"
)

// server returns the options of the bound side.
func (c curveFlag) server() *zmq.Options {
	if c.Curve == 0 {
		return nil
	}
	return &zmq.Options{Security: zmq.Security{
		Mechanism:     zmq.Curve{Server: true, Key: perfKey(perfServerSecret)},
		Authenticator: zmq.AllowAny,
	}}
}

// client returns the options of the connected side.
func (c curveFlag) client() *zmq.Options {
	if c.Curve == 0 {
		return nil
	}
	return &zmq.Options{Security: zmq.Security{
		Mechanism: zmq.Curve{Key: perfKey(perfClientSecret), ServerKey: perfKey(perfServerSecret).Public()},
	}}
}

// perfKey parses one of the keys above.
func perfKey(secret string) curve.Key {
	key, err := curve.ParseKey(secret)
	if err != nil {
		panic("zmq: internal: " + err.Error())
	}
	return key
}
