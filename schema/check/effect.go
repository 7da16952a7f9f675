package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"accord/schema"
	"accord/schema/expr"
)

// What the steps of workflows do, as far as the triggers of others can tell:
// effects. Which workflows an effect sets off is asked by the rules on loops and
// on follow-up workflows.

// effect is one change that a step can make. Equal effects of different steps
// are one, so that what they set off is computed once.
type effect struct {
	account, object string
	how             how
	property        string // written, or the list that is joined
	// value is what is written: a constant as JSON, or words for what is not
	// known (see copied and computed). Of a created record it is all values.
	value string
	keep  bool // written only where nothing is set
	// again: the effect can come about any number of times by itself, because
	// the record is a new one each time.
	again bool
}

type how int

const (
	creates how = iota // a record; nothing is set on it but what is written
	writes             // one property of a record that is there
	joins              // a contact joins a list
)

// Values that are not known from the configuration.
const (
	copied   = "a copied value"
	computed = "a computed value"
	cleared  = "null"
)

func constant(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // a literal is a string, a number, a boolean or null
		return computed
	}
	return string(text)
}

func written(v schema.Value) string {
	if v.CEL != "" {
		return computed
	}
	return constant(v.Literal)
}

func isConstant(value string) bool { return value != copied && value != computed }

// occurrence is an effect of a step.
type occurrence struct {
	effect int         // in effects.all
	at     schema.Path // of what is written, in the workflow
	step   int         // of the workflow's steps
	// reaches is unset where the action is refused, because the workflow's
	// account is not connected to the other.
	reaches bool
}

// effects are all effects of the enabled workflows, and whom they set off.
type effects struct {
	p         *pass
	workflows []workflow     // enabled ones, sorted by name
	of        [][]occurrence // by workflow
	all       []effect
	values    []map[string]string // by effect: of a created record
	setOff    [][]int             // by effect: workflows; nil: not asked for yet
	index     map[effect]int
	taken     map[int]taken // by effect, as far as it was asked for

	listening map[listener][]int // workflows, in their order
}

// listener is what a trigger listens to: a property of an object ("": the object
// as such), or a list.
type listener struct{ account, object, property, list string }

// effects returns the effects of the configuration.
func (p *pass) effects() *effects {
	if p.effectsOf != nil {
		return p.effectsOf
	}
	e := &effects{p: p, index: map[effect]int{}, taken: map[int]taken{}, listening: map[listener][]int{}}
	for w := range p.workflows() {
		if w.IsEnabled() && w.account != nil && w.enrolls != "" {
			e.workflows = append(e.workflows, w)
		}
	}
	e.of = make([][]occurrence, len(e.workflows))
	for i, w := range e.workflows {
		e.listen(i, w)
		for j, s := range w.steps {
			e.step(i, j, w, s)
		}
	}
	e.setOff = make([][]int, len(e.all))
	p.effectsOf = e
	return e
}

func (e *effects) add(w int, o occurrence, x effect) { e.addWith(w, o, x, nil) }

// create adds the creation of a record with these values.
func (e *effects) create(w int, o occurrence, x effect, values map[string]string) {
	var text strings.Builder
	for _, name := range sortedNames(values) {
		text.WriteString(name + "=" + values[name] + "\n")
	}
	x.how, x.value = creates, text.String()
	e.addWith(w, o, x, values)
}

func (e *effects) addWith(w int, o occurrence, x effect, values map[string]string) {
	i, ok := e.index[x]
	if !ok {
		i = len(e.all)
		e.index[x] = i
		e.all, e.values = append(e.all, x), append(e.values, values)
	}
	o.effect = i
	e.of[w] = append(e.of[w], o)
}

