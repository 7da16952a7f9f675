package embedded_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"accord/crm"
	"accord/crm/embedded"
	"accord/kv"
	"accord/schema"
)

func contacts(from, n int) []crm.Input {
	inputs := make([]crm.Input, n)
	for i := range inputs {
		inputs[i] = crm.Input{
			ID:         fmt.Sprintf("person%d@example.com", from+i),
			Properties: props("firstname", "Jane", "lastname", "Doe", "city", "Rome", "country", "IT"),
		}
	}
	return inputs
}

// BenchmarkUpsert writes contacts to disk in batches of 100, durably.
func BenchmarkUpsert(b *testing.B) {
	for _, test := range []struct {
		name string
		db   func() kv.DB
	}{
		{"memory", func() kv.DB { return kv.NewMem() }},
		{"disk", func() kv.DB { return badger(b, b.TempDir()) }},
	} {
		b.Run(test.name, func(b *testing.B) {
			a := open(b, test.db(), "acme-de", embedded.Options{})
			n := 0
			for b.Loop() {
				results, err := a.UpsertRecords(b.Context(), schema.Contact, "email", contacts(n, 100))
				must(b, results, err)
				n += 100
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "contacts/s")
		})
	}
}

// BenchmarkUpsertBeside writes single contacts from many goroutines, which the
// store folds into groups.
func BenchmarkUpsertBeside(b *testing.B) {
	a := open(b, badger(b, b.TempDir()), "acme-de", embedded.Options{})
	var n atomic.Int64
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			results, err := a.UpsertRecords(b.Context(), schema.Contact, "email", contacts(int(n.Add(1)), 1))
			if err != nil || results[0].Err != nil {
				b.Errorf("%+v and %v", results, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "contacts/s")
}

// BenchmarkRead reads one contact of 100,000 by its address.
func BenchmarkRead(b *testing.B) {
	a := open(b, badger(b, b.TempDir()), "acme-de", embedded.Options{Quiet: true})
	const all = 100_000
	results, err := a.UpsertRecords(b.Context(), schema.Contact, "email", contacts(0, all))
	must(b, results, err)
	i := 0
	for b.Loop() {
		i = (i + 7919) % all
		found, err := a.ReadRecords(b.Context(), schema.Contact, "email", []string{fmt.Sprintf("person%d@example.com", i)})
		if err != nil || found[0] == nil {
			b.Fatalf("%v and %v", found, err)
		}
	}
}

// BenchmarkPlanReads does what a plan does to 1,500 accounts: open each, read
// its facts and its assets of every kind.
func BenchmarkPlanReads(b *testing.B) {
	for _, declared := range []int{0, 10} {
		b.Run(fmt.Sprintf("%d assets", declared), func(b *testing.B) {
			db := badger(b, b.TempDir())
			const accounts = 1500
			for i := range accounts {
				a := open(b, db, fmt.Sprintf("account-%d", i), embedded.Options{})
				for n := range declared {
					asset(b, a, fmt.Sprintf("p%d", n), &schema.Property{Object: schema.Contact, Type: schema.TypeString})
				}
			}
			for b.Loop() {
				for i := range accounts {
					a := embedded.New(db, fmt.Sprintf("account-%d", i), embedded.Options{})
					if _, err := a.Facts(b.Context()); err != nil {
						b.Fatal(err)
					}
					for _, kind := range crm.AssetKinds {
						if _, err := a.Assets(b.Context(), kind); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
		})
	}
}
