package plan

import (
	"encoding/json"
	"maps"
	"slices"

	"accord/crm"
	"accord/schema"
)

// objects finds what is done in accounts for a declared resource: was is what
// was applied, nil where nothing was; same says that it is what is declared.
// Drift that it meets on the way is noted.
func (m *maker) objects(c *Change, was, r *schema.Resource, same bool) {
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
	declared := r.Spec.(*schema.Account)
	live := m.Live[r.Name]
	if c.IDs == nil {
		c.IDs = map[string]string{r.Name: m.storage(r.Name)}
	}
	c.Accounts = nil
	if live == nil || live.Facts == nil {
		if declared.API == nil && (was == nil || live != nil) {
			// It does not exist: it is created, also where it was applied and
			// is gone.
			c.Effects = append(c.Effects, factsEffect(r.Name, nil, declared.Facts))
			if was != nil && live != nil {
				m.drift = append(m.drift, Drift{
					Ref: c.Ref, Account: r.Name, Kind: schema.KindAccount, Name: r.Name, What: DriftMissing, Restores: true,
				})
			}
		} else if was != nil && declared.API == nil && !sameFacts(was.Spec.(*schema.Account).Facts, declared.Facts) {
			c.Effects = append(c.Effects, factsEffect(r.Name, &was.Spec.(*schema.Account).Facts, declared.Facts))
		}
		return
	}
	if sameFacts(*live.Facts, declared.Facts) {
		return
	}
	changed := was == nil || !sameFacts(was.Spec.(*schema.Account).Facts, declared.Facts)
	if changed && live.Capabilities.SetFacts {
		c.Effects = append(c.Effects, factsEffect(r.Name, live.Facts, declared.Facts))
	}
	if was == nil {
		if !live.Capabilities.SetFacts {
			m.drift = append(m.drift, m.factsDrift(c.Ref, declared.Facts, *live.Facts, false))
		}
		return
	}
	if applied := was.Spec.(*schema.Account).Facts; !sameFacts(applied, *live.Facts) {
		m.drift = append(m.drift, m.factsDrift(c.Ref, applied, *live.Facts, changed))
	}
}

func (m *maker) factsDrift(ref schema.Ref, applied, live schema.Facts, conflict bool) Drift {
	return Drift{
		Ref: ref, Account: ref.Name, Kind: schema.KindAccount, Name: ref.Name, What: DriftFacts,
		Fields: Diff(factsJSON(applied), factsJSON(live)), Conflict: conflict,
	}
}

func factsEffect(account string, before *schema.Facts, after schema.Facts) Effect {
	e := Effect{Account: account, Action: WriteFacts, Kind: schema.KindAccount, Name: account, Key: account, After: factsJSON(after)}
	if before != nil {
		e.Before = factsJSON(*before)
		e.Fields = Diff(e.Before, e.After)
	}
	return e
}

func factsJSON(f schema.Facts) json.RawMessage {
	out, err := json.Marshal(f.Canonical())
	if err != nil {
		panic("plan: facts are not JSON: " + err.Error()) // strings, a map of strings and a boolean
	}
	return out
}

// storage is the name under which an embedded account is kept: its own at first,
// unless an account that was renamed since is kept under it.
func (m *maker) storage(name string) string {
	taken := map[string]bool{}
	for ref, rec := range m.Applied.Records {
		if ref.Kind == schema.KindAccount {
			taken[Storage(rec.IDs, ref.Name)] = true
		}
	}
	for taken[name] {
		name += "~"
	}
	return name
}

// Storage is the name under which an embedded account is kept, from the ids of
// its record; without a record it is its own name.
func Storage(ids map[string]string, account string) string {
	if s, ok := ids[account]; ok {
		return s
	}
	return account
}

