package diff

import (
	"slices"
	"strings"
	"testing"
)

// entry is a scenario written by hand.
type entry struct {
	name string
	rows string // of the conformance inventory: section, and what the row is about
	over string // transports; empty for all three
	skip string // why it is known to fail; empty if it does not
	text string
}

// The transports of an entry that not all make sense for.
const (
	wires  = "tcp ipc"
	inside = "inproc"
)

var allTransports = []string{"tcp", "ipc", "inproc"}

// table is every scenario written by hand.
var table = slices.Concat(common, leaving, letting, parting, partingNamed, reqrep, routing, pipeline, publishing, subscribing, asking, naming, publishOptions, manual, keeping, marks, streaming, drafting, groups)

// TestScenarios plays each scenario over each transport on both, and compares
// what came of it with each other and with what the script demands.
func TestScenarios(t *testing.T) {
	need(t, stable.missing())
	testTable(t, stable)
}

// TestScenariosNewer does it with another libzmq, which is never required.
func TestScenariosNewer(t *testing.T) {
	if why := newer.missing(); why != "" {
		t.Skip(why)
	}
	testTable(t, newer)
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
				if why := p.cannot(s); why != "" {
					t.Skip(why)
				}
				l := p.take(t)
				defer p.put(l)
				if wrong := l.play(s, transport); wrong != "" {
					t.Errorf("%s\n%s", e.rows, wrong)
				}
			})
		}
	}
}

// TestTable checks the table itself.
func TestTable(t *testing.T) {
	names := map[string]bool{}
	count := 0
	for _, e := range table {
		if names[e.name] {
			t.Errorf("%s is there twice", e.name)
		}
		names[e.name] = true
		if e.rows == "" {
			t.Errorf("%s cites no row", e.name)
		}
		s := script(e.text)
		if !slices.ContainsFunc(pools, func(p *lanePool) bool { return p.cannot(s) == "" }) {
			t.Errorf("%s is for no libzmq", e.name)
		}
		if s.Only != "" && s.Why == "" {
			t.Errorf("%s is for %s and does not say why", e.name, s.Only)
		}
		if e.over == "" {
			count += len(allTransports)
		} else {
			count += len(strings.Fields(e.over))
		}
	}
	t.Logf("%d scenarios, %d with transports", len(table), count)
}
