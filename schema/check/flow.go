package check

import (
	"cmp"
	"maps"
	"slices"

	"accord/schema"
)

// Flow says that data can go from one account to another: through what, which
// data, on which legal basis.
type Flow struct {
	From string `json:"from"` // account
	To   string `json:"to"`   // account; of a partner: the partner's own
	// Through is the connection, the workflow or the partner that lets it go.
	Through schema.Ref `json:"through"`
	// Feature is the feature of the connection that it goes by; "" for what a
	// partner's people see.
	Feature string `json:"feature,omitempty"`
	// Data is what goes, sorted: an object, such as note, or a property of one,
	// such as contact.email. Copied assets carry none.
	Data []string `json:"data"`
	// Basis is the legal basis that the step states, or NoBasis.
	Basis string `json:"basis"`
	// People are the users who see it, sorted; only for a partner.
	People []string `json:"people,omitempty"`
}

// NoBasis is the basis of a flow for which nothing states one.
const NoBasis = "none stated"

// Flows returns which data can go from account to account, sorted by where it
// comes from, where it goes, and through what. It is what the configuration
// allows, and not what happened:
//
//   - dataMirroring shows the activities and the associated deals of contacts and
//     companies that both accounts have, in each direction that is on;
//   - assetCopying copies emails, forms and the definitions of lists, which are
//     no personal data: its flow has no Data;
//   - workflows carry what the steps of enabled workflows write in an account
//     that they are connected to. A feature without a workflow carries nothing;
//   - the people of a partner see the client accounts that they have access to.
func Flows(g *schema.Graph) []Flow {
	out := connectionFlows(g)
	out = append(out, workflowFlows(g)...)
	out = append(out, partnerFlows(g)...)
	slices.SortFunc(out, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), a.Through.Compare(b.Through),
			cmp.Compare(a.Feature, b.Feature), cmp.Compare(a.Basis, b.Basis))
	})
	return out
}

func connectionFlows(g *schema.Graph) []Flow {
	var out []Flow
	for _, r := range g.Of(schema.KindConnection) {
		c := r.Spec.(*schema.Connection)
		if len(c.Between) != 2 {
			continue
		}
		for _, from := range c.Between {
			to := c.Other(from)
			if c.Goes(schema.FeatureDataMirroring, from, to) {
				data := slices.Sorted(slices.Values(append([]string{schema.Deal}, schema.Activities...)))
				out = append(out, Flow{From: from, To: to, Through: r.Ref(), Feature: schema.FeatureDataMirroring, Data: data, Basis: NoBasis})
			}
			if c.Goes(schema.FeatureAssetCopying, from, to) {
				out = append(out, Flow{From: from, To: to, Through: r.Ref(), Feature: schema.FeatureAssetCopying, Data: []string{}, Basis: NoBasis})
			}
		}
	}
	return out
}

func workflowFlows(g *schema.Graph) []Flow {
	type way struct{ to, basis string }
	var out []Flow
	for _, r := range g.Of(schema.KindWorkflow) {
		w := r.Spec.(*schema.Workflow)
		if !w.IsEnabled() {
			continue
		}
		o := g.OrganizationOf(w.Account)
		extended := o != nil && o.Spec.(*schema.Organization).Extended()
		ways := map[way]map[string]bool{}
		flows := workflow{Workflow: w, r: r, steps: w.AllSteps()}
		for a := range flows.actions() {
			if _, ok := g.Goes(schema.FeatureWorkflows, w.Account, a.in); !ok {
				continue
			}
			to := way{a.in, NoBasis}
			if a.contact != nil && a.contact.Consent != nil && a.contact.Consent.LegalBasis != "" {
				to.basis = a.contact.Consent.LegalBasis
			}
			if ways[to] == nil {
				ways[to] = map[string]bool{}
			}
			for _, name := range a.carries(extended) {
				ways[to][a.object+"."+name] = true
			}
		}
		for to, data := range ways {
			out = append(out, Flow{
				From: w.Account, To: to.to, Through: r.Ref(), Feature: schema.FeatureWorkflows,
				Data: slices.AppendSeq([]string{}, maps.Keys(data)), Basis: to.basis,
			})
			slices.Sort(out[len(out)-1].Data)
		}
	}
	return out
}

// carries are the properties that an action writes in the other account.
func (a action) carries(extended bool) []string {
	var out []string
	switch {
	case a.deal != nil:
		out = append(out, schema.PropertyPipeline, schema.PropertyDealStage)
		if a.copies != nil {
			out = append(out, a.copies.All()...)
		}
	case a.contact.CreateIfMissing:
		out = append(slices.Clone(schema.CreationProperties), a.contact.PropertyNames()...)
	case extended:
		out = slices.Clone(a.contact.PropertyNames())
	}
	if a.crossSell != "" {
		out = append(out, schema.CrossSellProperty)
	}
	return out
}

func partnerFlows(g *schema.Graph) []Flow {
	var out []Flow
	for _, r := range g.Of(schema.KindPartner) {
		s := r.Spec.(*schema.Partner)
		byHand := map[string][]string{} // client → users
		for _, c := range s.ClientAccess {
			for _, a := range c.Accounts {
				byHand[a] = append(byHand[a], c.User)
			}
		}
		ours := peopleInClients(g, s, employeeDomain(s))
		is := make(map[*schema.Resource]bool, len(ours))
		for _, u := range ours {
			is[u] = true
		}
		for _, client := range slices.Compact(slices.Sorted(slices.Values(s.Clients))) {
			people := byHand[client]
			for _, u := range g.UsersOf(client) {
				if is[u] {
					people = append(people, u.Name)
				}
			}
			slices.Sort(people)
			people = slices.Compact(people)
			data := seen(g, client, people)
			if len(data) == 0 || client == s.Account {
				continue
			}
			out = append(out, Flow{From: client, To: s.Account, Through: r.Ref(), Data: data, Basis: NoBasis, People: people})
		}
	}
	return out
}

// seen are the objects of an account that at least one of the users sees.
func seen(g *schema.Graph, account string, users []string) []string {
	contacts, companies := false, false
	for _, name := range users {
		u := g.User(name)
		if u == nil {
			continue
		}
		a := u.In(account)
		if a == nil || a.Sees == nil {
			return slices.Sorted(slices.Values(append([]string{schema.Contact, schema.Company, schema.Deal}, schema.Activities...)))
		}
		contacts = contacts || a.Sees.Contacts != "none"
		companies = companies || a.Sees.Companies != "none"
	}
	var out []string
	if contacts {
		out = append(append(out, schema.Contact, schema.Deal), schema.Activities...)
	}
	if companies {
		out = append(out, schema.Company)
	}
	slices.Sort(out)
	return out
}
