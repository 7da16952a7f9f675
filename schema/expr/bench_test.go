package expr

import (
	"fmt"
	"runtime"
	"testing"

	"accord/schema"
)

// conditions are those of n workflows: a where, a suppress and a value each.
// Where they repeat there are 25 texts of each.
func conditions(n int, repeat bool) [][2]string {
	out := make([][2]string, 0, 3*n)
	for i := range n {
		if repeat {
			i %= 25
		}
		out = append(out,
			[2]string{fmt.Sprintf(`deal.dealstage == "closedwon" && deal.amount > %d`, 1000+i), Condition},
			[2]string{fmt.Sprintf(`contacts.exists(c, c.country == "US" && c.email.endsWith("@acme-%d.example"))`, i), Condition},
			[2]string{fmt.Sprintf(`contact.firstname + " %d"`, i), schema.TypeString})
	}
	return out
}

// BenchmarkCompile is the compiling of all the expressions of 10,000 workflows,
// one environment for every five.
func BenchmarkCompile(b *testing.B) {
	for _, mode := range []struct {
		name   string
		repeat bool
	}{{"repeated", true}, {"distinct", false}} {
		b.Run(mode.name, func(b *testing.B) {
			list := conditions(10_000, mode.repeat)
			b.ReportAllocs()
			for b.Loop() {
				programs = cache[programKey, *compiled]{limit: programs.limit}
				var env *Env
				for i, c := range list {
					if i%15 == 0 {
						env = NewEnv(dealScope())
					}
					if p, problems := env.Compile(c[0], c[1]); p == nil {
						b.Fatal(c[0], problems)
					}
				}
			}
		})
	}
}

// BenchmarkCompileMemory tells what the caches keep at most.
func BenchmarkCompileMemory(b *testing.B) {
	env := NewEnv(dealScope())
	list := conditions(3_000, false)
	for b.Loop() {
		programs = cache[programKey, *compiled]{limit: programs.limit}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for _, c := range list {
			env.Compile(c[0], c[1])
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		n := len(programs.young) + len(programs.old)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/program")
		b.ReportMetric(float64(n), "programs")
	}
}

func BenchmarkNewEnv(b *testing.B) {
	scope := dealScope()
	b.ReportAllocs()
	for b.Loop() {
		NewEnv(scope)
	}
}

func BenchmarkEval(b *testing.B) {
	env := NewEnv(dealScope())
	contact := Values{"email": "jane@example.com", "country": "US"}
	a := Activation{
		Records:  map[string]Record{"deal": Values{"amount": "1500", "dealstage": "closedwon"}, "contact": contact},
		Contacts: []Record{contact, contact, contact},
	}
	for _, text := range []string{
		`deal.dealstage == "closedwon" && deal.amount > 1000`,
		`contact.firstname == "Jane"`,
		`contact.email.endsWith("@acme.example")`,
		`contacts.exists(c, c.country == "DE")`,
	} {
		b.Run(text, func(b *testing.B) {
			p := mustCompile(b, env, text, Condition)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Eval(b.Context(), a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkExplain(b *testing.B) {
	p := mustCompile(b, NewEnv(dealScope()), `deal.dealstage == "closedwon" && deal.amount > 1000`, Condition)
	a := Activation{Records: map[string]Record{"deal": Values{"amount": "1500", "dealstage": "closedwon"}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Explain(b.Context(), a); err != nil {
			b.Fatal(err)
		}
	}
}
