package check_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"accord/schema"
	"accord/schema/check"
)

const (
	forward = `
kind: Workflow
metadata: {name: forward}
spec:
  account: acme-de
  trigger: {on: contact.created}
  steps:
    - upsertContact: {in: acme-us, target: enrolled, createIfMissing: true, consent: {legalBasis: consent}}
---
`
	workflowsOnly = `
kind: Connection
metadata: {name: de-us}
spec: {between: [acme-de, acme-us], features: {workflows: {direction: one-way, from: acme-de}}}
---
`
)

func TestTransfers(t *testing.T) {
	resolved := func(text string) *schema.Graph {
		g, _, found := resolve(t, files(text))
		if found.HasErrors() {
			t.Fatal(found)
		}
		return g
	}
	const activities = "call, deal, email, meeting, note, task"
	for _, tc := range []struct {
		name, before, after string
		want                []string
	}{
		{name: "the same", before: group + workflowsOnly + forward, after: group + workflowsOnly + forward},
		{
			name: "mirroring is switched on", before: group + workflowsOnly, after: group + strings.Replace(workflowsOnly, "{workflows", "{dataMirroring: {}, workflows", 1),
			want: []string{
				activities + " of acme-de can reach acme-us through Connection/de-us (dataMirroring); no legal basis is stated. Customers may have to be notified.",
				activities + " of acme-us can reach acme-de through Connection/de-us (dataMirroring); no legal basis is stated. Customers may have to be notified.",
			},
		},
		{
			name: "it is switched off", before: group + strings.Replace(workflowsOnly, "{workflows", "{dataMirroring: {}, workflows", 1), after: group + workflowsOnly,
		},
		{
			name:   "it goes the other way too",
			before: group + strings.Replace(workflowsOnly, "workflows", "dataMirroring", 1),
			after:  group + strings.Replace(workflowsOnly, "workflows: {direction: one-way, from: acme-de}", "dataMirroring: {}", 1),
			want: []string{
				activities + " of acme-us can reach acme-de through Connection/de-us (dataMirroring); no legal basis is stated. Customers may have to be notified.",
			},
		},
		{
			name: "a way that nothing uses yet", before: group, after: group + workflowsOnly,
			want: []string{"workflows of acme-de can write in acme-us through Connection/de-us; none does yet."},
		},
		{
			name: "a workflow that uses it", before: group + workflowsOnly, after: group + workflowsOnly + forward,
			want: []string{"contact.email, contact.firstname, contact.lastname of acme-de can reach acme-us through Workflow/forward; legal basis: consent. Customers may have to be notified."},
		},
		{
			name: "both at once are one", before: group, after: group + workflowsOnly + forward,
			want: []string{"contact.email, contact.firstname, contact.lastname of acme-de can reach acme-us through Workflow/forward; legal basis: consent. Customers may have to be notified."},
		},
		{
			name:   "a workflow that carries more",
			before: group + workflowsOnly + forward,
			after:  group + workflowsOnly + strings.Replace(forward, "createIfMissing", "crossSell: \"yes\", createIfMissing", 1),
			want:   []string{"contact.cross_selling_opportunity of acme-de can reach acme-us through Workflow/forward; legal basis: consent. Customers may have to be notified."},
		},
		{
			name: "another workflow that carries the same", before: group + workflowsOnly + forward, after: group + workflowsOnly + forward + strings.Replace(forward, "forward", "again", 1),
			want: []string{"contact.email, contact.firstname, contact.lastname of acme-de can reach acme-us through Workflow/again; legal basis: consent. Customers may have to be notified."},
		},
		{
			name:   "renamed, all of it",
			before: group + workflowsOnly + forward,
			after: strings.NewReplacer(
				"kind: Account\nmetadata: {name: acme-de}", "kind: Account\nmetadata: {name: acme-eu, renamedFrom: acme-de}",
				"{name: de-us}", "{name: eu-us, renamedFrom: de-us}",
				"{name: forward}", "{name: on, renamedFrom: forward}",
				"acme-de", "acme-eu",
			).Replace(group + workflowsOnly + forward),
		},
		{
			name:   "copied assets are no personal data",
			before: group, after: group + strings.Replace(workflowsOnly, "workflows", "assetCopying", 1),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, x := range check.Transfers(resolved(tc.before), resolved(tc.after)) {
				if !strings.Contains(x.Message, fmt.Sprint(x.Through)) || x.From == x.To || x.Basis == "" {
					t.Errorf("%+v", x)
				}
				got = append(got, x.Message)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tc.want, "\n\t"))
			}
		})
	}
}
