package schema

import (
	"slices"
	"strings"
)

// Targets of a step that acts in another account.
const (
	TargetEnrolled      = "enrolled"
	TargetLastUpdated   = "last-updated"
	TargetAllAssociated = "all-associated"
)

// What happens to a contact that is there already.
const (
	ExistingKeep      = "keep"
	ExistingOverwrite = "overwrite"
)

// Values of the cross-selling opportunity that a step sets.
const (
	CrossSellYes   = "yes"
	CrossSellNo    = "no"
	CrossSellClear = "clear"
)

// CrossSellProperty is the property that workflows between accounts set: an
// enumeration of yes and no that apply creates where it is missing.
const CrossSellProperty = "cross_selling_opportunity"

// CreationProperties are the properties of a contact that a workflow may set in
// another account when it creates the contact.
// Source: multi-account workflows (January 2026).
var CreationProperties = []string{"email", "firstname", "lastname"}

// Workflow reacts to what happens in an account.
type Workflow struct {
	Account        string    `json:"account"`
	Enabled        *bool     `json:"enabled,omitempty"` // nil: true
	Trigger        Trigger   `json:"trigger"`
	Reenroll       *Reenroll `json:"reenroll,omitempty"`      // nil: a record enrolls once
	ContactSource  string    `json:"contactSource,omitempty"` // last-updated or all-associated
	EnrollExisting bool      `json:"enrollExisting,omitempty"`
	Suppress       string    `json:"suppress,omitempty"` // CEL
	ExitWhen       string    `json:"exitWhen,omitempty"` // CEL
	Breaker        *Breaker  `json:"breaker,omitempty"`
	Steps          []Step    `json:"steps"`
}

// IsEnabled is enabled with its default.
func (w *Workflow) IsEnabled() bool { return w.Enabled == nil || *w.Enabled }

// Trigger events, the part of Trigger.On behind the object.
const (
	EventCreated         = "created"
	EventPropertyChanged = "property-changed"
	EventMatches         = "matches"
	EventSubmitted       = "submitted" // form.submitted
	EventJoined          = "joined"    // list.joined
	EventLeft            = "left"      // list.left
	EventManual          = "manual"
)

// Trigger says what enrolls a record.
type Trigger struct {
	On       string `json:"on"`                 // <object>.created …, form.submitted, list.joined, list.left, manual
	Object   string `json:"object,omitempty"`   // manual: what is enrolled
	Property string `json:"property,omitempty"` // property-changed
	Form     string `json:"form,omitempty"`     // form.submitted
	List     string `json:"list,omitempty"`     // list.joined, list.left
	Where    string `json:"where,omitempty"`    // CEL
}

// Event is the part of On behind the object: created, property-changed,
// matches, submitted, joined, left or manual.
func (t *Trigger) Event() string {
	if t.On == EventManual {
		return EventManual
	}
	_, event, _ := strings.Cut(t.On, ".")
	return event
}

// OnObject is the part of On before the event: an object, form or list; "" for
// a manual trigger.
func (t *Trigger) OnObject() string {
	object, _, ok := strings.Cut(t.On, ".")
	if !ok {
		return ""
	}
	return object
}

// Reenroll lets a record enroll again.
type Reenroll struct {
	Cooldown string `json:"cooldown,omitempty"` // a duration; "": none
	Max      int    `json:"max,omitempty"`      // times in all; 0: no bound
	Never    bool   `json:"-"`                  // reenroll: false, written out
}

// UnmarshalJSON reads true, false or {cooldown: 30d, max: 5}.
func (r *Reenroll) UnmarshalJSON(data []byte) error {
	type long Reenroll
	var on bool
	*r = Reenroll{}
	short, err := either(data, &on, (*long)(r))
	r.Never = short && !on
	return err
}

// MarshalJSON writes what UnmarshalJSON reads.
func (r Reenroll) MarshalJSON() ([]byte, error) {
	if r.Never || r == (Reenroll{}) {
		return marshal(!r.Never)
	}
	type long Reenroll
	return marshal(long(r))
}

// Breaker bounds how often a workflow acts. Over it the workflow is paused and
// its events kept.
type Breaker struct {
	PerRecord   string `json:"perRecord,omitempty"`   // a rate; "": DefaultPerRecord
	PerWorkflow string `json:"perWorkflow,omitempty"` // a rate; "": DefaultPerWorkflow
}

// Rates of a breaker that says nothing.
const (
	DefaultPerRecord   = "20/h"
	DefaultPerWorkflow = "1000/h"
)

