package main

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// The ranks are those of the tables of the sign test for 95 %.
func TestSignRankMatchesTables(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 0, 5: 0, 6: 1, 8: 1, 9: 2, 11: 2, 12: 3, 15: 4, 20: 6, 25: 8, 50: 18, 100: 40} {
		if got := signRank(n); got != want {
			t.Errorf("signRank(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestMedianIntervalSaysWhatIsShown(t *testing.T) {
	for _, c := range []struct {
		name    string
		ratios  []float64
		want    Interval
		verdict string
	}{
		{"nothing", nil, Interval{}, "not measured"},
		{"too few", []float64{2, 2, 2, 2, 2}, Interval{Median: 2, N: 5}, "no interval: 5 pairs are too few, 6 are needed"},
		{"all better", []float64{1.3, 1.2, 1.1, 1.6, 1.5, 1.4}, Interval{Median: 1.35, Low: 1.1, High: 1.6, N: 6, Known: true}, "faster"},
		{"all worse", []float64{0.9, 0.7, 0.8, 0.6, 0.95, 0.5}, Interval{Median: 0.75, Low: 0.5, High: 0.95, N: 6, Known: true}, "slower"},
		{"one of six differs", []float64{0.9, 1.1, 1.1, 1.1, 1.1, 1.1}, Interval{Median: 1.1, Low: 0.9, High: 1.1, N: 6, Known: true}, "no difference shown"},
		{
			"one of nine differs: an outlier", []float64{0.1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8},
			Interval{Median: 1.4, Low: 1.1, High: 1.7, N: 9, Known: true}, "faster",
		},
		{"equal", []float64{1, 1, 1, 1, 1, 1}, Interval{Median: 1, Low: 1, High: 1, N: 6, Known: true}, "no difference shown"},
	} {
		got := medianInterval(c.ratios)
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if v := got.Verdict(); v != c.verdict {
			t.Errorf("%s: %q, want %q", c.name, v, c.verdict)
		}
	}
}

// Without a difference the interval excludes 1 in at most 5 % of comparisons. The
// random numbers are the same in each run of the test.
func TestMedianIntervalContainsTrueMedian(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{6, 11, 20} {
		const rounds = 4000
		wrong := 0
		for range rounds {
			ratios := make([]float64, n)
			for i := range ratios {
				a, b := r.ExpFloat64(), r.ExpFloat64() // of the same skewed distribution
				ratios[i] = a / b
			}
			if medianInterval(ratios).Verdict() != "no difference shown" {
				wrong++
			}
		}
		if share := float64(wrong) / rounds; share > 0.06 || share < 0.005 {
			t.Errorf("%d pairs: %.1f%% of the intervals exclude the true median", n, 100*share)
		}
	}
}

func TestUnsupportedFindsFlagsThatSourceLacks(t *testing.T) {
	old := `release = release || args[0] == "-release"`
	recent := `flags.BoolVar(&release, "release", false, ""); flags.IntVar(&hwm, "hwm", 0, "")`
	for _, c := range []struct {
		source string
		flags  []string
		want   string
	}{
		{old, nil, ""},
		{old, []string{"-release"}, ""},
		{old, []string{"-own", "-release"}, "the old peer has no flag -own"},
		{recent, []string{"-release", "-hwm", "100000"}, ""},
		{recent, []string{"-batch", "-hwm", "100000"}, "the old peer has no flag -batch"},
	} {
		if got := unsupported(c.source, c.flags); got != c.want {
			t.Errorf("unsupported(%q, %v) = %q, want %q", c.source, c.flags, got, c.want)
		}
	}
}

func TestComparisonsHaveVariantsOfThisLibrary(t *testing.T) {
	rows := allRows()
	names := func(all bool) (list []string) {
		for _, c := range comparisons(rows, all) {
			list = append(list, c.row.Name+", "+c.now.Name)
		}
		return list
	}
	some, all := strings.Join(names(false), "\n"), strings.Join(names(true), "\n")
	for _, want := range []string{"tcp PUSH-PULL 10 B, ours-batch\n", "tcp PUSH-PULL 1 MiB, ours-own-release\n", "tcp CURVE PUSH-PULL 10 B, ours-curve\n", "proxy XSUB-XPUB 10 B, ours\n"} {
		if !strings.Contains(some, want) {
			t.Errorf("%q is missing from\n%s", want, some)
		}
	}
	for _, other := range []string{"libzmq", "rawtcp", "idle", "topics"} {
		if strings.Contains(some, other) {
			t.Errorf("%q is in\n%s", other, some)
		}
	}
	if !strings.Contains(all, "idle ROUTER peer, settled, ours\n") || !strings.Contains(all, "topics: 1 M removed, ours\n") {
		t.Errorf("rows that were asked for are missing from\n%s", all)
	}
}

// Less time is a higher speed.
func TestComparisonSpeedIsAboveOneIfBetter(t *testing.T) {
	c := comparison{ours: values(20, 20), theirs: values(10, 10)}
	if got := c.speed().Median; got != 2 {
		t.Errorf("rate: %v, want 2", got)
	}
	c.row.Work.LowerBetter = true
	if got := c.speed().Median; got != 0.5 {
		t.Errorf("time: %v, want 0.5", got)
	}
}

func TestPairSkipsRowThatOldPeerFails(t *testing.T) {
	good := script(t, `inproc_thr) `+answer+` ;;`)
	bad := script(t, `inproc_thr) echo inproc_thr: not supported by this library >&2; exit 1 ;;`)
	row := Row{Name: "row", Work: inprocThroughput, Size: 10, Count: 10}
	skipped := comparison{row: row, now: good, old: bad}
	broken := comparison{row: row, now: bad, old: good}
	fine := comparison{row: row, now: good, old: good}
	for range 2 {
		for _, c := range []*comparison{&skipped, &broken, &fine} {
			c.pair(t.Context(), time.Minute)
		}
	}
	if len(skipped.ours) != 1 || len(broken.ours) != 1 || len(fine.ours) != 2 || fine.speed().Median != 1 {
		t.Errorf("%d, %d and %d pairs, ratio %v", len(skipped.ours), len(broken.ours), len(fine.ours), fine.speed().Median)
	}
	lines := []comparison{skipped, broken, fine}
	text := compareText(lines, "new", "old")
	for _, want := range []string{"- skipped: row, fake: the old peer failed: inproc_thr: exit status 1", "FAILED: inproc_thr: exit status 1", "too few"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from\n%s", want, text)
		}
	}
	if err := compareFailed(lines); err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("error %v after a failure of the work tree", err)
	}
	if compareFailed([]comparison{skipped}) == nil {
		t.Error("no error although every row was skipped")
	}
	if err := compareFailed([]comparison{skipped, fine}); err != nil {
		t.Error(err)
	}
}
