package zmq_test

import (
	"regexp"
	"strings"
	"testing"
)

// Each row of the tables that say what happens to messages names a test, and the drop
// reasons in them exist. TestTestsInDocumentsExist checks that the tests exist.
func TestEachRowOfReliabilityHasATest(t *testing.T) {
	text, p := documents(t)["docs/RELIABILITY.md"], readAPI(t)
	_, tables, _ := strings.Cut(text, "\n## Sent messages\n")
	rows := 0
	for row := range strings.Lines(tables) {
		cells := strings.Split(strings.TrimSpace(row), " | ")
		if !strings.HasPrefix(row, "| ") || cells[len(cells)-1] == "tests |" {
			continue
		}
		rows++
		if !testName.MatchString(cells[len(cells)-1]) {
			t.Errorf("no test in the row %s", row)
		}
	}
	if rows < 20 {
		t.Errorf("%d rows", rows)
	}
	reasons := regexp.MustCompile("`(Drop[A-Za-z]+)`").FindAllStringSubmatch(text, -1)
	for _, m := range reasons {
		if !p.names[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
	if len(reasons) < 20 {
		t.Errorf("%d drop reasons are named", len(reasons))
	}
}
