// Package faults contains only tests: scripts of random faults on a simulated
// network, after which every message is accounted for by the public counters.
package faults

import (
	"testing"

	"github.com/zerobroker/zmq/internal/transport/transporttest"
)

func TestMain(m *testing.M) { transporttest.Main(m) }
