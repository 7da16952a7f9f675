package plan_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"accord/crm"
	"accord/examples/generate"
	"accord/plan"
	"accord/schema"
	"accord/state"
)

// repository draws a configuration and another one that some time has passed in.
func repository(t *testing.T, rt *rapid.T) (before, after plan.Input) {
	o := generate.Options{Seed: rapid.Uint64Range(0, 3).Draw(rt, "seed"), Resources: 60}
	old := generated(t, o, "")
	o.Changed = rapid.SampledFrom([]float64{0.01, 0.3, 1}).Draw(rt, "changed")
	gone := ""
	if rapid.Bool().Draw(rt, "a file is gone") {
		gone = rapid.SampledFrom(yamls(generate.MapFS(o))).Draw(rt, "file")
	}
	return old, generated(t, o, gone)
}

// generated is a configuration without one of its files, as it is applied. Each
// is made once: nothing may change it.
func generated(t *testing.T, o generate.Options, gone string) plan.Input {
	key := fmt.Sprint(o, gone)
	in, ok := repositories[key]
	if !ok {
		files := generate.MapFS(o)
		delete(files, gone)
		in = of(t, read(t, files))
		if gone == "" { // else what is left may name what is gone
			in.Applied, in.Live = applied(t, in.Declared, "id")
		}
		repositories[key] = in
	}
	return in
}

var repositories = map[string]plan.Input{}

func yamls(files fstest.MapFS) (out []string) {
	for _, n := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(n, ".yaml") && n != "accord.yaml" {
			out = append(out, n)
		}
	}
	return out
}

// Each change comes after what it needs, deletions after what depended on them;
// the plan is the same each time, its input as it was, and what is saved is what
// is read.
func TestPlansOfRepositories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		before, in := repository(t, rt)
		in.Applied, in.Live = before.Applied, before.Live
		if rapid.Bool().Draw(rt, "destroy") {
			in.Options.Destroy = true
		}
		if rapid.Bool().Draw(rt, "blind") {
			in.Live = nil
		}
		was, asLive := copyOf(in.Applied), copyLive(in.Live)
		p := mustMake(t, in)
		if !reflect.DeepEqual(was, in.Applied) || !reflect.DeepEqual(asLive, in.Live) {
			rt.Fatal("the plan has changed its input")
		}
		if again := mustMake(t, in); !reflect.DeepEqual(p, again) {
			rt.Fatal("the same input makes another plan")
		}
		declared := in.Declared
		if in.Options.Destroy {
			empty, _ := schema.NewConfig(nil)
			declared = schema.Resolve(empty)
		}
		wantOrder(rt, p, declared)
		wantDeletionsLast(rt, p, before.Declared)
		wantRoundTrip(rt, p)
		// What a plan hands out is nobody's but its own.
		for i := range p.Changes {
			for account := range p.Changes[i].IDs {
				p.Changes[i].IDs[account] = "changed"
			}
			for _, ids := range p.Changes[i].Implied {
				clear(ids)
			}
		}
		if !reflect.DeepEqual(was, in.Applied) {
			rt.Fatal("the plan shares its ids with the state")
		}
	})
}

func copyOf(s *state.Snapshot) *state.Snapshot {
	out := &state.Snapshot{Meta: s.Meta, Records: map[schema.Ref]state.Record{}}
	for ref, r := range s.Records {
		r.Resource, r.Accounts, r.IDs = slices.Clone(r.Resource), slices.Clone(r.Accounts), maps.Clone(r.IDs)
		r.Implied = maps.Clone(r.Implied)
		for account, ids := range r.Implied {
			r.Implied[account] = maps.Clone(ids)
		}
		out.Records[ref] = r
	}
	return out
}

func copyLive(live map[string]*plan.Live) map[string]*plan.Live {
	if live == nil {
		return nil
	}
	out := map[string]*plan.Live{}
	for name, l := range live {
		c := *l
		facts := *l.Facts
		c.Facts, c.Assets = &facts, map[schema.Kind][]crm.Asset{}
		for kind, assets := range l.Assets {
			for _, a := range assets {
				a.Spec = a.Spec.Canonical()
				c.Assets[kind] = append(c.Assets[kind], a)
			}
		}
		out[name] = &c
	}
	return out
}

func wantDeletionsLast(t *rapid.T, p *plan.Plan, before *schema.Graph) {
	over := map[schema.Ref]bool{}
	deleting := map[schema.Ref]bool{}
	for _, c := range p.Changes {
		if c.Action == plan.Delete {
			deleting[c.Ref] = true
		}
	}
	for _, c := range p.Changes {
		if c.Action != plan.Delete && len(over) > 0 && slices.ContainsFunc(slices.Collect(maps.Keys(over)), func(r schema.Ref) bool { return deleting[r] }) {
			t.Fatalf("%v comes after a deletion", c.Ref)
		}
		if was := before.Get(c.Ref); was != nil {
			for _, on := range before.DependsOn(was) {
				if over[on] && deleting[on] {
					t.Fatalf("%v is deleted before %v, which depended on it", on, c.Ref)
				}
			}
		}
		over[c.Ref] = true
	}
}

// The digest names what is done: not when, to which serial, with which ids, in
// which order of files, or how the configuration is spelled.
func TestDigestOfTheSameDeed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := generate.Options{Seed: rapid.Uint64Range(0, 3).Draw(rt, "seed"), Resources: 60}
		before := generated(t, o, "")
		o.Changed = 0.3
		files, in := generate.MapFS(o), generated(t, o, "")
		in.Applied, in.Live = before.Applied, before.Live
		want := mustMake(t, in).Digest

		names := yamls(files)
		moved := fstest.MapFS{}
		for n, f := range files {
			moved[n] = f
		}
		for i, n := range rapid.Permutation(names).Draw(rt, "order") {
			delete(moved, n)
			moved[fmt.Sprintf("moved/%03d.yaml", i)] = &fstest.MapFile{Data: append([]byte("# moved\n\n\n"), files[n].Data...)}
		}
		other := of(t, read(t, moved))
		other.Applied, other.Live = applied(t, before.Declared, "another")
		other.Applied.Meta = state.Meta{Lineage: "another", Serial: 99}
		other.Now, other.Version, other.Workspace = other.Now.AddDate(1, 0, 0), "9.9.9", "elsewhere"
		if got := mustMake(t, other).Digest; got != want {
			rt.Fatalf("digest %s, want %s", got, want)
		}
	})
}
