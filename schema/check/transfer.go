package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"accord/schema"
)

// Transfer is personal data that can go from one account to another after a
// change and could not before: what a reviewer has to know, and what customers
// may have to be told.
type Transfer struct {
	From, To string // accounts
	// Through is the connection, the workflow or the partner that lets it go.
	Through schema.Ref
	Feature string   // as in Flow
	Data    []string // what goes now and did not before; none: nothing uses the way yet
	Basis   string   // the legal basis that is stated, or NoBasis
	Message string   // all of it, in a sentence or two
}

// Transfers compares what can flow in two configurations, that which is applied
// and that which is declared. A renamed account, connection or workflow is the
// same one. A connection that lets workflows through, of which there are none
// yet, is a transfer without data: the next workflow needs no change of it. What
// carries no personal data, such as copied assets, is none. The result is
// sorted as Flows is.
func Transfers(before, after *schema.Graph) []Transfer {
	now := renames(before, after)
	type way struct {
		from, to, feature string
		through           schema.Ref
	}
	was := map[way]map[string]bool{}
	for _, f := range Flows(before) {
		w := way{
			now(schema.KindAccount, f.From), now(schema.KindAccount, f.To), f.Feature,
			schema.Ref{Kind: f.Through.Kind, Name: now(f.Through.Kind, f.Through.Name)},
		}
		if was[w] == nil {
			was[w] = map[string]bool{}
		}
		for _, d := range f.Data {
			was[w][d] = true
		}
	}
	var out []Transfer
	used := map[[2]string]bool{} // from, to: by a workflow
	for _, f := range Flows(after) {
		if f.Through.Kind == schema.KindWorkflow {
			used[[2]string{f.From, f.To}] = true
		}
		old := was[way{f.From, f.To, f.Feature, f.Through}]
		data := slices.DeleteFunc(slices.Clone(f.Data), func(d string) bool { return old[d] })
		if len(data) == 0 {
			continue
		}
		out = append(out, Transfer{f.From, f.To, f.Through, f.Feature, data, f.Basis, transferMessage(f, data)})
	}
	opened := map[[2]string]bool{} // from, to: workflows could before
	directions(before, func(_ *schema.Resource, from, to string) {
		opened[[2]string{now(schema.KindAccount, from), now(schema.KindAccount, to)}] = true
	})
	directions(after, func(r *schema.Resource, from, to string) {
		if way := [2]string{from, to}; opened[way] || used[way] {
			return
		}
		out = append(out, Transfer{
			from, to, r.Ref(), schema.FeatureWorkflows, nil, NoBasis,
			fmt.Sprintf("workflows of %s can write in %s through %v; none does yet.", from, to, r.Ref()),
		})
	})
	slices.SortStableFunc(out, func(a, b Transfer) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), a.Through.Compare(b.Through),
			cmp.Compare(a.Feature, b.Feature), cmp.Compare(a.Basis, b.Basis))
	})
	return out
}

// directions yields each direction in which workflows can go through a
// connection.
func directions(g *schema.Graph, yield func(r *schema.Resource, from, to string)) {
	for _, r := range g.Of(schema.KindConnection) {
		c := r.Spec.(*schema.Connection)
		for _, from := range c.Between {
			if to := c.Other(from); c.Goes(schema.FeatureWorkflows, from, to) {
				yield(r, from, to)
			}
		}
	}
}

// renames returns what a resource of the configuration before is called after.
func renames(before, after *schema.Graph) func(kind schema.Kind, name string) string {
	names := map[schema.Ref]string{}
	for _, r := range after.All() {
		old := schema.Ref{Kind: r.Kind, Name: r.RenamedFrom}
		if r.RenamedFrom != "" && before.Get(old) != nil && after.Get(old) == nil {
			names[old] = r.Name
		}
	}
	return func(kind schema.Kind, name string) string {
		if to, ok := names[schema.Ref{Kind: kind, Name: name}]; ok {
			return to
		}
		return name
	}
}

func transferMessage(f Flow, data []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s can reach %s through %v", strings.Join(data, ", "), f.From, f.To, f.Through)
	if f.Through.Kind == schema.KindConnection {
		fmt.Fprintf(&b, " (%s)", f.Feature)
	}
	switch {
	case len(f.People) > 0:
		fmt.Fprintf(&b, ", seen by %s", sentence(f.People))
	case f.Basis == NoBasis:
		b.WriteString("; no legal basis is stated")
	default:
		fmt.Fprintf(&b, "; legal basis: %s", f.Basis)
	}
	b.WriteString(". Customers may have to be notified.")
	return b.String()
}
