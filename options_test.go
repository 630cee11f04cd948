package zmq_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// TestOptionsOutOfRange are refused at once, by name.
func TestOptionsOutOfRange(t *testing.T) {
	for name, o := range map[string]zmq.Options{
		"routing id":       {RoutingID: strings.Repeat("x", 256)},
		"zero byte":        {RoutingID: "\x00x"},
		"TTL":              {HeartbeatTTL: time.Millisecond},
		"TTL 2h":           {HeartbeatTTL: 2 * time.Hour},
		"TOS":              {TOS: 256},
		"MulticastHops":    {MulticastHops: 256},
		"MulticastHops -1": {MulticastHops: -1},
		"IPCMode":          {IPCMode: 1 << 20},
		"SendBuffer":       {SendBuffer: 1<<30 + 1},
		"RecvBuffer":       {RecvBuffer: 1<<30 + 1},
		"RouterNotify":     {RouterNotify: 4},
		"XPubVerbose":      {XPubVerbose: 3},
		"MinVersion":       {MinVersion: zmq.ZMTP31 + 1},
	} {
		s, err := zmq.NewPush(&o)
		word, _, _ := strings.Cut(strings.TrimSuffix(name, " -1"), " 2h")
		if !errors.Is(err, zmq.ErrOption) || !strings.Contains(err.Error(), word) || !strings.Contains(err.Error(), "new PUSH") {
			t.Errorf("%s: %v", name, err)
		}
		if s != nil {
			t.Errorf("%s: there is a socket", name)
		}
	}
}