// Step is one step of a workflow: exactly one of its fields besides ID, Then
// and Else is set.
type Step struct {
	ID                  string                  `json:"id,omitempty"`
	UpsertContact       *UpsertContact          `json:"upsertContact,omitempty"`
	CreateDeal          *CreateDeal             `json:"createDeal,omitempty"`
	AssignOwner         *AssignOwner            `json:"assignOwner,omitempty"`
	SetProperties       map[string]Value        `json:"setProperties,omitempty"`
	SetMarketingContact *bool                   `json:"setMarketingContact,omitempty"`
	SetSubscriptions    map[string]Subscription `json:"setSubscriptions,omitempty"`
	Wait                string                  `json:"wait,omitempty"` // a duration
	If                  string                  `json:"if,omitempty"`   // CEL
	Then                []Step                  `json:"then,omitempty"`
	Else                []Step                  `json:"else,omitempty"`
}

// Action is the name of the field that is set: upsertContact, wait, if …
func (s *Step) Action() string {
	switch {
	case s.UpsertContact != nil:
		return "upsertContact"
	case s.CreateDeal != nil:
		return "createDeal"
	case s.AssignOwner != nil:
		return "assignOwner"
	case s.SetProperties != nil:
		return "setProperties"
	case s.SetMarketingContact != nil:
		return "setMarketingContact"
	case s.SetSubscriptions != nil:
		return "setSubscriptions"
	case s.Wait != "":
		return "wait"
	case s.If != "":
		return "if"
	}
	return ""
}

// UpsertContact edits or creates a contact in another account.
type UpsertContact struct {
	In               string   `json:"in"`
	Target           string   `json:"target"`
	CreateIfMissing  bool     `json:"createIfMissing,omitempty"`
	CrossSell        string   `json:"crossSell,omitempty"`  // yes, no, clear; "": leave
	Existing         string   `json:"existing,omitempty"`   // "": keep
	Properties       *Copies  `json:"properties,omitempty"` // nil: CreationProperties
	Consent          *Consent `json:"consent,omitempty"`
	MarketingContact *bool    `json:"marketingContact,omitempty"` // nil: leave
}

// Overwrites reports whether what is there is written over.
func (u *UpsertContact) Overwrites() bool { return u.Existing == ExistingOverwrite }

// PropertyNames are the properties that are written, with their default.
func (u *UpsertContact) PropertyNames() []string {
	if u.Properties == nil {
		return CreationProperties
	}
	return u.Properties.All()
}

// Copies names properties that are copied to another account: as a list of
// names, or as a map of names to values (limits: extended).
type Copies struct {
	Names  []string         // the list
	Values map[string]Value // the map
}

