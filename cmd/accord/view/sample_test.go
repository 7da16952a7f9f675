package view

import (
	"encoding/json"
	"time"

	"accord/diag"
	"accord/plan"
	"accord/schema"
	"accord/state"
)

func ref(address string) schema.Ref {
	r, err := schema.ParseRef(address)
	if err != nil {
		panic(err)
	}
	return r
}

// update is a change whose fields are those that differ.
func updated(address, before, after string, at plan.Range, effects ...plan.Effect) plan.Change {
	return plan.Change{
		Action: plan.Update, Ref: ref(address), Before: json.RawMessage(before), After: json.RawMessage(after),
		Fields: plan.Diff([]byte(before), []byte(after)), Reason: plan.ConfigChanged, Range: at, Effects: effects,
	}
}

func at(file string, line int) plan.Range {
	return plan.Range{File: file, Start: plan.Point{Line: line, Column: 1}, End: plan.Point{Line: line + 9, Column: 1}}
}

// samplePlan has a change of every sort, drift, consequences and findings.
func samplePlan() *plan.Plan {
	territory := `{"label":"Territory","object":"contact","type":"enumeration"}`
	replaced := updated("Property/number",
		`{"apiVersion":"accord/v1","kind":"Property","metadata":{"name":"number"},"spec":{"accountLabels":{"sells":"direct"},"object":"company","type":"string","label":"Number"}}`,
		`{"apiVersion":"accord/v1","kind":"Property","metadata":{"name":"number"},"spec":{"accountLabels":{"sells":"direct"},"object":"company","type":"number","label":"Number"}}`,
		at("crm/properties.yaml", 44),
	)
	replaced.Action, replaced.Reason, replaced.ReplacePaths = plan.Replace, plan.CannotUpdate, []schema.Path{"spec.type"}
	for _, a := range []string{"acme-de", "acme-uk"} {
		replaced.Effects = append(replaced.Effects,
			plan.Effect{Account: a, Action: plan.DeleteAsset, Kind: schema.KindProperty, Name: "number", Key: "company/number", ID: "7"},
			plan.Effect{Account: a, Action: plan.CreateAsset, Kind: schema.KindProperty, Name: "number", Key: "company/number", After: json.RawMessage(territory)})
	}
	renamed := updated("List/vips",
		`{"apiVersion":"accord/v1","kind":"List","metadata":{"name":"vip"},"spec":{"accounts":["acme-de"],"label":"VIPs","membership":{"where":"contact.vip"}}}`,
		`{"apiVersion":"accord/v1","kind":"List","metadata":{"name":"vips","labels":{"team":"sales"}},"spec":{"accounts":["acme-de"],"label":"VIPs","membership":{"where":"contact.vip"}}}`,
		at("crm/lists.yaml", 3))
	renamed.Previous, renamed.Reason = ref("List/vip"), plan.Renamed
	renamed.Fields = renamed.Fields[:1]
	var copies []plan.Effect
	for _, a := range []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"} {
		copies = append(copies, plan.Effect{Account: a, Action: plan.CreateAsset, Kind: schema.KindProperty, Name: "territory", Key: "contact/territory"})
	}
	copies = append(copies, plan.Effect{
		Account: "b1", Action: plan.AdoptAsset, Kind: schema.KindProperty, Name: "territory", Key: "contact/territory", ID: "12",
		Fields: []plan.Field{{Path: "label", Op: plan.ReplaceField, Before: "Region", After: "Territory"}},
	}, plan.Effect{Account: "b2", Action: plan.AdoptAsset, Kind: schema.KindProperty, Name: "territory", Key: "contact/territory", ID: "3"})
	return &plan.Plan{
		FormatVersion: plan.FormatVersion, AccordVersion: "1.2.3", Timestamp: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Digest: "accord1:0123456789abcdef", Project: "acme", Workspace: "default", Applyable: true, Complete: true, Refreshed: true,
		Base: state.Meta{Lineage: "l", Serial: 12}, Config: "c",
		Changes: []plan.Change{
			{
				Action: plan.Create, Ref: ref("Account/acme-fr"), Reason: plan.NotApplied, Range: at("accounts.yaml", 20),
				After:   json.RawMessage(`{"apiVersion":"accord/v1","kind":"Account","metadata":{"name":"acme-fr"},"spec":{"platform":"hubspot","hosting":"eu1","subscriptions":{"sales":"professional"}}}`),
				Effects: []plan.Effect{{Account: "acme-fr", Action: plan.WriteFacts, Kind: schema.KindAccount, Name: "acme-fr", Key: "acme-fr"}},
			},
			{
				Action: plan.Create, Ref: ref("Property/territory"), Reason: plan.NotApplied, Range: at("crm/properties.yaml", 3), Effects: copies,
				After: json.RawMessage(`{"apiVersion":"accord/v1","kind":"Property","metadata":{"name":"territory","labels":{"team":"sales"}},
 "spec":{"accountLabels":{"group":"acme"},"object":"contact","type":"enumeration","label":"Territory","options":["north",{"value":"south","label":"The South: all of it"}]}}`),
			},
			replaced,
			renamed,
			updated("Email/welcome",
				`{"apiVersion":"accord/v1","kind":"Email","metadata":{"name":"welcome"},"spec":{"accounts":["acme-de"],"label":"Welcome","body":{"text":"1\n2\n3\n4\n5\nold\n6\n7\n8\n9\n10\n"}}}`,
				`{"apiVersion":"accord/v1","kind":"Email","metadata":{"name":"welcome"},"spec":{"accounts":["acme-de"],"label":"Welcome","body":{"text":"1\n2\n3\n4\n5\nnew\n6\n7\n8\n9\n10\n"}}}`,
				at("crm/emails.yaml", 3),
				plan.Effect{Account: "acme-de", Action: plan.UpdateAsset, Kind: schema.KindEmail, Name: "welcome", ID: "9"}),
			updated("Connection/de-us",
				`{"apiVersion":"accord/v1","kind":"Connection","metadata":{"name":"de-us"},"spec":{"between":["acme-de","acme-us"],"features":{"dataMirroring":{},"workflows":{"direction":"two-way"}}}}`,
				`{"apiVersion":"accord/v1","kind":"Connection","metadata":{"name":"de-us"},"spec":{"between":["acme-de","acme-us"],"features":{"dataMirroring":{},"workflows":{"direction":"one-way","from":"acme-de"}}}}`,
				at("connections.yaml", 3),
				plan.Effect{Account: "acme-us", Action: plan.CreateAsset, Kind: schema.KindProperty, Name: "cross_selling_opportunity", Key: "contact/cross_selling_opportunity", Implied: true}),
			updated("Workflow/cross-sell",
				`{"apiVersion":"accord/v1","kind":"Workflow","metadata":{"name":"cross-sell"},"spec":{"account":"acme-de","trigger":{"on":"deal.property-changed","property":"dealstage","where":"deal.dealstage == \"won\" && deal.amount > 10000"},"steps":[{"wait":"2d"}]}}`,
				`{"apiVersion":"accord/v1","kind":"Workflow","metadata":{"name":"cross-sell"},"spec":{"account":"acme-de","trigger":{"on":"deal.property-changed","property":"dealstage","where":"deal.dealstage == \"won\" && deal.amount > 20000"},"steps":[{"wait":"2d"},{"id":"tell-us","upsertContact":{"in":"acme-us","target":"enrolled","consent":{"legalBasis":"consent","subscriptions":["news"]}}}]}}`,
				at("workflows/cross-sell.yaml", 1)),
			{
				Action: plan.Delete, Ref: ref("List/newsletter"), Reason: plan.NotDeclared,
				Before: json.RawMessage(`{"apiVersion":"accord/v1","kind":"List","metadata":{"name":"newsletter"},"spec":{"accounts":["acme-de"],"label":"Newsletter","membership":"manual"}}`),
				Effects: []plan.Effect{
					{Account: "acme-de", Action: plan.DeleteAsset, Kind: schema.KindList, Name: "newsletter", ID: "4"},
				},
			},
			{
				Action: plan.Delete, Ref: ref("Account/old"), Reason: plan.NotDeclared,
				Before: json.RawMessage(`{"apiVersion":"accord/v1","kind":"Account","metadata":{"name":"old"},"spec":{"platform":"brevo"}}`),
			},
		},
		Drift: []plan.Drift{
			{
				Ref: ref("Account/acme-us"), Account: "acme-us", Kind: schema.KindAccount, Name: "acme-us", What: plan.DriftFacts,
				Fields: []plan.Field{{Path: "subscriptions.sales", Op: plan.ReplaceField, Before: "professional", After: "starter"}},
			},
			{
				Ref: ref("List/vips"), Account: "acme-de", Kind: schema.KindList, Name: "vips", What: plan.DriftChanged, Restores: true, Conflict: true,
				Fields: []plan.Field{{Path: "label", Op: plan.ReplaceField, Before: "VIPs", After: "Very important"}},
			},
			{Ref: ref("Form/contact-us"), Account: "acme-de", Kind: schema.KindForm, Name: "contact-us", What: plan.DriftMissing, Restores: true},
		},
		Consequences: []plan.Consequence{
			{Rule: "account-tier-too-low", Ref: ref("Connection/de-us"), Account: "acme-us", Message: "acme-us has no product at Professional any more: the product deletes Connection/de-us"},
		},
		Diagnostics: diag.List{{
			Rule: "email-unused", Severity: diag.Warning, Message: "Email/welcome is sent by nothing", Help: "Name it in a workflow.",
			Address: "Email/welcome", Position: diag.Position{File: "crm/emails.yaml", Line: 3, Column: 17, EndColumn: 24},
		}},
		Summary: plan.Summary{Add: 3, Change: 4, Remove: 3, Import: 2, Unchanged: 40},
	}
}

