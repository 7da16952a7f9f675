// Package expr holds the conditions of the language, written in CEL: it checks
// them against the properties of an account, compiles, evaluates and explains
// them. Only this package knows CEL.
//
// # What an author may write
//
// An expression sees records (contact, company, deal, form, event …), for a
// deal the list contacts, and in a policy resource, change or flow. It knows
// && || ! ?: == != < <= > >= in + - * / % [], the macros has and exists, and
// the functions of Functions. A number is a number: 1000 and 1000.0 mean the
// same next to a property. A date is compared with date("2026-01-31"),
// timestamp("2026-01-31T08:00:00Z") or with the text alone; a date without a
// time is midnight UTC. The pattern of matches is written out, so that it is
// checked and bounded before anything runs.
//
// # A property that is not set
//
// There are no nulls. Where a property is not set, or its raw value cannot be
// read as its type, every comparison and function call that reads it is false
// (also !=), has asks, and the reason is kept. So !(deal.amount > 1000) is true
// of a deal without an amount. A property used as a condition by itself is
// false where it is not set. Any other failure, such as a division of whole
// numbers by zero or a missing key below spec in a policy, likewise makes the
// comparison or call around it false. An empty text counts as not set, as in the
// vendors' own records; in a policy, which reads documents, it does not.
//
// # What is reported
//
// condition-invalid stops: the text does not parse or does not type-check, or
// is too large, too deep or too expensive. condition-never-holds warns of a
// value behind == or in that is no option, stage or pipeline, and of == "": no
// property that is set equals it. It is said of the value and of nothing else.
// What is around it may hold all the same, through another value of the list,
// another branch or a negation; it is reported there too, for the value is a slip
// of the pen either way. != with such a value is not reported.
//
// The package does not know which trigger or step an expression belongs to, nor
// where its text stands in a file: positions are offsets into the text.
package expr

import (
	"accord/schema"
)

// The rules that a Problem can break, besides those of a Refusal.
const (
	RuleInvalid    = "condition-invalid"
	RuleNeverHolds = "condition-never-holds"
)

// Bounds of an expression.
const (
	MaxSize  = 4096 // runes
	MaxDepth = 50   // of nesting, parentheses included
)

// Condition is the wanted result of an expression that decides: true or false.
// Every other wanted result is the type of a property (schema.TypeString …).
const Condition = "condition"

// Contacts is the name under which an expression sees the contacts associated
// with a deal.
const Contacts = "contacts"

// Property is a property as an expression names it: Object is the name of the
// record (contact, deal, event, form …), or Contacts for a property of an
// element of that list. A Property without a Name is the record itself.
type Property struct {
	Object string `json:"object"`
	Name   string `json:"name"`
}

// String returns object.name.
func (p Property) String() string {
	if p.Name == "" {
		return p.Object
	}
	return p.Object + "." + p.Name
}

// Problem is one thing that is wrong with an expression.
type Problem struct {
	Rule string
	// Start and End are offsets in runes into the text, End behind the last
	// rune: 0 ≤ Start ≤ End ≤ length of the text.
	Start, End int
	Message    string
	Help       string
}

// Refusal says why a name that exists may not be used in an expression.
type Refusal struct {
	Rule, Message, Help string
}

// Scope is what an expression may see. The maps must not be changed once they
// are given to NewEnv.
type Scope struct {
	// Objects maps each record that the expression sees to its properties by
	// internal name: contact, company, deal, record (a custom object), form
	// (what was submitted) and event (see Event).
	Objects map[string]map[string]schema.PropertyInfo
	// Contacts adds the list contacts; its elements have the properties of
	// Objects["contact"], which must be there even if it is refused.
	Contacts bool
	// Refused are names of Objects whose use is a problem of its own, reported
	// once, where the name first stands: `contact` under a trigger that enrolls
	// none. Their properties are checked all the same.
	Refused map[string]Refusal
}

// Event returns the properties of event for a trigger: property, old, new and
// at. Old and new have the type and the options of the property that changed,
// where the trigger names one (nil: they are texts).
func Event(changed *schema.PropertyInfo) map[string]schema.PropertyInfo {
	value := schema.PropertyInfo{Type: schema.TypeString}
	if changed != nil {
		value = *changed
	}
	before, after := value, value
	before.Name, after.Name = "old", "new"
	return map[string]schema.PropertyInfo{
		"property": {Name: "property", Type: schema.TypeString},
		"old":      before,
		"new":      after,
		"at":       {Name: "at", Type: schema.TypeDatetime},
	}
}

// Env is what expressions are compiled against. It is immutable and safe for
// concurrent use. Making one is cheap: what two scopes have in common is shared.
type Env struct {
	words *vocabulary
	scope Scope
}

// NewEnv returns the environment of a scope.
func NewEnv(s Scope) *Env { return &Env{words: newVocabulary(s), scope: s} }

// info returns what is known of a property, the zero value where it is unknown.
func (e *Env) info(p Property) schema.PropertyInfo {
	if p.Object == Contacts {
		p.Object = schema.Contact
	}
	return e.scope.Objects[p.Object][p.Name]
}
