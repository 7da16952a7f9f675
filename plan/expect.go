package plan

import (
	"maps"
	"slices"

	"accord/crm"
	"accord/schema"
	"accord/state"
)

// Assets is what assets of an account say in short.
type Assets map[crm.AssetID]crm.Digest

// in reports whether all of them are among others and say the same.
func (a Assets) in(others Assets) bool {
	for id, digest := range a {
		if other, ok := others[id]; !ok || other != digest {
			return false
		}
	}
	return true
}

// Expect returns what each account has if nothing has happened in it since the
// last apply. Accounts in which something is to be done whatever is there are
// left out: those that a resource which was added, changed or removed has or had
// to do with. An account that has all that is expected of it need not be read any
// further, and in most plans that is nearly all of them.
func Expect(declared *schema.Graph, applied *state.Snapshot) map[string]Assets {
	e := expectation{declared, map[string]Assets{}, map[string]bool{}, map[claim]string{}}
	for _, rec := range applied.Records {
		for account, ids := range rec.Implied {
			for key, id := range ids {
				e.implied[claim{account, schema.KindProperty, key}] = id
			}
		}
	}
	for _, r := range declared.All() {
		if !r.Kind.Managed() {
			continue
		}
		rec, ok := applied.Records[r.Ref()]
		switch {
		case !ok || r.Digest() != rec.Digest || !slices.Equal(placed(declared, r), rec.Accounts):
			e.leaveOut(rec)
			for _, account := range concerned(declared, r) {
				e.changed[account] = true
			}
		case r.Kind == schema.KindAccount:
			if e.of[r.Name] == nil {
				e.of[r.Name] = Assets{}
			}
		default:
			e.resource(r, rec)
		}
	}
	for ref, rec := range applied.Records {
		if declared.Get(ref) == nil {
			e.leaveOut(rec)
		}
	}
	maps.DeleteFunc(e.of, func(account string, _ Assets) bool {
		return e.changed[account] || applied.Records[schema.Ref{Kind: schema.KindAccount, Name: account}].Ref.IsZero()
	})
	return e.of
}

type expectation struct {
	declared *schema.Graph
	of       map[string]Assets
	changed  map[string]bool // accounts in which something is to be done
	// implied are the ids of assets that no resource declares, by key: of several
	// that need one, only the first has noted its id.
	implied map[claim]string
}

// leaveOut notes that something happens to what was applied.
func (e *expectation) leaveOut(rec state.Record) {
	for account := range rec.IDs {
		e.changed[account] = true
	}
	for account := range rec.Implied {
		e.changed[account] = true
	}
}

// resource expects the objects of a resource that is as it was applied.
func (e *expectation) resource(r *schema.Resource, rec state.Record) {
	if r.Kind.InAccounts() || r.Kind == schema.KindUser {
		canonical, digest := r.Spec.Canonical(), crm.Digest{}
		for i, account := range rec.Accounts {
			if i == 0 || r.Kind == schema.KindUser { // other objects are everywhere the same
				a := assetOf(r, canonical, account)
				digest = a.Digest()
			}
			e.expect(account, r.Kind, rec.IDs[account], digest)
		}
	}
	for account, needed := range impliedIn(e.declared, r) {
		for _, a := range needed {
			e.expect(account, a.Kind, e.implied[claim{account, a.Kind, a.Key()}], a.Digest())
		}
	}
}

// expect expects an object, or reads the account where its id is not known.
func (e *expectation) expect(account string, kind schema.Kind, id string, digest crm.Digest) {
	if id == "" {
		e.changed[account] = true
		return
	}
	if e.of[account] == nil {
		e.of[account] = Assets{}
	}
	e.of[account][crm.AssetID{Kind: kind, ID: id}] = digest
}

// concerned are the accounts in which a resource has an object, or needs one.
func concerned(g *schema.Graph, r *schema.Resource) []string {
	out := slices.Clone(placed(g, r))
	switch s := r.Spec.(type) {
	case *schema.Account:
		out = append(out, r.Name)
	case *schema.Connection:
		out = append(out, s.Between...)
	case *schema.Workflow:
		for _, step := range s.AllSteps() {
			if step.CreateDeal != nil {
				out = append(out, step.CreateDeal.In)
			}
		}
	}
	return out
}

// asExpected reports whether an account has what Expect says. Then each resource
// with an object in it is as it was applied, and so is the object.
func (m *maker) asExpected(account string) bool {
	l := m.Live[account]
	return l != nil && l.AsExpected
}

// untouched reports whether nothing is to be done about a resource, because it is
// as it was applied and so is all that it has in accounts. An account reports its
// facts, which Expect does not know.
func (m *maker) untouched(r *schema.Resource, rec state.Record) bool {
	if r.Kind == schema.KindAccount || !m.same[r.Ref()] || !slices.Equal(placed(m.Declared, r), rec.Accounts) {
		return false
	}
	for _, account := range concerned(m.Declared, r) {
		if !m.asExpected(account) {
			return false
		}
	}
	return true
}
