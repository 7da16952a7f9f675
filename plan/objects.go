package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"accord/crm"
	"accord/diag"
	"accord/schema"
	"accord/state"
)

// setUp finds what is done in accounts for a declared resource: was is what was
// applied, nil where nothing was; same says that it is what is declared. Drift
// that it meets on the way is noted.
func (m *maker) setUp(c *Change, was, r *schema.Resource, same bool) {
	switch {
	case r.Kind == schema.KindAccount:
		m.facts(c, was, r)
		return
	case r.Kind.InAccounts() || r.Kind == schema.KindUser:
		m.assets(c, was, r, same)
	}
	if r.Kind == schema.KindConnection || r.Kind == schema.KindWorkflow {
		m.impliedAssets(c, r)
	}
}

// facts plans what an account is told of itself. Facts belong to the vendor: only
// an embedded account is told, when it is created and when the declaration
// changes. What it reports otherwise is drift.
func (m *maker) facts(c *Change, was, r *schema.Resource) {
	declared, live := r.Spec.(*schema.Account), m.Live[r.Name]
	if live == nil {
		live = m.live(r.Name)
	}
	c.Accounts = nil
	if c.IDs == nil {
		c.IDs = map[string]string{r.Name: m.storages[r.Name]}
	}
	if live.Facts == nil {
		if declared.API != nil {
			return
		}
		// It does not exist: it is created, also where it was applied and is gone.
		c.Effects = append(c.Effects, factsEffect(r.Name, nil, declared.Facts))
		if was != nil {
			m.drift = append(m.drift, Drift{
				Ref: c.Ref, Account: r.Name, Kind: schema.KindAccount, Name: r.Name, What: DriftMissing, Fields: []Field{}, Restores: true,
			})
		}
		return
	}
	if sameFacts(*live.Facts, declared.Facts) {
		return
	}
	believed := declared.Facts
	if was != nil {
		believed = was.Spec.(*schema.Account).Facts
	}
	changed := was == nil || !sameFacts(believed, declared.Facts)
	writes := changed && live.Capabilities.SetFacts
	if writes {
		c.Effects = append(c.Effects, factsEffect(r.Name, live.Facts, declared.Facts))
	}
	if sameFacts(believed, *live.Facts) {
		if writes || m.Live[r.Name] == nil {
			return
		}
		// The vendor reports what was applied, and nothing that apply does
		// makes the new declaration true.
		believed = declared.Facts
	} else if was == nil && writes {
		return
	}
	m.drift = append(m.drift, Drift{
		Ref: c.Ref, Account: r.Name, Kind: schema.KindAccount, Name: r.Name, What: DriftFacts,
		Fields: orEmpty(factsDiff(factsJSON(believed), factsJSON(*live.Facts))), Conflict: was != nil && changed,
	})
}

func factsEffect(account string, before *schema.Facts, after schema.Facts) Effect {
	e := Effect{Account: account, Action: WriteFacts, Kind: schema.KindAccount, Name: account, Key: account, After: factsJSON(after)}
	if before != nil {
		e.Before = factsJSON(*before)
		e.Fields = factsDiff(e.Before, e.After)
	}
	return e
}

// factsDiff is what differs between facts, with the defaults written out.
func factsDiff(before, after json.RawMessage) []Field {
	return explicit(schema.KindAccount, Diff(before, after))
}

func factsJSON(f schema.Facts) json.RawMessage {
	out, err := json.Marshal(f.Canonical())
	if err != nil {
		panic("plan: facts are not JSON: " + err.Error()) // strings, a map of strings and a boolean
	}
	return out
}

// Storage is the name under which an embedded account is kept, from the ids of
// its record; without a record it is its own name.
func Storage(ids map[string]string, account string) string {
	if s, ok := ids[account]; ok {
		return s
	}
	return account
}

// Storages are the names under which the embedded accounts are kept that are
// declared or applied, by their declared names. It is an account's own name at
// first and stays when the account is renamed, so that a new account whose name
// such a one still has is kept under another.
func Storages(declared *schema.Graph, applied *state.Snapshot) map[string]string {
	out, taken := map[string]string{}, map[string]bool{}
	renamed := renames(declared, applied)
	for ref, rec := range applied.Records {
		if ref.Kind != schema.KindAccount {
			continue
		}
		now, storage := ref.Name, Storage(rec.IDs, ref.Name)
		if r := renamed[ref]; r != nil {
			now = r.Name
		}
		out[now], taken[storage] = storage, true
	}
	for _, r := range declared.Of(schema.KindAccount) {
		if _, ok := out[r.Name]; ok {
			continue
		}
		storage := r.Name
		for taken[storage] {
			storage += "~"
		}
		out[r.Name] = storage
	}
	return out
}