// assets plans the object of a resource in each of its accounts.
func (m *maker) assets(c *Change, was, r *schema.Resource, same bool) {
	for _, account := range c.Accounts {
		if !m.reached(account, r.Kind) {
			continue
		}
		want := assetIn(r, account)
		id := c.IDs[account]
		have, missing := m.have(was, account, id, &want)
		if id != "" && m.Live[account] != nil {
			m.assetDrift(c, was, account, id, have, missing, same)
		}
		switch {
		case have == nil || c.Action == Replace && id != "":
			if have != nil && !have.Standard {
				c.Effects = append(c.Effects, Effect{
					Account: account, Action: DeleteAsset, Kind: r.Kind, Name: have.Name, Key: have.Key(), ID: have.ID, Before: specJSON(have),
				})
			}
			delete(c.IDs, account)
			c.Effects = append(c.Effects, Effect{
				Account: account, Action: CreateAsset, Kind: r.Kind, Name: want.Name, Key: want.Key(), After: specJSON(&want),
			})
		default:
			fields := assetDiff(have, &want)
			if id == have.ID && len(fields) == 0 {
				continue
			}
			e := Effect{
				Account: account, Action: UpdateAsset, Kind: r.Kind, Name: want.Name, Key: want.Key(), ID: have.ID,
				Before: specJSON(have), After: specJSON(&want), Fields: fields,
			}
			if id != have.ID {
				e.Action = AdoptAsset
			}
			c.Effects = append(c.Effects, e)
		}
	}
	for _, account := range sortedKeys(c.IDs) {
		if slices.Contains(c.Accounts, account) {
			continue
		}
		id := c.IDs[account]
		delete(c.IDs, account)
		a := assetIn(was, account)
		if live, ok := m.Live[account]; ok {
			found := live.byID(r.Kind, id)
			if found == nil || found.Standard {
				continue
			}
		}
		c.Effects = append(c.Effects, Effect{
			Account: account, Action: DeleteAsset, Kind: r.Kind, Name: a.Name, Key: a.Key(), ID: id, Before: specJSON(&a),
		})
	}
}

// reached reports whether apply can set up assets of the kind in the account.
func (m *maker) reached(account string, kind schema.Kind) bool {
	if kind != schema.KindUser {
		return true
	}
	if live := m.Live[account]; live != nil {
		return live.Capabilities.Users
	}
	a := m.Declared.Account(account)
	return a == nil || a.API == nil
}

// have finds the object that a resource has in an account already: by its id, or
// else by its natural key. Without live facts it is what was applied.
func (m *maker) have(was *schema.Resource, account, id string, want *crm.Asset) (have *crm.Asset, missing bool) {
	live := m.Live[account]
	if live == nil {
		if id == "" || was == nil {
			return nil, false
		}
		a := assetIn(was, m.appliedName(account))
		a.ID = id
		return &a, false
	}
	if id != "" {
		if have = live.byID(want.Kind, id); have != nil {
			return have, false
		}
	}
	return live.byKey(want.Kind, want.Key()), id != ""
}

// appliedName is the name under which an account was applied.
func (m *maker) appliedName(account string) string {
	for old, now := range m.accounts {
		if now == account {
			return old
		}
	}
	return account
}

// assetDrift notes where the object in the account is not what was applied.
func (m *maker) assetDrift(c *Change, was *schema.Resource, account, id string, have *crm.Asset, missing, same bool) {
	if was == nil {
		return
	}
	applied := assetIn(was, m.appliedName(account))
	d := Drift{
		Ref: c.Ref, Account: account, Kind: c.Ref.Kind, Name: applied.Name, What: DriftMissing, Conflict: !same, Restores: true,
	}
	if !missing && have != nil {
		d.What = DriftChanged
		if d.Fields = assetDiff(&applied, have); len(d.Fields) == 0 {
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
		live := m.Live[account]
		for _, want := range needed[account] {
			id := c.Implied[account][want.Key()]
			var have *crm.Asset
			switch {
			case live != nil:
				have = live.byKey(want.Kind, want.Key())
			case id != "":
				have = &want
				have.ID = id
			}
			planned := claim{account, want.Kind, want.Key()}
			switch {
			case have == nil && m.implying[planned]:
				// Another resource of this plan needs it too and creates it.
			case have == nil:
				m.implying[planned] = true
				if id != "" {
					m.drift = append(m.drift, Drift{
						Ref: c.Ref, Account: account, Kind: want.Kind, Name: want.Name, What: DriftMissing, Restores: true,
					})
				}
				c.Effects = append(c.Effects, Effect{
					Account: account, Action: CreateAsset, Kind: want.Kind, Name: want.Name, Key: want.Key(), Implied: true, After: specJSON(&want),
				})
			case id != have.ID && c.Action != NoOp:
				// Another connection has created it, or the vendor: it is
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

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
