package zmq_test

import (
	"context"
	"iter"
	"reflect"
	"testing"

	"github.com/zerobroker/zmq"
)

// The method sets that the handles promote.
type (
	allTypes interface {
		Bind(endpoint string) (string, error)
		Unbind(endpoint string) error
		Peers() []zmq.PeerInfo
		Endpoints() []zmq.EndpointInfo
		Type() zmq.SocketType
		Stats() zmq.Stats
		Events(ctx context.Context) iter.Seq[zmq.Event]
		Shutdown(ctx context.Context) error
		Close() error
	}
	connects interface {
		allTypes
		Connect(endpoint string) error
		Disconnect(endpoint string) error
		WaitConnected(ctx context.Context) error
	}
	sends interface {
		connects
		Send(ctx context.Context, frames ...[]byte) error
		TrySend(frames ...[]byte) error
		SendMessage(ctx context.Context, m zmq.Message) error
		TrySendMessage(m zmq.Message) error
		SetSendHWM(n int) error
		Flush(ctx context.Context) error
	}
	sendsSingleFrames interface {
		connects
		Send(ctx context.Context, body []byte) error
		TrySend(body []byte) error
		SendMessage(ctx context.Context, m zmq.Message) error
		TrySendMessage(m zmq.Message) error
		SetSendHWM(n int) error
		Flush(ctx context.Context) error
	}
	sendsToIDs interface {
		connects
		ConnectAs(endpoint, id string) error
		SendTo(ctx context.Context, id string, frames ...[]byte) error
		TrySendTo(id string, frames ...[]byte) error
		SendMessageTo(ctx context.Context, id string, m zmq.Message) error
		TrySendMessageTo(id string, m zmq.Message) error
		Reply(ctx context.Context, to zmq.Message, frames ...[]byte) error
		SetSendHWM(n int) error
		Flush(ctx context.Context) error
	}
	sendsToNumbers interface {
		connects
		SendTo(ctx context.Context, number uint32, body []byte) error
		TrySendTo(number uint32, body []byte) error
		SendMessageTo(ctx context.Context, number uint32, m zmq.Message) error
		TrySendMessageTo(number uint32, m zmq.Message) error
		Reply(ctx context.Context, to zmq.Message, body []byte) error
		DisconnectPeer(number uint32) error
		SetSendHWM(n int) error
		Flush(ctx context.Context) error
	}
	receives interface {
		connects
		Recv(ctx context.Context) (zmq.Message, error)
		TryRecv() (zmq.Message, error)
		Messages(ctx context.Context) iter.Seq2[zmq.Message, error]
		Ready() <-chan struct{}
		Deliver(ctx context.Context, c chan<- zmq.Message) error
		SetRecvHWM(n int) error
	}
	publishes interface {
		sends
		WaitSubscribers(ctx context.Context, n int, topic string, others ...string) error
		TopicCount() int
	}
	subscribes interface {
		receives
		Subscribe(prefixes ...string) error
		Unsubscribe(prefixes ...string) error
		WaitSubscribed(ctx context.Context) error
		TopicCount() int
	}
)

// Every type has the methods of its handles: no two embedded structs make a
// selector ambiguous.
var (
	_ interface {
		sends
		receives
	} = (*zmq.Pair)(nil)
	_ publishes  = (*zmq.Pub)(nil)
	_ subscribes = (*zmq.Sub)(nil)
	_ interface {
		sends
		receives
		Do(ctx context.Context, frames ...[]byte) (zmq.Message, error)
		DoMessage(ctx context.Context, m zmq.Message) (zmq.Message, error)
	} = (*zmq.Req)(nil)
	_ interface {
		sends
		receives
	} = (*zmq.Rep)(nil)
	_ interface {
		sends
		receives
	} = (*zmq.Dealer)(nil)
	_ interface {
		sendsToIDs
		receives
	} = (*zmq.Router)(nil)
	_ receives = (*zmq.Pull)(nil)
	_ sends    = (*zmq.Push)(nil)
	_ interface {
		publishes
		receives
		SubscribePeer(of zmq.Message, prefixes ...string) error
		UnsubscribePeer(of zmq.Message, prefixes ...string) error
	} = (*zmq.XPub)(nil)
	_ interface {
		subscribes
		sends
	} = (*zmq.XSub)(nil)
	_ interface {
		sendsToIDs
		receives
		ClosePeer(ctx context.Context, id string) error
	} = (*zmq.Stream)(nil)
	_ interface {
		sendsToNumbers
		receives
	} = (*zmq.Server)(nil)
	_ interface {
		sendsSingleFrames
		receives
	} = (*zmq.Client)(nil)
	_ interface {
		connects
		Send(ctx context.Context, group string, body []byte) error
		TrySend(group string, body []byte) error
		SendMessage(ctx context.Context, group string, m zmq.Message) error
		TrySendMessage(group string, m zmq.Message) error
		SetSendHWM(n int) error
		Flush(ctx context.Context) error
		WaitSubscribers(ctx context.Context, n int, group string, others ...string) error
	} = (*zmq.Radio)(nil)
	_ interface {
		connects
		Join(groups ...string) error
		Leave(groups ...string) error
		WaitSubscribed(ctx context.Context) error
		Recv(ctx context.Context) (zmq.GroupMessage, error)
		TryRecv() (zmq.GroupMessage, error)
		Messages(ctx context.Context) iter.Seq2[zmq.GroupMessage, error]
		Ready() <-chan struct{}
		Deliver(ctx context.Context, c chan<- zmq.GroupMessage) error
		SetRecvHWM(n int) error
	} = (*zmq.Dish)(nil)
	_ receives          = (*zmq.Gather)(nil)
	_ sendsSingleFrames = (*zmq.Scatter)(nil)
	_ interface {
		allTypes
		Recv(ctx context.Context) (zmq.Datagram, error)
		TryRecv() (zmq.Datagram, error)
		Messages(ctx context.Context) iter.Seq2[zmq.Datagram, error]
		Ready() <-chan struct{}
		Deliver(ctx context.Context, c chan<- zmq.Datagram) error
		SetSendHWM(n int) error
		Flush(ctx context.Context) error
		SetRecvHWM(n int) error
	} = (*zmq.Dgram)(nil)
	_ interface {
		sendsToNumbers
		receives
		ConnectPeer(endpoint string) (uint32, error)
	} = (*zmq.Peer)(nil)
	_ interface {
		sendsSingleFrames
		receives
	} = (*zmq.Channel)(nil)
)

