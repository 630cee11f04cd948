package binarystar_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/binarystar"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
)

const (
	primary = binarystar.StatePrimary
	backup  = binarystar.StateBackup
	active  = binarystar.StateActive
	passive = binarystar.StatePassive
)

// machine returns a machine of a role in a state.
func machine(t *testing.T, role binarystar.Role, state binarystar.State, now time.Time) *binarystar.Machine {
	t.Helper()
	m := binarystar.NewMachine(role, time.Second, now)
	for _, peer := range []binarystar.State{active, passive, backup, primary} {
		if m.State() == state {
			return m
		}
		m = binarystar.NewMachine(role, time.Second, now)
		m.Peer(now, peer)
	}
	if m.State() != state && state == active {
		m = binarystar.NewMachine(role, time.Second, now)
		m.Peer(now, active)
		m.Peer(now, primary)
	}
	if m.State() != state {
		t.Fatalf("no way to state %v of role %d", state, role)
	}
	return m
}

// The table of the Guide's state machine, "Binary Star Implementation", and our resolution
// of two active and two passive servers.
func TestMachineFollowsStateOfPeer(t *testing.T) {
	now := time.Unix(1, 0)
	for _, c := range []struct {
		role              binarystar.Role
		state, peer, want binarystar.State
	}{
		{binarystar.Primary, primary, backup, active},
		{binarystar.Primary, primary, active, passive},
		{binarystar.Primary, primary, passive, primary},
		{binarystar.Primary, active, active, active},
		{binarystar.Primary, active, passive, active},
		{binarystar.Primary, passive, active, passive},
		{binarystar.Primary, passive, backup, active},
		{binarystar.Primary, passive, passive, active},
		{binarystar.Backup, backup, primary, backup},
		{binarystar.Backup, backup, active, passive},
		{binarystar.Backup, passive, active, passive},
		{binarystar.Backup, passive, primary, active},
		{binarystar.Backup, passive, passive, passive},
		{binarystar.Backup, active, active, passive},
		{binarystar.Backup, active, passive, active},
	} {
		m := machine(t, c.role, c.state, now)
		changed := m.Peer(now, c.peer)
		if m.State() != c.want || changed != (c.state != c.want) {
			t.Errorf("role %d, %v, peer %v: %v, want %v", c.role, c.state, c.peer, m.State(), c.want)
		}
	}
}

func TestMachineBecomesActiveByRequestAfterPeerHasFailed(t *testing.T) {
	now := time.Unix(1, 0)
	for _, c := range []struct {
		role      binarystar.Role
		state     binarystar.State
		at, after bool // whether a request is served before and after the peer is considered to have failed
	}{
		{binarystar.Primary, primary, false, true},
		{binarystar.Backup, backup, false, false},
		{binarystar.Backup, passive, false, true},
		{binarystar.Primary, active, true, true},
	} {
		m := machine(t, c.role, c.state, now)
		if serve, _ := m.Request(now.Add(2*time.Second - 1)); serve != c.at {
			t.Errorf("%v serves %v while the peer is alive", c.state, serve)
		}
		if serve, _ := m.Request(now.Add(2 * time.Second)); serve != c.after || serve && m.State() != active {
			t.Errorf("%v serves %v after the peer has failed, state %v", c.state, serve, m.State())
		}
	}
}

// star runs a server of a pair.
func star(t *testing.T, n simnet.Network, role binarystar.Role) *binarystar.Star {
	t.Helper()
	names := [...]string{"", "primary", "backup"}
	s, err := binarystar.New(&binarystar.Options{Socket: n.Options(), Role: role,
		Bind: "sim://" + names[role], Peer: "sim://" + names[3-role]})
	if err != nil {
		t.Fatal(err)
	}
	go s.Run(context.Background())
	t.Cleanup(func() { s.Close() })
	return s
}

