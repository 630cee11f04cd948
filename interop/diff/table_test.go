package diff

import (
	"slices"
	"strings"
	"testing"
)

// entry is a handwritten scenario.
type entry struct {
	name string
	rule string // the rule of libzmq that the scenario checks; printed on failure
	over string // transports; empty for all
	skip string // reason to skip a scenario that fails; empty otherwise
	text string // script
}

// Values of entry.over.
const (
	wires  = "tcp ipc"
	inproc = "inproc"
)

var allTransports = []string{"tcp", "ipc", "inproc"}

// table holds all handwritten scenarios.
var table = slices.Concat(allTypes, endpointRules, balancedDisconnects, disconnects, namedDisconnects, reqrep, routing, pipeline, publishing, subscriptions, reqOptions, routerOptions, publishOptions, manualXPub, conflateAndHello, hwmPairs, streams, draftTypes, groups, secured, proxies)

// TestScenariosMatchLibzmq runs each scenario over each of its transports. It
// compares the results of this library and of libzmq with each other and with
// the script.
func TestScenariosMatchLibzmq(t *testing.T) {
	skipOrRequire(t, libzmq434.missing())
	testTable(t, libzmq434)
}

// TestScenariosMatchDraftLibzmq uses a libzmq with the draft API. It is
// optional.
func TestScenariosMatchDraftLibzmq(t *testing.T) {
	if why := libzmq435.missing(); why != "" {
		t.Skip(why)
	}
	testTable(t, libzmq435)
}

func testTable(t *testing.T, p *lanePool) {
	for _, e := range table {
		over := allTransports
		if e.over != "" {
			over = strings.Fields(e.over)
		}
		for _, transport := range over {
			t.Run(e.name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				if e.skip != "" {
					t.Skip(e.skip)
				}
				s := script(e.text)
				if why := p.skipReason(s); why != "" {
					t.Skip(why)
				}
				l := p.take(t)
				defer p.put(l)
				if wrong := l.play(s, transport); wrong != "" {
					t.Errorf("%s\n%s", e.rule, wrong)
				}
			})
		}
	}
}

// The names are unique, and some libzmq can run each scenario.
func TestTableIsConsistent(t *testing.T) {
	names := map[string]bool{}
	count := 0
	for _, e := range table {
		if names[e.name] {
			t.Errorf("%s is a duplicate name", e.name)
		}
		names[e.name] = true
		if e.rule == "" {
			t.Errorf("%s states no rule", e.name)
		}
		s := script(e.text)
		if !slices.ContainsFunc(pools, func(p *lanePool) bool { return p.skipReason(s) == "" }) {
			t.Errorf("no libzmq can run %s", e.name)
		}
		if s.Only != "" && s.Why == "" {
			t.Errorf("%s is only for %s and gives no reason", e.name, s.Only)
		}
		if e.over == "" {
			count += len(allTransports)
		} else {
			count += len(strings.Fields(e.over))
		}
	}
	t.Logf("%d scenarios, %d with transports", len(table), count)
}
