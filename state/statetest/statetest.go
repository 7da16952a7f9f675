// Package statetest holds what every state must do, as tests that an
// implementation runs on itself:
//
//	func TestState(t *testing.T) { statetest.Run(t, open) }
//
// It does not know how a state keeps its rows: what only one implementation can
// do, such as being killed in the middle of a write, is tested beside it.
package statetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"accord/schema"
	"accord/state"
)

// Fixture is an empty state to test.
type Fixture struct {
	Store state.Store
	// Advance moves the store's clock forward. It may also run by itself.
	Advance func(time.Duration)
}

// Run tests the states that open returns, each of them new. What has to be
// closed is closed by a cleanup of t.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	tests := []struct {
		name string
		run  func(*testing.T, Fixture)
	}{
		{"Empty", testEmpty},
		{"Records", testRecords},
		{"RecordsAreSorted", testRecordsAreSorted},
		{"RecordsStopEarly", testRecordsStopEarly},
		{"RefusedRecords", testRefusedRecords},
		{"DeleteComesBeforePut", testDeleteComesBeforePut},
		{"LongRecord", testLongRecord},
		{"LargeWrite", testLargeWrite},
		{"Stale", testStale},
		{"Canceled", testCanceled},
		{"Lock", testLock},
		{"LockRunsOut", testLockRunsOut},
		{"Renew", testRenew},
		{"Release", testRelease},
		{"Unlock", testUnlock},
		{"Fence", testFence},
		{"OneOfManyGetsTheLock", testOneOfManyGetsTheLock},
		{"OnlyOneWriteOfASerial", testOnlyOneWriteOfASerial},
		{"ReadersSeeWholeStates", testReadersSeeWholeStates},
		{"Intents", testIntents},
		{"History", testHistory},
		{"Push", testPush},
		{"PushIsRefused", testPushIsRefused},
		{"PushIntoEmpty", testPushIntoEmpty},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
	t.Run("Model", func(t *testing.T) { testModel(t, open) })
}

const ttl = 10 * time.Minute

var who = state.Lock{Holder: "jo@example.com", Host: "build-7", PID: 4711, Operation: "apply"}

func ctx(t *testing.T) context.Context { return t.Context() }

// Record returns the record of a resource that any state can hold. Its text says
// which version of it, so that two differ.
func Record(name, text string) state.Record {
	r := state.NewRecord(&schema.Resource{
		Kind: schema.KindProperty, Name: name, Labels: map[string]string{"team": "sales"},
		Spec: &schema.Property{Object: schema.Contact, Type: schema.TypeString, Label: text, Name: strings.ReplaceAll(name, "-", "_")},
	})
	return r
}

func account(name string) state.Record {
	return state.NewRecord(&schema.Resource{Kind: schema.KindAccount, Name: name, Spec: &schema.Account{}})
}

// session is a holder of the lock that writes.
type session struct {
	t     *testing.T
	store state.Store
	lease state.Lease
	head  state.Meta
}

func lock(t *testing.T, s state.Store) *session {
	t.Helper()
	l, err := s.Lock(ctx(t), who, ttl)
	if err != nil {
		t.Fatalf("Lock: %v", err)
	}
	head, err := s.Meta(ctx(t))
	if err != nil {
		t.Fatalf("Meta: %v", err)
	}
	return &session{t, s, l, head}
}

func (s *session) write(w *state.Write) {
	s.t.Helper()
	head, err := s.store.Write(ctx(s.t), s.lease, s.head.Serial, w)
	if err != nil {
		s.t.Fatalf("Write: %v", err)
	}
	if head.Serial != s.head.Serial+1 || head.Lineage == "" || s.head.Lineage != "" && s.head.Lineage != head.Lineage {
		s.t.Fatalf("Write made the head %+v of %+v", head, s.head)
	}
	s.head = head
}

func snapshot(t *testing.T, s state.Reader) *state.Snapshot {
	t.Helper()
	snap, err := s.Snapshot(ctx(t))
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	return snap
}

// names are the addresses of a state, in order and without the kind's.
func names(t *testing.T, s state.Reader) string {
	t.Helper()
	var out []string
	for r, err := range s.Records(ctx(t)) {
		if err != nil {
			t.Fatalf("Records: %v", err)
		}
		out = append(out, fmt.Sprint(r.Ref))
	}
	return strings.Join(out, " ")
}
