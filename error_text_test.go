package zmq_test

import (
	"errors"
	"testing"

	"github.com/zerobroker/zmq"
)

// The texts of these errors say which mistake it was and what to do.
func TestErrorsNameTheMistake(t *testing.T) {
	ctx, o := testContext(t), quickOptions()
	req, rep, dgram := must(zmq.NewReq(o)), must(zmq.NewRep(o)), must(zmq.NewDgram(nil))
	join(t, "inproc://rep", rep, req)
	closeAtEnd(t, dgram)
	bind := func(endpoint string) error { _, err := rep.Bind(endpoint); return err }
	own := must(zmq.NewPush(&zmq.Options{Network: zmq.NetworkOptions{
		Transports: map[string]zmq.Transport{"mem": panickingTransport{}}, Resolvers: map[string]zmq.Resolver{"etcd": watchResolver{}},
	}}))
	closeAtEnd(t, own)
	ownErr := own.Connect("consul+tcp://x")
	recv := func(r zmq.Receiver) error { _, err := r.Recv(ctx); return err }
	_, dgramErr := dgram.Bind("tcp://127.0.0.1:*")
	unsent, missing := recv(req.Receiver), rep.Send(ctx, nil)
	check(req.Send(ctx, []byte("x")))
	must(rep.Recv(ctx))
	const others = ", or in Connect one of them after srv+, as in srv+tcp; Network.Transports and Network.Resolvers of the options add others"
	for _, c := range []struct {
		err, is error
		want    string
	}{
		{unsent, zmq.ErrInvalidState, "zmq: recv: operation not allowed in this state: no request was sent"},
		{missing, zmq.ErrInvalidState, "zmq: send: operation not allowed in this state: no request was received"},
		{req.Send(ctx, nil), zmq.ErrInvalidState, "zmq: send: operation not allowed in this state: REQ waits for a reply (Recv it, set ReqOptions.Relaxed, or use Do)"},
		{recv(rep.Receiver), zmq.ErrInvalidState, "zmq: recv: operation not allowed in this state: the last request has no reply"},
		{req.Connect("ipc://"), zmq.ErrInvalidEndpoint, "zmq: connect ipc://: invalid endpoint: no address after ipc://"},
		{req.Connect("127.0.0.1:5555"), zmq.ErrInvalidEndpoint, "zmq: connect 127.0.0.1:5555: invalid endpoint: no scheme: write tcp://127.0.0.1:5555"},
		{bind("*:*"), zmq.ErrInvalidEndpoint, "zmq: bind *:*: invalid endpoint: no scheme: write tcp://*:*"},
		{req.Connect("feed"), zmq.ErrInvalidEndpoint, "zmq: connect feed: invalid endpoint: no scheme: write scheme://address, such as tcp://127.0.0.1:5555"},
		{req.Connect("tcp:/a:1"), zmq.ErrInvalidEndpoint, "zmq: connect tcp:/a:1: invalid endpoint: no scheme: write scheme://address, such as tcp://127.0.0.1:5555"},
		{req.Connect("http://x"), zmq.ErrUnsupportedTransport, `zmq: connect http://x: unsupported transport "http": use one of inproc, ipc, tcp, tls+tcp, udp, in lower case` + others},
		{req.Connect("TCP://x:1"), zmq.ErrUnsupportedTransport, `zmq: connect TCP://x:1: unsupported transport "TCP": use one of inproc, ipc, tcp, tls+tcp, udp, in lower case` + others},
		{bind("srv+tcp://x:1"), zmq.ErrUnsupportedTransport, `zmq: bind srv+tcp://x:1: unsupported transport "srv+tcp": use one of inproc, ipc, tcp, tls+tcp, udp, in lower case` + others},
		{ownErr, zmq.ErrUnsupportedTransport, `zmq: connect consul+tcp://x: unsupported transport "consul+tcp": use one of inproc, ipc, mem, tcp, tls+tcp, udp, in lower case, or in Connect one of them after etcd+, srv+, as in srv+tcp; Network.Transports and Network.Resolvers of the options add others`},
		{dgramErr, zmq.ErrUnsupportedTransport, "zmq: bind tcp://127.0.0.1:*: unsupported transport: DGRAM binds only udp endpoints"},
		{bind("tcp://:5555"), zmq.ErrInvalidEndpoint, `zmq: bind tcp://:5555: invalid endpoint: malformed address ":5555": no host: write *:5555 for every interface`},
		{req.Connect("tcp://:5555"), zmq.ErrInvalidEndpoint, `zmq: connect tcp://:5555: invalid endpoint: malformed address ":5555": no host: write 127.0.0.1:5555 for this machine`},
		{req.Connect("tcp://a:1,tcp://b:2"), zmq.ErrInvalidEndpoint, `zmq: connect tcp://a:1,tcp://b:2: invalid endpoint: malformed address "a:1,tcp://b:2": one endpoint only: call Connect once for each`},
		{req.Connect("tcp://::1:5555"), zmq.ErrInvalidEndpoint, `zmq: connect tcp://::1:5555: invalid endpoint: malformed address "::1:5555": an IPv6 address needs brackets: [::1]:5555`},
		{req.Disconnect("tcp://x:1"), zmq.ErrEndpointNotFound, "zmq: disconnect tcp://x:1: not connected to this endpoint"},
		{rep.Unbind("tcp://x:1"), zmq.ErrEndpointNotFound, "zmq: unbind tcp://x:1: not bound to this endpoint"},
	} {
		if c.err == nil || c.err.Error() != c.want || !errors.Is(c.err, c.is) {
			t.Errorf("%v (%v: %v), want %s", c.err, c.is, errors.Is(c.err, c.is), c.want)
		}
	}
}
