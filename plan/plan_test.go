package plan_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"accord/crm"
	"accord/plan"
	"accord/schema"
	"accord/schema/check"
	"accord/schema/load"
	"accord/state"
)

// group is a small organization with an object of most kinds.
const group = `
apiVersion: accord/v1
kind: Project
metadata: {name: acme}
spec: {}
---
apiVersion: accord/v1
kind: Account
metadata: {name: acme-de, labels: {region: emea}}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise, sales: professional}}
---
apiVersion: accord/v1
kind: Account
metadata: {name: acme-us, labels: {region: us}}
spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}}
---
apiVersion: accord/v1
kind: User
metadata: {name: anna}
spec:
  email: anna@acme.example
  twoFactor: true
  access:
    - {account: acme-de, superAdmin: true, seats: [sales], permissions: [view-connected-record-data]}
    - {account: acme-us, superAdmin: true, seats: [sales], permissions: [view-connected-record-data]}
---
apiVersion: accord/v1
kind: Property
metadata: {name: brand}
spec: {accounts: [acme-de], object: contact, type: string, label: Brand}
---
apiVersion: accord/v1
kind: List
metadata: {name: news}
spec: {accounts: [acme-de, acme-us], label: News}
---
apiVersion: accord/v1
kind: Form
metadata: {name: contact-us}
spec: {accounts: [acme-de], label: Contact us, fields: [email, brand]}
---
apiVersion: accord/v1
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us], administrator: anna}
---
apiVersion: accord/v1
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {dataMirroring: {}, workflows: {}}
`

