package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"accord/crm"
	"accord/schema"
	"accord/state"
)

// Imported is an object of an account as it comes under management: its
// declaration, and what the state is to remember.
type Imported struct {
	Resource *schema.Resource
	Record   state.Record
}

// Import finds the object with a vendor's id and makes it the resource at the
// address. The error says what stands in the way.
func Import(g *schema.Graph, applied *state.Snapshot, account string, found []crm.Asset, address, id string) (Imported, error) {
	ref, err := schema.ParseRef(address)
	switch {
	case err != nil:
		return Imported{}, err
	case !slices.Contains(crm.AssetKinds, ref.Kind):
		return Imported{}, fmt.Errorf("a %s is not kept in an account, so there is nothing to import", ref.Kind)
	case applied.Records[ref].Ref == ref:
		return Imported{}, fmt.Errorf("%v is managed already", ref)
	case g.Get(ref) != nil:
		return Imported{}, fmt.Errorf("%v is declared already (%s:%d): accord apply takes over what it finds under the same label",
			ref, g.Get(ref).Origin.File, g.Get(ref).Origin.Line)
	}
	for _, a := range found {
		if a.Kind == ref.Kind && a.ID == id {
			if owner, ok := owners(applied, account)[claim{account, a.Kind, id}]; ok {
				return Imported{}, fmt.Errorf("%s %s in %s is managed already, as %v", a.Kind, id, account, owner)
			}
			return imported(ref.Name, account, &a), nil
		}
	}
	return Imported{}, fmt.Errorf("there is no %s with the id %q in %s", ref.Kind, id, account)
}

// ImportAll makes resources of every object of an account that is managed by
// nothing and is not there by itself, with names made from their labels. What is
// declared already, under whatever name, is left out: the next apply takes it
// over. So is a user who is declared with access to other accounts alone, whose
// access belongs into that declaration.
func ImportAll(g *schema.Graph, applied *state.Snapshot, account string, found []crm.Asset) []Imported {
	taken := owners(applied, account)
	used := map[schema.Ref]bool{}
	var out []Imported
	for _, a := range found {
		if _, ok := taken[claim{account, a.Kind, a.ID}]; ok || a.Standard || implied(applied, account, &a) || declared(g, account, &a) {
			continue
		}
		name := a.Name
		if a.Kind != schema.KindProperty && a.Kind != schema.KindPipeline || !isLabel(name) {
			name = slug(cmp.Or(label(&a), a.Name, a.ID))
		}
		ref := schema.Ref{Kind: a.Kind, Name: name}
		for n := 2; used[ref] || g.Get(ref) != nil || applied.Records[ref].Ref == ref; n++ {
			ref.Name = name + "-" + strconv.Itoa(n)
		}
		used[ref] = true
		out = append(out, imported(ref.Name, account, &a))
	}
	slices.SortFunc(out, func(a, b Imported) int { return a.Record.Ref.Compare(b.Record.Ref) })
	return out
}

// owners maps what is managed in an account to the resource that manages it.
func owners(applied *state.Snapshot, account string) map[claim]schema.Ref {
	out := map[claim]schema.Ref{}
	for ref, rec := range applied.Records {
		if id, ok := rec.IDs[account]; ok {
			out[claim{account, ref.Kind, id}] = ref
		}
	}
	return out
}

// implied reports whether apply created the asset because a resource needs it.
func implied(applied *state.Snapshot, account string, a *crm.Asset) bool {
	for _, rec := range applied.Records {
		if rec.Implied[account][a.Key()] == a.ID {
			return true
		}
	}
	return false
}

// declared reports whether a resource stands for the asset by its natural key.
func declared(g *schema.Graph, account string, a *crm.Asset) bool {
	of := g.In(account)
	if a.Kind == schema.KindUser {
		of = g.Of(schema.KindUser)
	}
	return slices.ContainsFunc(of, func(r *schema.Resource) bool {
		same := assetIn(r, account)
		return r.Kind == a.Kind && same.Key() == a.Key()
	})
}

// imported is the declaration of an asset as it is, and its record.
func imported(name, account string, a *crm.Asset) Imported {
	r := &schema.Resource{Kind: a.Kind, Name: name, Spec: a.Spec.Canonical()}
	switch s := r.Spec.(type) {
	case *schema.User:
		access := schema.Access{}
		if len(s.Access) > 0 {
			access = s.Access[0]
		}
		access.Account = account
		s.Access = []schema.Access{access}
	case *schema.Property:
		s.Accounts, s.Name = []string{account}, ""
		if a.Name != name {
			s.Name = a.Name
		}
	case schema.Placed:
		s.Place().Accounts = []string{account}
	}
	rec := state.NewRecord(r)
	rec.Accounts, rec.IDs = []string{account}, map[string]string{account: a.ID}
	return Imported{r, rec}
}

func label(a *crm.Asset) string {
	switch s := a.Spec.(type) {
	case *schema.User:
		user, _, _ := strings.Cut(s.Email, "@")
		return user
	case *schema.Property:
		return a.Name
	}
	return schema.Label(a.Spec)
}

// slug makes a name, which is a DNS label, of any text.
func slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), "-")
	if len(s) > 60 {
		s = strings.TrimRight(s[:60], "-")
	}
	return cmp.Or(s, "imported")
}

func isLabel(s string) bool { return s != "" && slug(s) == s }