func (e *effects) step(i, j int, w workflow, s schema.StepAt) {
	o := occurrence{step: j, reaches: true}
	for _, name := range sortedNames(s.SetProperties) {
		o.at = s.Path.Key("setProperties").Key(name)
		e.add(i, o, effect{account: w.Account, object: w.enrolls, how: writes, property: name, value: written(s.SetProperties[name])})
	}
	if a := s.AssignOwner; a != nil && a.List != "" {
		o.at = s.Path.Key("assignOwner").Key("list")
		e.add(i, o, effect{account: w.Account, object: schema.Contact, how: joins, property: a.List})
	}
	switch {
	case s.UpsertContact != nil:
		o.at = s.Path.Key("upsertContact")
		_, o.reaches = e.p.Goes(schema.FeatureWorkflows, w.Account, s.UpsertContact.In)
		e.upsert(i, o, w, s.UpsertContact)
	case s.CreateDeal != nil:
		o.at = s.Path.Key("createDeal")
		_, o.reaches = e.p.Goes(schema.FeatureWorkflows, w.Account, s.CreateDeal.In)
		e.deal(i, o, s.CreateDeal)
	}
}

func (e *effects) upsert(i int, o occurrence, w workflow, u *schema.UpsertContact) {
	values := map[string]string{}
	for _, name := range schema.CreationProperties {
		values[name] = copied
	}
	copies(values, u.Properties)
	action := o.at
	if u.CreateIfMissing {
		created := maps.Clone(values)
		if u.CrossSell != "" && u.CrossSell != schema.CrossSellClear {
			created[schema.CrossSellProperty] = constant(u.CrossSell)
		}
		// Contacts are matched by email: the same one is not created twice.
		e.create(i, o, effect{account: u.In, object: schema.Contact, again: values["email"] == computed}, created)
	}
	if u.CrossSell != "" {
		o.at = action.Key("crossSell")
		x := effect{account: u.In, object: schema.Contact, how: writes, property: schema.CrossSellProperty, value: constant(u.CrossSell), keep: !u.Overwrites()}
		if u.CrossSell == schema.CrossSellClear {
			x.value, x.keep = cleared, false
		}
		e.add(i, o, x)
	}
	if !e.p.extended(w) {
		return // other properties at creation only
	}
	for _, name := range sortedNames(values) {
		if name != "email" {
			o.at = action.Key("properties")
			e.add(i, o, effect{account: u.In, object: schema.Contact, how: writes, property: name, value: values[name], keep: !u.Overwrites()})
		}
	}
}

func (e *effects) deal(i int, o occurrence, d *schema.CreateDeal) {
	values := map[string]string{schema.PropertyPipeline: copied, schema.PropertyDealStage: copied}
	if !d.Pipeline.Source {
		values[schema.PropertyPipeline], values[schema.PropertyDealStage] = constant(d.Pipeline.Name), constant(d.Pipeline.Stage)
	}
	copies(values, d.Properties)
	if d.CrossSell != "" && d.CrossSell != schema.CrossSellClear {
		values[schema.CrossSellProperty] = constant(d.CrossSell)
	}
	e.create(i, o, effect{account: d.In, object: schema.Deal, again: true}, values)
}

func copies(values map[string]string, c *schema.Copies) {
	if c == nil {
		return
	}
	for _, name := range c.Names {
		values[name] = copied
	}
	for name, v := range c.Values {
		values[name] = written(v)
	}
}

// listen notes what the trigger of a workflow listens to.
func (e *effects) listen(i int, w workflow) {
	add := func(l listener) {
		if of := e.listening[l]; len(of) == 0 || of[len(of)-1] != i {
			e.listening[l] = append(of, i)
		}
	}
	at := listener{account: w.Account, object: w.enrolls}
	reads := func(c *condition) {
		if c == nil || c.program == nil {
			return
		}
		for _, read := range c.program.Reads() {
			if read.Object == recordName(w.enrolls) {
				add(listener{account: w.Account, object: w.enrolls, property: read.Name})
			}
		}
	}
	switch t := w.Trigger; t.Event() {
	case schema.EventCreated:
		add(at)
	case schema.EventPropertyChanged:
		add(at)
		add(listener{account: w.Account, object: w.enrolls, property: t.Property})
	case schema.EventMatches:
		add(at)
		reads(e.p.where(w))
	case schema.EventJoined, schema.EventLeft:
		add(listener{account: w.Account, list: t.List})
		if l := e.p.resource(schema.KindList, t.List); l != nil && !l.Spec.(*schema.List).Membership.Manual() {
			add(at)
			for _, c := range e.p.membership(l) {
				reads(&c)
			}
		}
	}
}

