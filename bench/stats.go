package main

import "slices"

// Spread summarizes repeated readings. The median of an even number of readings
// is the mean of the middle two.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	N      int     `json:"n"` // number of readings; the other fields are invalid if it is 0
}

func spread(readings []float64) Spread {
	n := len(readings)
	if n == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(readings))
	return Spread{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1], N: n}
}

// ratios divides the values of a by those of b for each repetition. A temporary
// disturbance of the machine therefore affects both sides of a ratio. A
// repetition in which either side failed has no ratio.
func ratios(a, b []Sample) []float64 {
	var rs []float64
	for i := range min(len(a), len(b)) {
		if a[i].Error == "" && b[i].Error == "" && b[i].Value > 0 {
			rs = append(rs, a[i].Value/b[i].Value)
		}
	}
	return rs
}

// pick returns a figure of each successful run.
func pick(samples []Sample, figure func(Sample) float64) []float64 {
	var xs []float64
	for _, s := range samples {
		if s.Error == "" {
			xs = append(xs, figure(s))
		}
	}
	return xs
}

func value(s Sample) float64 { return s.Value }

// reached reports whether measured meets goal.
func reached(measured, goal float64, lowerBetter bool) bool {
	if lowerBetter {
		return measured <= goal
	}
	return measured >= goal
}