// sampleFindings are of every severity, with and without a place.
func sampleFindings() diag.List {
	return diag.List{
		{
			Rule: "workflow-not-connected", Severity: diag.Error, Message: "acme-de has no workflows connection to acme-us",
			Help:    "Add the feature `workflows` to Connection/de-us (connections.yaml:3), or choose another account.",
			Address: "Workflow/cross-sell-won-deals", Position: diag.Position{File: "workflows/cross-sell.yaml", Line: 14, Column: 13, EndColumn: 20},
			Related: []diag.Related{{Position: diag.Position{File: "connections.yaml", Line: 3, Column: 9}, Message: "this is the connection"}},
		},
		{
			Rule: "schema", Severity: diag.Error, Message: "unknown field \"größe\" in spec", Address: "Property/tabs",
			Position: diag.Position{File: "with: odd, name%.yaml", Line: 2, Column: 2, EndColumn: 7},
		},
		{
			Rule: "our-policy", Severity: diag.Warning, Message: "names are in lower case", Help: "Rename it.\nOr ask the owners.",
			Position: diag.Position{File: "people.yaml"},
		},
		{Rule: "project-missing", Severity: diag.Info, Message: "there is no Project: the defaults hold"},
	}
}

func sampleLine(file string, n int) string {
	return map[string]string{
		"workflows/cross-sell.yaml:14": "        in: acme-us",
		"connections.yaml:3":           "metadata: {name: de-us}",
		"with: odd, name%.yaml:2":      "\tgröße: 很好",
		"crm/emails.yaml:3":            "metadata: {name: welcome}",
	}[diag.Position{File: file, Line: n}.String()]
}
