package zyre

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// bench is a state machine with a clock of its own.
type bench struct {
	t   *testing.T
	c   *core
	now time.Time
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	c, err := o.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	c.Schemes = []string{"tcp"}
	return &bench{t, newCore(c, announced{uuid: c.UUID, endpoint: "tcp://10.0.0.1:1", key: c.Key.Public()}), time.Now()}
}

// id returns the UUID of node i, and at its endpoint.
func id(i uint32) UUID { return UUID(binary.BigEndian.AppendUint32(make([]byte, 12, 16), i)) }

func at(i int) string { return fmt.Sprintf("tcp://10.0.0.%d:50000", i) }

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}) }

// hello is the HELLO of node i.
func hello(i int) *command {
	return &command{id: cmdHello, sequence: 1, version: 2, endpoint: at(i), name: fmt.Sprint("n", i)}
}

// receive passes a command of node i, over connection i.
func (b *bench) receive(i int, cmd *command) {
	cmd.version = 2
	b.c.receive(origin{uuid: id(uint32(i)), generation: uint64(i), addr: addr(i)}, cmd, b.now)
}

// want takes the outputs, whose kinds must be the given ones.
func (b *bench) want(kinds ...string) {
	b.t.Helper()
	got := []string{}
	for _, o := range b.c.take() {
		switch o := o.(type) {
		case deliver:
			cmd, err := decode(o.frames, b.c.o.codecLimits())
			if err != nil {
				b.t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("send %d #%d", cmd.id, cmd.sequence))
		case Exit:
			got = append(got, "Exit "+o.Reason.String())
		case open:
			got = append(got, "open "+o.endpoint)
		default:
			got = append(got, reflect.TypeOf(o).Name())
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(kinds) {
		b.t.Fatalf("outputs %q, want %q; %+v", got, kinds, b.c.stats)
	}
}

// announce passes a beacon of node i from its own address.
func (b *bench) announce(i int) {
	b.c.announce(Announcement{UUID: id(uint32(i)), Endpoint: at(i), Source: addr(i), Live: true}, b.now)
}

// enter makes node i a peer.
func (b *bench) enter(i int) {
	b.t.Helper()
	b.receive(i, hello(i))
	b.want("open "+at(i), "send 1 #1", "Enter")
}

// 36/ZRE, Interconnection Model and The HELLO Command.
func TestDiscoveredNodeEntersWithItsHello(t *testing.T) {
	b := newBench(t, Options{})
	b.announce(2)
	b.want("open "+at(2), "send 1 #1")
	b.announce(2)
	b.receive(2, &command{id: cmdWhisper, sequence: 1}) // precedes HELLO
	b.want()
	b.receive(2, hello(2))
	b.want("Enter")
	b.receive(2, &command{id: cmdPing, sequence: 2})
	b.want("send 7 #2")
	b.receive(2, &command{id: cmdElect, sequence: 3}) // of Zyre
	b.receive(2, &command{id: cmdWhisper, sequence: 4})
	b.want("Whisper")
	if b.c.stats.Drops.BeforeHello != 1 {
		t.Errorf("%+v", b.c.stats)
	}
}

// 36/ZRE, ZRE Commands: a gap in the sequence, or a repetition, makes the peer invalid.
func TestSequenceErrorsRemoveThePeer(t *testing.T) {
	for _, sequence := range []uint16{0, 1, 3, 65535} {
		b := newBench(t, Options{})
		b.enter(2)
		b.receive(2, &command{id: cmdWhisper, sequence: sequence})
		b.want("disconnect", "Exit lost")
		// Its commands are ignored until it says HELLO.
		b.receive(2, &command{id: cmdWhisper, sequence: 2})
		b.want()
		b.enter(2)
	}
	b := newBench(t, Options{})
	wrong := hello(2)
	wrong.sequence = 2
	b.receive(2, wrong)
	b.want()
}

// The sequence is cyclic: after 65535 follows 0.
func TestSequenceWrapsAround(t *testing.T) {
	b := newBench(t, Options{})
	b.enter(2)
	for i := range 70_000 {
		b.receive(2, &command{id: cmdPingOK, sequence: uint16(i + 2)})
		b.c.whisper(id(2), nil)
		b.c.take()
	}
	if len(b.c.peers) != 1 || b.c.peers[id(2)].sent != uint16(70_001&0xFFFF) {
		t.Fatalf("%+v", b.c.stats)
	}
}

// After a loss the node connects again at once, so that both begin anew, but not in a loop.
func TestLossIsRecoveredOnceASecond(t *testing.T) {
	b := newBench(t, Options{})
	b.enter(2)
	b.now = b.now.Add(time.Minute)
	b.receive(2, &command{id: cmdWhisper, sequence: 9})
	b.want("disconnect", "Exit lost", "open "+at(2), "send 1 #1")
	b.receive(2, &command{id: cmdWhisper, sequence: 10})
	b.want()
	b.receive(2, hello(2))
	b.want("Enter")
	b.receive(2, &command{id: cmdWhisper, sequence: 9})
	b.want("disconnect", "Exit lost")
}

// Commands of an old connection that are read after a new one began are ignored.
func TestCommandsOfAnEarlierConnectionAreIgnored(t *testing.T) {
	b := newBench(t, Options{})
	from := origin{uuid: id(2), generation: 7, addr: addr(2)}
	b.c.receive(from, hello(2), b.now)
	b.want("open "+at(2), "send 1 #1", "Enter")
	from.generation = 5
	b.c.receive(from, &command{id: cmdWhisper, sequence: 100, version: 2}, b.now)
	b.c.receive(from, hello(2), b.now)
	b.want()
	if b.c.stats.Drops.Stale != 2 {
		t.Errorf("%+v", b.c.stats)
	}
}

// 36/ZRE, The JOIN and LEAVE Commands, and the group status sequence.
func TestGroupsOfPeersAreBoundedAndCounted(t *testing.T) {
	b := newBench(t, Options{MaxPeerGroups: 2})
	b.enter(2)
	for i, c := range []*command{
		{id: cmdJoin, group: "a", status: 1},
		{id: cmdJoin, group: "a", status: 2}, // again
		{id: cmdJoin, group: "b", status: 3},
		{id: cmdJoin, group: "c", status: 9}, // above the limit, and a wrong status
		{id: cmdLeave, group: "z", status: 10},
		{id: cmdJoin, group: "", status: 11},
		{id: cmdLeave, group: "a", status: 12},
	} {
		c.sequence = uint16(i + 2)
		b.receive(2, c)
	}
	b.want("Join", "Join", "Leave")
	if s := b.c.stats; s.StatusErrors != 1 || s.Drops.OverLimit != 1 || s.Drops.Malformed != 1 || len(b.c.members) != 1 {
		t.Errorf("%+v", s)
	}
	b.c.shout("b", nil)
	b.c.shout("a", nil)
	b.want("send 3 #2")
	b.receive(2, &command{id: cmdShout, group: "b", sequence: 9})
	b.want() // this node is not a member
	b.c.join("b", true)
	b.receive(2, &command{id: cmdShout, group: "b", sequence: 10})
	b.want("send 4 #3", "Shout")
	b.receive(2, &command{id: cmdGoodbye, sequence: 11})
	b.want("disconnect", "Exit left")
	if len(b.c.members) != 0 || len(b.c.byPlace) != 0 {
		t.Error("the peer left traces")
	}
}

// 36/ZRE: a beacon of a known node with the port 0 disconnects it; but only one that comes
// from its address.
func TestBeaconOfAForeignAddressChangesNothing(t *testing.T) {
	b := newBench(t, Options{})
	b.enter(2)
	b.c.announce(Announcement{UUID: id(2), Source: addr(66)}, b.now)                   // leaves
	b.c.announce(Announcement{UUID: id(2), Endpoint: at(66), Source: addr(66)}, b.now) // has moved
	b.c.announce(Announcement{UUID: id(99), Endpoint: at(2), Source: addr(2)}, b.now)  // has another UUID
	b.c.announce(Announcement{UUID: b.c.self.uuid, Endpoint: at(66)}, b.now)           // is this node
	b.c.announce(Announcement{UUID: id(98), Endpoint: b.c.self.endpoint}, b.now)       // is at this node
	b.c.announce(Announcement{UUID: id(97), Source: addr(97)}, b.now)                  // unknown, leaves
	b.want()
	if s := b.c.stats; s.Drops.Conflicting != 4 || s.Drops.Own != 1 {
		t.Errorf("%+v", s)
	}
	b.c.announce(Announcement{UUID: id(2), Source: addr(2)}, b.now)
	b.want("disconnect", "Exit left")
}

// A forged announcement that was first does not keep the node away.
func TestHelloCorrectsAForgedAnnouncement(t *testing.T) {
	b := newBench(t, Options{})
	b.c.announce(Announcement{UUID: id(2), Endpoint: at(66), Source: addr(66)}, b.now)
	b.want("open "+at(66), "send 1 #1")
	b.receive(2, hello(2))
	b.want("disconnect", "open "+at(2), "send 1 #1", "Enter")
	b.c.announce(Announcement{UUID: id(99), Endpoint: at(3), Source: addr(66)}, b.now)
	b.want("open "+at(3), "send 1 #1")
	b.receive(3, hello(3))
	b.want("disconnect", "open "+at(3), "send 1 #1", "Enter")
	if b.c.pending != 0 || len(b.c.peers) != 2 || len(b.c.byPlace) != 2 {
		t.Errorf("%d pending, %d peers, %d endpoints", b.c.pending, len(b.c.peers), len(b.c.byPlace))
	}
}

// A HELLO that claims the endpoint of another peer from another address is ignored.
func TestHelloWithTheEndpointOfAnotherPeerIsIgnored(t *testing.T) {
	b := newBench(t, Options{})
	b.enter(2)
	lie := hello(66)
	lie.endpoint = at(2)
	b.receive(66, lie)
	b.want()
	for _, endpoint := range []string{"", "ipc:///etc/x", "tcp://a b:1", b.c.self.endpoint} {
		lie := hello(66)
		lie.endpoint = endpoint
		b.receive(66, lie)
		b.want()
	}
	if s := b.c.stats; s.Drops.Conflicting != 1 || s.Drops.Malformed != 4 {
		t.Errorf("%+v", s)
	}
}

// 10,000 announced nodes that do not exist, with a real one among them: the memory is
// bounded, and the peers are not affected.
func TestFakeAnnouncementsAreBounded(t *testing.T) {
	b := newBench(t, Options{})
	b.enter(2)
	start := time.Now()
	for i := range uint32(10_000) {
		if i == 5000 {
			b.receive(3, hello(3)) // a real node: its HELLO is not held up
		}
		b.c.announce(Announcement{UUID: id(1000 + i), Endpoint: fmt.Sprintf("tcp://10.1.%d.%d:1", i/256, i%256), Live: true}, b.now)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
	opened := 0
	for _, o := range b.c.take() {
		switch o.(type) {
		case open:
			opened++
		case Exit:
			t.Error("a peer was removed")
		}
	}
	if opened != 101 || b.c.pending != 100 || len(b.c.peers) != 102 || b.c.stats.Drops.OverLimit != 9900 {
		t.Errorf("%d opened, %d pending, %d peers: %+v", opened, b.c.pending, len(b.c.peers), b.c.stats)
	}
	// Those that do not answer make place for others.
	b.now = b.now.Add(10 * time.Second)
	b.c.tick(b.now)
	if b.c.pending != 0 || len(b.c.byPlace) != 2 {
		t.Errorf("%d pending, %d endpoints", b.c.pending, len(b.c.byPlace))
	}
}

// Fake nodes that say HELLO are bounded by MaxPeers.
func TestFakeHellosAreBounded(t *testing.T) {
	b := newBench(t, Options{MaxPeers: 50})
	b.enter(2)
	for i := range uint32(10_000) {
		h := hello(3)
		h.endpoint = fmt.Sprintf("tcp://10.1.%d.%d:1", i/256, i%256)
		b.c.receive(origin{uuid: id(1000 + i), generation: 9}, h, b.now)
	}
	if len(b.c.peers) != 50 || b.c.peers[id(2)] == nil || b.c.stats.Drops.OverLimit != 9951 {
		t.Errorf("%d peers: %+v", len(b.c.peers), b.c.stats)
	}
}

// 43/ZRE: with CURVE, nodes without a key are ignored, to prevent a downgrade. The key in
// HELLO must be the one that the connection proves.
func TestCurveRequiresTheProvedKey(t *testing.T) {
	var keys [3]curve.Key
	for i := range keys {
		keys[i], _ = curve.GenerateKey()
	}
	b := newBench(t, Options{
		Key:    keys[0],
		Socket: &zmq.Options{Security: zmq.Security{Authenticator: zmq.AllowAny}},
	})
	b.announce(2)
	b.want()
	b.c.announce(Announcement{UUID: id(2), Endpoint: at(2), PublicKey: keys[1].Public()}, b.now)
	b.want("open "+at(2), "send 1 #1")
	from := origin{uuid: id(2), addr: addr(2)}
	b.c.receive(from, hello(2), b.now)
	from.key = keys[1].Public()
	b.c.receive(from, hello(2), b.now) // no header
	h := hello(2)
	h.headers = map[string]string{keyHeader: keys[2].Public().String()}
	b.c.receive(from, h, b.now)
	b.want()
	h.headers = map[string]string{keyHeader: keys[1].Public().String()}
	b.c.receive(from, h, b.now)
	b.want("Enter")
	if b.c.stats.Drops.Malformed != 3 || b.c.stats.Drops.Unusable != 1 {
		t.Errorf("%+v", b.c.stats)
	}
}

func TestEndpointsOfLinkLocalAddresses(t *testing.T) {
	zoned := netip.MustParseAddr("fe80::1%eth0")
	for _, c := range []struct {
		endpoint   string
		connection netip.Addr
		want       string
	}{
		{"tcp://[fe80::1]:7", zoned, "tcp://[fe80::1%eth0]:7"},
		{"tcp://[fe80::2]:7", zoned, "tcp://[fe80::2]:7"},
		{"tcp://[fe80::1%lan]:7", zoned, "tcp://[fe80::1%lan]:7"},
		{"tcp://10.0.0.1:7", zoned, "tcp://10.0.0.1:7"},
		{"tcp://[fe80::1]:7", netip.Addr{}, "tcp://[fe80::1]:7"},
		{"sim://name", zoned, "sim://name"},
	} {
		if got := localEndpoint(c.endpoint, c.connection); got != c.want {
			t.Errorf("%s over %s: %s, want %s", c.endpoint, c.connection, got, c.want)
		}
	}
}
