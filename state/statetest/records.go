package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"accord/schema"
	"accord/state"
)

func testEmpty(t *testing.T, f Fixture) {
	if m, err := f.Store.Meta(ctx(t)); err != nil || m != (state.Meta{}) {
		t.Errorf("Meta: got %+v, %v, want none", m, err)
	}
	if snap := snapshot(t, f.Store); snap.Meta != (state.Meta{}) || len(snap.Records) != 0 || snap.Records == nil {
		t.Errorf("Snapshot: got %+v, want an empty one with a map", snap)
	}
	if _, err := f.Store.Record(ctx(t), Record("a", "").Ref); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("Record: got %v, want ErrNotFound", err)
	}
	if got := names(t, f.Store); got != "" {
		t.Errorf("Records: got %s, want none", got)
	}
	if got, err := f.Store.Intents(ctx(t)); err != nil || len(got) != 0 {
		t.Errorf("Intents: got %v, %v, want none", got, err)
	}
	if got, err := f.Store.History(ctx(t), 0); err != nil || len(got) != 0 {
		t.Errorf("History: got %v, %v, want none", got, err)
	}
	if got, err := f.Store.LockInfo(ctx(t)); err != nil || got != nil {
		t.Errorf("LockInfo: got %v, %v, want none", got, err)
	}
}

// full is a record in which every field says something.
func full(name, text string) state.Record {
	r := Record(name, text)
	r.Accounts = []string{"acme-de", "acme-us"}
	r.IDs = map[string]string{"acme-de": "17", "acme-us": ""}
	r.Implied = map[string]map[string]string{"acme-us": {"property:cross_selling_opportunity": "4", "list:ü": "5"}}
	r.PreventDestroy = true
	return r
}

func testRecords(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	a, b, c := full("a", "first"), Record("b", "first"), account("c")
	s.write(&state.Write{Put: []state.Record{a, b, c}})
	a.Serial, b.Serial, c.Serial = s.head.Serial, s.head.Serial, s.head.Serial
	wantRecords(t, f.Store, s.head, a, b, c)

	b = full("b", "second")
	s.write(&state.Write{Put: []state.Record{b}, Delete: []schema.Ref{c.Ref, Record("never", "").Ref}})
	b.Serial = s.head.Serial
	wantRecords(t, f.Store, s.head, a, b)

	s.write(&state.Write{})
	wantRecords(t, f.Store, s.head, a, b)
}

// wantRecords reads the state in every way there is.
func wantRecords(t *testing.T, s state.Reader, head state.Meta, want ...state.Record) {
	t.Helper()
	snap := snapshot(t, s)
	if snap.Meta != head || len(snap.Records) != len(want) {
		t.Errorf("Snapshot: got %d records at %+v, want %d at %+v", len(snap.Records), snap.Meta, len(want), head)
	}
	listed := map[schema.Ref]state.Record{}
	for r, err := range s.Records(ctx(t)) {
		if err != nil {
			t.Fatalf("Records: %v", err)
		}
		listed[r.Ref] = r
	}
	if len(listed) != len(want) {
		t.Errorf("Records: got %d, want %d", len(listed), len(want))
	}
	for _, w := range want {
		single, err := s.Record(ctx(t), w.Ref)
		if err != nil {
			t.Errorf("Record: %v", err)
		}
		for how, got := range map[string]state.Record{"Snapshot": snap.Records[w.Ref], "Records": listed[w.Ref], "Record": single} {
			if !reflect.DeepEqual(got, w) {
				t.Errorf("%s: got\n%+v\nwant\n%+v", how, got, w)
			}
		}
	}
	if m, err := s.Meta(ctx(t)); err != nil || m != head {
		t.Errorf("Meta: got %+v, %v, want %+v", m, err, head)
	}
}

