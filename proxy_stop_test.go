package zmq_test

import (
	"errors"
	"testing"

	"github.com/zerobroker/zmq"
)

// After StopFront a broker forwards the replies to the requests that it has
// forwarded, and no further request. The next call of Proxy forwards those.
func TestStopFrontForwardsRepliesAndNoRequests(t *testing.T) {
	ctx, o := testContext(t), quickOptions()
	router, dealer := must(zmq.NewRouter(o)), must(zmq.NewDealer(o))
	closeAtEnd(t, router, dealer)
	front, back := must(router.Bind("inproc://front")), must(dealer.Bind("inproc://back"))
	client, worker := connected(t, must(zmq.NewDealer(o)), front), connected(t, must(zmq.NewDealer(o)), back)
	control := new(zmq.ProxyControl)
	control.StopFront() // no call of Proxy: nothing
	stop := runProxy(t, router.Socket, dealer.Socket, &zmq.ProxyOptions{Control: control})
	check(client.Send(ctx, []byte("first")))
	request := must(worker.Recv(ctx))
	control.StopFront()
	check(client.Send(ctx, []byte("second")))
	check(worker.SendMessage(ctx, request))
	if m := must(client.Recv(ctx)); string(m.Bytes()) != "first" {
		t.Errorf("reply %q", m.Bytes())
	}
	if st := control.Stats(); st.Front.MessagesReceived != 1 || st.Front.MessagesSent != 1 {
		t.Errorf("%+v", st.Front)
	}
	control.Pause()
	control.Resume()
	if _, err := worker.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("the worker received a request: %v", err)
	}
	stop() // which forwards nothing more
	if _, err := worker.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("the worker received a request at the end: %v", err)
	}
	stop = runProxy(t, router.Socket, dealer.Socket, &zmq.ProxyOptions{Control: control})
	defer stop()
	if m := must(worker.Recv(ctx)); string(m.Frame(m.NumFrames()-1)) != "second" {
		t.Errorf("request %q", m)
	}
}
