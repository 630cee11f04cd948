package zyre_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/zbeacon"
	"github.com/zerobroker/zmq/patterns/zyre"
)

// world is a simulated network with beacons and connections, for a bubble of synctest.
type world struct {
	t   *testing.T
	air *air
	net simnet.Network

	stalled atomic.Bool
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, air: newAir(), net: simnet.New(1)}
	w.net.OnLink(func(l *memnet.Link) {
		if w.stalled.Load() {
			l.Up().Stall()
			l.Down().Stall()
		}
	})
	return w
}

// stall makes all connections deliver nothing, or ends that.
func (w *world) stall(on bool) {
	w.stalled.Store(on)
	for _, l := range w.net.Links() {
		for _, f := range []*memnet.Flow{l.Up(), l.Down()} {
			if on {
				f.Stall()
			} else {
				f.Resume()
			}
		}
	}
}

// node starts a node with the name on a machine of its own: machine i has the address
// 10.0.0.i. Each node has the port 50000.
func (w *world) node(i int, name string, o zyre.Options) *zyre.Node {
	w.t.Helper()
	addr := fmt.Sprintf("10.0.0.%d", i)
	d, err := zyre.NewBeaconDiscovery(&zyre.BeaconOptions{Scheme: "sim", Beacon: zbeacon.Options{Listen: w.air.listen(addr)}})
	if err != nil {
		w.t.Fatal(err)
	}
	o.Name, o.Discovery, o.Bind = name, d, "sim://"+addr+":50000"
	if o.Socket == nil {
		o.Socket = w.net.Options()
	}
	n, err := zyre.New(&o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { n.Close() })
	return n
}

// text describes an event for comparisons.
func text(e zyre.Event) string {
	name := e.From().Name
	switch e := e.(type) {
	case zyre.Enter:
		return "enter " + name
	case zyre.Evasive:
		return "evasive " + name
	case zyre.Silent:
		return "silent " + name
	case zyre.Exit:
		return fmt.Sprintf("exit %s %s", name, e.Reason)
	case zyre.Join:
		return fmt.Sprintf("join %s %s", name, e.Group)
	case zyre.Leave:
		return fmt.Sprintf("leave %s %s", name, e.Group)
	case zyre.Whisper:
		return fmt.Sprintf("whisper %s %s", name, frames(e.Content.Frames()))
	case zyre.Shout:
		return fmt.Sprintf("shout %s %s %s", name, e.Group, frames(e.Content.Frames()))
	}
	return "unknown"
}

func frames(all [][]byte) string {
	var texts []string
	for _, f := range all {
		texts = append(texts, string(f))
	}
	return strings.Join(texts, ",")
}

// want receives the next events, which must be the given ones.
func want(t *testing.T, n *zyre.Node, events ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, w := range events {
		e, err := n.Recv(ctx)
		if err != nil {
			t.Fatalf("%s: %v; want %q; %+v", n.Name(), err, w, n.Stats())
		}
		if got := text(e); got != w {
			t.Fatalf("%s: event %q, want %q; %+v", n.Name(), got, w, n.Stats())
		}
	}
}

// until receives events up to the given one.
func until(t *testing.T, n *zyre.Node, event string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for e, err := range n.Events(ctx) {
		if err != nil {
			t.Fatalf("%s: %v; want %q; %+v", n.Name(), err, event, n.Stats())
		}
		if text(e) == event {
			return
		}
	}
}

// wantNone waits d for events, of which there must be none.
func wantNone(t *testing.T, n *zyre.Node, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if e, err := n.Recv(ctx); err == nil {
		t.Fatalf("%s: event %q", n.Name(), text(e))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
