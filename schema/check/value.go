package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"accord/diag"
	"accord/schema"
)

// What workflows name and write, besides references to other documents: objects,
// properties and values. The findings are those of the rules reference-unknown
// and schema, whose checks these are parts of.

// checkWorkflowNames finds objects and properties that an account has not.
func checkWorkflowNames(p *pass) {
	for w := range p.workflows() {
		if w.account == nil {
			continue
		}
		checkTriggerNames(p, w)
		for _, s := range w.steps {
			for _, name := range sortedNames(s.SetProperties) {
				if p.hasObject(w.Account, w.enrolls) {
					p.property(w.r, s.Path.Key("setProperties").Key(name).AtKey(), w.enrolls, name, []string{w.Account})
				}
			}
		}
		for a := range w.actions() {
			if a.copies == nil || p.Account(a.in) == nil {
				continue
			}
			at := a.at.Key("properties")
			for i, name := range a.copies.Names {
				if p.writes(w, a, name) {
					p.property(w.r, at.Index(i), a.object, name, []string{w.Account, a.in})
				}
			}
			for _, name := range sortedNames(a.copies.Values) {
				if p.computes(w) {
					p.property(w.r, at.Key(name).AtKey(), a.object, name, []string{a.in})
				}
			}
		}
	}
}

func checkTriggerNames(p *pass, w workflow) {
	at := spec.Key("trigger")
	object, field := w.Trigger.OnObject(), at.Key("on")
	switch w.Trigger.Event() {
	case schema.EventSubmitted, schema.EventJoined, schema.EventLeft:
		return
	case schema.EventManual:
		object, field = w.enrolls, at.Key("object")
	}
	if !p.hasObject(w.Account, object) {
		if p.leftOut(schema.KindProperty, object) {
			return
		}
		f := p.report(w.r, field, "%s has no object %s", w.Account, object)
		if did := diag.DidYouMean(object, p.objects(w.Account)); did != "" {
			f.help("%s", did)
		} else {
			f.help("Name one of %s, or declare a Property of the custom object %s in %s.", strings.Join(schema.Objects, ", "), object, w.Account)
		}
		return
	}
	if w.Trigger.Property != "" {
		p.property(w.r, at.Key("property"), object, w.Trigger.Property, []string{w.Account})
	}
}

// objects are the objects that an account has: those of every account, and the
// custom ones that a Property names there.
func (p *pass) objects(account string) []string {
	if of, ok := p.objectsOf[account]; ok {
		return of
	}
	out := slices.Clone(schema.Objects)
	for _, r := range p.In(account) {
		if s, ok := r.Spec.(*schema.Property); ok && !slices.Contains(out, s.Object) {
			out = append(out, s.Object)
		}
	}
	if p.objectsOf == nil {
		p.objectsOf = map[string][]string{}
	}
	p.objectsOf[account] = out
	return out
}

func (p *pass) hasObject(account, object string) bool {
	return slices.Contains(schema.Objects, object) || slices.Contains(p.objects(account), object)
}

// extended reports whether the workflow's organization allows what the product
// does not.
func (p *pass) extended(w workflow) bool {
	o := p.OrganizationOf(w.Account)
	return o != nil && o.Spec.(*schema.Organization).Extended()
}

// computes reports whether actions of the workflow may compute properties; where
// they may not, property-not-writable says so.
func (p *pass) computes(w workflow) bool { return p.extended(w) }

// writes reports whether the action may copy the property; where it may not,
// property-not-writable says so.
func (p *pass) writes(w workflow, a action, name string) bool {
	return a.deal != nil || name == schema.CrossSellProperty || slices.Contains(schema.CreationProperties, name) || p.extended(w)
}

// checkWorkflowValues finds values that a property cannot have, and settings of
// a workflow that the JSON Schema of its document cannot judge.
func checkWorkflowValues(p *pass) {
	for w := range p.workflows() {
		checkTimes(p, w)
		if w.account == nil {
			continue
		}
		for _, s := range w.steps {
			at := s.Path.Key("setProperties")
			for _, name := range sortedNames(s.SetProperties) {
				p.value(w, at.Key(name), w.Account, w.enrolls, name, s.SetProperties[name])
			}
			if a := s.AssignOwner; a != nil && a.List != "" {
				p.manual(w, s.Path.Key("assignOwner").Key("list"), a.List)
			}
		}
		for a := range w.actions() {
			if a.copies == nil || p.Account(a.in) == nil {
				continue
			}
			for i, name := range a.copies.Names {
				if p.writes(w, a, name) {
					p.copied(w, a, a.at.Key("properties").Index(i), name)
				}
			}
			for _, name := range sortedNames(a.copies.Values) {
				if p.computes(w) {
					p.value(w, a.at.Key("properties").Key(name), a.in, a.object, name, a.copies.Values[name])
				}
			}
		}
	}
}

