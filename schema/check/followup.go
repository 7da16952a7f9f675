package check

import (
	"slices"

	"accord/schema"
)

// taken is what is done for a contact that a workflow puts into another account,
// by the action itself and by the workflows there that it sets off.
type taken struct {
	followUp, legalBasis, subscriptions, marketing bool
}

// forwarded calls yield for every action of an enabled workflow that puts a
// contact into another account or marks one there as an opportunity.
func (p *pass) forwarded(yield func(w workflow, at schema.Path, u *schema.UpsertContact, t taken)) {
	e := p.effects()
	for i, w := range e.workflows {
		for j, s := range w.steps {
			u := s.UpsertContact
			if u == nil || p.Account(u.In) == nil || u.In == w.Account || !u.CreateIfMissing && u.CrossSell == "" {
				continue
			}
			t := taken{marketing: u.MarketingContact != nil}
			if u.Consent != nil {
				t.legalBasis, t.subscriptions = u.Consent.LegalBasis != "", len(u.Consent.Subscriptions) > 0
			}
			for _, o := range e.of[i] {
				if o.step == j {
					t = t.and(e.takenUp(o.effect))
				}
			}
			// What may stand in a document with findings is not missing.
			if p.leftOut(schema.KindWorkflow, u.In) {
				continue
			}
			yield(w, s.Path.Key("upsertContact"), u, t)
		}
	}
}

func (t taken) and(o taken) taken {
	return taken{t.followUp || o.followUp, t.legalBasis || o.legalBasis, t.subscriptions || o.subscriptions, t.marketing || o.marketing}
}

// takenUp is what the workflows that an effect sets off do for the contact.
func (e *effects) takenUp(effect int) taken {
	if t, ok := e.taken[effect]; ok {
		return t
	}
	t := taken{}
	for _, i := range e.triggered(effect) {
		t.followUp = true
		for _, s := range e.workflows[i].steps {
			t.marketing = t.marketing || s.SetMarketingContact != nil
			for _, sub := range s.SetSubscriptions {
				t.subscriptions = true
				t.legalBasis = t.legalBasis || sub.LegalBasis != ""
			}
		}
	}
	e.taken[effect] = t
	return t
}

func checkConsent(p *pass) {
	p.forwarded(func(w workflow, at schema.Path, u *schema.UpsertContact, t taken) {
		if !u.CreateIfMissing || t.legalBasis && t.subscriptions {
			return
		}
		lacks := named(map[string]bool{"a legal basis": !t.legalBasis, "subscriptions": !t.subscriptions})
		p.report(w.r, at.Key("createIfMissing"), "contacts are created in %s, and nothing there sets %s", u.In, sentence(lacks)).
			help("Add `consent` with legalBasis and subscriptions to the action, or a workflow in %s that the created contact triggers and that sets subscriptions with a legal basis.", u.In)
	})
}

func checkFollowUps(p *pass) {
	p.forwarded(func(w workflow, at schema.Path, u *schema.UpsertContact, t taken) {
		if !t.followUp {
			p.report(w.r, at.Key("in"), "%s has no workflow that is triggered by the contact that comes from %s", u.In, w.Account).
				help("Write a workflow in %s on contact.created, or on the property %s, that takes the contact up.", u.In, schema.CrossSellProperty)
			return
		}
		lacks := named(map[string]bool{"marketing contact": !t.marketing, "subscriptions": !t.subscriptions})
		if u.CreateIfMissing && len(lacks) > 0 {
			p.report(w.r, at.Key("in"), "contacts are created in %s, and neither the action nor a workflow there sets %s", u.In, sentence(lacks)).
				help("Set it in the follow-up workflow of %s, with setMarketingContact and setSubscriptions, or in the action.", u.In)
		}
	})
}

// named are the names that are true, sorted.
func named(which map[string]bool) []string {
	return slices.DeleteFunc(sortedNames(which), func(n string) bool { return !which[n] })
}