func TestBackupTakesOverAndPrimaryReturnsAsPassive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p, b := star(t, n, binarystar.Primary), star(t, n, binarystar.Backup)
		states := func(want ...binarystar.State) {
			t.Helper()
			if got := []binarystar.State{p.State(), b.State()}; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("states %v, want %v", got, want)
			}
		}
		time.Sleep(3 * time.Second)
		states(active, passive)
		if !p.Request() || b.Request() {
			t.Error("the backup serves while the primary is active")
		}
		p.Close()
		time.Sleep(3 * time.Second)
		if b.State() != passive || !b.Request() || b.State() != active {
			t.Errorf("the backup is %v after a request", b.State())
		}
		p = star(t, n, binarystar.Primary)
		time.Sleep(3 * time.Second)
		states(passive, active)
		b.Close()
		time.Sleep(3 * time.Second)
		if !p.Request() {
			t.Error("the primary does not take over")
		}
	})
}

// Clients reach both servers while the servers do not reach each other.
func TestBackupBecomesPassiveAfterSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p, b := star(t, n, binarystar.Primary), star(t, n, binarystar.Backup)
		time.Sleep(3 * time.Second)
		n.RefuseFor("", 10*time.Second)
		n.Cut()
		time.Sleep(5 * time.Second)
		if !p.Request() || !b.Request() {
			t.Fatal("one does not serve")
		}
		time.Sleep(20 * time.Second)
		if p.State() != active || b.State() != passive {
			t.Errorf("states %v and %v", p.State(), b.State())
		}
	})
}

// The passive server, and not the restarted one, has what the clients have done.
func TestPassiveServerBecomesActiveWhenActiveOneRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p, b := star(t, n, binarystar.Primary), star(t, n, binarystar.Backup)
		time.Sleep(3 * time.Second)
		p.Close()
		p = star(t, n, binarystar.Primary)
		time.Sleep(3 * time.Second)
		if p.State() != passive || b.State() != active {
			t.Errorf("states %v and %v", p.State(), b.State())
		}
	})
}

func TestStarIgnoresMalformedMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		pub, err := zmq.NewPub(n.Options())
		if err != nil {
			t.Fatal(err)
		}
		defer pub.Close()
		pub.Bind("sim://primary")
		b := star(t, n, binarystar.Backup)
		pub.WaitSubscribers(t.Context(), 1, "")
		for _, text := range []string{"", "0", "5", "33", "x"} {
			pub.Send(t.Context(), []byte(text))
		}
		pub.Send(t.Context(), []byte("3"), []byte("3"))
		synctest.Wait()
		if st := b.Stats(); st.Malformed != 6 || st.State != backup {
			t.Errorf("stats %+v", st)
		}
		pub.Send(t.Context(), []byte("3")) // as the Guide's servers send it
		synctest.Wait()
		if b.State() != passive {
			t.Errorf("state %v", b.State())
		}
	})
}

func TestNewRefusesInvalidOptions(t *testing.T) {
	for _, o := range []*binarystar.Options{nil, {}, {Role: 3, Bind: "inproc://a", Peer: "inproc://b"}, {Role: binarystar.Primary, Bind: "inproc://a"}} {
		if _, err := binarystar.New(o); !errors.Is(err, binarystar.ErrInvalidOption) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add([]byte("3"), uint8(1))
	f.Add([]byte("\xff"), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, role uint8) {
		now := time.Unix(1, 0)
		m := binarystar.NewMachine(binarystar.Role(role), time.Second, now)
		for _, s := range b {
			m.Peer(now, binarystar.State(s))
			if m.State() < primary || m.State() > passive {
				t.Fatalf("state %v", m.State())
			}
		}
	})
}

func Example() {
	now := time.Now()
	m := binarystar.NewMachine(binarystar.Backup, time.Second, now)
	m.Peer(now, binarystar.StateActive)
	fmt.Println(m.State())
	m.Request(now.Add(3 * time.Second)) // the primary has been silent
	fmt.Println(m.State())
	// Output:
	// passive
	// active
}
