package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapFloor is how large the heap gets before garbage is collected for the first
// time, and how large it may always be. By itself Go begins at 4 MiB and collects
// whenever the heap has doubled: a command that reads thousands of small files
// into what it keeps to its end goes through all of it two dozen times. With the
// floor, plan and validate of 10,000 resources collect five times instead and take
// a fifth less processor time, and their peak is the same, for it is at the end;
// with twice the floor they take no less, for fresh memory is not free either.
const heapFloor = 64 << 20

// collectLate makes the collector wait until the heap is as large as heapGoal
// says. A user who sets GOGC or GOMEMLIMIT has decided otherwise.
func collectLate(getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	// The first collection is at 4 MiB for 100 %, and in proportion.
	debug.SetGCPercent(heapFloor / (4 << 20) * 100)
	debug.SetMemoryLimit(heapFloor + heapAside)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	afterEachCollection(func() {
		metrics.Read(live)
		inUse := max(live[0].Value.Uint64(), 1<<20)
		goal := heapGoal(inUse)
		debug.SetGCPercent(int(goal*100/inUse) - 100)
		if goal > 2*heapFloor {
			debug.SetMemoryLimit(math.MaxInt64)
			return
		}
		debug.SetMemoryLimit(int64(goal) + heapAside)
	})
}

// heapAside is what Go needs beside a heap of up to twice the floor. A busy machine
// may come to adjusting the percentage late, when more is in use than it was meant
// for: as long as the heap is not larger, a limit bounds that.
const heapAside = 32 << 20

// heapGoal is how large a heap gets in which so many bytes are in use. To go
// through hundreds of MB takes long, so that beyond the floor it may grow faster:
// 100,000 resources take an eighth less processor time for a tenth more memory.
func heapGoal(live uint64) uint64 {
	goal := max(2*live, heapFloor)
	if live > heapFloor {
		goal += live - heapFloor
	}
	return goal
}

// afterEachCollection calls fn soon after each collection of garbage, which finds
// an object that nobody uses; its cleanup leaves the next.
func afterEachCollection(fn func()) {
	runtime.AddCleanup(new([64]byte), func(int) { // tiny objects are collected together
		fn()
		afterEachCollection(fn)
	}, 0)
}
