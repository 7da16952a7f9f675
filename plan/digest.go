package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"accord/schema"
)

// digestVersion changes when the same set of changes gets another digest.
const digestVersion = "accord1:"

// digest names the set of changes: what is done to which resource and in which
// account, with the content before and after. What does not change the deed is
// left out: time, serial, vendor's ids, positions, reasons, the order of files,
// and how the configuration is spelled.
func (p *Plan) digest() string {
	type field struct {
		Path schema.Path
		Op   Op
	}
	type effect struct {
		Account       string
		Action        EffectAction
		Kind          schema.Kind
		Name, Key     string
		Implied       bool
		Before, After string
		Fields        []field // an adoption without any writes nothing
	}
	type change struct {
		Address, Previous schema.Ref
		Action            Action
		Before, After     string
		Accounts          []string
		Effects           []effect
	}
	all := make([]change, 0, len(p.Changes))
	for _, c := range p.Changes {
		d := change{Address: c.Ref, Previous: c.Previous, Action: c.Action, Before: short(c.Before), After: short(c.After), Accounts: c.Accounts}
		for _, e := range c.Effects {
			done := effect{e.Account, e.Action, e.Kind, e.Name, e.Key, e.Implied, short(e.Before), short(e.After), nil}
			for _, f := range e.Fields {
				done.Fields = append(done.Fields, field{f.Path, f.Op})
			}
			d.Effects = append(d.Effects, done)
		}
		slices.SortFunc(d.Effects, func(a, b effect) int {
			return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Action, b.Action))
		})
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b change) int { return a.Address.Compare(b.Address) })
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, d := range all {
		if err := enc.Encode(d); err != nil {
			panic("plan: a change is not JSON: " + err.Error()) // it is strings
		}
	}
	return digestVersion + hex.EncodeToString(h.Sum(nil))
}

// short is a hash of what a document says, however its JSON is laid out: a plan
// that was saved and read has other white space and other escapes.
func short(doc json.RawMessage) string {
	if len(doc) == 0 {
		return ""
	}
	if v, err := decode(doc); err == nil {
		if sorted, err := json.Marshal(v); err == nil {
			doc = sorted
		}
	}
	return schema.Digest(doc)
}
