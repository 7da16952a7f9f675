package badgerkv

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"accord/kv"
)

// event is what the append benchmarks write: a key to know it again by, and 400
// bytes.
func event(i int64) func(kv.Txn) error {
	seen := fmt.Appendf(nil, "seen/%016x", uint64(i)*0x9E3779B97F4A7C15)
	key := fmt.Appendf(nil, "event/%016d", i)
	return func(txn kv.Txn) error {
		if has, err := txn.Has(seen); has || err != nil {
			return err
		}
		if err := txn.Put(seen, nil); err != nil {
			return err
		}
		return txn.Put(key, bytes.Repeat([]byte("x"), 400))
	}
}

// BenchmarkAppend compares 256 callers, whose updates share commits, with one
// caller, who has a commit for each event: both in the same run, since the disk
// decides.
func BenchmarkAppend(b *testing.B) {
	db := openAt(b, Options{Dir: b.TempDir()})
	var next atomic.Int64
	rate := func(callers, events int) float64 {
		begin := time.Now()
		var left atomic.Int64
		left.Store(int64(events))
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for left.Add(-1) >= 0 {
					if err := db.Update(context.Background(), event(next.Add(1))); err != nil {
						b.Errorf("Update: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		return float64(events) / time.Since(begin).Seconds()
	}
	var alone, group float64
	n := 0
	for b.Loop() {
		alone += rate(1, 500)
		group += rate(maxGroup, 10_000)
		n++
	}
	b.ReportMetric(alone/float64(n), "alone/s")
	b.ReportMetric(group/float64(n), "group/s")
	b.ReportMetric(group/alone, "ratio")
}

func benchStore(b *testing.B, records int) Options {
	o := Options{Dir: b.TempDir()}
	db := openAt(b, o)
	for i := 0; i < records; {
		err := db.Update(context.Background(), func(txn kv.Txn) error {
			for range min(900, records-i) {
				if err := txn.Put(fmt.Appendf(nil, "record/%08d", i), bytes.Repeat([]byte("0123456789"), 100)); err != nil {
					return err
				}
				i++
			}
			return nil
		})
		if err != nil {
			b.Fatalf("Update: %v", err)
		}
	}
	closeDB(b, db)
	return o
}

func BenchmarkRange(b *testing.B) {
	const records = 50_000
	o := benchStore(b, records)
	o.ReadOnly = true
	db := openAt(b, o)
	for _, kind := range []string{"entries", "keys", "backward"} {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				n := 0
				err := db.View(context.Background(), func(r kv.Reader) error {
					span := kv.Prefix([]byte("record/"))
					if kind == "keys" {
						for _, err := range r.Keys(span) {
							if err != nil {
								return err
							}
							n++
						}
						return nil
					}
					span.Reverse = kind == "backward"
					for _, err := range r.Range(span) {
						if err != nil {
							return err
						}
						n++
					}
					return nil
				})
				if err != nil || n != records {
					b.Fatalf("%d records: %v", n, err)
				}
			}
			b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, records := range []int{1, 1000, 50_000} {
		o := benchStore(b, records)
		for _, readOnly := range []bool{false, true} {
			b.Run(fmt.Sprintf("records=%d/read-only=%v", records, readOnly), func(b *testing.B) {
				o := o
				o.ReadOnly = readOnly
				for b.Loop() {
					db, err := Open(context.Background(), o)
					if err != nil {
						b.Fatal(err)
					}
					b.StopTimer()
					closeDB(b, db)
					b.StartTimer()
				}
			})
		}
	}
}