// All returns the names of all properties that are written, sorted.
func (c *Copies) All() []string {
	out := slices.Clone(c.Names)
	for n := range c.Values {
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// UnmarshalJSON reads a list of names or a map of names to values.
func (c *Copies) UnmarshalJSON(data []byte) error {
	*c = Copies{}
	_, err := either(data, &c.Names, &c.Values)
	return err
}

// MarshalJSON writes what UnmarshalJSON reads.
func (c Copies) MarshalJSON() ([]byte, error) {
	if c.Values != nil {
		return marshal(c.Values)
	}
	if c.Names == nil {
		return []byte("[]"), nil
	}
	return marshal(c.Names)
}

// Consent is what a created contact is given.
type Consent struct {
	LegalBasis    string   `json:"legalBasis"`
	Explanation   string   `json:"explanation,omitempty"`
	Subscriptions []string `json:"subscriptions,omitempty"`
}

// CreateDeal creates a deal in another account.
type CreateDeal struct {
	In         string       `json:"in"`
	Target     string       `json:"target"`
	Pipeline   DealPipeline `json:"pipeline"`
	CrossSell  string       `json:"crossSell,omitempty"`
	Properties *Copies      `json:"properties,omitempty"`
}

// DealPipeline says where a created deal goes: to the pipeline and stage with
// the label of the source's, or to one by name.
type DealPipeline struct {
	Source bool   `json:"-"`
	Name   string `json:"name,omitempty"`
	Stage  string `json:"stage,omitempty"`
}

// UnmarshalJSON reads "source" or {name: sales, stage: qualified}.
func (p *DealPipeline) UnmarshalJSON(data []byte) error {
	type long DealPipeline
	var word string
	*p = DealPipeline{}
	short, err := either(data, &word, (*long)(p))
	p.Source = short
	return err
}

// MarshalJSON writes what UnmarshalJSON reads.
func (p DealPipeline) MarshalJSON() ([]byte, error) {
	if p.Source {
		return marshal("source")
	}
	type long DealPipeline
	return marshal(long(p))
}

// AssignOwner sets the owner of the contact: one user, one of several in
// rotation, or nobody.
type AssignOwner struct {
	User         string     `json:"user,omitempty"`
	Rotate       []Rotating `json:"rotate,omitempty"`
	None         bool       `json:"none,omitempty"`
	KeepExisting bool       `json:"keepExisting,omitempty"`
	CompanyOwner bool       `json:"companyOwner,omitempty"`
	Fallback     string     `json:"fallback,omitempty"`
	List         string     `json:"list,omitempty"` // the list that the contact joins
}

// Rotating is a user's place in a rotation, written as the name alone or with a
// weight.
type Rotating struct {
	User   string `json:"user"`
	Weight int    `json:"weight,omitempty"` // 0: 1
}

// UnmarshalJSON reads ben or {user: anna, weight: 3}.
func (r *Rotating) UnmarshalJSON(data []byte) error {
	type long Rotating
	*r = Rotating{}
	_, err := either(data, &r.User, (*long)(r))
	return err
}

// MarshalJSON writes the short form where the weight is one.
func (r Rotating) MarshalJSON() ([]byte, error) {
	if r.Weight <= 1 {
		return marshal(r.User)
	}
	type long Rotating
	return marshal(long(r))
}

// Statuses of a subscription.
const (
	Subscribed   = "subscribed"
	Unsubscribed = "unsubscribed"
)

// Subscription is what a step sets for one subscription type, written as the
// status alone or with a legal basis.
type Subscription struct {
	Status      string `json:"status"`
	LegalBasis  string `json:"legalBasis,omitempty"`
	Explanation string `json:"explanation,omitempty"`
}

// UnmarshalJSON reads unsubscribed or {status: subscribed, legalBasis: consent}.
func (s *Subscription) UnmarshalJSON(data []byte) error {
	type long Subscription
	*s = Subscription{}
	_, err := either(data, &s.Status, (*long)(s))
	return err
}

// MarshalJSON writes the short form where there is only a status.
func (s Subscription) MarshalJSON() ([]byte, error) {
	if s.LegalBasis == "" && s.Explanation == "" {
		return marshal(s.Status)
	}
	type long Subscription
	return marshal(long(s))
}

// StepAt is a step and where it stands.
type StepAt struct {
	*Step
	Path Path
}

// AllSteps returns every step, those in branches included, in the order in
// which they are written.
func (w *Workflow) AllSteps() []StepAt {
	var out []StepAt
	var walk func([]Step, Path)
	walk = func(steps []Step, at Path) {
		for i := range steps {
			p := at.Index(i)
			out = append(out, StepAt{&steps[i], p})
			walk(steps[i].Then, p.Key("then"))
			walk(steps[i].Else, p.Key("else"))
		}
	}
	walk(w.Steps, spec.Key("steps"))
	return out
}

// Condition is an expression of the language and where it stands.
type Condition struct {
	Path Path
	Text string
	Use  ConditionUse
	// Property is the property that a UseValue or UseCopiedValue is written to.
	Property string
	// Object is the object that a UseCopiedValue is written to; a UseValue is
	// written to the enrolled one.
	Object string
	// In is the account that a UseCopiedValue is written in.
	In string
}

// ConditionUse says what an expression sees and what it must yield.
type ConditionUse int

// The uses of an expression.
const (
	UseTrigger     ConditionUse = iota // where of a trigger: sees the event; a boolean
	UseSuppress                        // suppress: a boolean
	UseExit                            // exitWhen: a boolean
	UseIf                              // if of a step: a boolean
	UseValue                           // a value in setProperties: of the property's type
	UseCopiedValue                     // a value in properties, written in another account
)

// Conditions returns every expression of the workflow.
func (w *Workflow) Conditions() []Condition {
	var out []Condition
	add := func(p Path, text string, use ConditionUse) {
		if text != "" {
			out = append(out, Condition{Path: p, Text: text, Use: use})
		}
	}
	add(spec.Key("trigger").Key("where"), w.Trigger.Where, UseTrigger)
	add(spec.Key("suppress"), w.Suppress, UseSuppress)
	add(spec.Key("exitWhen"), w.ExitWhen, UseExit)
	values := func(p Path, m map[string]Value, use ConditionUse, object, in string) {
		for _, n := range sortedKeys(m) {
			if m[n].CEL != "" {
				out = append(out, Condition{p.Key(n).Key("cel"), m[n].CEL, use, n, object, in})
			}
		}
	}
	for _, s := range w.AllSteps() {
		add(s.Path.Key("if"), s.If, UseIf)
		values(s.Path.Key("setProperties"), s.SetProperties, UseValue, "", "")
		if u := s.UpsertContact; u != nil && u.Properties != nil {
			values(s.Path.Key("upsertContact").Key("properties"), u.Properties.Values, UseCopiedValue, Contact, u.In)
		}
		if d := s.CreateDeal; d != nil && d.Properties != nil {
			values(s.Path.Key("createDeal").Key("properties"), d.Properties.Values, UseCopiedValue, Deal, d.In)
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Kind implements Spec.
func (*Workflow) Kind() Kind { return KindWorkflow }

// References implements Spec.
func (w *Workflow) References(yield func(Path, Ref)) {
	name(KindAccount, spec.Key("account"), w.Account, yield)
	trigger := spec.Key("trigger")
	name(KindForm, trigger.Key("form"), w.Trigger.Form, yield)
	name(KindList, trigger.Key("list"), w.Trigger.List, yield)
	for _, s := range w.AllSteps() {
		s.references(s.Path, yield)
	}
}

func (s *Step) references(at Path, yield func(Path, Ref)) {
	if u := s.UpsertContact; u != nil {
		at := at.Key("upsertContact")
		name(KindAccount, at.Key("in"), u.In, yield)
		if u.Consent != nil {
			names(KindSubscriptionType, at.Key("consent").Key("subscriptions"), u.Consent.Subscriptions, yield)
		}
	}
	if d := s.CreateDeal; d != nil {
		name(KindAccount, at.Key("createDeal").Key("in"), d.In, yield)
	}
	if a := s.AssignOwner; a != nil {
		at := at.Key("assignOwner")
		name(KindUser, at.Key("user"), a.User, yield)
		for i, r := range a.Rotate {
			name(KindUser, at.Key("rotate").Index(i), r.User, yield)
		}
		name(KindUser, at.Key("fallback"), a.Fallback, yield)
		name(KindList, at.Key("list"), a.List, yield)
	}
	for _, n := range sortedKeys(s.SetSubscriptions) {
		name(KindSubscriptionType, at.Key("setSubscriptions").Key(n).AtKey(), n, yield)
	}
}

// Canonical implements Spec.
func (w *Workflow) Canonical() Spec {
	out := *w
	if out.IsEnabled() {
		out.Enabled = nil
	}
	if r := out.Reenroll; r != nil && r.Never {
		out.Reenroll = nil
	}
	out.Trigger.Where = strings.TrimSpace(out.Trigger.Where)
	out.Suppress, out.ExitWhen = strings.TrimSpace(out.Suppress), strings.TrimSpace(out.ExitWhen)
	if b := out.Breaker; b != nil {
		b := Breaker{unless(b.PerRecord, DefaultPerRecord), unless(b.PerWorkflow, DefaultPerWorkflow)}
		out.Breaker = &b
		if b == (Breaker{}) {
			out.Breaker = nil
		}
	}
	out.Steps = canonicalSteps(out.Steps)
	return &out
}

func canonicalSteps(steps []Step) []Step {
	out := slices.Clone(steps)
	for i := range out {
		s := &out[i]
		s.If = strings.TrimSpace(s.If)
		s.Then, s.Else = canonicalSteps(s.Then), canonicalSteps(s.Else)
		if s.UpsertContact != nil {
			u := *s.UpsertContact
			u.Existing = unless(u.Existing, ExistingKeep)
			u.Properties = u.Properties.canonical(CreationProperties)
			if u.Consent != nil {
				c := *u.Consent
				c.Subscriptions = sorted(c.Subscriptions)
				u.Consent = &c
			}
			s.UpsertContact = &u
		}
		if s.CreateDeal != nil {
			d := *s.CreateDeal
			d.Properties = d.Properties.canonical(nil)
			s.CreateDeal = &d
		}
	}
	return out
}

func (c *Copies) canonical(def []string) *Copies {
	if c == nil || c.Values != nil {
		return c
	}
	out := sorted(c.Names)
	if def != nil && slices.Equal(out, sorted(def)) {
		return nil
	}
	return &Copies{Names: out}
}
