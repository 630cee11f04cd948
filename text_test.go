package zmq_test

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

func TestNamesOfConstantsRoundTripAsText(t *testing.T) {
	for _, c := range []struct {
		first, last uint8
		read        encoding.TextUnmarshaler
	}{
		{uint8(zmq.TypePair), uint8(zmq.TypeChannel), new(zmq.SocketType)},
		{uint8(zmq.ZMTP10), uint8(zmq.ZMTP31), new(zmq.ProtocolVersion)},
		{uint8(zmq.EndpointListening), uint8(zmq.EndpointClosed), new(zmq.EndpointState)},
		{uint8(zmq.EventListening), uint8(zmq.EventStopped), new(zmq.EventKind)},
		{uint8(zmq.CloseNone), uint8(zmq.CloseHandshakeClosed), new(zmq.CloseReason)},
		{uint8(zmq.DropHWM), uint8(zmq.DropRejected), new(zmq.DropReason)},
	} {
		v := reflect.ValueOf(c.read).Elem()
		for i := c.first; i <= c.last; i++ {
			v.SetUint(uint64(i))
			text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
			if want := fmt.Sprint(v.Interface()); err != nil || string(text) != want || want == "unknown" {
				t.Errorf("%v %d is written as %q, %v", v.Type(), i, text, err)
			}
			v.SetUint(200)
			if err := c.read.UnmarshalText(text); err != nil || v.Uint() != uint64(i) {
				t.Errorf("%v %q is read as %d, %v", v.Type(), text, v.Uint(), err)
			}
		}
		v.SetUint(7)
		if err := c.read.UnmarshalText([]byte("nonsense")); err == nil || v.Uint() != 7 {
			t.Errorf("%v nonsense is read as %d, %v", v.Type(), v.Uint(), err)
		}
	}
}

func TestStatsEventsAndEndpointsAreReadableAsJSON(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{zmq.Stats{
			Drops:        map[zmq.DropReason]uint64{zmq.DropHWM: 3},
			Events:       map[zmq.EventKind]uint64{zmq.EventReady: 2},
			CloseReasons: map[zmq.CloseReason]uint64{zmq.CloseMalformed: 1},
		}, `"Drops":{"hwm":3},"Events":{"ready":2},"CloseReasons":{"malformed":1}`},
		{zmq.Event{Kind: zmq.EventReady, Reason: zmq.CloseMalformed}, `"Kind":"ready"`},
		{zmq.EndpointInfo{Endpoint: "ipc://x", State: zmq.EndpointListening, Since: time.Unix(0, 0)}, `"State":"listening"`},
	} {
		b, err := json.Marshal(c.value)
		if err != nil || !strings.Contains(string(b), c.want) {
			t.Errorf("%T is %s, %v, want %s", c.value, b, err, c.want)
		}
	}
}

// A socket is printed as its type, with every verb. To print its fields would be a
// data race.
func TestSocketIsPrintedAsItsType(t *testing.T) {
	for _, st := range socketTypes {
		s, err := zmq.New(st.typ, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if got, want := fmt.Sprintf(verb, s), st.name+" socket"; got != want {
				t.Errorf("%s of a %s is %q", verb, st.name, got)
			}
		}
		s.Close()
	}
}
