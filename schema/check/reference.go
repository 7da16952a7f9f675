package check

import (
	"maps"
	"slices"

	"accord/diag"
	"accord/schema"
)

// checkReferences finds names that refer to nothing, and names of what exists
// but not in the account where it is needed.
func checkReferences(p *pass) {
	checkNames(p)
	checkSelectors(p)
	checkFields(p)
	checkUses(p)
	checkWorkflowNames(p)
}

// maxSuggestions bounds how many names are compared with every other: a wrong
// indentation in a large repository is thousands of unknown names, and one
// cause.
const maxSuggestions = 200

func checkNames(p *pass) {
	names := map[schema.Kind][]string{}
	help := map[schema.Ref]string{}
	for _, u := range p.Unknown {
		if p.leftOut(u.To.Kind, u.To.Name) {
			continue
		}
		h, ok := help[u.To]
		if !ok {
			if names[u.To.Kind] == nil {
				names[u.To.Kind] = p.Names(u.To.Kind)
			}
			if len(help) < maxSuggestions {
				h = diag.DidYouMean(u.To.Name, names[u.To.Kind])
			}
			help[u.To] = h
		}
		f := p.report(u.From, u.Path, "%v refers to %v, which is not declared", u.From.Ref(), u.To)
		switch of := names[u.To.Kind]; {
		case h != "":
			f.help("%s", h)
		case len(of) == 0:
			f.help("There is no %s at all: declare it.", u.To.Kind)
		default:
			f.help("Declare it, or name one of %s.", sentence(of))
		}
	}
}

// checkSelectors warns of objects that live nowhere. It is no error: the label
// may come with an account that is rolled out later.
func checkSelectors(p *pass) {
	values := map[string]map[string]bool{} // label → its values
	for _, a := range p.Of(schema.KindAccount) {
		for k, v := range a.Labels {
			if values[k] == nil {
				values[k] = map[string]bool{}
			}
			values[k][v] = true
		}
	}
	for _, r := range p.All() {
		s, ok := r.Spec.(schema.Placed)
		if !ok || len(p.AccountsOf(r.Ref())) > 0 {
			continue
		}
		labels := s.Place().AccountLabels
		if p.leftOut(schema.KindAccount, slices.Collect(maps.Values(labels))...) && len(labels) > 0 {
			continue
		}
		if len(labels) == 0 {
			p.report(r, spec.Key("accounts"), "%v is in no account", r.Ref()).severity(diag.Warning).
				help("Name the accounts that it lives in: `accounts` or `accountLabels`.")
			continue
		}
		at, help := spec.Key("accountLabels"), "No account has all of these labels."
		for _, k := range slices.Sorted(maps.Keys(labels)) {
			if values[k][labels[k]] {
				continue
			}
			at, help = at.Key(k), "No account has the label "+k+": "+labels[k]+"."
			if did := diag.DidYouMean(labels[k], slices.Collect(maps.Keys(values[k]))); did != "" {
				help = did
			} else if did := diag.DidYouMean(k, slices.Collect(maps.Keys(values))); values[k] == nil && did != "" {
				at, help = at.AtKey(), did
			}
			break
		}
		p.report(r, at, "%v is in no account: its labels select none", r.Ref()).severity(diag.Warning).help("%s", help)
	}
}

// checkFields holds the fields of a form to the contact properties of every
// account that has the form.
func checkFields(p *pass) {
	for _, r := range p.Of(schema.KindForm) {
		for i, field := range r.Spec.(*schema.Form).Fields {
			p.property(r, spec.Key("fields").Index(i), schema.Contact, field, p.AccountsOf(r.Ref()))
		}
	}
}

