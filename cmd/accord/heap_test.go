package main

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
)

func TestHeapGoal(t *testing.T) {
	for _, test := range []struct{ live, want uint64 }{
		{0, heapFloor},
		{heapFloor / 4, heapFloor},
		{heapFloor / 2, heapFloor},
		{heapFloor/2 + 1, heapFloor + 2},
		{heapFloor, 2 * heapFloor},
		{heapFloor + 1, 2*heapFloor + 3},
		{10 * heapFloor, 29 * heapFloor},
	} {
		if got := heapGoal(test.live); got != test.want {
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