func checkTimes(p *pass, w workflow) {
	duration := func(at schema.Path, s string) {
		if s == "" {
			return
		}
		if _, err := schema.ParseDuration(s); err != nil {
			p.report(w.r, at, "%v", err).help("A duration is longer than nothing and at most ten years.")
		}
	}
	for _, s := range w.steps {
		duration(s.Path.Key("wait"), s.Wait)
	}
	if w.Reenroll != nil {
		duration(spec.Key("reenroll").Key("cooldown"), w.Reenroll.Cooldown)
	}
}

// manual reports a list that fills itself where contacts are to be put into it.
func (p *pass) manual(w workflow, at schema.Path, list string) {
	if l := p.List(list); l != nil && (!l.Membership.Manual() || l.ObjectName() != schema.Contact) {
		p.report(w.r, at, "contacts cannot be put into the list %s", list).
			help("Name a list of contacts with `membership: manual`.").
			see(p.resource(schema.KindList, list), spec.Key("membership"), "how records come into %s", list)
	}
}

// copied reports a property that has another type where it is copied to.
func (p *pass) copied(w workflow, a action, at schema.Path, name string) {
	from, ok := p.properties(w.Account, a.object)[name]
	to, there := p.properties(a.in, a.object)[name]
	if !ok || !there || from.Type == to.Type || to.Type == schema.TypeString {
		return
	}
	f := p.report(w.r, at, "%s is a %s in %s and a %s in %s", name, from.Type, w.Account, to.Type, a.in).
		help("Give the property the same type in both accounts, or leave it out.")
	for _, info := range []schema.PropertyInfo{from, to} {
		if info.By != nil {
			f.see(info.By, spec.Key("type"), "%v is a %s", info.By.Ref(), info.Type)
		}
	}
}

// value reports a literal that the property cannot have. What the property is
// not known for, and what is computed, is found elsewhere.
func (p *pass) value(w workflow, at schema.Path, account, object, name string, v schema.Value) {
	info, ok := p.properties(account, object)[name]
	if !ok || v.CEL != "" || v.Literal == nil {
		return
	}
	wrong := func(what string) *finding {
		return p.report(w.r, at, "%s is %s in %s, not %s", name, what, account, shown(v.Literal))
	}
	text, isText := v.Literal.(string)
	switch info.Type {
	case schema.TypeNumber:
		if _, ok := v.Literal.(float64); !ok {
			wrong("a number").help("Write a number, without quotes.")
		}
	case schema.TypeBoolean:
		if _, ok := v.Literal.(bool); !ok {
			wrong("a boolean").help("Write true or false.")
		}
	case schema.TypeDate:
		if _, err := time.Parse(time.DateOnly, text); !isText || err != nil {
			wrong("a date").help("Write it as 2026-01-31.")
		}
	case schema.TypeDatetime:
		if _, err := time.Parse(time.RFC3339, text); !isText || err != nil {
			wrong("a time").help("Write it as 2026-01-31T08:00:00Z.")
		}
	case schema.TypeEnumeration:
		switch {
		case !isText:
			wrong("one of its options").help("Write an option in quotes.")
		case len(info.Options) > 0 && !slices.Contains(info.Options, text) && !p.leftOut(schema.KindPipeline, text):
			f := p.report(w.r, at, "%s has no option %s in %s", name, shown(text), account)
			if did := diag.DidYouMean(text, info.Options); did != "" {
				f.help("%s", did)
			} else {
				f.help("Write one of %s.", sentence(info.Options))
			}
			if info.By != nil {
				f.see(info.By, spec.Key("options"), "the options of %v", info.By.Ref())
			}
		}
	default:
		if !isText {
			wrong("a text").help("Write it in quotes.")
		}
	}
}

// shown writes a literal as a reader of YAML would.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "empty"
	case string:
		if r := []rune(v); len(r) > 40 {
			v = string(r[:40]) + "…"
		}
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(v)
}

func sortedNames[V any](m map[string]V) []string {
	if len(m) == 0 {
		return nil
	}
	out := make([]string, 0, len(m))
	for n := range m {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
