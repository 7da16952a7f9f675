package plan

import (
	"encoding/json"
	"reflect"
	"slices"

	"accord/crm"
	"accord/schema"
)

// assetIn returns what a resource is in one of its accounts.
func assetIn(r *schema.Resource, account string) crm.Asset {
	return assetOf(r, r.Spec.Canonical(), account)
}

// assetOf is assetIn for who has the canonical spec, which it changes unless it is
// that of a user.
func assetOf(r *schema.Resource, canonical schema.Spec, account string) crm.Asset {
	a := crm.Asset{Kind: r.Kind, Name: r.Name, Spec: r.Spec}
	switch s := canonical.(type) {
	case *schema.User:
		u := schema.User{Email: s.Email, TwoFactor: s.TwoFactor}
		if in := s.In(account); in != nil {
			access := *in
			access.Account = ""
			u.Access = []schema.Access{access}
		}
		a.Spec = &u
	case *schema.Property:
		a.Name = s.InternalName(r.Name)
		s.Placement, s.Name = schema.Placement{}, a.Name
		a.Spec = s
	case schema.Placed:
		*s.Place() = schema.Placement{}
		a.Spec = s
	}
	return a
}

// placed returns the accounts in which a resource has an object: those it is
// placed in, or those a user has access to.
func placed(g *schema.Graph, r *schema.Resource) []string {
	if u, ok := r.Spec.(*schema.User); ok {
		out := make([]string, 0, len(u.Access))
		for _, a := range u.Access {
			out = append(out, a.Account)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return g.AccountsOf(r.Ref())
}

// impliedIn returns the properties that a resource needs in accounts without
// declaring them: the cross-selling opportunity of contacts where workflows are
// connected, and that of deals where a step sets it. Account → properties.
//
// Source: rule cross-sell-property-missing.
func impliedIn(g *schema.Graph, r *schema.Resource) map[string][]crm.Asset {
	out := map[string][]crm.Asset{}
	need := func(account, object string) {
		if declaresCrossSell(g, account, object) {
			return
		}
		a := crossSell(object)
		if !slices.ContainsFunc(out[account], func(b crm.Asset) bool { return b.Key() == a.Key() }) {
			out[account] = append(out[account], a)
		}
	}
	switch s := r.Spec.(type) {
	case *schema.Connection:
		if s.Features.Workflows != nil {
			for _, a := range s.Between {
				need(a, schema.Contact)
			}
		}
	case *schema.Workflow:
		for _, step := range s.AllSteps() {
			if d := step.CreateDeal; d != nil && d.CrossSell != "" {
				need(d.In, schema.Deal)
			}
		}
	}
	return out
}

// crossSell is the cross-selling opportunity of an object.
func crossSell(object string) crm.Asset {
	p := schema.CrossSell
	p.Object = object
	return crm.Asset{Kind: schema.KindProperty, Name: schema.CrossSellProperty, Spec: &p}
}

// declaresCrossSell reports whether a resource declares the cross-selling
// opportunity itself.
func declaresCrossSell(g *schema.Graph, account, object string) bool {
	return slices.ContainsFunc(g.In(account), func(r *schema.Resource) bool {
		p, ok := r.Spec.(*schema.Property)
		return ok && p.Object == object && p.InternalName(r.Name) == schema.CrossSellProperty
	})
}

// specJSON is what an asset says, as JSON with sorted keys.
func specJSON(a *crm.Asset) json.RawMessage {
	if a == nil {
		return nil
	}
	out, err := unescaped(a.Canonical())
	if err != nil {
		panic("plan: an asset is not JSON: " + err.Error()) // a tree of strings, numbers and lists
	}
	return out
}

// assetDiff returns what differs between two assets. Most do not differ, so that
// is found out without writing JSON.
func assetDiff(before, after *crm.Asset) []Field {
	if before != nil && after != nil && reflect.DeepEqual(before.Canonical(), after.Canonical()) {
		return nil
	}
	return Diff(specJSON(before), specJSON(after))
}

// DecodeAsset returns the asset that an effect creates or updates.
func (e *Effect) DecodeAsset() (crm.Asset, error) {
	s := schema.NewSpec(e.Kind)
	if err := json.Unmarshal(e.After, s); err != nil {
		return crm.Asset{}, err
	}
	return crm.Asset{Kind: e.Kind, ID: e.ID, Name: e.Name, Spec: s}, nil
}

// replacing returns the fields that changed and cannot be changed in place: a
// vendor keeps the object, the type and the internal name of a property, the
// object of a list or pipeline and the way a list is filled for ever, and a
// connection between other accounts is another connection. An account that was
// renamed is the same one: renamed returns what it is called now.
func replacing(before, after *schema.Resource, renamed func(account string) string) []schema.Path {
	var out []schema.Path
	check := func(path schema.Path, b, a any) {
		if !reflect.DeepEqual(b, a) {
			out = append(out, path)
		}
	}
	switch b := before.Spec.(type) {
	case *schema.Account:
		a := after.Spec.(*schema.Account)
		check("spec.platform", b.Platform, a.Platform)
		check("spec.api", b.API != nil, a.API != nil)
	case *schema.Property:
		a := after.Spec.(*schema.Property)
		check("spec.object", b.Object, a.Object)
		check("spec.type", b.Type, a.Type)
		check("spec.name", b.InternalName(before.Name), a.InternalName(after.Name))
	case *schema.Pipeline:
		a := after.Spec.(*schema.Pipeline)
		check("spec.object", b.ObjectName(), a.ObjectName())
		check("metadata.name", before.Name, after.Name)
	case *schema.List:
		a := after.Spec.(*schema.List)
		check("spec.object", b.ObjectName(), a.ObjectName())
		check("spec.membership", b.Membership.Manual(), a.Membership.Manual())
	case *schema.Connection:
		var was []string
		for _, account := range b.Between {
			was = append(was, renamed(account))
		}
		check("spec.between", slices.Sorted(slices.Values(was)), slices.Sorted(slices.Values(after.Spec.(*schema.Connection).Between)))
	case *schema.Workflow:
		check("spec.account", renamed(b.Account), after.Spec.(*schema.Workflow).Account)
	}
	return out
}
