package diff

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/interop/internal/harness"
)

func TestMain(m *testing.M) {
	flag.Parse()
	harness.Parallel(stable.count + newer.count)
	if why := noPython(); why != "" && os.Getenv(harness.Required) != "1" {
		fmt.Println("interop/diff: SKIPPED:", why)
	}
	code := m.Run()
	for _, p := range pools {
		p.close()
	}
	if d, err := dir(); err == nil {
		os.RemoveAll(d)
	}
	if leaked := harness.Leaked(); leaked != "" && code == 0 {
		fmt.Println("goroutines of the library outlived their sockets:\n" + leaked)
		code = 1
	}
	os.Exit(code)
}

// need skips a test that lacks its peer, or fails it where that is required.
func need(t *testing.T, why string) {
	t.Helper()
	switch {
	case why == "":
	case os.Getenv(harness.Required) == "1":
		t.Fatalf("%s=1, but %s", harness.Required, why)
	default:
		t.Skip(why)
	}
}

// lane is what one scenario at a time needs: a worker, addresses of its own,
// and a barrier.
type lane struct {
	pool *lanePool
	*worker
	places
	*barrier
}

// lanePool hands lanes out, and makes them.
type lanePool struct {
	version string                      // of libzmq
	drafts  bool                        // it has the draft interface
	missing func() string               // why there is no worker, or empty
	command func(place string) []string // that starts one
	first   int                         // of its lanes
	count   int
	once    sync.Once
	free    chan *lane
	all     []*lane
	err     error
}

// Scenarios mostly wait for each other's processes, so a few more lanes than
// cores pay.
var (
	stable = &lanePool{version: "4.3.4", count: 3, missing: noPython, command: func(place string) []string {
		return []string{python, "-I", "worker.py", place, fmt.Sprint(patience.Seconds())}
	}}
	newer = &lanePool{version: "4.3.5", drafts: true, first: 3, count: 1, missing: harness.NoNode, command: func(place string) []string {
		return []string{"node", "worker.mjs", harness.NodeModules(), place, fmt.Sprint(patience.Seconds())}
	}}
)

var pools = []*lanePool{stable, newer}

// cannot is why a scenario is not for this libzmq, or empty.
func (p *lanePool) cannot(s *Scenario) string {
	if s.Only != "" && s.Only != p.version {
		return fmt.Sprintf("for libzmq %s alone: %s", s.Only, s.Why)
	}
	if d := s.needsDraft(); d != "" && !p.drafts {
		return fmt.Sprintf("%s is in libzmq's draft interface, which the %s of this suite was built without", d, p.version)
	}
	return ""
}

// dir is where ipc endpoints are.
var dir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "zmqdiff") })

// take waits for a free lane.
func (p *lanePool) take(t *testing.T) *lane {
	t.Helper()
	p.once.Do(func() { p.err = p.open() })
	if p.err != nil {
		t.Fatal(p.err)
	}
	return <-p.free
}

// put gives a lane back.
func (p *lanePool) put(l *lane) { p.free <- l }

func (p *lanePool) open() error {
	d, err := dir()
	if err != nil {
		return err
	}
	p.free = make(chan *lane, p.count)
	for i := p.first; i < p.first+p.count; i++ {
		l := &lane{pool: p, places: places{host: laneHost(i), dir: fmt.Sprintf("%s/%d", d, i)}}
		if err := os.Mkdir(l.dir, 0o700); err != nil {
			return err
		}
		if err := l.start(); err != nil {
			return err
		}
		if l.barrier, err = newBarrier("tcp://" + l.host + ":9999"); err != nil {
			return err
		}
		p.all = append(p.all, l)
		p.free <- l
	}
	return nil
}

func (p *lanePool) close() {
	for _, l := range p.all {
		l.worker.kill()
		l.barrier.close()
	}
}

// start starts the lane's worker.
func (l *lane) start() (err error) {
	l.worker, err = startWorker(l.pool.command("tcp://" + l.host + ":9998")...)
	return err
}

// laneHost is an address that no other process on this machine asks for.
func laneHost(lane int) string {
	n := os.Getpid()<<2 | lane
	return fmt.Sprintf("127.%d.%d.%d", n>>16&0xff, n>>8&0xff, n&0xff)
}

// play runs a scenario over a transport on both and says what is wrong.
func (l *lane) play(s *Scenario, transport string) string {
	theirs := newPlan(s, transport, l.real(transport))
	libzmq, err := l.run(theirs)
	if err != nil {
		// Whatever state it is in, the next scenario shall not suffer.
		l.kill()
		if serr := l.start(); serr != nil {
			return serr.Error()
		}
		return err.Error() + "\n" + s.show(nil, libzmq, make([]string, len(s.Steps)))
	}
	mine := newPlan(s, transport, l.real(transport))
	ours, err := runOurs(mine, libzmq, l.barrier)
	if err != nil {
		return err.Error() + "\n" + s.show(ours, libzmq, make([]string, len(s.Steps)))
	}
	return s.compare(ours, libzmq)
}
