package plan_test

import (
	"bytes"
	"testing"

	"accord/examples/generate"
	"accord/plan"
)

// agency is a repository of 10,000 resources, of which a share has changed since
// it was applied.
func agency(b *testing.B, changed float64) plan.Input {
	b.Helper()
	o := generate.Options{Resources: 10_000}
	before := of(b, read(b, generate.MapFS(o)))
	o.Changed = changed
	in := of(b, read(b, generate.MapFS(o)))
	in.Applied, in.Live = applied(b, before.Declared, "id")
	return in
}

func BenchmarkMake(b *testing.B) {
	for _, bb := range []struct {
		name    string
		changed float64
		blind   bool
	}{{"unchanged", 0, false}, {"1% changed", 0.01, false}, {"unchanged, without a look", 0, true}} {
		b.Run(bb.name, func(b *testing.B) {
			in := agency(b, bb.changed)
			if bb.blind {
				in.Live = nil
			}
			if p := mustMake(b, in); (len(p.Changes) > 0) != (bb.changed > 0) || len(p.Drift) > 0 {
				b.Fatalf("%d changes, %d drifted", len(p.Changes), len(p.Drift))
			}
			b.ReportAllocs()
			for b.Loop() {
				mustMake(b, in)
			}
		})
	}
}

// everyone is the first plan of the agency.
func everyone(b *testing.B) *plan.Plan {
	b.Helper()
	return mustMake(b, of(b, read(b, generate.MapFS(generate.Options{Resources: 10_000}))))
}

func BenchmarkDigest(b *testing.B) {
	p := everyone(b)
	b.ReportAllocs()
	for b.Loop() {
		plan.DigestOf(p)
	}
}

func BenchmarkSaveAndRead(b *testing.B) {
	p := everyone(b)
	b.ReportAllocs()
	for b.Loop() {
		saved := save(b, p)
		b.SetBytes(int64(len(saved)))
		if _, err := plan.Read(bytes.NewReader(saved)); err != nil {
			b.Fatal(err)
		}
	}
}
