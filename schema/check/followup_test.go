package check_test

import (
	"strings"
	"testing"
)

func TestConsent(t *testing.T) {
	step := func(more, comment string) string {
		return workflowIn("form.submitted, form: ask", `
    - upsertContact:
        in: acme-us
        target: enrolled
        createIfMissing: true`+comment+`
        `+more+"\n") + `
---
kind: Form
metadata: {name: ask}
spec: {accounts: [acme-de], label: Ask, fields: [email]}
---
kind: Workflow
metadata: {name: owners}
spec:
  account: acme-us
  trigger: {on: contact.created}
  steps: [{setMarketingContact: false}, {setSubscriptions: {news: unsubscribed}}]
`
	}
	const want = " # want consent-missing 26 warning"
	followUp := func(trigger, steps string) string {
		return "---\nkind: Workflow\nmetadata: {name: x}\nspec: {account: acme-us, trigger: {on: " + trigger + "}, steps: [" + steps + "]}\n"
	}
	const subscribe = "{setSubscriptions: {news: {status: subscribed, legalBasis: consent}}}"
	for name, text := range map[string]string{
		"in the action": step("consent: {legalBasis: consent, subscriptions: [news]}", ""),
		"nowhere":       step("", want),
		"a basis alone": strings.NewReplacer(
			", {setSubscriptions: {news: unsubscribed}}", "",
			"in: acme-us\n", "in: acme-us # want follow-up-missing 13 info\n",
		).Replace(step("consent: {legalBasis: consent}", want)),
		"a basis here, the rest there":                         step("consent: {legalBasis: consent}", ""),
		"in a follow-up":                                       step("", "") + followUp("contact.created", subscribe),
		"in a branch of a follow-up":                           step("", "") + followUp("contact.created", "{if: contact.country == 'US', then: [{wait: 1d}], else: ["+subscribe+"]}"),
		"in a follow-up on a property that it is created with": step("", "") + followUp("contact.property-changed, property: lastname", subscribe),
		"in a follow-up that it does not trigger":              step("", want) + followUp("contact.property-changed, property: phone", subscribe),
		"in a follow-up whose condition it meets":              step("crossSell: 'yes'", "") + followUp(`contact.matches, where: 'contact.cross_selling_opportunity == "yes"'`, subscribe),
		"in a follow-up whose condition it does not meet":      step("crossSell: 'no'", want) + followUp(`contact.matches, where: 'contact.cross_selling_opportunity == "yes"'`, subscribe),
		"in a follow-up that is disabled":                      step("", want) + strings.Replace(followUp("contact.created", subscribe), "spec: {", "spec: {enabled: false, ", 1),
		"in a follow-up by a list":                             step("", "") + "---\nkind: List\nmetadata: {name: l}\nspec: {accounts: [acme-us], label: L, membership: {where: 'contact.email.endsWith(\"example\")'}}\n" + followUp("list.joined, list: l", subscribe),
		"in a follow-up by a list that it does not come into":  step("", want) + "---\nkind: List\nmetadata: {name: l}\nspec: {accounts: [acme-us], label: L, membership: {where: contact.country == \"US\"}}\n" + followUp("list.joined, list: l", subscribe),
		"in a follow-up by a list that is filled by hand":      step("", want) + "---\nkind: List\nmetadata: {name: l}\nspec: {accounts: [acme-us], label: L}\n" + followUp("list.joined, list: l", subscribe),
		"nothing is created":                                   strings.Replace(step("crossSell: 'yes'", ""), "createIfMissing: true", "createIfMissing: false", 1) + followUp("contact.property-changed, property: cross_selling_opportunity", "{wait: 1d}"),
		"a disabled workflow creates nothing":                  strings.Replace(step("", ""), "spec:\n  account: acme-de", "spec:\n  enabled: false\n  account: acme-de", 1),
		"the follow-up has a finding of its own":               step("", "") + strings.NewReplacer("steps:", "step:", "]}\n", "]} # want schema 58 error\n").Replace(followUp("contact.created", subscribe)),
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, connected+text)
		})
	}
	for _, tc := range []struct{ text, message string }{
		{step("", ""), "contacts are created in acme-us, and nothing there sets a legal basis"},
		{strings.Replace(step("", ""), ", {setSubscriptions: {news: unsubscribed}}", "", 1), "contacts are created in acme-us, and nothing there sets a legal basis and subscriptions"},
	} {
		if d := findingOf(t, "consent-missing", connected+tc.text); d.Message != tc.message {
			t.Errorf("message %q, want %q", d.Message, tc.message)
		}
	}
}

func TestFollowUps(t *testing.T) {
	step := func(create, comment, more string) string {
		return workflowIn("contact.property-changed, property: phone", `
    - upsertContact:
        in: acme-us`+comment+`
        target: enrolled
        createIfMissing: `+create+`
        consent: {legalBasis: consent, subscriptions: [news]}
        `+more+"\n")
	}
	const want = " # want follow-up-missing 13 info"
	followUp := func(trigger, steps string) string {
		return "---\nkind: Workflow\nmetadata: {name: x}\nspec: {account: acme-us, trigger: {on: " + trigger + "}, steps: [" + steps + "]}\n"
	}
	for name, text := range map[string]string{
		"none":                              step("true", want, "marketingContact: true"),
		"one for a created contact":         step("true", "", "marketingContact: true") + followUp("contact.created", "{wait: 1d}"),
		"one for the opportunity":           step("false", "", `crossSell: "yes"`) + followUp("contact.property-changed, property: cross_selling_opportunity", "{wait: 1d}"),
		"one for the other opportunity":     step("false", want, `crossSell: "yes"`) + followUp(`contact.property-changed, property: cross_selling_opportunity, where: 'event.new == "no"'`, "{wait: 1d}"),
		"one for created, nothing is":       step("false", want, `crossSell: "yes"`) + followUp("contact.created", "{wait: 1d}"),
		"one for another property":          step("true", want, "marketingContact: true") + followUp("contact.property-changed, property: phone", "{wait: 1d}"),
		"one for companies":                 step("true", want, "marketingContact: true") + followUp("company.created", "{wait: 1d}"),
		"neither sets a marketing contact":  step("true", want, "") + followUp("contact.created", "{wait: 1d}"),
		"the follow-up sets it":             step("true", "", "") + followUp("contact.created", "{setMarketingContact: false}"),
		"nothing is created nor marked":     step("false", "", ""),
		"the opportunity is cleared":        step("false", want, "crossSell: clear"),
		"one for a cleared opportunity":     step("false", "", "crossSell: clear") + followUp("contact.property-changed, property: cross_selling_opportunity", "{wait: 1d}"),
		"a condition that is not computed":  step("true", "", "marketingContact: true") + followUp("contact.created, where: 'contact.email.endsWith(\"@acme.example\")'", "{wait: 1d}"),
		"a condition on what it is without": step("true", want, "marketingContact: true") + followUp("contact.created, where: 'contact.country == \"US\"'", "{wait: 1d}"),
	} {
		t.Run(name, func(t *testing.T) { expect(t, connected+text) })
	}
}
