package expr

import (
	"slices"
	"strings"
	"testing"

	"accord/schema"
)

func properties(namesAndTypes ...string) map[string]schema.PropertyInfo {
	out := map[string]schema.PropertyInfo{}
	for i := 0; i < len(namesAndTypes); i += 2 {
		out[namesAndTypes[i]] = schema.PropertyInfo{Name: namesAndTypes[i], Type: namesAndTypes[i+1]}
	}
	return out
}

func enumeration(name string, options ...string) schema.PropertyInfo {
	return schema.PropertyInfo{Name: name, Type: schema.TypeEnumeration, Options: options}
}

// dealScope is that of a workflow on deals.
func dealScope() Scope {
	contact := properties("email", "string", "firstname", "string", "country", "string", "age", "number", "vip", "boolean", "lastseen", "datetime")
	contact["lifecyclestage"] = enumeration("lifecyclestage", "lead", "customer")
	deal := properties("dealname", "string", "amount", "number", "closedate", "date", "won", "boolean")
	deal["dealstage"] = enumeration("dealstage", "closedlost", "closedwon", "qualified")
	deal["pipeline"] = enumeration("pipeline", "default")
	stage := deal["dealstage"]
	return Scope{
		Objects:  map[string]map[string]schema.PropertyInfo{"contact": contact, "deal": deal, "event": Event(&stage)},
		Contacts: true,
	}
}

