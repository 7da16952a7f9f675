package check_test

import (
	"strings"
	"testing"

	"accord/schema/check"
)

func TestFlows(t *testing.T) {
	connection := func(features string) string {
		return group + "kind: SubscriptionType\nmetadata: {name: news}\nspec: {accounts: [acme-us], label: News}\n---\n" +
			"kind: Connection\nmetadata: {name: de-us}\nspec: {between: [acme-de, acme-us], features: {" + features + "}}\n---"
	}
	forward := workflowIn("contact.created", `
    - upsertContact:
        in: acme-us
        target: enrolled
        createIfMissing: true
        properties: [email]
        crossSell: "yes"
        consent: {legalBasis: consent, subscriptions: [news]}
    - if: contact.country == "US"
      then:
        - createDeal: {in: acme-us, target: last-updated, pipeline: source, properties: [dealname, amount]}
`)
	const activities = "call deal email meeting note task"
	for _, tc := range []struct {
		name, text string
		want       []string // from to through feature (basis): data [people]
	}{
		{"nothing", group, nil},
		{"mirroring, both ways", connection("dataMirroring: {}"), []string{
			"acme-de acme-us Connection/de-us dataMirroring (none stated): " + activities,
			"acme-us acme-de Connection/de-us dataMirroring (none stated): " + activities,
		}},
		{"mirroring, one way", connection("dataMirroring: {direction: one-way, from: acme-us}"), []string{
			"acme-us acme-de Connection/de-us dataMirroring (none stated): " + activities,
		}},
		{"copied assets carry no data", connection("assetCopying: {direction: one-way, from: acme-de}"), []string{
			"acme-de acme-us Connection/de-us assetCopying (none stated): ",
		}},
		{"workflows without a workflow", connection("workflows: {}"), nil},
		{"a workflow", connection("workflows: {}") + forward, []string{
			"acme-de acme-us Workflow/w workflows (consent): contact.cross_selling_opportunity contact.email contact.firstname contact.lastname",
			"acme-de acme-us Workflow/w workflows (none stated): deal.amount deal.dealname deal.dealstage deal.pipeline",
		}},
		{"a workflow that is not connected", connection("workflows: {direction: one-way, from: acme-us}") + forward, nil},
		{"a workflow that is disabled", connection("workflows: {}") + strings.Replace(forward, "spec:", "spec:\n  enabled: false", 1), nil},
		{"an opportunity alone", connection("workflows: {}") + strings.Replace(forward, "createIfMissing: true", "createIfMissing: false", 1), []string{
			"acme-de acme-us Workflow/w workflows (consent): contact.cross_selling_opportunity",
			"acme-de acme-us Workflow/w workflows (none stated): deal.amount deal.dealname deal.dealstage deal.pipeline",
		}},
		{"with limits: extended", strings.Replace(connection("workflows: {}"), "administrator: anna}", "administrator: anna, limits: extended}", 1) +
			strings.NewReplacer("createIfMissing: true", "createIfMissing: false", "[email]", "[phone]").Replace(forward), []string{
			"acme-de acme-us Workflow/w workflows (consent): contact.cross_selling_opportunity contact.phone",
			"acme-de acme-us Workflow/w workflows (none stated): deal.amount deal.dealname deal.dealstage deal.pipeline",
		}},
		{"a partner's people", group + agencyHQ + partner("  employeeEmailDomain: agency.example\n  clients: [acme-de, acme-us]\n"), []string{
			"acme-de hq Partner/agency  (none stated): call company contact deal email meeting note task [eva]",
		}},
		{"a partner's people by hand", group + agencyHQ + partner("  employeeEmailDomain: agency.example\n  clients: [acme-de, acme-us]\n  clientAccess: [{user: fred, accounts: [acme-us]}]\n") +
			strings.Replace(person("fred", "fred@fred.example", "acme-us"), "{account: acme-us}", "{account: acme-us, sees: {contacts: none}}", 1), []string{
			"acme-de hq Partner/agency  (none stated): call company contact deal email meeting note task [eva]",
			"acme-us hq Partner/agency  (none stated): company [fred]",
		}},
		{"a partner without people there", group + strings.Replace(agencyHQ, ", {account: acme-de}", "", 1) + partner("  employeeEmailDomain: agency.example\n  clients: [acme-de]\n"), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g, _, found := resolve(t, files(tc.text))
			if found.HasErrors() {
				t.Fatal(found)
			}
			var got []string
			for _, f := range check.Flows(g) {
				s := strings.Join([]string{f.From, f.To, f.Through.String(), f.Feature}, " ") + " (" + f.Basis + "): " + strings.Join(f.Data, " ")
				if len(f.People) > 0 {
					s += " [" + strings.Join(f.People, " ") + "]"
				}
				got = append(got, s)
			}
			if strings.Join(got, "\n") != strings.Join(tc.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}
