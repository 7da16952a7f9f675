package state_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"accord/kv"
	"accord/kv/badgerkv"
	"accord/schema"
	"accord/state"
	"accord/state/statetest"
)

var ctx = context.Background()

// clock is a clock that stands still unless it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestMem(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Fixture {
		c := newClock()
		return statetest.Fixture{Store: state.NewKV(kv.NewMem(), state.Options{Now: c.Now}), Advance: c.Advance}
	})
}

// TestBadger runs every test, and every round of the model, on a part of its own
// of one store, which also shows that states in one store leave each other alone.
func TestBadger(t *testing.T) {
	db, err := badgerkv.Open(ctx, badgerkv.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	n := 0
	statetest.Run(t, func(t *testing.T) statetest.Fixture {
		c := newClock()
		n++
		s := state.NewKV(db, state.Options{Now: c.Now, Prefix: fmt.Sprintf("%d/", n)})
		return statetest.Fixture{Store: s, Advance: c.Advance}
	})
}

// fill writes records into a new state.
func fill(t testing.TB, records ...state.Record) (*kv.Mem, *state.KV, state.Lease) {
	t.Helper()
	db := kv.NewMem()
	s := state.NewKV(db, state.Options{Now: newClock().Now})
	l := must(s.Lock(ctx, state.Lock{Holder: "jo"}, time.Hour))
	if _, err := s.Write(ctx, l, 0, &state.Write{Put: records}); err != nil {
		t.Fatal(err)
	}
	return db, s, l
}

// key is that of a row of the first generation.
func key(row string) []byte {
	return append(binary.BigEndian.AppendUint64([]byte("state/g"), 0), row...)
}

// tamper changes the value of a row, nil deletes it.
func tamper(t testing.TB, db kv.DB, key []byte, change func([]byte) []byte) {
	t.Helper()
	err := db.Update(ctx, func(tx kv.Txn) error {
		value, err := tx.Get(key)
		if err != nil && !errors.Is(err, kv.ErrNotFound) {
			return err
		}
		if value = change(slices.Clone(value)); value == nil {
			return tx.Delete(key)
		}
		return tx.Put(key, value)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamagedRecord(t *testing.T) {
	long := statetest.Record("long", "")
	long.IDs = map[string]string{"acme-de": strings.Repeat("1", 900_000)}
	a, z := statetest.Record("a", ""), statetest.Record("z", "")
	gone := func([]byte) []byte { return nil }
	tests := []struct {
		name   string
		row    string
		change func([]byte) []byte
		says   string
	}{
		{"a bit of the body", "rProperty/long", func(b []byte) []byte { b[len(b)-20] ^= 1; return b }, "Property/long: its checksum"},
		{"fewer parts than there are", "rProperty/long", func(b []byte) []byte { b[0]--; return b }, "Property/long: its checksum"},
		{"more parts than there are", "rProperty/long", func(b []byte) []byte { b[0]++; return b }, "Property/long: a part of it is missing"},
		{"first part gone", "rProperty/long", gone, "Property/long: a part of it is missing"},
		{"first part empty", "rProperty/long", func([]byte) []byte { return []byte{} }, "Property/long: a part of it is missing"},
		{"part in the middle gone", "rProperty/long\x00\x00\x01", gone, "Property/long: a part of it is missing"},
		{"last part gone", "rProperty/long\x00\x00\x02", gone, "Property/long: a part of it is missing"},
		{"part cut off", "rProperty/long\x00\x00\x02", func(b []byte) []byte { return b[:len(b)-1] }, "Property/long: its checksum"},
		{"all cut off", "rProperty/long", func([]byte) []byte { return []byte{0, 1} }, "Property/long: it cannot be decoded"},
		{"kind of the future", "rFuture/x", func([]byte) []byte { return []byte{0} }, "Future/x: it cannot be decoded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db, s, l := fill(t, a, long, z)
			tamper(t, db, key(test.row), test.change)
			if _, err := s.Snapshot(ctx); !errors.Is(err, state.ErrCorrupt) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Snapshot: got %v, want ErrCorrupt with %q", err, test.says)
			}
			// The others can still be listed.
			var good, bad []string
			for r, err := range s.Records(ctx) {
				switch {
				case err == nil:
					good = append(good, r.Ref.Name)
				case errors.Is(err, state.ErrCorrupt) && strings.Contains(err.Error(), test.says) && strings.Contains(err.Error(), r.Ref.String()):
					bad = append(bad, r.Ref.Name)
				default:
					t.Errorf("Records: %v", err)
				}
			}
			if len(bad) != 1 || !slices.Contains(good, "a") || !slices.Contains(good, "z") {
				t.Errorf("Records: got %v and the damaged %v", good, bad)
			}
			problems, err := state.Verify(ctx, s)
			if err != nil || len(problems) != 1 || problems[0].Ref.Name != bad[0] || problems[0].Help == "" {
				t.Errorf("Verify: got %v, %v, want a problem of %s", problems, err, bad[0])
			}

			// It can be removed, and written anew.
			for _, w := range []*state.Write{{Delete: []schema.Ref{{Kind: schema.KindProperty, Name: "long"}, {Kind: "Future", Name: "x"}}}, {Put: []state.Record{long}}} {
				serial := must(s.Meta(ctx)).Serial
				if _, err := s.Write(ctx, l, serial, w); err != nil {
					t.Fatal(err)
				}
				if snap, err := s.Snapshot(ctx); err != nil || len(snap.Records) != 2+len(w.Put) {
					t.Errorf("after %d puts and %d deletions: %v", len(w.Put), len(w.Delete), err)
				}
			}
		})
	}
}

// TestRecordOverDamage writes a record over one that is damaged.
func TestRecordOverDamage(t *testing.T) {
	long := statetest.Record("long", "")
	long.IDs = map[string]string{"acme-de": strings.Repeat("1", 900_000)}
	for _, change := range []func([]byte) []byte{
		func([]byte) []byte { return []byte{} },
		func(b []byte) []byte { b[0]++; return b },
		func([]byte) []byte { return nil },
	} {
		for _, next := range []state.Record{long, statetest.Record("long", "short now")} {
			db, s, l := fill(t, long)
			tamper(t, db, key("rProperty/long"), change)
			if _, err := s.Write(ctx, l, 1, &state.Write{Put: []state.Record{next}}); err != nil {
				t.Fatal(err)
			}
			next.Serial = 2
			got, err := s.Snapshot(ctx)
			if err != nil || !reflect.DeepEqual(got.Records, map[schema.Ref]state.Record{next.Ref: next}) {
				t.Errorf("got %d records, %v, want the new one", len(got.Records), err)
			}
		}
	}
}

func TestDamagedRows(t *testing.T) {
	junk := func([]byte) []byte { return []byte("{") }
	tests := []struct {
		name string
		key  string
		read func(*state.KV) error
	}{
		{"head", "state/head", func(s *state.KV) error { _, err := s.Meta(ctx); return err }},
		{"lock", "state/lock", func(s *state.KV) error { _, err := s.LockInfo(ctx); return err }},
		{"run", "state/run/00000001-x", func(s *state.KV) error { _, err := s.History(ctx, 0); return err }},
		{"intent", string(key("ix")), func(s *state.KV) error { _, err := s.Intents(ctx); return err }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db, s, _ := fill(t)
			tamper(t, db, []byte(test.key), junk)
			if err := test.read(s); !errors.Is(err, state.ErrCorrupt) || !strings.Contains(err.Error(), test.name) {
				t.Errorf("got %v, want ErrCorrupt that names the %s", err, test.name)
			}
		})
	}
}

func TestNewerFormat(t *testing.T) {
	db, s, l := fill(t)
	tamper(t, db, []byte("state/head"), func([]byte) []byte { return []byte(`{"format":2,"lineage":"x","serial":1}`) })
	_, err := s.Snapshot(ctx)
	if err == nil || errors.Is(err, state.ErrCorrupt) || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("Snapshot: got %v, want an error about the format", err)
	}
	if _, err := s.Write(ctx, l, 1, &state.Write{}); err == nil {
		t.Error("Write: wrote into a state of a newer format")
	}
	if _, err := s.Lock(ctx, state.Lock{}, time.Hour); err == nil {
		t.Error("Lock: locked a state of a newer format")
	}
}