// assets plans the object of a resource in each of its accounts.
func (m *maker) assets(c *Change, was, r *schema.Resource, same bool) {
	for _, account := range c.Accounts {
		if m.asExpected(account) {
			continue
		}
		live := m.live(account)
		if r.Kind == schema.KindUser && !live.Capabilities.Users {
			continue
		}
		want, id := assetIn(r, account), c.IDs[account]
		mine := live.byID(r.Kind, id)
		have := mine
		if mine == nil || mine.Key() != want.Key() {
			if there := live.at(&want); there != nil && there != mine && m.makeRoom(c, account, r, mine, there) {
				have = there
			}
			m.take(c, account, &want)
		}
		if id != "" && was != nil {
			m.assetDrift(c, was, account, mine, same)
		}
		if mine != nil && c.Action == Replace {
			c.Effects = append(c.Effects, deleteEffect(account, mine, was.Name))
			have = nil
		}
		if have == nil {
			delete(c.IDs, account)
			c.Effects = append(c.Effects, Effect{
				Account: account, Action: CreateAsset, Kind: r.Kind, Name: want.Name, Key: want.Key(), After: specJSON(&want),
			})
			continue
		}
		fields := assetDiff(have, &want)
		if have.ID == id && len(fields) == 0 {
			continue
		}
		e := Effect{
			Account: account, Action: UpdateAsset, Kind: r.Kind, Name: want.Name, Key: want.Key(), ID: have.ID,
			Before: specJSON(have), After: specJSON(&want), Fields: fields,
		}
		if have.ID != id {
			e.Action = AdoptAsset
		}
		c.Effects = append(c.Effects, e)
		if have.Standard && r.Kind == schema.KindProperty && len(fields) > 0 {
			m.refuse(c.Ref, r, fmt.Sprintf("%s has the property %s by itself, and it cannot be changed", account, want.Key()),
				fmt.Sprintf("Leave %v out, or give it another name.", c.Ref))
		}
	}
	for _, account := range sortedKeys(c.IDs) {
		if !slices.Contains(c.Accounts, account) {
			m.released = append(m.released, release{len(m.changes), was, account, c.IDs[account]})
			delete(c.IDs, account)
		}
	}
}

// deleteEffect deletes the object of a resource of that name. Accounts keep the
// name under which it was created, if any.
func deleteEffect(account string, a *crm.Asset, name string) Effect {
	if a.Kind == schema.KindProperty {
		name = a.Name
	}
	return Effect{Account: account, Action: DeleteAsset, Kind: a.Kind, Name: name, Key: a.Key(), ID: a.ID, Before: specJSON(a)}
}

// makeRoom decides what becomes of the object that is there under the natural
// key that a resource wants, of which an account has one of a kind. It is taken
// over where it is nobody's, or was another resource's that has given it up:
// what people have put into it stays. Where it is of another make, or the
// resource has an object already, it goes first, if it was given up; so does the
// other resource, if it takes another key in this plan. Whatever else is there
// stands in the way.
func (m *maker) makeRoom(c *Change, account string, r *schema.Resource, mine, there *crm.Asset) (adopt bool) {
	id := claim{account, there.Kind, there.ID}
	holders := m.holders(id)
	var stays []schema.Ref
	for _, ref := range holders {
		if now := m.now(ref); now != nil && slices.Contains(placed(m.Declared, now), account) {
			stays = append(stays, now.Ref())
		}
	}
	found := &schema.Resource{Kind: r.Kind, Name: cmp.Or(there.Name, r.Name), Spec: there.Spec}
	different := replacing(found, r, m.account)
	switch {
	case len(stays) > 0:
		for _, ref := range stays {
			if other := assetIn(m.Declared.Get(ref), account); other.Key() == there.Key() {
				m.refuse(c.Ref, r, fmt.Sprintf("%v and %v are the same object of %s: both are the %s %s", c.Ref, ref, account, r.Kind, there.Key()),
					"Remove one of the two, rename it, or place them in different accounts.")
				return false
			}
		}
		c.Needs = append(c.Needs, stays...)
		return false
	case mine == nil && len(different) == 0:
		if len(holders) > 0 {
			m.handed[id] = c.Ref
		}
		return true
	case len(holders) > 0 && !there.Standard:
		m.handed[id] = c.Ref
		c.Effects = append(c.Effects, deleteEffect(account, there, holders[0].Name))
		return false
	case mine == nil:
		m.refuse(c.Ref, r, fmt.Sprintf("%s has a %s %s that nothing manages, and its %s is another and cannot be changed",
			account, r.Kind, there.Key(), pathList(different)), "Declare it as it is there, delete it there, or give yours another name.")
	default:
		m.refuse(c.Ref, r, fmt.Sprintf("%s has a %s %s that nothing manages, and %v cannot take that name", account, r.Kind, there.Key(), c.Ref),
			"Delete or rename the one that is there, or give yours another name.")
	}
	return false
}

// take notes that a resource will have the natural key of want in an account. A
// second one that wants it is refused.
func (m *maker) take(c *Change, account string, want *crm.Asset) {
	key := claim{account, want.Kind, want.Key()}
	if first, ok := m.taken[key]; ok {
		m.refuse(c.Ref, m.Declared.Get(c.Ref), fmt.Sprintf("%v and %v are the same object of %s: both are the %s %s", c.Ref, first, account, want.Kind, want.Key()),
			"Remove one of the two, rename it, or place them in different accounts.")
		return
	}
	m.taken[key] = c.Ref
}

