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
	harness.Parallel(libzmq434.count + libzmq435.count)
	if why := noPython(); why != "" && os.Getenv(harness.Required) != "1" {
		fmt.Println("interop/diff: SKIPPED all tests:", why)
	}
	code := m.Run()
	for _, p := range pools {
		p.close()
	}
	if d, err := dir(); err == nil {
		os.RemoveAll(d)
	}
	if leaked := harness.Leaked(); leaked != "" && code == 0 {
		fmt.Println("goroutines of the library still run after all sockets were closed:\n" + leaked)
		code = 1
	}
	os.Exit(code)
}

// skipOrRequire skips a test whose peer is missing, for the given reason. With
// ZMQ_INTEROP_REQUIRED=1 it fails the test instead.
func skipOrRequire(t *testing.T, why string) {
	t.Helper()
	switch {
	case why == "":
	case os.Getenv(harness.Required) == "1":
		t.Fatalf("%s=1, but %s", harness.Required, why)
	default:
		t.Skip(why)
	}
}

// lane holds the resources that a running scenario uses exclusively: a worker
// process, addresses, and a barrier.
type lane struct {
	pool *lanePool
	*worker
	endpoints
	*barrier
}

// lanePool creates lanes for one version of libzmq and lends them to tests.
type lanePool struct {
	version string                         // of libzmq
	drafts  bool                           // libzmq was built with the draft API
	missing func() string                  // returns why the worker is unavailable, or an empty string
	command func(endpoint string) []string // starts a worker, which uses the endpoint internally
	first   int                            // number of the first lane
	count   int
	once    sync.Once
	free    chan *lane
	all     []*lane
	err     error
}

// A lane mostly waits for its other process, so more lanes than cores are
// faster.
var (
	libzmq434 = &lanePool{version: "4.3.4", count: 3, missing: noPython, command: func(endpoint string) []string {
		return []string{python, "-I", "worker.py", endpoint, fmt.Sprint(waitLimit.Seconds())}
	}}
	libzmq435 = &lanePool{version: "4.3.5", drafts: true, first: 3, count: 1, missing: harness.NoNode, command: func(endpoint string) []string {
		return []string{"node", "worker.mjs", harness.NodeModules(), endpoint, fmt.Sprint(waitLimit.Seconds())}
	}}
)

var pools = []*lanePool{libzmq434, libzmq435}

// skipReason returns why this libzmq cannot run a scenario, or an empty string.
func (p *lanePool) skipReason(s *Scenario) string {
	if s.Only != "" && s.Only != p.version {
		return fmt.Sprintf("only for libzmq %s: %s", s.Only, s.Why)
	}
	if d := s.needsDraft(); d != "" && !p.drafts {
		return fmt.Sprintf("%s is in libzmq's draft API, which the %s of this suite lacks", d, p.version)
	}
	return ""
}

// dir returns the directory of the ipc endpoints.
var dir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "zmqdiff") })

// take borrows a lane. It blocks while all lanes are in use.
func (p *lanePool) take(t *testing.T) *lane {
	t.Helper()
	p.once.Do(func() { p.err = p.open() })
	if p.err != nil {
		t.Fatal(p.err)
	}
	return <-p.free
}

// put returns a lane to the pool.
func (p *lanePool) put(l *lane) { p.free <- l }

func (p *lanePool) open() error {
	d, err := dir()
	if err != nil {
		return err
	}
	p.free = make(chan *lane, p.count)
	for i := p.first; i < p.first+p.count; i++ {
		l := &lane{pool: p, endpoints: endpoints{host: laneHost(i), dir: fmt.Sprintf("%s/%d", d, i)}}
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

// start starts the worker process of the lane.
func (l *lane) start() (err error) {
	l.worker, err = startWorker(l.pool.command("tcp://" + l.host + ":9998")...)
	return err
}

// laneHost returns a loopback address derived from the process ID and the lane,
// so that other processes of this suite do not use it.
func laneHost(lane int) string {
	n := os.Getpid()<<2 | lane
	return fmt.Sprintf("127.%d.%d.%d", n>>16&0xff, n>>8&0xff, n&0xff)
}

// play runs a scenario over a transport on libzmq and on this library. It
// returns a description of the differences, or an empty string.
func (l *lane) play(s *Scenario, transport string) string {
	theirs := newPlan(s, transport, l.resolve(transport))
	libzmq, err := l.run(theirs)
	if err != nil {
		// The worker may be in any state, so the next scenario gets a new one.
		l.kill()
		if serr := l.start(); serr != nil {
			return serr.Error()
		}
		return err.Error() + "\n" + s.show(nil, libzmq, make([]string, len(s.Steps)))
	}
	mine := newPlan(s, transport, l.resolve(transport))
	ours, err := runOurs(mine, libzmq, l.barrier)
	if err != nil {
		return err.Error() + "\n" + s.show(ours, libzmq, make([]string, len(s.Steps)))
	}
	return s.compare(ours, libzmq)
}