func testRecordsAreSorted(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	user := state.NewRecord(&schema.Resource{Kind: schema.KindUser, Name: "u", Spec: &schema.User{}})
	// Neither the order of bytes of the addresses nor that of writing.
	s.write(&state.Write{Put: []state.Record{Record("b", ""), user, Record("a-b", ""), Record("a", ""), account("z"), Record("a.b", "")}})
	if got, want := names(t, f.Store), "Account/z User/u Property/a Property/a-b Property/a.b Property/b"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func testRecordsStopEarly(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	s.write(&state.Write{Put: []state.Record{Record("a", ""), Record("b", ""), account("c")}})
	for _, err := range f.Store.Records(ctx(t)) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	// The loop may write: it sees the state of its beginning.
	seen := 0
	for r, err := range f.Store.Records(ctx(t)) {
		if err != nil {
			t.Fatal(err)
		}
		s.write(&state.Write{Delete: []schema.Ref{Record("b", "").Ref}, Put: []state.Record{Record(fmt.Sprint("new-", seen), "")}})
		seen++
		_ = r
	}
	if seen != 3 {
		t.Errorf("the loop saw %d records, want the 3 of its beginning", seen)
	}
}

func testRefusedRecords(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	wrongDigest := Record("a", "first")
	wrongDigest.Digest = Record("a", "second").Digest
	noDigest := Record("a", "first")
	noDigest.Digest = ""
	tests := map[string]state.Record{
		"digest of another resource": wrongDigest,
		"no digest":                  noDigest,
		"no address":                 {},
		"no name":                    {Ref: schema.Ref{Kind: schema.KindAccount}, Digest: schema.Digest(nil)},
		"zero byte":                  {Ref: schema.Ref{Kind: schema.KindAccount, Name: "a\x00b"}, Digest: schema.Digest(nil)},
		"kind that is not applied":   {Ref: schema.Ref{Kind: schema.KindPolicy, Name: "a"}, Digest: schema.Digest(nil)},
		"kind that is unknown":       {Ref: schema.Ref{Kind: "Future", Name: "a"}, Digest: schema.Digest(nil)},
	}
	for name, r := range tests {
		if _, err := f.Store.Write(ctx(t), s.lease, 0, &state.Write{Put: []state.Record{Record("good", ""), r}}); err == nil {
			t.Errorf("%s: Write took it", name)
		}
		snap := &state.Snapshot{Records: map[schema.Ref]state.Record{r.Ref: r}}
		if _, err := f.Store.Push(ctx(t), s.lease, snap); err == nil {
			t.Errorf("%s: Push took it", name)
		}
	}
	if _, err := f.Store.Write(ctx(t), s.lease, 0, &state.Write{Run: &state.Run{Outcome: "great"}}); err == nil {
		t.Error("Write took a run with an unknown outcome")
	}
	wantRecords(t, f.Store, state.Meta{})
}

func testDeleteComesBeforePut(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	first, last := Record("a", "first"), Record("a", "last")
	s.write(&state.Write{Put: []state.Record{first, last}, Delete: []schema.Ref{last.Ref}})
	last.Serial = 1
	wantRecords(t, f.Store, s.head, last)
}

// manyIDs is a record that is about size bytes long.
func manyIDs(name, text string, size int) state.Record {
	r := Record(name, text)
	r.IDs = make(map[string]string)
	for i := 0; 48*i < size; i++ {
		a := fmt.Sprintf("account-%016d", i)
		r.Accounts = append(r.Accounts, a)
		r.IDs[a] = "0123456789"
	}
	return r
}

func testLongRecord(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	before, behind := Record("m-", ""), Record("n", "")
	s.write(&state.Write{Put: []state.Record{before, behind}})
	before.Serial, behind.Serial = 1, 1
	for _, size := range []int{100, 300_000, 600_000, 400_000, 5_000_000, 100, 1_000_000} {
		r := manyIDs("m", fmt.Sprint(size), size)
		s.write(&state.Write{Put: []state.Record{r}})
		r.Serial = s.head.Serial
		wantRecords(t, f.Store, s.head, before, r, behind)
	}
	s.write(&state.Write{Delete: []schema.Ref{Record("m", "").Ref}})
	wantRecords(t, f.Store, s.head, before, behind)
	r := Record("m", "again")
	s.write(&state.Write{Put: []state.Record{r}})
	r.Serial = s.head.Serial
	wantRecords(t, f.Store, s.head, before, r, behind)
}

func testLargeWrite(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	const n = 12_000
	w := &state.Write{Put: []state.Record{Record("kept", "")}, Run: &state.Run{Operation: "apply", Outcome: state.Running}}
	s.write(w)
	kept := w.Put[0]
	kept.Serial = 1

	w = &state.Write{Run: w.Run}
	for i := range n {
		r := Record(fmt.Sprintf("r-%05d", i), "first")
		w.Put = append(w.Put, r)
		w.PutIntents = append(w.PutIntents, state.Intent{Ref: r.Ref, Account: "acme-de", Action: "create", Kind: "Property", Key: r.Ref.Name})
	}
	s.write(w)
	snap := snapshot(t, f.Store)
	if len(snap.Records) != n+1 || snap.Meta != s.head || !reflect.DeepEqual(snap.Records[kept.Ref], kept) {
		t.Errorf("after %d puts: %d records at %+v, want one more at %+v", n, len(snap.Records), snap.Meta, s.head)
	}
	if got, err := f.Store.Intents(ctx(t)); err != nil || len(got) != n {
		t.Errorf("after %d intents: %d, %v", n, len(got), err)
	}
	if runs, err := f.Store.History(ctx(t), 0); err != nil || len(runs) != 1 || runs[0].Serial != s.head.Serial {
		t.Errorf("after a large write: history %+v, %v", runs, err)
	}

	del := &state.Write{DeleteIntents: w.PutIntents}
	for _, r := range w.Put {
		del.Delete = append(del.Delete, r.Ref)
	}
	s.write(del)
	wantRecords(t, f.Store, s.head, kept)
	if got, err := f.Store.Intents(ctx(t)); err != nil || len(got) != 0 {
		t.Errorf("after they were deleted: %d intents, %v", len(got), err)
	}

	// It is refused like a small one.
	if _, err := f.Store.Write(ctx(t), s.lease, s.head.Serial-1, w); !errors.Is(err, state.ErrStale) {
		t.Errorf("large write of an old serial: got %v, want ErrStale", err)
	}
	if err := f.Store.Release(ctx(t), s.lease); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Store.Write(ctx(t), s.lease, s.head.Serial, w); !errors.Is(err, state.ErrLeaseLost) {
		t.Errorf("large write without the lock: got %v, want ErrLeaseLost", err)
	}
	wantRecords(t, f.Store, s.head, kept)
}

func testStale(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	s.write(&state.Write{Put: []state.Record{Record("a", "first")}})
	for _, serial := range []uint64{0, 2, 1 << 63} {
		w := &state.Write{Put: []state.Record{Record("a", "second")}, Run: &state.Run{Outcome: state.Done}}
		if _, err := f.Store.Write(ctx(t), s.lease, serial, w); !errors.Is(err, state.ErrStale) {
			t.Errorf("Write at serial %d of 1: got %v, want ErrStale", serial, err)
		}
		if w.Run.ID != "" {
			t.Errorf("a refused write made the run %s", w.Run.ID)
		}
	}
	a := Record("a", "first")
	a.Serial = 1
	wantRecords(t, f.Store, s.head, a)
}

func testCanceled(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	done, cancel := context.WithCancel(ctx(t))
	cancel()
	if _, err := f.Store.Write(done, s.lease, 0, &state.Write{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Write: got %v, want context.Canceled", err)
	}
	if _, err := f.Store.Push(done, s.lease, &state.Snapshot{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Push: got %v, want context.Canceled", err)
	}
	if _, err := f.Store.Snapshot(done); !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot: got %v, want context.Canceled", err)
	}
	var last error
	for _, err := range f.Store.Records(done) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("Records: got %v, want context.Canceled", last)
	}
	wantRecords(t, f.Store, state.Meta{})
}

func testPush(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	intent := state.Intent{Ref: Record("a", "").Ref, Account: "acme-de", Action: "update", Kind: "Property", Key: "a"}
	run := &state.Run{Operation: "apply", Outcome: state.Running}
	s.write(&state.Write{Put: []state.Record{full("a", "first"), Record("b", "first")}, PutIntents: []state.Intent{intent}, Run: run})

	// Pulled, mended, pushed; the mended record may come without a serial.
	var pulled bytes.Buffer
	if err := state.Encode(&pulled, snapshot(t, f.Store)); err != nil {
		t.Fatal(err)
	}
	snap, err := state.Decode(&pulled)
	if err != nil {
		t.Fatal(err)
	}
	a, c := snap.Records[intent.Ref], Record("c", "new")
	delete(snap.Records, Record("b", "").Ref)
	snap.Records[c.Ref] = c
	before := maps.Clone(snap.Records)
	head, err := f.Store.Push(ctx(t), s.lease, snap)
	if want := (state.Meta{Lineage: s.head.Lineage, Serial: 2}); err != nil || head != want {
		t.Fatalf("Push: got %+v, %v, want %+v", head, err, want)
	}
	if !reflect.DeepEqual(snap.Records, before) {
		t.Error("Push changed the snapshot")
	}
	c.Serial = 2
	wantRecords(t, f.Store, head, a, c)
	if got, err := f.Store.Intents(ctx(t)); err != nil || !slices.Equal(got, []state.Intent{intent}) {
		t.Errorf("Push did not keep the intents: %v, %v", got, err)
	}
	if got, err := f.Store.History(ctx(t), 0); err != nil || !slices.Equal(got, []state.Run{*run}) {
		t.Errorf("Push did not keep the history: %v, %v", got, err)
	}

	// From ahead, and again and again.
	for range 3 {
		snap.Serial = head.Serial + 40
		head, err = f.Store.Push(ctx(t), s.lease, snap)
		if err != nil || head.Serial != snap.Serial+1 {
			t.Fatalf("Push of serial %d: got %+v, %v", snap.Serial, head, err)
		}
		c.Serial = head.Serial
		wantRecords(t, f.Store, head, a, c)
	}
	s.head = head
	s.write(&state.Write{Delete: []schema.Ref{a.Ref}})
	wantRecords(t, f.Store, s.head, c)
	empty := &state.Snapshot{Meta: s.head}
	if head, err = f.Store.Push(ctx(t), s.lease, empty); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, f.Store, head)
}

