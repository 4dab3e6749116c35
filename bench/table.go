package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// result is one run.
type result struct {
	perSecond float64
	p50, p99  time.Duration
	cpu       cpu
}

// disturbed is how much of a processor other programs may use in a run that
// counts.
const disturbed = 0.2

// quiet returns how many undisturbed runs each stack has at least.
func quiet(stacks []*stack) int {
	least := len(stacks[0].runs)
	for _, s := range stacks {
		n := 0
		for _, r := range s.runs {
			if r.cpu.others <= disturbed {
				n++
			}
		}
		least = min(least, n)
	}
	return least
}

// counted returns the runs that were disturbed least: half of them at least.
func (s *stack) counted() []result {
	runs := slices.Clone(s.runs)
	slices.SortStableFunc(runs, func(a, b result) int { return cmp.Compare(a.cpu.others, b.cpu.others) })
	n := slices.IndexFunc(runs, func(r result) bool { return r.cpu.others > disturbed })
	if n < 0 {
		n = len(runs)
	}
	return runs[:max(n, (len(runs)+1)/2)]
}

func median[T cmp.Ordered](runs []result, of func(result) T) T {
	values := make([]T, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// printTable prints a table in Markdown. The first stack, the portal, is compared
// with each in the rounds that they shared.
func printTable(stacks []*stack) {
	fmt.Println("| | requests/s | " + stacks[0].name + " is faster by | p50 / p99 ms | CPU for a request, server + database, µs | page, bytes | busy with other things |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|")
	for _, s := range stacks {
		runs := s.counted()
		var ratios []result
		for i := range min(len(s.runs), len(stacks[0].runs)) {
			ratios = append(ratios, result{perSecond: stacks[0].runs[i].perSecond / s.runs[i].perSecond})
		}
		perSecond := func(r result) float64 { return r.perSecond }
		fmt.Printf("| %s | %.0f | %.2f× | %.1f / %.1f | %d + %d | %d | %.0f%% |\n", s.name,
			median(runs, perSecond), median(ratios, perSecond),
			ms(median(runs, func(r result) time.Duration { return r.p50 })), ms(median(runs, func(r result) time.Duration { return r.p99 })),
			median(runs, func(r result) int64 { return r.cpu.server.Microseconds() }), median(runs, func(r result) int64 { return r.cpu.database.Microseconds() }),
			s.bytes, 100*median(runs, func(r result) float64 { return r.cpu.others }))
	}
}
