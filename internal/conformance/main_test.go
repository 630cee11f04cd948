package conformance

import (
	"testing"

	"github.com/zerobroker/zmq/internal/transport/transporttest"
)

func TestMain(m *testing.M) { transporttest.Main(m) }
