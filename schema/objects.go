package schema

import (
	"encoding/json"
	"slices"
	"strings"
)

// Objects that the language knows by name; a Property may name a custom one.
const (
	Contact = "contact"
	Company = "company"
	Deal    = "deal"
	Ticket  = "ticket"
	Note    = "note"
	Call    = "call"
	Meeting = "meeting"
	// EmailActivity is a logged email, not the kind Email.
	EmailActivity = "email"
	Task          = "task"
)

// Objects lists the objects that every account has.
var Objects = []string{Contact, Company, Deal, Ticket, Note, Call, Meeting, EmailActivity, Task}

// Activities are the objects that mirroring shows.
var Activities = []string{Note, Call, Meeting, EmailActivity, Task}

// Placement says in which accounts an object lives.
type Placement struct {
	Accounts []string `json:"accounts,omitempty"`
	// AccountLabels places the object in every account that has all of these
	// labels; an account that gets them later gets the object.
	AccountLabels map[string]string `json:"accountLabels,omitempty"`
}

// Placed is implemented by the specs of the kinds that live in accounts.
type Placed interface {
	Spec
	Place() *Placement
}

// Place returns the placement itself.
func (p *Placement) Place() *Placement { return p }

func (p *Placement) references(yield func(Path, Ref)) {
	names(KindAccount, spec.Key("accounts"), p.Accounts, yield)
}

func (p Placement) canonical() Placement {
	p.Accounts = sorted(p.Accounts)
	return p
}

// Label is the label of what lives in accounts, or "" for any other spec.
func Label(s Spec) string {
	switch s := s.(type) {
	case *Property:
		return s.Label
	case *Pipeline:
		return s.Label
	case *List:
		return s.Label
	case *Form:
		return s.Label
	case *Email:
		return s.Label
	case *SubscriptionType:
		return s.Label
	}
	return ""
}

// Types of a property.
const (
	TypeString      = "string"
	TypeNumber      = "number"
	TypeBoolean     = "boolean"
	TypeDate        = "date"
	TypeDatetime    = "datetime"
	TypeEnumeration = "enumeration"
)

// Property is a property of an object.
type Property struct {
	Placement
	Object  string   `json:"object"`
	Type    string   `json:"type"`
	Label   string   `json:"label,omitempty"`
	Name    string   `json:"name,omitempty"`    // internal name, where it differs from metadata.name
	Options []Option `json:"options,omitempty"` // enumeration: the values, in the order shown
	Unique  bool     `json:"unique,omitempty"`  // no two records have the same value
}

// Option is a value of an enumeration, written as the value alone or with a label.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label,omitempty"` // "": the value
}

// UnmarshalJSON reads "north" or {value: north, label: North}.
func (o *Option) UnmarshalJSON(data []byte) error {
	type long Option
	*o = Option{}
	_, err := either(data, &o.Value, (*long)(o))
	return err
}

// MarshalJSON writes the short form where there is no label of its own.
func (o Option) MarshalJSON() ([]byte, error) {
	if o.Label == "" || o.Label == o.Value {
		return marshal(o.Value)
	}
	type long Option
	return marshal(long(o))
}

// InternalName is the property's name in the account, for a resource of that
// metadata.name.
func (p *Property) InternalName(metadataName string) string { return orDefault(p.Name, metadataName) }

// Kind implements Spec.
func (*Property) Kind() Kind { return KindProperty }

// References implements Spec.
func (p *Property) References(yield func(Path, Ref)) { p.references(yield) }

// Canonical implements Spec: options keep their order.
func (p *Property) Canonical() Spec {
	out := *p
	out.Placement = p.Placement.canonical()
	return &out
}

// Pipeline is a pipeline of deals or tickets.
type Pipeline struct {
	Placement
	Object string  `json:"object,omitempty"` // "": deal
	Label  string  `json:"label"`
	Stages []Stage `json:"stages"`
}

// Stage is a stage of a pipeline.
type Stage struct {
	ID          string  `json:"id"`
	Label       string  `json:"label,omitempty"`       // "": the id
	Probability float64 `json:"probability,omitempty"` // 0 to 1
	Closed      string  `json:"closed,omitempty"`      // "": open; won or lost
}

// DisplayLabel is the label with its default.
func (s *Stage) DisplayLabel() string { return orDefault(s.Label, s.ID) }

// ObjectName is the object with its default.
func (p *Pipeline) ObjectName() string { return orDefault(p.Object, Deal) }

// Stage returns the stage with the id, or nil.
func (p *Pipeline) Stage(id string) *Stage {
	for i := range p.Stages {
		if p.Stages[i].ID == id {
			return &p.Stages[i]
		}
	}
	return nil
}

// Kind implements Spec.
func (*Pipeline) Kind() Kind { return KindPipeline }

