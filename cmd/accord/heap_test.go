package main

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
)

func TestHeapGrowth(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want uint64 // size of the heap at the next collection
	}{
		{0, heapFloor},
		{1 << 20, heapFloor},
		{heapFloor / 4, heapFloor},
		{heapFloor / 2, heapFloor},
		{heapFloor, 2 * heapFloor},
		{1 << 30, 2 << 30},
	} {
		got := max(test.live, 1<<20) * uint64(100+heapGrowth(test.live)) / 100
		if off := int64(got) - int64(test.want); off > 1<<20 || off < -1<<20 {
			t.Errorf("%d bytes in use: collected at %d, want %d", test.live, got, test.want)
		}
	}
}

func TestCollectLateLeavesTheUsersChoice(t *testing.T) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		before := debug.SetGCPercent(123)
		collectLate(func(asked string) string {
			if asked == name {
				return "1"
			}
			return ""
		})
		if got := debug.SetGCPercent(before); got != 123 {
			t.Errorf("%s is set, and the percentage became %d", name, got)
		}
	}
}

func TestAfterEachCollection(t *testing.T) {
	var calls atomic.Int32
	afterEachCollection(func() { calls.Add(1) })
	for calls.Load() < 3 {
		runtime.GC()
	}
}
