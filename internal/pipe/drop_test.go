package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
)

func TestDropsCountsByReason(t *testing.T) {
	var d pipe.Drops
	seen := map[string]bool{"unknown": true, "": true}
	for why := pipe.Drop(0); why < pipe.NumDrops; why++ {
		if seen[why.String()] {
			t.Errorf("reason %d has the name %q of another reason", why, why)
		}
		seen[why.String()] = true
		d.Add(why, int(why))
		d.Add(why, 2)
		d.Add(why, -1)
		if n := d[why].Load(); n != uint64(why)+2 {
			t.Errorf("%v: counted %d, want %d", why, n, uint64(why)+2)
		}
	}
	if s := pipe.NumDrops.String(); s != "unknown" {
		t.Errorf("NumDrops.String() = %q, want unknown", s)
	}
}
