package main

import (
	"fmt"
	"math"
	"slices"
)

// Interval is the median of paired ratios with its confidence interval.
type Interval struct {
	Median    float64
	Low, High float64 // invalid unless Known
	N         int     // number of ratios
	Known     bool    // false if there are too few ratios for an interval
}

// confidence is the minimum probability that an interval contains the true
// median.
const confidence = 0.95

// medianInterval returns the median of ratios and the interval between two of
// them that contains the true median with the probability confidence. It is the
// interval of the sign test: each ratio is above the true median with the
// probability 1/2, so their number is binomial. Nothing is assumed about the
// distribution of the ratios, only that the pairs are independent. Fewer than 6
// ratios have no interval: with 5, all are on one side with the probability 1/16.
func medianInterval(ratios []float64) Interval {
	n := len(ratios)
	i := Interval{Median: spread(ratios).Median, N: n}
	if k := signRank(n); k > 0 {
		sorted := slices.Sorted(slices.Values(ratios))
		i.Low, i.High, i.Known = sorted[k-1], sorted[n-k], true
	}
	return i
}

// signRank returns the largest k for which fewer than k of n fair coins show
// heads with a probability of at most (1-confidence)/2. It is 0 if there is
// none.
func signRank(n int) int {
	tail, probability := 0.0, math.Pow(0.5, float64(n)) // of exactly k heads
	for k := 0; k <= n/2; k++ {
		if tail += probability; tail > (1-confidence)/2 {
			return k
		}
		probability *= float64(n-k) / float64(k+1)
	}
	return 0
}

// Verdict says in words what the interval shows. The ratios are new / old, where
// more is better.
func (i Interval) Verdict() string {
	switch {
	case i.N == 0:
		return "not measured"
	case !i.Known:
		return fmt.Sprintf("no interval: %d pairs are too few, 6 are needed", i.N)
	case i.Low > 1:
		return "faster"
	case i.High < 1:
		return "slower"
	}
	return "no difference shown"
}

// Text returns the median and the interval.
func (i Interval) Text() string {
	switch {
	case i.N == 0:
		return "-"
	case !i.Known:
		return fmt.Sprintf("%.3f", i.Median)
	}
	return fmt.Sprintf("%.3f [%.3f .. %.3f]", i.Median, i.Low, i.High)
}