// edit returns the text with each old part replaced by the new one behind it.
func edit(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q is not in the text", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// without leaves a document out.
func without(t testing.TB, text, address string) string {
	t.Helper()
	kind, name, _ := strings.Cut(address, "/")
	docs := strings.Split(text, "\n---\n")
	left := slices.DeleteFunc(slices.Clone(docs), func(d string) bool {
		return strings.Contains(d, "kind: "+kind+"\nmetadata: {name: "+name)
	})
	if len(left) == len(docs) {
		t.Fatalf("%s is not in the text", address)
	}
	return strings.Join(left, "\n---\n")
}

func read(t testing.TB, fsys fs.FS) *load.Result {
	t.Helper()
	loaded, err := load.Dir(context.Background(), fsys, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Diagnostics.HasErrors() {
		t.Fatal(loaded.Diagnostics)
	}
	return loaded
}

// input is what a plan of a configuration on nothing is made from.
func input(t testing.TB, text string) plan.Input {
	t.Helper()
	return of(t, read(t, fstest.MapFS{"accord.yaml": {Data: []byte(text)}}))
}

func of(t testing.TB, loaded *load.Result) plan.Input {
	t.Helper()
	return plan.Input{
		Declared: schema.Resolve(loaded.Config), Applied: &state.Snapshot{Records: map[schema.Ref]state.Record{}},
		Locate: loaded, Config: loaded.Digest, Workspace: "default", Version: "1.2.3",
		Now: time.Date(2026, 11, 22, 9, 30, 15, 999, time.UTC),
	}
}

// applied is the state after a configuration was applied, with ids that begin
// with prefix, and what is live then.
func applied(t testing.TB, g *schema.Graph, prefix string) (*state.Snapshot, map[string]*plan.Live) {
	t.Helper()
	s := &state.Snapshot{Meta: state.Meta{Lineage: "lineage", Serial: 12}, Records: map[schema.Ref]state.Record{}}
	live := map[string]*plan.Live{}
	for _, r := range g.Of(schema.KindAccount) {
		a := r.Spec.(*schema.Account)
		facts, embedded := a.Facts, a.API == nil
		live[r.Name] = &plan.Live{
			Facts: &facts, Assets: map[schema.Kind][]crm.Asset{}, Capabilities: crm.Capabilities{SetFacts: embedded, Users: embedded},
		}
	}
	pl := mustMake(t, plan.Input{Declared: g, Applied: &state.Snapshot{}})
	for _, c := range pl.Changes {
		rec := state.NewRecord(g.Get(c.Ref))
		rec.Accounts, rec.IDs = slices.Clone(c.Accounts), maps.Clone(c.IDs)
		for i, e := range c.Effects {
			if e.Action == plan.WriteFacts {
				continue
			}
			a, err := e.DecodeAsset()
			if err != nil {
				t.Fatal(err)
			}
			a.ID = fmt.Sprintf("%s-%v-%d", prefix, c.Ref, i)
			live[e.Account].Assets[e.Kind] = append(live[e.Account].Assets[e.Kind], a)
			if e.Implied {
				if rec.Implied == nil {
					rec.Implied = map[string]map[string]string{}
				}
				rec.Implied[e.Account] = map[string]string{e.Key: a.ID}
				continue
			}
			if rec.IDs == nil {
				rec.IDs = map[string]string{}
			}
			rec.IDs[e.Account] = a.ID
		}
		s.Records[c.Ref] = rec
	}
	for _, l := range live {
		for _, assets := range l.Assets {
			slices.SortFunc(assets, func(a, b crm.Asset) int { return strings.Compare(a.Key(), b.Key()) })
		}
	}
	return s, live
}

// change is the input of a plan from one configuration to another.
func change(t testing.TB, before, after string) plan.Input {
	t.Helper()
	in := input(t, after)
	in.Applied, in.Live = applied(t, input(t, before).Declared, "id")
	for _, r := range in.Declared.Of(schema.KindAccount) {
		if in.Live[r.Name] == nil {
			in.Live[r.Name] = &plan.Live{Capabilities: crm.Capabilities{SetFacts: true, Users: true}}
		}
	}
	return in
}

func mustMake(t testing.TB, in plan.Input) *plan.Plan {
	t.Helper()
	p, err := plan.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// actions says what a plan does, a word and an address each.
func actions(p *plan.Plan) []string {
	out := []string{}
	for _, c := range p.Changes {
		out = append(out, fmt.Sprintf("%s %v", c.Action, c.Ref))
	}
	return out
}

func wantActions(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	if got := actions(p); !slices.Equal(got, want) {
		t.Errorf("plan %q\nwant %q\nfindings %v", got, want, p.Diagnostics)
	}
}

func save(t testing.TB, p *plan.Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNothingToDo(t *testing.T) {
	for name, in := range map[string]plan.Input{
		"nothing on nothing":    input(t, "apiVersion: accord/v1\nkind: Project\nmetadata: {name: acme}\nspec: {}\n"),
		"what was applied":      change(t, group, group),
		"destroy of nothing":    {Applied: &state.Snapshot{}, Options: plan.Options{Destroy: true}},
		"without a look at it":  func() plan.Input { in := change(t, group, group); in.Live = nil; return in }(),
		"a target without need": func() plan.Input { in := change(t, group, group); in.Options.Targets = []string{"List/*"}; return in }(),
	} {
		t.Run(name, func(t *testing.T) {
			p := mustMake(t, in)
			if p.HasChanges() || p.Applyable || p.Errored || len(p.Consequences) > 0 {
				t.Errorf("%q, drift %v, %+v", actions(p), p.Drift, p)
			}
			if got := len(in.Applied.Records); p.Summary != (plan.Summary{Unchanged: got}) {
				t.Errorf("summary %+v of %d", p.Summary, got)
			}
		})
	}
}

// A configuration with errors makes a plan that says so and does nothing; to
// destroy needs no configuration that is sound, nor any.
func TestBrokenConfiguration(t *testing.T) {
	in := change(t, group, edit(t, without(t, group, "List/news"), "marketing: enterprise, ", ""))
	in.Diagnostics = check.All(in.Declared, in.Locate)
	if !in.Diagnostics.HasErrors() {
		t.Fatal("the configuration is sound")
	}
	p := mustMake(t, in)
	if !p.Errored || p.Applyable || len(p.Changes) > 0 || len(p.Diagnostics) != len(in.Diagnostics) {
		t.Errorf("%q, %+v", actions(p), p)
	}
	for _, declared := range []*schema.Graph{in.Declared, nil} {
		in := in
		in.Declared, in.Options.Destroy = declared, true
		p := mustMake(t, in)
		if p.Errored || !p.Applyable || p.Summary.Remove != len(in.Applied.Records) || p.Summary.Add+p.Summary.Change > 0 {
			t.Errorf("%q, findings %v", actions(p), p.Diagnostics)
		}
		if want := map[bool]string{true: "acme"}[declared != nil]; p.Project != want {
			t.Errorf("project %q, want %q", p.Project, want)
		}
		for _, c := range p.Changes {
			if c.Reason != plan.Destroying {
				t.Errorf("%v: %s", c.Ref, c.Reason)
			}
		}
	}
}

func TestProtected(t *testing.T) {
	protected := edit(t, group, "metadata: {name: news}\n", "metadata: {name: news}\nlifecycle: {preventDestroy: true}\n")
	in := change(t, protected, protected)
	in.Options.Destroy = true
	if p := mustMake(t, in); !p.Errored || p.Diagnostics[0].Rule != "prevent-destroy" || p.Applyable {
		t.Errorf("findings %v", p.Diagnostics)
	}
	// What the help says: the list stays, and with it what it is in.
	in.Options.Excludes = []string{"List/news"}
	p := mustMake(t, in)
	if p.Errored || p.Complete {
		t.Errorf("findings %v", p.Diagnostics)
	}
	for _, c := range p.Changes {
		if c.Ref.Kind == schema.KindAccount || c.Ref.Kind == schema.KindList {
			t.Errorf("%v is destroyed, and List/news is in it", c.Ref)
		}
	}
	// Replacing it deletes it too.
	in = change(t, protected, edit(t, protected, "spec: {accounts: [acme-de, acme-us], label: News}",
		"spec: {accounts: [acme-de, acme-us], label: News, object: company}"))
	p = mustMake(t, in)
	if !p.Errored || p.Diagnostics[0].Rule != "prevent-destroy" || p.Diagnostics[0].Position.Line == 0 {
		t.Errorf("findings %v", p.Diagnostics)
	}
}

// The team's own rules on changes hold for a destruction as for any plan.
func TestPolicies(t *testing.T) {
	policy := group + `
---
apiVersion: accord/v1
kind: Policy
metadata: {name: connections-stay}
spec: {on: change, severity: error, where: change.kind == "Connection" && change.action == "delete", message: connections stay}
`
	in := change(t, policy, without(t, policy, "Connection/de-us"))
	if p := mustMake(t, in); !p.Errored || p.Diagnostics[0].Rule != "Policy/connections-stay" {
		t.Errorf("findings %v", p.Diagnostics)
	}
	in = change(t, policy, policy)
	in.Options.Destroy = true
	if p := mustMake(t, in); !p.Errored || p.Diagnostics[0].Rule != "Policy/connections-stay" {
		t.Errorf("findings %v", p.Diagnostics)
	}
	in.Options.Excludes = []string{"Connection/*"}
	if p := mustMake(t, in); p.Errored {
		t.Errorf("findings %v", p.Diagnostics)
	}
}

// Organizations, connections, copies and partners are kept in the state alone.
func TestStateOnly(t *testing.T) {
	after := edit(t, group, "dataMirroring: {}, workflows: {}", "dataMirroring: {}, assetCopying: {}", "administrator: anna", "administrator: anna, limits: extended") + `
---
apiVersion: accord/v1
kind: AssetCopy
metadata: {name: kit}
spec: {from: acme-de, to: [acme-us], assets: [{list: News}]}
---
apiVersion: accord/v1
kind: Partner
metadata: {name: agency}
spec: {account: acme-us, clients: [acme-de]}
`
	p := mustMake(t, change(t, group, after))
	wantActions(t, p, "update Organization/acme", "update Connection/de-us", "create AssetCopy/kit", "create Partner/agency")
	for _, c := range p.Changes {
		if len(c.Effects) > 0 {
			t.Errorf("%v: %v", c.Ref, c.Effects)
		}
	}
}