// where is the condition of a workflow's trigger, or nil.
func (p *pass) where(w workflow) *condition {
	of := p.conditions(w)
	if i := slices.IndexFunc(of, func(c condition) bool { return c.Use == schema.UseTrigger }); i >= 0 {
		return &of[i]
	}
	return nil
}

// triggered returns the workflows that an effect can set off, in their order.
func (e *effects) triggered(i int) []int {
	if e.setOff[i] != nil {
		return e.setOff[i]
	}
	x := e.all[i]
	l := listener{account: x.account, object: x.object}
	switch x.how {
	case writes:
		l.property = x.property
	case joins:
		l = listener{account: x.account, list: x.property}
	}
	out := []int{}
	listening := e.listening[l]
	var facts []expr.Fact
	if len(listening) > 0 {
		facts = e.facts(i)
	}
	for _, w := range listening {
		if e.sets(i, facts, e.workflows[w]) {
			out = append(out, w)
		}
	}
	e.setOff[i] = out
	return out
}

// facts is what is known of the record after the effect.
func (e *effects) facts(i int) []expr.Fact {
	var out []expr.Fact
	x := e.all[i]
	know := func(property, value string) {
		if isConstant(value) {
			out = append(out, expr.Fact{Property: expr.Property{Object: recordName(x.object), Name: property}, Value: literal(value)})
		}
	}
	switch x.how {
	case writes:
		know(x.property, x.value)
	case creates:
		for name := range e.p.properties(x.account, x.object) {
			switch value, ok := e.values[i][name]; {
			case ok:
				know(name, value)
			case name != lifecycleStage: // the vendor sets that by itself
				know(name, cleared)
			}
		}
	}
	return out
}

const lifecycleStage = "lifecyclestage"

// literal is the value of a constant.
func literal(value string) any {
	var v any
	if value == cleared || json.Unmarshal([]byte(value), &v) != nil {
		return nil
	}
	return v
}

// recordName is how an expression names the enrolled record.
func recordName(object string) string {
	if slices.Contains(schema.Objects, object) {
		return object
	}
	return "record"
}

// sets reports whether an effect that a workflow listens to can enroll a record
// in it. It errs on the side of yes.
func (e *effects) sets(i int, facts []expr.Fact, w workflow) bool {
	x := e.all[i]
	admits := func(c *condition, facts []expr.Fact) bool {
		return c == nil || c.program == nil || c.program.Admits(facts...)
	}
	where := e.p.where(w)
	switch t := w.Trigger; t.Event() {
	case schema.EventCreated, schema.EventMatches:
		return admits(where, facts)
	case schema.EventPropertyChanged:
		value := x.value
		if x.how == creates {
			// It fires for each property that the record is created with.
			var ok bool
			if value, ok = e.values[i][t.Property]; !ok || value == cleared {
				return false
			}
		}
		facts = append(slices.Clone(facts), expr.Fact{Property: expr.Property{Object: "event", Name: "property"}, Value: t.Property})
		if isConstant(value) {
			facts = append(facts, expr.Fact{Property: expr.Property{Object: "event", Name: "new"}, Value: literal(value)})
		}
		return admits(where, facts)
	case schema.EventJoined, schema.EventLeft:
		if x.how == joins {
			return t.Event() == schema.EventJoined
		}
		if t.Event() == schema.EventLeft {
			return x.how == writes
		}
		for _, c := range e.p.membership(e.p.resource(schema.KindList, t.List)) {
			if !admits(&c, facts) {
				return false
			}
		}
		return admits(where, facts)
	}
	return false
}

// said says what an effect is, for a reader.
func (e *effects) said(i int) string {
	x := e.all[i]
	switch x.how {
	case joins:
		return fmt.Sprintf("puts the contact into the list %s of %s", x.property, x.account)
	case writes:
		return fmt.Sprintf("sets %s.%s of %s to %s", x.object, x.property, x.account, saidValue(x.value))
	}
	parts := make([]string, 0, len(e.values[i]))
	for _, name := range sortedNames(e.values[i]) {
		parts = append(parts, name+" = "+saidValue(e.values[i][name]))
	}
	return fmt.Sprintf("creates a %s in %s (%s)", x.object, x.account, strings.Join(parts, ", "))
}

func saidValue(value string) string {
	if value == cleared {
		return "empty"
	}
	return value
}