// property reports a name that is no property of the object in some of the
// accounts. Accounts that do not exist have every property: they are found by
// their names.
func (p *pass) property(r *schema.Resource, at schema.Path, object, name string, accounts []string) {
	var lack []string
	for _, a := range accounts {
		if _, ok := p.properties(a, object)[name]; !ok && p.Account(a) != nil {
			lack = append(lack, a)
		}
	}
	crossSell := name == schema.CrossSellProperty && (object == schema.Contact || object == schema.Deal)
	if crossSell {
		lack = slices.DeleteFunc(lack, p.unconnected)
	}
	if len(lack) == 0 || p.leftOut(schema.KindProperty, name) {
		return
	}
	f := p.report(r, at, "%s %s no %s property %s", sentence(lack), verb(lack, "has", "have"), object, name)
	if crossSell {
		f.help(crossSellHelp, sentence(lack))
		return
	}
	if by := p.declared(object, name); by != nil {
		f.help("Add %s to the accounts of %s.", sentence(lack), where(by)).
			see(by, spec.Key("accounts"), "the accounts of %v", by.Ref())
		return
	}
	if did := diag.DidYouMean(name, slices.Collect(maps.Keys(p.properties(lack[0], object)))); did != "" {
		f.help("%s", did)
		return
	}
	f.help("Declare it: a Property %s of %s with %s among its accounts.", name, object, sentence(lack))
}

// crossSellHelp says where the cross-selling opportunity comes from; its argument
// are the accounts that have none.
const crossSellHelp = "It comes with a connection: declare a Connection of %s with the feature `workflows`, or add that to one."

// unconnected reports whether workflows are connected with the account nowhere,
// although one writes to it or from it, which is a finding of its own: that the
// account has no cross-selling opportunity either has the same cause.
func (p *pass) unconnected(account string) bool {
	if p.WorkflowsConnected(account) {
		return false
	}
	if p.reaching == nil {
		p.reaching = map[string]bool{}
		for w := range p.workflows() {
			for a := range w.actions() {
				if w.account != nil && p.Account(a.in) != nil && a.in != w.Account {
					p.reaching[w.Account], p.reaching[a.in] = true, true
				}
			}
		}
	}
	return p.reaching[account] || p.leftOut(schema.KindConnection, account)
}

// properties is Graph.Properties, computed once for each account and object: an
// account has hundreds of forms and workflows.
func (p *pass) properties(account, object string) map[string]schema.PropertyInfo {
	key := [2]string{account, object}
	of, ok := p.propertiesOf[key]
	if !ok {
		of = p.Properties(account, object)
		if p.propertiesOf == nil {
			p.propertiesOf = map[[2]string]map[string]schema.PropertyInfo{}
		}
		p.propertiesOf[key] = of
	}
	return of
}

// declared is the resource that declares the property somewhere, or nil.
func (p *pass) declared(object, name string) *schema.Resource {
	for _, r := range p.Of(schema.KindProperty) {
		if s := r.Spec.(*schema.Property); s.Object == object && s.InternalName(r.Name) == name {
			return r
		}
	}
	return nil
}

// checkUses holds what workflows use to the account where they use it: the form
// and the list of the trigger, lists that contacts join, subscription types.
func checkUses(p *pass) {
	for w := range p.workflows() {
		trigger := spec.Key("trigger")
		p.placed(w.r, trigger.Key("form"), schema.KindForm, w.Trigger.Form, w.Account)
		p.placed(w.r, trigger.Key("list"), schema.KindList, w.Trigger.List, w.Account)
		for _, s := range w.steps {
			if a := s.AssignOwner; a != nil {
				p.placed(w.r, s.Path.Key("assignOwner").Key("list"), schema.KindList, a.List, w.Account)
			}
			for name := range s.SetSubscriptions {
				p.placed(w.r, s.Path.Key("setSubscriptions").Key(name).AtKey(), schema.KindSubscriptionType, name, w.Account)
			}
			if u := s.UpsertContact; u != nil && u.Consent != nil {
				at := s.Path.Key("upsertContact").Key("consent").Key("subscriptions")
				for i, name := range u.Consent.Subscriptions {
					p.placed(w.r, at.Index(i), schema.KindSubscriptionType, name, u.In)
				}
			}
		}
	}
}

// placed reports a reference to a resource that exists, but not in the account.
func (p *pass) placed(r *schema.Resource, at schema.Path, kind schema.Kind, name, account string) {
	to := schema.Ref{Kind: kind, Name: name}
	other := p.Get(to)
	if other == nil || p.Account(account) == nil {
		return // found by name
	}
	if _, in := slices.BinarySearch(p.AccountsOf(to), account); in {
		return
	}
	p.report(r, at, "%v is not in %s", to, account).
		help("Add %s to the accounts of %s.", account, where(other)).
		see(other, spec.Key("accounts"), "the accounts of %v", to)
}
