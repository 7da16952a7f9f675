package plan_test

import (
	"slices"
	"strings"
	"testing"

	"accord/plan"
	"accord/schema"
)

func TestTargetsAndExcludes(t *testing.T) {
	nothing := "apiVersion: accord/v1\nkind: Project\nmetadata: {name: acme}\nspec: {}\n"
	changed := edit(t, group, "label: News", "label: Letters", "label: Contact us", "label: Write to us", "type: string", "type: number")
	for _, tc := range []struct {
		name, before, after string
		o                   plan.Options
		want                []string
	}{
		{
			"a target brings what it needs", nothing, group,
			plan.Options{Targets: []string{"Form/contact-us"}},
			[]string{"create Account/acme-de", "create Property/brand", "create Form/contact-us"},
		},
		{
			"a glob of names", nothing, group,
			plan.Options{Targets: []string{"*/acme-d?"}},
			[]string{"create Account/acme-de"},
		},
		{
			"what needs an excluded one is left out", nothing, group,
			plan.Options{Excludes: []string{"Account/acme-us"}},
			[]string{"create Account/acme-de", "create Property/brand", "create Form/contact-us"},
		},
		{
			"an exclude beats a target", nothing, group,
			plan.Options{Targets: []string{"Form/*", "Property/*"}, Excludes: []string{"Property/*"}},
			[]string{"create Account/acme-de"},
		},
		{
			"a target with no change", group, changed,
			plan.Options{Targets: []string{"Connection/de-us"}},
			[]string{},
		},
		{
			"a deletion brings the deletions that come first", group, nothing,
			plan.Options{Targets: []string{"Organization/acme"}},
			[]string{"delete Connection/de-us", "delete Organization/acme"},
		},
		{
			"what is in an excluded account stays with it", group, nothing,
			plan.Options{Excludes: []string{"Connection/de-us"}},
			[]string{"delete Form/contact-us", "delete List/news", "delete Property/brand"},
		},
		{
			"no deletions", group, edit(t, without(t, changed, "Connection/de-us"), "accounts: [acme-de, acme-us], label: Letters", "accounts: [acme-de], label: Letters"),
			plan.Options{NoDelete: true},
			[]string{},
		},
		{
			"no deletions, and the rest", group, without(t, edit(t, group, "label: News", "label: Letters"), "Connection/de-us"),
			plan.Options{NoDelete: true},
			[]string{"update List/news"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := change(t, tc.before, tc.after)
			in.Options = tc.o
			p := mustMake(t, in)
			wantActions(t, p, tc.want...)
			if p.Complete {
				t.Error("the plan says that it is complete")
			}
			stay := len(in.Applied.Records) - p.Summary.Change - p.Summary.Remove
			if p.Summary.Unchanged != stay {
				t.Errorf("summary %+v, and %d stay as they are", p.Summary, stay)
			}
			wantOrder(t, p, in.Declared)
		})
	}
}

func TestRenamedIsFoundUnderBothNames(t *testing.T) {
	after := edit(t, group, "metadata: {name: news}", "metadata: {name: letters, renamedFrom: news}")
	for _, target := range []string{"List/news", "List/letters"} {
		in := change(t, group, after)
		in.Options.Targets = []string{target}
		wantActions(t, mustMake(t, in), "update List/letters")
		in.Options = plan.Options{Excludes: []string{target}}
		wantActions(t, mustMake(t, in))
	}
}

// An exclude that leaves nothing out leaves a plan complete.
func TestExcludeOfWhatDoesNotChange(t *testing.T) {
	in := change(t, group, edit(t, group, "label: News", "label: Letters"))
	in.Options.Excludes = []string{"Form/contact-us"}
	if p := mustMake(t, in); !p.Complete || len(p.Changes) != 1 {
		t.Errorf("%q, complete: %v", actions(p), p.Complete)
	}
}

func TestUnknownAddresses(t *testing.T) {
	for glob, says := range map[string]string{
		"List/nwes":       `did you mean "List/news"?`,
		"Connection/ab":   "Kind/name",
		"Lists/*":         "Kind/name",
		"news":            "Kind/name",
		"[":               "no glob",
		"Project/acme":    "nothing that is declared",
		"":                "nothing that is declared",
		"Form/contact-uz": `did you mean "Form/contact-us"?`,
	} {
		for _, o := range []plan.Options{{Targets: []string{"List/news", glob}}, {Excludes: []string{glob}}} {
			in := change(t, group, group)
			in.Options = o
			if _, err := plan.Make(in); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%q: %v, want %q", glob, err, says)
			}
		}
	}
	// What is applied alone is there too.
	in := change(t, group, without(t, group, "Connection/de-us"))
	in.Options.Targets = []string{"Connection/de-us"}
	wantActions(t, mustMake(t, in), "delete Connection/de-us")
}

// What is left out is not put back, and opens no way for data.
func TestLeftOutHasNoConsequences(t *testing.T) {
	in := change(t, edit(t, group, "dataMirroring: {}, workflows: {}", "assetCopying: {}"), group)
	if p := mustMake(t, in); len(p.Consequences) == 0 {
		t.Fatal("mirroring has no consequence")
	}
	in.Options.Targets = []string{"User/*"}
	if p := mustMake(t, in); len(p.Consequences) > 0 {
		t.Errorf("consequences %+v", p.Consequences)
	}
	in = change(t, group, group)
	in.Live["acme-de"].Assets[schema.KindList] = nil
	if p := mustMake(t, in); len(p.Drift) != 1 || !p.Drift[0].Restores {
		t.Fatalf("drift %+v", p.Drift)
	}
	in.Options.Excludes = []string{"List/news"}
	if p := mustMake(t, in); len(p.Drift) != 1 || p.Drift[0].Restores || !p.HasChanges() || p.Applyable {
		t.Errorf("drift %+v", p.Drift)
	}
}

// wantOrder fails where a change does not come after what it needs, or needs
// less than it depends on.
func wantOrder(t interface {
	Helper()
	Errorf(string, ...any)
}, p *plan.Plan, declared *schema.Graph,
) {
	t.Helper()
	at := map[schema.Ref]int{}
	for i, c := range p.Changes {
		at[c.Ref] = i
	}
	for i, c := range p.Changes {
		if !slices.IsSortedFunc(c.Needs, schema.Ref.Compare) || len(slices.Compact(slices.Clone(c.Needs))) != len(c.Needs) {
			t.Errorf("%v needs %v, not sorted or one twice", c.Ref, c.Needs)
		}
		for _, n := range c.Needs {
			if j, ok := at[n]; !ok || j >= i {
				t.Errorf("%v needs %v, which does not come before it", c.Ref, n)
			}
		}
		if c.Action == plan.Delete {
			continue
		}
		for _, on := range declared.DependsOn(declared.Get(c.Ref)) {
			if _, changes := at[on]; changes && !slices.Contains(c.Needs, on) {
				t.Errorf("%v depends on %v and does not need it", c.Ref, on)
			}
		}
	}
}