func TestProblems(t *testing.T) {
	env := NewEnv(dealScope())
	for _, tc := range []struct {
		text, at, message, help string // help: a part of it
	}{
		// Names.
		{`deal.amout > 1000`, `amout`, `deal has no property "amout"`, `did you mean "amount"? It has amount, closedate`},
		{`deal . amout > 1000`, `amout`, `deal has no property "amout"`, `did you mean "amount"?`},
		{`contct.email == "a"`, `contct`, `there is no "contct" here`, `did you mean "contact"? Known here: contact, contacts, deal, event`},
		{`amount > 5`, `amount`, `there is no "amount" here`, `write deal.amount`},
		{`deal.dealstage == closedwon`, `closedwon`, `there is no "closedwon" here`, `a text is written in quotes: "closedwon"`},
		{`has(contact.emali)`, `emali`, `contact has no property "emali"`, `did you mean "email"?`},
		{`contacts.exists(c, c.emial == "x")`, `emial`, `contact has no property "emial"`, `did you mean "email"?`},
		{`contacts.country == "US"`, `country`, `contacts is a list and has no "country"`, `contacts.exists(x, x.country == …)`},
		{`contact.email.foo == 1`, `foo`, `contact.email is a text and has no "foo"`, ``},
		{`.deal.won`, `.`, `there is no ".deal" here`, `without the dot`},
		// Types.
		{`deal.amount == "1000"`, `"1000"`, `deal.amount is a number, "1000" is a text`, `write 1000 without quotes`},
		{`"1000" == deal.amount`, `"1000"`, `"1000" is a text, deal.amount is a number`, `write 1000 without quotes`},
		{`contact.country == 5`, `5`, `contact.country is a text, 5 is a number`, `write "5"`},
		{`contact.country < deal.amount`, `contact.country < deal.amount`, `contact.country is a text, deal.amount is a number`, ``},
		{`contact.vip == "true"`, `"true"`, `contact.vip is a boolean, "true" is a text`, `write true without quotes`},
		{`contact.lifecyclestage == true`, `true`, `contact.lifecyclestage is an enumeration, true is a boolean`, `write "true"`},
		{`deal.amount in [1, "2"]`, `"2"`, `deal.amount is a number, "2" is a text`, `write 2 without quotes`},
		{`contact.country == null`, `null`, `a property is never null: it has a value or is not set`, `has(contact.country)`},
		{`"US" in contact.country`, `contact.country`, `contact.country is a text, and in needs a list`, `contact.country.contains("US")`},
		{`contact.country in "US"`, `"US"`, `"US" is a text, and in needs a list`, `write ["US"]`},
		{`deal == contact`, `deal`, `deal is a record and is not compared as a whole`, `compare its properties`},
		{`deal["amount"] > 1`, `deal["amount"]`, `a property is not read with [ ]`, `write deal.amount`},
		{`contact.firstname + 5 == "a"`, `contact.firstname + 5`, `contact.firstname is a text, 5 is a number: there is no + for them`, `string(5)`},
		{`deal.amount % 2 == 0`, `deal.amount`, `deal.amount may have a fraction, and % is for whole numbers`, `int(deal.amount)`},
		{`deal.won ? deal.won : 2`, `deal.won : 2`, `deal.won is a boolean, 2 is a number`, `of the same type`},
		{`contact.email > deal.closedate`, `contact.email > deal.closedate`, `contact.email is a text, deal.closedate is a date`, `date(contact.email)`},
		{`contact.email.exists(x, true)`, `contact.email`, `contact.email is a text, and exists goes over a list`, ``},
		{`contact.exists(x, true)`, `contact`, `contact is a record, and exists goes over a list`, `contacts.exists`},
		{`[1] < [2]`, `[1]`, `[1] is a list and is not ordered`, ``},
		{`-contact.email == "a"`, `-contact.email`, `contact.email is a text and has no negative`, ``},
		// Not true or false.
		{`contact.country`, `contact.country`, `contact.country is a text, and a condition is true or false`, `has(contact.country)`},
		{`deal.won && deal.amount`, `deal.amount`, `deal.amount is a number, and a condition is true or false`, `deal.amount > 0`},
		{`!(deal.amount + 1)`, `deal.amount + 1`, `deal.amount + 1 is a number, and a condition is true or false`, ``},
		{`contacts`, `contacts`, `contacts is a list, and a condition is true or false`, `size(contacts) > 0`},
		{`contacts.exists(c, c.email)`, `c.email`, `c.email is a text, and a condition is true or false`, `has(c.email)`},
		// Constants.
		{`deal.closedate > "2026-13-01"`, `"2026-13-01"`, `"2026-13-01" is no date`, `2026-01-31`},
		{`deal.closedate > date("soon")`, `"soon"`, `"soon" is no date`, `2026-01-31`},
		{`duration("2 days") > duration("1h")`, `"2 days"`, `"2 days" is no duration`, `48h`},
		{`contact.email.matches("(")`, `"("`, `"(" is no regular expression`, `missing closing )`},
		{`contact.email.matches(contact.country)`, `contact.country`, `the pattern of matches is not written out`, ``},
		{`contact.email.matches("(a{30}b{30}){30}")`, `"(a{30}b{30}){30}"`, `the pattern is too large`, ``},
		{`int("x") == 1`, `int("x")`, `"x" cannot become a number`, ``},
		// Functions.
		{`contact.email.startswith("a")`, `startswith`, `there is no function "startswith"`, `did you mean "startsWith"?`},
		{`now() > deal.closedate`, `now`, `there is no function "now"`, `the functions are bool, contains`},
		{`contact.email.startsWith(5)`, `5`, `5 is a number, and startsWith takes a text`, ``},
		{`deal.amount.startsWith("5")`, `deal.amount`, `deal.amount is a number, and startsWith takes a text`, ``},
		{`size(deal.amount) > 1`, `deal.amount`, `deal.amount is a number, and size takes a list or a map or a text`, ``},
		{`startsWith(contact.email, "a")`, `startsWith(contact.email, "a")`, `startsWith is called on a value`, `contact.email.startsWith("a")`},
		{`contact.email.date() > deal.closedate`, `contact.email.date()`, `date is not called on a value`, `date(contact.email)`},
		{`contact.email.startsWith()`, `contact.email.startsWith()`, `startsWith does not take no arguments`, `text.startsWith(text)`},
		{`contacts.all(c, c.country == "US")`, `all`, `there is no all in a condition`, `the macros are has and exists`},
		{`contacts.exists(c)`, `exists`, `exists takes a name and a condition`, ``},
		{`has(contact)`, `contact`, `has asks for one property`, `has(contact.country)`},
		{`Foo{a: 1} == 1`, `Foo{a: 1}`, `a condition makes no records`, ``},
		{`{"a": 1}["a"] == 1`, `{"a": 1}`, `a condition makes no maps`, ``},
		{`dyn(deal.amount) == 1`, `dyn`, `there is no function "dyn"`, ``},
		// Syntax.
		{``, ``, `the expression is empty`, ``},
		{`deal.amount >`, ``, `the expression ends too early`, ``},
		{`deal.amount = 5`, `=`, `= does not compare`, `write ==`},
		{`deal.won and deal.won`, `and`, `"and" is no operator`, `write &&`},
		{`deal.won & deal.won`, `&`, `& is no operator`, `write &&`},
		{`deal.won == "abc`, `"abc`, `the text is not closed`, ``},
		{`(deal.won`, ``, `a closing ) is missing`, ``},
		{`contact.email == "a\d"`, `"a\d"`, `the text has a backslash with something unknown behind it`, ``},
		{`if`, `if`, `"if" is a reserved word`, ``},
		// Letters of no name.
		{`contact.äö == 3`, `äö`, `"äö" is no name: names have only ASCII letters, digits and _`, `not its label`},
		{`contact.größe == "x"`, `größe`, `"größe" is no name: names have only ASCII letters, digits and _`, `not its label`},
		{`contact.straße1_x == "x" && deal.won`, `straße1_x`, `"straße1_x" is no name: names have only ASCII letters, digits and _`, ``},
		{"contact.gro\u0308\u00dfe == 3", "gro\u0308\u00dfe", `"gro` + "\u0308" + `ße" is no name: names have only ASCII letters, digits and _`, ``}, // a letter and its dots apart
		{`äcontact.email == "x"`, `äcontact`, `"äcontact" is no name: names have only ASCII letters, digits and _`, ``},
		{`contact.country == Österreich`, `Österreich`, `"Österreich" is no name: names have only ASCII letters, digits and _`, `a text is written in quotes: "Österreich"`},
		{`contact.名前 == "x"`, `名前`, `"名前" is no name: names have only ASCII letters, digits and _`, ``},
		{`contact.country == "Öst" && contact.ä == 'ö' // ü`, `ä`, `"ä" is no name: names have only ASCII letters, digits and _`, ``},
		{strings.Repeat("(", 60) + `deal.won` + strings.Repeat(")", 60), strings.Repeat("(", 60) + `deal.won` + strings.Repeat(")", 60), `the expression is nested too deeply: 50 levels are the most`, ``},
		// Cost.
		{
			`contacts.exists(a, contacts.exists(b, contacts.exists(c, a.age == c.age)))`,
			`contacts.exists(a, contacts.exists(b, contacts.exists(c, a.age == c.age)))`,
			`the condition can take too long`, `looks at every pair`,
		},
	} {
		t.Run(tc.text, func(t *testing.T) {
			p, problems := env.Compile(tc.text, Condition)
			if p != nil || len(problems) != 1 {
				t.Fatalf("program %v, problems %+v; want one problem", p, problems)
			}
			got := problems[0]
			if at := string([]rune(tc.text)[got.Start:got.End]); got.Rule != RuleInvalid || at != tc.at || got.Message != tc.message || !strings.Contains(got.Help, tc.help) {
				t.Errorf("%s at %q: %s (%s)\nwant at %q: %s (…%s…)", got.Rule, at, got.Message, got.Help, tc.at, tc.message, tc.help)
			}
		})
	}
}

