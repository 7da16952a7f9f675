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

// A program is shared where what it mentions has the same types, whatever else
// there is, and nowhere else.
func TestProgramsAreSharedByWhatTheyMention(t *testing.T) {
	scope := func(objects map[string]map[string]string, contacts bool) *Env {
		s := Scope{Objects: map[string]map[string]schema.PropertyInfo{}, Contacts: contacts}
		for object, properties := range objects {
			s.Objects[object] = map[string]schema.PropertyInfo{}
			for name, typ := range properties {
				s.Objects[object][name] = schema.PropertyInfo{Name: name, Type: typ}
			}
		}
		return NewEnv(s)
	}
	type properties = map[string]string
	type objects = map[string]map[string]string
	for _, test := range []struct {
		name, text string
		first      objects
		then       objects
		contacts   bool // then; first has them
		shared, ok bool
	}{
		{
			"another property beside", `deal.a == 7771`,
			objects{"deal": properties{"a": "number"}},
			objects{"deal": properties{"a": "number", "b": "string"}},
			false, true, true,
		},
		{
			"another object beside", `deal.a == 7772`,
			objects{"deal": properties{"a": "number"}},
			objects{"deal": properties{"a": "number"}, "company": properties{"a": "string"}},
			false, true, true,
		},
		{
			"another type", `deal.a == "x" || deal.b == 7773`,
			objects{"deal": properties{"a": "string", "b": "number"}},
			objects{"deal": properties{"a": "enumeration", "b": "number"}},
			false, false, true,
		},
		{
			"a type that does not fit", `deal.a == 7774`,
			objects{"deal": properties{"a": "number"}},
			objects{"deal": properties{"a": "string"}},
			false, false, false,
		},
		{
			"no such property", `has(deal.a) && deal.b == 7775`,
			objects{"deal": properties{"a": "number", "b": "number"}},
			objects{"deal": properties{"b": "number"}},
			false, false, false,
		},
		{
			"no such object", `has(company.a) && deal.b == 7776`,
			objects{"company": properties{"a": "number"}, "deal": properties{"b": "number"}},
			objects{"deal": properties{"b": "number"}},
			false, false, false,
		},
		{
			"no contacts", `contacts.exists(c, c.a == 7777)`,
			objects{"contact": properties{"a": "number"}},
			objects{"contact": properties{"a": "number"}},
			false, false, false,
		},
		{
			"contacts of another type", `contacts.exists(c, c.a == 7778)`,
			objects{"contact": properties{"a": "number"}},
			objects{"contact": properties{"a": "string"}},
			true, false, false,
		},
		{
			"a name of its own", `contacts.exists(deal, deal.a == 7779)`,
			objects{"contact": properties{"a": "number"}},
			objects{"contact": properties{"a": "number"}, "deal": properties{"a": "string"}},
			true, true, true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := mustCompile(t, scope(test.first, true), test.text, Condition)
			then, problems := scope(test.then, test.contacts).Compile(test.text, Condition)
			if (then != nil) != test.ok {
				t.Fatalf("compiled: %t, %v", then != nil, problems)
			}
			if shared := first == then; shared != test.shared {
				t.Errorf("shared: %t", shared)
			}
			if again := mustCompile(t, scope(test.first, true), test.text, Condition); again.words.objects["deal"] != first.words.objects["deal"] {
				t.Error("the words of the other are used")
			}
		})
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
