package zmq4_test

import (
	"errors"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
)

// isUnsupported reports whether an option is of a feature that is not implemented.
func isUnsupported(name string) bool {
	return strings.Contains(name, "Gssapi") || strings.Contains(name, "Vmci") || name == "GetFd"
}

// Every option can be read without a use of the socket, and those of features that
// are not implemented return an error that names the option.
func TestEveryOptionCanBeRead(t *testing.T) {
	soc := open(t, newContext(t), zmq.ROUTER)
	v := reflect.ValueOf(soc)
	n := 0
	for i := range v.NumMethod() {
		name := v.Type().Method(i).Name
		if !strings.HasPrefix(name, "Get") {
			continue
		}
		n++
		err, _ := v.Method(i).Call(nil)[1].Interface().(error)
		switch {
		case !isUnsupported(name):
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case err == nil || zmq.AsErrno(err) == 0 || !strings.Contains(err.Error(), "ZMQ_"):
			t.Errorf("%s: %v", name, err)
		}
	}
	if n < 50 {
		t.Errorf("only %d options", n)
	}
}

// samples are values that every option of their type accepts.
var samples = map[reflect.Type]any{
	reflect.TypeFor[int]():           1,
	reflect.TypeFor[int64]():         int64(1000),
	reflect.TypeFor[uint64]():        uint64(1),
	reflect.TypeFor[bool]():          true,
	reflect.TypeFor[time.Duration](): 1200 * time.Millisecond,
	reflect.TypeFor[string]():        "127.0.0.1",
}

// Every option can be set, on a socket type that has it, and has the value afterwards
// if it can be read.
func TestEveryOptionCanBeSet(t *testing.T) {
	ctx := newContext(t)
	key, _, err := zmq.NewCurveKeypair()
	check(t, err)
	method := reflect.TypeFor[*zmq.Socket]()
	n := 0
	for i := range method.NumMethod() {
		name := method.Method(i).Name
		if !strings.HasPrefix(name, "Set") {
			continue
		}
		n++
		value := samples[method.Method(i).Type.In(1)]
		if strings.HasPrefix(name, "SetCurve") && name != "SetCurveServer" {
			value = key
		}
		var err error
		for _, typ := range allTypes {
			soc := open(t, ctx, typ)
			if typ == zmq.XPUB {
				check(t, soc.SetXpubManual(1))
			}
			out := reflect.ValueOf(soc).MethodByName(name).Call([]reflect.Value{reflect.ValueOf(value)})
			if err, _ = out[0].Interface().(error); err != nil {
				continue
			}
			get := reflect.ValueOf(soc).MethodByName("Get" + strings.TrimPrefix(name, "Set"))
			if get.IsValid() {
				if got := get.Call(nil)[0].Interface(); got != value {
					t.Errorf("%s: is %v after it was set to %v", name, got, value)
				}
			}
			break
		}
		if isUnsupported(name) {
			if err == nil || err == zmq.AsErrno(err) || !strings.Contains(err.Error(), "ZMQ_") {
				t.Errorf("%s: %v", name, err)
			}
		} else if err != nil {
			t.Errorf("%s: no type accepts %v: %v", name, value, err)
		}
	}
	if n < 55 {
		t.Errorf("only %d options", n)
	}
}

func TestInvalidOptionIsEINVAL(t *testing.T) {
	ctx := newContext(t)
	soc := open(t, ctx, zmq.PULL)
	einval := zmq.Errno(syscall.EINVAL)
	wantError(t, soc.SetSndhwm(-1), einval)
	wantError(t, soc.SetSndhwm(1<<40), einval)
	wantError(t, soc.SetSubscribe("x"), einval)
	wantError(t, soc.SetRouterMandatory(1), einval)
	wantError(t, soc.SetCurveSecretkey(""), einval)
	wantError(t, soc.SetIdentity(""), einval)
	wantError(t, soc.SetIdentity(strings.Repeat("x", 256)), einval)
	if _, err := soc.GetFd(); !errors.Is(err, zmq.ENOTSUP) {
		t.Errorf("GetFd: %v", err)
	}
	// The keys are complete when an endpoint is made.
	check(t, soc.SetCurveServer(1))
	wantError(t, soc.Bind("tcp://127.0.0.1:*"), einval)
}

func TestDurationsKeepInfiniteAndMilliseconds(t *testing.T) {
	soc := open(t, newContext(t), zmq.DEALER)
	for _, d := range []time.Duration{-1, 0, 1500 * time.Millisecond} {
		check(t, soc.SetLinger(d))
		check(t, soc.SetRcvtimeo(d))
		check(t, soc.SetSndtimeo(d))
		check(t, soc.SetReconnectIvl(d))
		for name, get := range map[string]func() (time.Duration, error){
			"linger": soc.GetLinger, "rcvtimeo": soc.GetRcvtimeo, "sndtimeo": soc.GetSndtimeo, "reconnect_ivl": soc.GetReconnectIvl,
		} {
			if got, err := get(); got != d || err != nil {
				t.Errorf("%s: %v, %v; want %v", name, got, err, d)
			}
		}
	}
}

func TestSecurityOptionsSelectMechanism(t *testing.T) {
	ctx := newContext(t)
	public, secret, err := zmq.NewCurveKeypair()
	check(t, err)
	for want, set := range map[zmq.Mechanism]func(*zmq.Socket) error{
		zmq.NULL:  func(s *zmq.Socket) error { return s.ServerAuthNull("domain") },
		zmq.PLAIN: func(s *zmq.Socket) error { return s.ClientAuthPlain("u", "p") },
		zmq.CURVE: func(s *zmq.Socket) error { return s.ClientAuthCurve(public, public, secret) },
	} {
		soc := open(t, ctx, zmq.REQ)
		check(t, set(soc))
		if got, err := soc.GetMechanism(); got != want || err != nil {
			t.Errorf("mechanism %v, %v; want %v", got, err, want)
		}
	}
	soc := open(t, ctx, zmq.REP)
	check(t, soc.ServerAuthCurve("domain", secret))
	if key, err := soc.GetCurveSecretkeyZ85(); key != secret || err != nil {
		t.Errorf("secret key %q, %v", key, err)
	}
	if key, err := soc.GetCurveSecretkeyRaw(); key != zmq.Z85decode(secret) || err != nil {
		t.Errorf("secret key %q, %v", key, err)
	}
	check(t, soc.ServerAuthPlain("other"))
	if domain, err := soc.GetZapDomain(); domain != "other" || err != nil {
		t.Errorf("domain %q, %v", domain, err)
	}
}