func TestEveryProblemInOneRun(t *testing.T) {
	text := "deal.amout > 5\n  && contact.emial == 7 // both\n  && (contact.country || deal.amount == \"x\")"
	_, problems := NewEnv(dealScope()).Compile(text, Condition)
	var got []string
	for _, p := range problems {
		got = append(got, string([]rune(text)[p.Start:p.End]))
	}
	if want := `amout emial contact.country "x"`; strings.Join(got, " ") != want {
		t.Errorf("problems at %v, want %s", got, want)
	}
}

// A name with such letters keeps nothing else from being found.
func TestEveryProblemBesideLettersOfNoName(t *testing.T) {
	text := `contact.größe == 5 && deal.ä == 1 && (deal.won`
	_, problems := NewEnv(dealScope()).Compile(text, Condition)
	var got []string
	for _, p := range problems {
		got = append(got, string([]rune(text)[p.Start:p.End])+": "+p.Message)
	}
	want := []string{`größe: "größe" is no name: names have only ASCII letters, digits and _`, `ä: "ä" is no name: names have only ASCII letters, digits and _`, `: a closing ) is missing`}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestOffsetsCountRunes(t *testing.T) {
	text := `contact.country == "Österreich" && deal.amout > 1`
	_, problems := NewEnv(dealScope()).Compile(text, Condition)
	if len(problems) != 1 || string([]rune(text)[problems[0].Start:problems[0].End]) != "amout" {
		t.Errorf("%+v", problems)
	}
}

func TestTooLong(t *testing.T) {
	env := NewEnv(dealScope())
	fits := `deal.dealname == "` + strings.Repeat("x", MaxSize-19) + `"`
	if _, problems := env.Compile(fits, Condition); len(problems) != 0 {
		t.Errorf("%d characters: %v", len(fits), problems)
	}
	_, problems := env.Compile(fits+" ", Condition)
	if len(problems) != 1 || problems[0].Message != "the expression has 4097 characters, and 4096 is the most" {
		t.Errorf("%v", problems)
	}
}

func TestNeverHolds(t *testing.T) {
	env := NewEnv(dealScope())
	for _, tc := range []struct {
		text, at, message, help string // at "": nothing is reported
	}{
		{`deal.dealstage == "closedwonn"`, `"closedwonn"`, `no pipeline of the account has a stage "closedwonn"`, `did you mean "closedwon"?`},
		{`"ClosedWon" == deal.dealstage`, `"ClosedWon"`, `no pipeline of the account has a stage "ClosedWon"`, `did you mean "closedwon"?`},
		{`deal.pipeline == "sales"`, `"sales"`, `the account has no deal pipeline "sales"`, `It is one of default`},
		{`contact.lifecyclestage in ["lead", "custmer"]`, `"custmer"`, `contact.lifecyclestage has no option "custmer"`, `did you mean "customer"?`},
		{`contacts.exists(c, c.lifecyclestage == "x")`, `"x"`, `contacts.lifecyclestage has no option "x"`, `It is one of lead, customer`},
		{`event.new == "won"`, `"won"`, `event.new has no option "won"`, `closedwon`},
		{`contact.country == ""`, `""`, `contact.country is never an empty text: it has a value or is not set`, `!has(contact.country)`},
		{`!(deal.dealstage == "nope")`, `"nope"`, `no pipeline of the account has a stage "nope"`, ``},
		// The comparison never holds, and what is around it may: nothing is said of that.
		{`!(contact.lifecyclestage == "foo")`, `"foo"`, `contact.lifecyclestage has no option "foo"`, `It is one of lead, customer`},
		{`contact.lifecyclestage in ["foo", "lead"]`, `"foo"`, `contact.lifecyclestage has no option "foo"`, `It is one of lead, customer`},
		{`contact.vip || contact.lifecyclestage == "laed"`, `"laed"`, `contact.lifecyclestage has no option "laed"`, `did you mean "lead"?`},
		{`contact.vip ? contact.lifecyclestage == "foo" : true`, `"foo"`, `contact.lifecyclestage has no option "foo"`, ``},
		{`!(contact.country == "")`, `""`, `contact.country is never an empty text: it has a value or is not set`, `!has(contact.country)`},
		{`deal.dealstage == "closedwon"`, ``, ``, ``},
		{`deal.dealstage != "nope"`, ``, ``, ``},      // always true: never-holds would be wrong
		{`deal.dealstage.contains("no")`, ``, ``, ``}, // no equality
		{`contact.country == "Atlantis"`, ``, ``, ``}, // a text has no options
	} {
		t.Run(tc.text, func(t *testing.T) {
			p, problems := env.Compile(tc.text, Condition)
			if p == nil {
				t.Fatalf("no program: %v", problems)
			}
			if tc.at == "" {
				if len(problems) != 0 {
					t.Errorf("%v, want nothing", problems)
				}
				return
			}
			if len(problems) != 1 {
				t.Fatalf("%v, want one", problems)
			}
			got := problems[0]
			if at := tc.text[got.Start:got.End]; got.Rule != RuleNeverHolds || at != tc.at || got.Message != tc.message || !strings.Contains(got.Help, tc.help) {
				t.Errorf("%s at %q: %s (%s)", got.Rule, at, got.Message, got.Help)
			}
		})
	}
}

func TestEnumerationWithoutKnownOptions(t *testing.T) {
	s := Scope{Objects: map[string]map[string]schema.PropertyInfo{"contact": {"tier": enumeration("tier")}}}
	if _, problems := NewEnv(s).Compile(`contact.tier == "gold"`, Condition); len(problems) != 0 {
		t.Errorf("%v", problems)
	}
}

// Two accounts with the same properties share what is compiled, and each has
// its own options.
func TestOptionsAreNotShared(t *testing.T) {
	other := dealScope()
	other.Objects["deal"]["dealstage"] = enumeration("dealstage", "won")
	a, b := NewEnv(dealScope()), NewEnv(other)
	if a.words.objects["deal"] != b.words.objects["deal"] {
		t.Error("the object is not shared")
	}
	for _, tc := range []struct {
		env  *Env
		text string
		want int
	}{
		{a, `deal.dealstage == "closedwon"`, 0},
		{b, `deal.dealstage == "closedwon"`, 1},
		{a, `deal.dealstage == "won"`, 1},
		{b, `deal.dealstage == "won"`, 0},
	} {
		if _, problems := tc.env.Compile(tc.text, Condition); len(problems) != tc.want {
			t.Errorf("%s: %v", tc.text, problems)
		}
	}
	typed := dealScope()
	typed.Objects["deal"]["amount"] = schema.PropertyInfo{Name: "amount", Type: schema.TypeString}
	if NewEnv(typed).words.objects["deal"] == a.words.objects["deal"] {
		t.Error("an object with another type is shared")
	}
}

func TestRefusal(t *testing.T) {
	s := dealScope()
	s.Refused = map[string]Refusal{"contact": {"contact-source-missing", "contact is nobody here", "set contactSource"}}
	text := `deal.won && contact.country == "US" && contact.emial == "x"`
	_, problems := NewEnv(s).Compile(text, Condition)
	if len(problems) != 2 {
		t.Fatalf("%+v, want the refusal and the unknown property", problems)
	}
	if got, want := problems[0], (Problem{"contact-source-missing", 12, 19, "contact is nobody here", "set contactSource"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, problems := NewEnv(s).Compile(`deal.won && contacts.exists(contact, contact.country == "US")`, Condition); len(problems) != 0 {
		t.Errorf("a variable of the same name is refused: %v", problems)
	}
}

func TestReads(t *testing.T) {
	p, problems := NewEnv(dealScope()).Compile(
		`has(deal.amount) && contacts.exists(c, c.country == contact.country) && deal.amount > 5 && event.new == "closedwon"`, Condition)
	if p == nil {
		t.Fatal(problems)
	}
	want := []Property{{"deal", "amount"}, {"contacts", "country"}, {"contact", "country"}, {"event", "new"}}
	if got := p.Reads(); len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] || got[3] != want[3] {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestWantedValues(t *testing.T) {
	env := NewEnv(dealScope())
	for _, tc := range []struct{ text, want, message, help string }{
		{`contact.firstname + " " + contact.country`, schema.TypeString, ``, ``},
		{`deal.amount * 2`, schema.TypeNumber, ``, ``},
		{`size(contact.email)`, schema.TypeNumber, ``, ``},
		{`deal.amount > 5`, schema.TypeBoolean, ``, ``},
		{`"2026-01-31"`, schema.TypeDate, ``, ``},
		{`deal.won ? "customer" : "lead"`, schema.TypeEnumeration, ``, ``},
		{`deal.amount`, schema.TypeString, `deal.amount is a number, and a text is wanted`, `string(deal.amount)`},
		{`contact.email`, schema.TypeNumber, `contact.email is a text, and a number is wanted`, ``},
		{`contact.email`, schema.TypeDatetime, `contact.email is a text, and a date with a time is wanted`, `date(contact.email)`},
		{`"soon"`, schema.TypeDate, `"soon" is no date`, ``},
		{`contact.email`, schema.TypeBoolean, `contact.email is a text, and a boolean is wanted`, ``},
		{`null`, schema.TypeString, `null is nothing, and a text is wanted`, `a step that clears a property`},
	} {
		p, problems := env.Compile(tc.text, tc.want)
		switch {
		case tc.message == "" && (p == nil || len(problems) > 0):
			t.Errorf("%s as %s: %v", tc.text, tc.want, problems)
		case tc.message != "" && (len(problems) != 1 || problems[0].Message != tc.message || !strings.Contains(problems[0].Help, tc.help)):
			t.Errorf("%s as %s: %+v, want %s", tc.text, tc.want, problems, tc.message)
		}
	}
}