func TestDgramDoesNotConnect(t *testing.T) {
	var s any = (*zmq.Dgram)(nil)
	for name, has := range map[string]bool{
		"Connect":       is[interface{ Connect(string) error }](s),
		"Disconnect":    is[interface{ Disconnect(string) error }](s),
		"WaitConnected": is[interface{ WaitConnected(context.Context) error }](s),
	} {
		if has {
			t.Errorf("DGRAM has %s", name)
		}
	}
}

// Each type that receives has all methods that receive, for the message of its Recv.
func TestEveryReceivingTypeHasEveryMethodThatReceives(t *testing.T) {
	receivers := 0
	eachType(t, inprocOptions(), func(t *testing.T, typ socketType, s anySocket) {
		v := reflect.ValueOf(s)
		recv := v.MethodByName("Recv")
		err := zmq.NewPoller().Add(v.Elem().FieldByName("Socket").Interface().(zmq.Socket))
		if recv.IsValid() != (err == nil) {
			t.Fatalf("has Recv: %v; a Poller takes it: %v", recv.IsValid(), err)
		}
		if !recv.IsValid() {
			return
		}
		receivers++
		ctx, msg, fails := reflect.TypeFor[context.Context](), recv.Type().Out(0), reflect.TypeFor[error]()
		fn := func(in, out []reflect.Type) reflect.Type { return reflect.FuncOf(in, out, false) }
		list := []reflect.Type{}
		yield := fn([]reflect.Type{msg, fails}, []reflect.Type{reflect.TypeFor[bool]()})
		for name, want := range map[string]reflect.Type{
			"Recv":       fn([]reflect.Type{ctx}, []reflect.Type{msg, fails}),
			"TryRecv":    fn(list, []reflect.Type{msg, fails}),
			"Ready":      fn(list, []reflect.Type{reflect.TypeFor[<-chan struct{}]()}),
			"Deliver":    fn([]reflect.Type{ctx, reflect.ChanOf(reflect.SendDir, msg)}, []reflect.Type{fails}),
			"SetRecvHWM": fn([]reflect.Type{reflect.TypeFor[int]()}, []reflect.Type{fails}),
		} {
			if m := v.MethodByName(name); !m.IsValid() || !m.Type().ConvertibleTo(want) {
				t.Errorf("%s is %v, want %v", name, m, want)
			}
		}
		m := v.MethodByName("Messages")
		if !m.IsValid() || m.Type().NumIn() != 1 || m.Type().In(0) != ctx || !m.Type().Out(0).ConvertibleTo(fn([]reflect.Type{yield}, list)) {
			t.Errorf("Messages is %v, want an iterator over %v and errors", m, msg)
		}
	})
	if receivers != 17 {
		t.Errorf("%d types receive, want 17", receivers)
	}
}

func is[T any](v any) bool { _, ok := v.(T); return ok }

func TestHandlesReferToTheirSocket(t *testing.T) {
	ctx := testContext(t)
	o := &zmq.Options{Namespace: zmq.NewNamespace()}
	push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	closeAtEnd(t, push, pull)
	must(pull.Socket.Bind("inproc://a"))
	if err := push.Connector.Connect("inproc://a"); err != nil {
		t.Fatal(err)
	}
	if err := push.Sender.Send(ctx, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if m, err := pull.Receiver.Recv(ctx); err != nil || m.String() != "x" {
		t.Errorf("received %q, %v", m, err)
	}
}

// A function that takes a zmq.Sender costs no more than one that takes a
// *zmq.Push. The memory of the queue is allocated for many messages at once.
func TestSenderDoesNotAllocate(t *testing.T) {
	ctx := t.Context()
	o := &zmq.Options{Namespace: zmq.NewNamespace()}
	push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, "inproc://a", pull, push)
	// Recv allocates the list of frames of a message of two frames.
	for name, send := range map[string]func(s zmq.Sender, body []byte) error{
		"Send":               func(s zmq.Sender, body []byte) error { return s.Send(ctx, body) },
		"TrySend":            func(s zmq.Sender, body []byte) error { return s.TrySend(body) },
		"Send of two frames": func(s zmq.Sender, body []byte) error { return s.Send(ctx, body, body) },
	} {
		body := make([]byte, 10)
		const run = 500
		n := testing.AllocsPerRun(20, func() {
			for range run {
				if err := send(push.Sender, body); err != nil {
					t.Fatal(err)
				}
			}
			for range run {
				if _, err := pull.TryRecv(); err != nil {
					t.Fatal(err)
				}
			}
		})
		t.Logf("%s: %v allocations for %d messages sent and received", name, n, run)
		if limit := run / 10.; n > 0 && name != "Send of two frames" || n > limit {
			t.Errorf("%s: %v allocations for %d messages sent and received", name, n, run)
		}
	}
}