// refuse notes what stands in the way of a change.
func (m *maker) refuse(of schema.Ref, r *schema.Resource, message, help string) {
	d := diag.Diagnostic{Rule: ruleSameObject, Severity: diag.Error, Address: of.String(), Message: message, Help: help}
	if m.Locate != nil {
		d.Position = m.Locate.Position(r, schema.Path("metadata").Key("name"))
	}
	m.conflicts = append(m.conflicts, conflict{of, d})
}

// holders are the applied resources whose object it is, one as a rule. Most
// plans never ask.
func (m *maker) holders(object claim) []schema.Ref {
	if m.objects == nil {
		m.objects = make(map[claim][]schema.Ref, len(m.Applied.Records))
		for ref, rec := range m.Applied.Records {
			for account, id := range rec.IDs {
				c := claim{m.account(account), ref.Kind, id}
				m.objects[c] = append(m.objects[c], ref)
			}
		}
	}
	return m.objects[object]
}

// now is the declared resource that an applied one is, or nil.
func (m *maker) now(applied schema.Ref) *schema.Resource {
	if r := m.renamed[applied]; r != nil {
		return r
	}
	return m.Declared.Get(applied)
}

// assetDrift notes where the object in the account is not what was applied.
func (m *maker) assetDrift(c *Change, was *schema.Resource, account string, mine *crm.Asset, same bool) {
	applied := assetIn(was, m.appliedName(account))
	d := Drift{
		Ref: c.Ref, Account: account, Kind: c.Ref.Kind, Name: applied.Name, What: DriftMissing, Fields: []Field{}, Conflict: !same, Restores: true,
	}
	if mine != nil {
		d.What = DriftChanged
		if d.Fields = assetDiff(&applied, mine); len(d.Fields) == 0 {
			return
		}
	}
	m.drift = append(m.drift, d)
}

// impliedAssets plans the properties that a resource needs without declaring
// them. They are never deleted: people's answers are in them.
func (m *maker) impliedAssets(c *Change, r *schema.Resource) {
	needed := impliedIn(m.Declared, r)
	for _, account := range slices.Sorted(maps.Keys(needed)) {
		if m.asExpected(account) {
			continue
		}
		live := m.live(account)
		for _, want := range needed[account] {
			id, key := c.Implied[account][want.Key()], claim{account, want.Kind, want.Key()}
			have := live.byKey(want.Kind, want.Key())
			if have == nil {
				if id != "" && !m.repeated[key] {
					m.repeated[key] = true
					m.drift = append(m.drift, Drift{
						Ref: c.Ref, Account: account, Kind: want.Kind, Name: want.Name, What: DriftMissing, Fields: []Field{}, Restores: true,
					})
				}
				c.Effects = append(c.Effects, Effect{
					Account: account, Action: CreateAsset, Kind: want.Kind, Name: want.Name, Key: want.Key(), Implied: true, After: specJSON(&want),
				})
				continue
			}
			if m.inherits(c.Ref, account, have) && c.Action == NoOp {
				c.Action, c.Reason = Update, ConfigChanged
			}
			if id != have.ID && c.Action != NoOp {
				// Another resource has created it, or the vendor: it is
				// shared, and nobody's to change.
				if c.Implied == nil {
					c.Implied = map[string]map[string]string{}
				}
				if c.Implied[account] == nil {
					c.Implied[account] = map[string]string{}
				}
				c.Implied[account][want.Key()] = have.ID
			}
		}
	}
}

// inherits hands an asset over that a resource implies and that the one which
// declared it has given up. The first heir is enough.
func (m *maker) inherits(heir schema.Ref, account string, a *crm.Asset) bool {
	if len(m.gone) == 0 && len(m.released) == 0 {
		return false
	}
	id := claim{account, a.Kind, a.ID}
	holders := m.holders(id)
	if _, already := m.handed[id]; already || len(holders) == 0 {
		return false
	}
	for _, ref := range holders {
		if now := m.now(ref); now != nil && slices.Contains(placed(m.Declared, now), account) {
			return false
		}
	}
	m.handed[id] = heir
	return true
}

// once leaves the creation of an asset that several resources imply to the first
// of them. One that has nothing else to do stays as it is.
func (m *maker) once(p *Plan) {
	created, idle := map[claim]bool{}, map[schema.Ref]bool{}
	for i := range p.Changes {
		c := &p.Changes[i]
		before := len(c.Effects)
		c.Effects = slices.DeleteFunc(c.Effects, func(e Effect) bool {
			if !e.Implied || e.Action != CreateAsset {
				return false
			}
			key := claim{e.Account, e.Kind, e.Key}
			again := created[key]
			created[key] = true
			return again
		})
		if before > 0 && len(c.Effects) == 0 && bytes.Equal(c.Before, c.After) {
			idle[c.Ref] = true
		}
	}
	if len(idle) == 0 {
		return
	}
	m.unchanged += len(idle)
	p.Changes = slices.DeleteFunc(p.Changes, func(c Change) bool { return idle[c.Ref] })
	for i := range p.Changes {
		p.Changes[i].Needs = slices.DeleteFunc(p.Changes[i].Needs, func(n schema.Ref) bool { return idle[n] })
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