func testPushIsRefused(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	s.write(&state.Write{Put: []state.Record{Record("a", "first")}})
	s.write(&state.Write{Put: []state.Record{Record("a", "second")}})
	a := Record("a", "second")
	a.Serial = 2
	b := Record("b", "")
	with := func(m state.Meta, r state.Record) *state.Snapshot {
		return &state.Snapshot{Meta: m, Records: map[schema.Ref]state.Record{r.Ref: r}}
	}
	for name, snap := range map[string]*state.Snapshot{
		"older":               with(state.Meta{Lineage: s.head.Lineage, Serial: 1}, b),
		"of another lineage":  with(state.Meta{Lineage: "other", Serial: 9}, b),
		"without any lineage": with(state.Meta{Serial: 9}, b),
	} {
		if _, err := f.Store.Push(ctx(t), s.lease, snap); !errors.Is(err, state.ErrStale) {
			t.Errorf("Push of a state %s: got %v, want ErrStale", name, err)
		}
	}
	newer := b
	newer.Serial = 3
	if _, err := f.Store.Push(ctx(t), s.lease, with(s.head, newer)); err == nil {
		t.Error("Push took a record that is newer than its state")
	}
	elsewhere := &state.Snapshot{Meta: s.head, Records: map[schema.Ref]state.Record{a.Ref: b}}
	if _, err := f.Store.Push(ctx(t), s.lease, elsewhere); err == nil {
		t.Error("Push took a record at the address of another")
	}
	if err := f.Store.Release(ctx(t), s.lease); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Store.Push(ctx(t), s.lease, with(s.head, b)); !errors.Is(err, state.ErrLeaseLost) {
		t.Errorf("Push without the lock: got %v, want ErrLeaseLost", err)
	}
	wantRecords(t, f.Store, s.head, a)
}

