package main

import (
	"slices"
	"testing"
)

func TestSpreadHasMedianAndRange(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3, 1}},
		{[]float64{4, 1}, Spread{2.5, 1, 4, 2}},
		{[]float64{9, 1, 5}, Spread{5, 1, 9, 3}},
		{[]float64{8, 2, 100, 4}, Spread{6, 2, 100, 4}},
	} {
		before := slices.Clone(c.in)
		if got := spread(c.in); got != c.want {
			t.Errorf("spread(%v) = %+v, want %+v", before, got, c.want)
		}
		if !slices.Equal(before, c.in) {
			t.Errorf("spread reordered its argument %v to %v", before, c.in)
		}
	}
}

func TestRatiosPairRepetitions(t *testing.T) {
	bad := Sample{Value: 7, Error: "timed out"}
	for _, c := range []struct {
		name string
		a, b []Sample
		want []float64
	}{
		{"plain", values(4, 6), values(2, 2), []float64{2, 3}},
		{"a failed repetition has no ratio", []Sample{{Value: 4}, bad, {Value: 8}}, values(2, 2, 2), []float64{2, 4}},
		{"the other side failed", values(4, 6), []Sample{bad, {Value: 3}}, []float64{2}},
		{"the slower library stopped early", values(4, 6, 8), values(2), []float64{2}},
		{"division by zero", values(4), values(0), nil},
		{"no runs", nil, values(1), nil},
	} {
		if got := ratios(c.a, c.b); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The median of the ratios differs from the ratio of the medians. The report
// shows the former.
func TestSpreadOfRatiosHasMedianRatio(t *testing.T) {
	a, b := values(10, 20, 90), values(10, 5, 30)
	if got := spread(ratios(a, b)).Median; got != 3 {
		t.Errorf("median ratio %v, want 3", got)
	}
}

func TestPickReturnsValuesOfSuccessfulRuns(t *testing.T) {
	s := []Sample{{Value: 1}, {Value: 2, Error: "x"}, {Value: 3}}
	if got := pick(s, value); !slices.Equal(got, []float64{1, 3}) {
		t.Errorf("picked %v", got)
	}
}

func TestReachedIsTrueAtOrBeyondGoal(t *testing.T) {
	for _, c := range []struct {
		measured, goal float64
		lower, want    bool
	}{
		{4, 4, false, true},
		{3.99, 4, false, false},
		{0.7, 0.7, true, true},
		{0.71, 0.7, true, false},
	} {
		if reached(c.measured, c.goal, c.lower) != c.want {
			t.Errorf("reached(%v, %v, %v) is not %v", c.measured, c.goal, c.lower, c.want)
		}
	}
}

func values(vs ...float64) []Sample {
	s := make([]Sample, len(vs))
	for i, v := range vs {
		s[i].Value = v
	}
	return s
}