// TestLastMoment has a lock end exactly when its time is over.
func TestLastMoment(t *testing.T) {
	c := newClock()
	s := state.NewKV(kv.NewMem(), state.Options{Now: c.Now})
	l := must(s.Lock(ctx, state.Lock{}, time.Minute))
	c.Advance(time.Minute - 1)
	if _, err := s.Write(ctx, l, 0, &state.Write{}); err != nil {
		t.Errorf("a nanosecond before: %v", err)
	}
	c.Advance(1)
	_, err := s.Write(ctx, l, 1, &state.Write{})
	if !errors.Is(err, state.ErrLeaseLost) || !strings.Contains(err.Error(), "ran out at 2026-03-01T12:01:00Z") {
		t.Errorf("then: got %v, want ErrLeaseLost with the time", err)
	}
	other := must(s.Lock(ctx, state.Lock{Holder: "sam", Host: "ci-1", Operation: "destroy"}, time.Minute))
	_, err = s.Write(ctx, l, 1, &state.Write{})
	if !errors.Is(err, state.ErrLeaseLost) || !strings.Contains(err.Error(), "sam on ci-1") {
		t.Errorf("with another holder: got %v, want ErrLeaseLost with who has it", err)
	}
	if err := s.Unlock(ctx, other.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.Write(ctx, other, 1, &state.Write{})
	if !errors.Is(err, state.ErrLeaseLost) || !strings.Contains(err.Error(), "unlocked") {
		t.Errorf("after Unlock: got %v, want ErrLeaseLost that says so", err)
	}
}

// TestLeaseLostInTheMiddle takes the lock away while a large write is on its way,
// and has another write before it goes on.
func TestLeaseLostInTheMiddle(t *testing.T) {
	snap := func(head state.Meta, n int, text string) *state.Snapshot {
		s := &state.Snapshot{Meta: head, Records: map[schema.Ref]state.Record{}}
		for i := range n {
			r := statetest.Record(fmt.Sprint("r-", i), text)
			s.Records[r.Ref] = r
		}
		return s
	}
	for n := range 5 {
		mem := kv.NewMem()
		s := state.NewKV(mem, state.Options{})
		l, head := prepare(s)
		var want *state.Snapshot
		db := &meddling{DB: mem, after: n, do: func() {
			if err := s.Unlock(ctx, l.ID); err != nil {
				t.Error(err)
			}
			l := must(s.Lock(ctx, state.Lock{Holder: "sam"}, time.Hour))
			must(s.Push(ctx, l, snap(head, 3, "sam's")))
			want = must(s.Snapshot(ctx))
		}}
		if _, err := state.NewKV(db, state.Options{}).Push(ctx, l, snap(head, 4500, "jo's")); !errors.Is(err, state.ErrLeaseLost) {
			t.Errorf("taken away before transaction %d: got %v, want ErrLeaseLost", n, err)
		}
		if got := must(s.Snapshot(ctx)); !reflect.DeepEqual(got, want) {
			t.Errorf("taken away before transaction %d: %d records at %+v, want sam's", n, len(got.Records), got.Meta)
		}
	}
}

// TestSweep replaces more rows than a transaction can delete.
func TestSweep(t *testing.T) {
	db, s, l := fill(t)
	snap := must(s.Snapshot(ctx))
	for i := range 12_000 {
		r := statetest.Record(fmt.Sprint("r-", i), "")
		snap.Records[r.Ref] = r
	}
	snap.Meta = must(s.Push(ctx, l, snap))
	if rows, _ := stored(t, db); rows != 12_000 {
		t.Errorf("%d rows, want those of 12,000 records", rows)
	}
	clear(snap.Records)
	must(s.Push(ctx, l, snap))
	if rows, _ := stored(t, db); rows != 0 {
		t.Errorf("%d rows are left of a state without records", rows)
	}
}

// meddling does something before one of the updates.
type meddling struct {
	kv.DB
	after int
	do    func()
}

func (m *meddling) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if m.after == 0 {
		m.do()
	}
	m.after--
	return m.DB.Update(ctx, fn)
}

func TestRandomFails(t *testing.T) {
	s := state.NewKV(kv.NewMem(), state.Options{Rand: strings.NewReader("")})
	if _, err := s.Lock(ctx, state.Lock{}, time.Hour); err == nil {
		t.Error("Lock: made an id of nothing")
	}
}
