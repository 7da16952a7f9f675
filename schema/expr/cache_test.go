package expr

import (
	"fmt"
	"sync"
	"testing"

	"accord/schema"
)

func TestCacheIsBounded(t *testing.T) {
	c := cache[int, int]{limit: 10}
	for i := range 1000 {
		c.get(i, func() int { return i })
		if n := len(c.young) + len(c.old); n > 20 {
			t.Fatalf("%d entries after %d", n, i+1)
		}
		// What is used stays.
		if v := c.get(0, func() int { return -1 }); v != 0 {
			t.Fatalf("0 was forgotten after %d", i)
		}
	}
	if v := c.get(1, func() int { return -1 }); v != -1 {
		t.Error("1 was not forgotten")
	}
}

func TestCompileTwiceIsOneProgram(t *testing.T) {
	a := mustCompile(t, NewEnv(dealScope()), `deal.amount > 12345`, Condition)
	if b := mustCompile(t, NewEnv(dealScope()), `deal.amount > 12345`, Condition); a != b {
		t.Error("compiled twice")
	}
	if b := mustCompile(t, NewEnv(dealScope()), `deal.amount > 12345`, schema.TypeBoolean); a == b {
		t.Error("a condition and a value are the same program")
	}
}

// Run with -race: everything is shared between goroutines here.
func TestConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				s := dealScope()
				s.Objects["deal"][fmt.Sprintf("p%d", i%5)] = schema.PropertyInfo{Type: schema.TypeNumber}
				env := NewEnv(s)
				text := fmt.Sprintf(`deal.p%d > %d && contacts.exists(c, c.email.matches("a+"))`, i%5, (i+g)%7)
				p, problems := env.Compile(text, Condition)
				if p == nil {
					t.Errorf("%v", problems)
					return
				}
				a := Activation{
					Records:  map[string]Record{"deal": Values{fmt.Sprintf("p%d", i%5): "3"}},
					Contacts: []Record{Values{"email": "aa"}, Values{}},
				}
				got, err := p.Eval(t.Context(), a)
				if want := 3 > (i+g)%7; err != nil || got.True != want {
					t.Errorf("%s: %v %v", text, got, err)
				}
				if _, err := p.Explain(t.Context(), a); err != nil {
					t.Error(err)
				}
				p.Admits()
			}
		})
	}
	wg.Wait()
}