func testPushIntoEmpty(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	a := Record("a", "first")
	a.Serial = 3
	snap := &state.Snapshot{Meta: state.Meta{Lineage: "theirs", Serial: 7}, Records: map[schema.Ref]state.Record{a.Ref: a}}
	head, err := f.Store.Push(ctx(t), s.lease, snap)
	if want := (state.Meta{Lineage: "theirs", Serial: 8}); err != nil || head != want {
		t.Fatalf("Push into a state that was never written: got %+v, %v, want %+v", head, err, want)
	}
	wantRecords(t, f.Store, head, a)

	// A state that has a lineage and nothing else takes any, too; one that has
	// an open intent is not empty.
	intent := state.Intent{Ref: a.Ref, Account: "acme-de", Action: "create", Kind: "Property", Key: "a"}
	s.head = head
	s.write(&state.Write{Delete: []schema.Ref{a.Ref}, PutIntents: []state.Intent{intent}})
	snap.Meta = state.Meta{Lineage: "others", Serial: 4}
	if _, err := f.Store.Push(ctx(t), s.lease, snap); !errors.Is(err, state.ErrStale) {
		t.Errorf("Push of another lineage over an intent: got %v, want ErrStale", err)
	}
	s.write(&state.Write{DeleteIntents: []state.Intent{intent}})
	head, err = f.Store.Push(ctx(t), s.lease, snap)
	if want := (state.Meta{Lineage: "others", Serial: s.head.Serial + 1}); err != nil || head != want {
		t.Fatalf("Push into an empty state: got %+v, %v, want %+v", head, err, want)
	}
	wantRecords(t, f.Store, head, a)
}
