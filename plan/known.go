package plan

import (
	"slices"
	"strings"
	"sync"

	"accord/crm"
	"accord/schema"
)

// live is an account as the plan sees it: what was read from it or, where
// nothing was, what was applied.
func (m *maker) live(account string) *Live {
	if l := m.known[account]; l != nil {
		return l
	}
	if m.known == nil {
		m.known = map[string]*Live{}
	}
	l := m.Live[account]
	switch {
	case l == nil || l.AsExpected:
		l = m.assumed(account)
	case l.Facts == nil:
		l = &Live{Capabilities: l.Capabilities, Assets: standardAssets()}
	}
	m.known[account] = l
	return l
}

// assumed is an account that was not read.
func (m *maker) assumed(account string) *Live {
	l := &Live{Capabilities: crm.Capabilities{SetFacts: true, Users: true}, Assets: standardAssets()}
	was := m.before.Account(m.appliedName(account))
	if was != nil {
		facts := was.Facts
		l.Facts = &facts
	}
	if now := m.Declared.Account(account); now != nil {
		was = now
	}
	if was != nil && was.API != nil {
		l.Capabilities = crm.Capabilities{}
	}
	if l.Facts == nil {
		return l
	}
	if m.asApplied == nil {
		m.asApplied = m.appliedAssets()
	}
	for kind, assets := range m.asApplied[account] {
		l.Assets[kind] = mergeAssets(l.Assets[kind], assets)
	}
	return l
}

// appliedAssets are the assets of each account, by its declared name, as they
// were applied.
func (m *maker) appliedAssets() map[string]map[schema.Kind][]crm.Asset {
	out := map[string]map[schema.Kind][]crm.Asset{}
	add := func(account string, a crm.Asset) {
		account = m.account(account)
		if out[account] == nil {
			out[account] = map[schema.Kind][]crm.Asset{}
		}
		out[account][a.Kind] = append(out[account][a.Kind], a)
	}
	for _, rec := range m.Applied.Records {
		for account, ids := range rec.Implied {
			for key, id := range ids {
				object, _, _ := strings.Cut(key, "/")
				a := crossSell(object)
				a.ID = id
				add(account, a)
			}
		}
	}
	// Behind those that are implied, so that they take their place: what a
	// resource declares is what was applied last.
	for ref, rec := range m.Applied.Records {
		if ref.Kind == schema.KindAccount {
			continue
		}
		for account, id := range rec.IDs {
			a := assetIn(m.before.Get(ref), account)
			a.ID = id
			add(account, a)
		}
	}
	return out
}

// mergeAssets puts assets in the place of those with the same id, and sorts by
// key. An object that several resources hold is there once.
func mergeAssets(standard, assets []crm.Asset) []crm.Asset {
	at := make(map[string]int, len(standard)+len(assets))
	out := slices.Clone(standard)
	for i, a := range out {
		at[a.ID] = i
	}
	for _, a := range assets {
		if i, ok := at[a.ID]; ok {
			a.Standard = out[i].Standard
			out[i] = a
			continue
		}
		at[a.ID] = len(out)
		out = append(out, a)
	}
	sortAssets(out)
	return out
}

func sortAssets(assets []crm.Asset) {
	slices.SortStableFunc(assets, func(a, b crm.Asset) int { return strings.Compare(a.Key(), b.Key()) })
}

// standardAssets are what an account has that was never set up. The map is the
// caller's.
func standardAssets() map[schema.Kind][]crm.Asset {
	s := standard()
	return map[schema.Kind][]crm.Asset{schema.KindProperty: s.properties, schema.KindPipeline: s.pipelines}
}

type standards struct{ properties, pipelines []crm.Asset }

var standard = sync.OnceValue(func() standards {
	s := standards{pipelines: []crm.Asset{{
		Kind: schema.KindPipeline, ID: schema.DefaultPipelineName, Name: schema.DefaultPipelineName, Standard: true,
		Spec: schema.DefaultPipeline.Canonical(),
	}}}
	for _, object := range schema.Objects {
		for _, p := range crm.Standard(object) {
			spec := &schema.Property{Object: object, Type: p.Type, Unique: p.Unique}
			for _, v := range p.Options {
				spec.Options = append(spec.Options, schema.Option{Value: v})
			}
			s.properties = append(s.properties, crm.Asset{
				Kind: schema.KindProperty, ID: object + "/" + p.Name, Name: p.Name, Standard: true, Spec: spec,
			})
		}
	}
	sortAssets(s.properties)
	return s
})
