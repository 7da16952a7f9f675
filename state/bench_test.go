package state_test

import (
	"fmt"
	"testing"
	"time"

	"accord/kv"
	"accord/kv/badgerkv"
	"accord/schema"
	"accord/state"
)

// agency returns n records as an agency has them, about 420 bytes of resource
// each: connections with their features, and properties in five accounts.
func agency(n int) []state.Record {
	out := make([]state.Record, n)
	for i := range out {
		org := fmt.Sprintf("client-%05d", i/10)
		accounts := []string{org + "-de", org + "-fr", org + "-it", org + "-uk", org + "-us"}
		if i%2 == 0 {
			out[i] = state.NewRecord(&schema.Resource{
				Kind: schema.KindConnection, Name: fmt.Sprintf("%s-%d", org, i), Labels: map[string]string{"client": org, "team": "sales"},
				Description: "Connects the country account with the one of the headquarters, reviewed with the client every spring and every fall",
				Spec:        &schema.Connection{Between: accounts[:2]},
			})
			continue
		}
		r := &schema.Resource{
			Kind: schema.KindProperty, Name: fmt.Sprintf("%s-%d", org, i), Labels: map[string]string{"client": org},
			Spec: &schema.Property{
				Placement: schema.Placement{Accounts: accounts}, Object: schema.Contact, Type: schema.TypeEnumeration, Label: "Territory",
				Options: []schema.Option{{Value: "north"}, {Value: "south"}, {Value: "east"}, {Value: "west"}, {Value: "overseas"}},
			},
		}
		out[i] = state.NewRecord(r)
		out[i].Accounts = accounts
		out[i].IDs = map[string]string{}
		for j, a := range accounts {
			out[i].IDs[a] = fmt.Sprint(1000000 + i*5 + j)
		}
	}
	return out
}

var benchSizes = []int{10_000, 100_000}

// onEach runs a benchmark on a state with n records, in memory and on Badger.
func onEach(b *testing.B, n int, run func(*testing.B, *state.KV, state.Lease)) {
	b.Helper()
	snap := &state.Snapshot{Records: map[schema.Ref]state.Record{}}
	bytes := 0
	for _, r := range agency(n) {
		snap.Records[r.Ref] = r
		bytes += len(r.Resource)
	}
	badger, err := badgerkv.Open(ctx, badgerkv.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := badger.Close(); err != nil {
			b.Error(err)
		}
	}()
	for name, db := range map[string]kv.DB{"mem": kv.NewMem(), "badger": badger} {
		s := state.NewKV(db, state.Options{})
		l := must(s.Lock(ctx, state.Lock{}, time.Hour))
		must(s.Push(ctx, l, snap))
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(bytes)/float64(n), "bytes/resource")
			run(b, s, l)
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	for _, n := range benchSizes {
		onEach(b, n, func(b *testing.B, s *state.KV, _ state.Lease) {
			for b.Loop() {
				if snap, err := s.Snapshot(ctx); err != nil || len(snap.Records) != n {
					b.Fatal(len(snap.Records), err)
				}
			}
		})
	}
}

func BenchmarkRecords(b *testing.B) {
	for _, n := range benchSizes {
		onEach(b, n, func(b *testing.B, s *state.KV, _ state.Lease) {
			for b.Loop() {
				for _, err := range s.Records(ctx) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkPush(b *testing.B) {
	onEach(b, 10_000, func(b *testing.B, s *state.KV, l state.Lease) {
		snap := must(s.Snapshot(ctx))
		for b.Loop() {
			snap.Meta = must(s.Push(ctx, l, snap))
		}
	})
}

// BenchmarkWrite is what apply does for each change: an intent, then its result.
func BenchmarkWrite(b *testing.B) {
	onEach(b, 10_000, func(b *testing.B, s *state.KV, l state.Lease) {
		records := agency(1000)
		head := must(s.Meta(ctx))
		i := 0
		for b.Loop() {
			r := records[i%len(records)]
			intents := []state.Intent{{Ref: r.Ref, Account: "client-de", Action: "update", Kind: "Property", Key: r.Ref.Name}}
			head = must(s.Write(ctx, l, head.Serial, &state.Write{PutIntents: intents}))
			head = must(s.Write(ctx, l, head.Serial, &state.Write{Put: []state.Record{r}, DeleteIntents: intents}))
			i++
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	onEach(b, 10_000, func(b *testing.B, s *state.KV, _ state.Lease) {
		for b.Loop() {
			must(state.Verify(ctx, s))
		}
	})
}