// References implements Spec.
func (p *Pipeline) References(yield func(Path, Ref)) { p.references(yield) }

// Canonical implements Spec: stages keep their order.
func (p *Pipeline) Canonical() Spec {
	out := *p
	out.Placement = p.Placement.canonical()
	out.Object = unless(p.Object, Deal)
	out.Stages = slices.Clone(p.Stages)
	for i := range out.Stages {
		out.Stages[i].Label = unless(out.Stages[i].Label, out.Stages[i].ID)
	}
	return &out
}

// List is a list of records.
type List struct {
	Placement
	Object     string     `json:"object,omitempty"` // "": contact
	Label      string     `json:"label"`
	Membership Membership `json:"membership,omitzero"`
}

// Membership says how records come into a list: by hand, or by a condition.
type Membership struct {
	Where string // CEL; "": manual
}

// Manual reports whether records are put into the list by hand.
func (m Membership) Manual() bool { return m.Where == "" }

type membershipWhere struct {
	Where string `json:"where"`
}

// UnmarshalJSON reads "manual" or {where: <CEL>}.
func (m *Membership) UnmarshalJSON(data []byte) error {
	var word string
	var long membershipWhere
	_, err := either(data, &word, &long)
	m.Where = long.Where
	return err
}

// MarshalJSON writes what UnmarshalJSON reads.
func (m Membership) MarshalJSON() ([]byte, error) {
	if m.Manual() {
		return marshal("manual")
	}
	return marshal(membershipWhere(m))
}

// ObjectName is the object with its default.
func (l *List) ObjectName() string { return orDefault(l.Object, Contact) }

// Kind implements Spec.
func (*List) Kind() Kind { return KindList }

// References implements Spec.
func (l *List) References(yield func(Path, Ref)) { l.references(yield) }

// Canonical implements Spec.
func (l *List) Canonical() Spec {
	out := *l
	out.Placement = l.Placement.canonical()
	out.Object = unless(l.Object, Contact)
	out.Membership.Where = strings.TrimSpace(l.Membership.Where)
	return &out
}

// Form is a form whose submissions create or update contacts.
type Form struct {
	Placement
	Label  string   `json:"label"`
	Fields []string `json:"fields"` // contact properties, in the order shown
}

// Kind implements Spec.
func (*Form) Kind() Kind { return KindForm }

// References implements Spec: fields are names of properties, which a standard
// one has without a resource; they are checked by a rule.
func (f *Form) References(yield func(Path, Ref)) { f.references(yield) }

// Canonical implements Spec.
func (f *Form) Canonical() Spec {
	out := *f
	out.Placement = f.Placement.canonical()
	return &out
}

// Email is an automated marketing email.
type Email struct {
	Placement
	Label   string `json:"label"`
	Subject string `json:"subject,omitempty"`
	Body    Body   `json:"body,omitzero"`
}

// Body is the text of an email: in a file beside the YAML, or in the YAML. What
// counts is the text: package load reads the file into it.
type Body struct {
	File string `json:"file,omitempty"` // relative to the project's root
	Text string `json:"text,omitempty"`
}

// Kind implements Spec.
func (*Email) Kind() Kind { return KindEmail }

// References implements Spec.
func (e *Email) References(yield func(Path, Ref)) { e.references(yield) }

// Canonical implements Spec: the text counts, and not the file it stands in.
func (e *Email) Canonical() Spec {
	out := *e
	out.Placement = e.Placement.canonical()
	out.Body.File = ""
	return &out
}

// SubscriptionType is a kind of message that a contact can subscribe to.
type SubscriptionType struct {
	Placement
	Label string `json:"label"`
}

// Kind implements Spec.
func (*SubscriptionType) Kind() Kind { return KindSubscriptionType }

// References implements Spec.
func (s *SubscriptionType) References(yield func(Path, Ref)) { s.references(yield) }

// Canonical implements Spec.
func (s *SubscriptionType) Canonical() Spec {
	out := *s
	out.Placement = s.Placement.canonical()
	return &out
}

// Value is a value that a step writes: a literal, or CEL that yields one.
type Value struct {
	Literal any    // string, float64, bool or nil (clear); unused where CEL is set
	CEL     string // an expression
}

type celValue struct {
	CEL string `json:"cel"`
}

// UnmarshalJSON reads a scalar or {cel: "…"}.
func (v *Value) UnmarshalJSON(data []byte) error {
	*v = Value{}
	if len(data) > 0 && data[0] == '{' {
		var c celValue
		err := json.Unmarshal(data, &c)
		v.CEL = c.CEL
		return err
	}
	return json.Unmarshal(data, &v.Literal)
}

// MarshalJSON writes what UnmarshalJSON reads.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.CEL != "" {
		return marshal(celValue{v.CEL})
	}
	return marshal(v.Literal)
}
