package view

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"accord/plan"
	"accord/schema"
)

// deed is what is done alike in several accounts.
type deed struct {
	accounts []string
	ids      []string // the vendor's, of each account; "" where there is none yet
	*plan.Effect
}

// deedsOf groups the effects of a change that are the same but for the account.
func deedsOf(c *plan.Change) []*deed {
	type key struct {
		action    plan.EffectAction
		kind      schema.Kind
		name, key string
		implied   bool
		fields    string
	}
	var out []*deed
	at := map[key]*deed{}
	for i := range c.Effects {
		e := &c.Effects[i]
		k := key{e.Action, e.Kind, e.Name, e.Key, e.Implied, ""}
		if len(e.Fields) > 0 {
			fields, err := json.Marshal(e.Fields)
			if err != nil {
				fields = []byte(fmt.Sprint(i)) // alone
			}
			k.fields = string(fields)
		}
		if e.Kind == schema.KindAccount {
			k.name, k.key = "", ""
		}
		d := at[k]
		if d == nil {
			d = &deed{Effect: e}
			at[k] = d
			out = append(out, d)
		}
		d.accounts, d.ids = append(d.accounts, e.Account), append(d.ids, e.ID)
	}
	return out
}

// maxNamed is how many accounts are named in a line.
const maxNamed = 8

// inAccounts writes the accounts of a deed.
func inAccounts(accounts []string) string {
	if len(accounts) > maxNamed {
		return fmt.Sprintf("%s and %d more", visible(strings.Join(accounts[:maxNamed-1], ", ")), len(accounts)-maxNamed+1)
	}
	return visible(strings.Join(accounts, ", "))
}

// text says what is done: create property contact/territory.
func (d *deed) text() string {
	what := object(d.Kind, d.Name, d.Key)
	id := ""
	if first := d.ids[0]; first != "" && !slices.ContainsFunc(d.ids, func(i string) bool { return i != first }) {
		id = " (id " + visible(first) + ")"
	}
	switch d.Action {
	case plan.CreateAsset:
		if d.Implied {
			return "create " + what + ", which it needs and no resource declares"
		}
		return "create " + what
	case plan.UpdateAsset:
		return "update " + what + id
	case plan.DeleteAsset:
		switch d.Kind {
		case schema.KindProperty:
			return "delete " + what + id + " with its values in every record"
		case schema.KindUser:
			return "remove " + what + id
		}
		return "delete " + what + id
	case plan.AdoptAsset:
		if len(d.Fields) > 0 {
			return what + " exists already" + id + " and will be taken under management and updated"
		}
		return what + " exists already" + id + " and will be taken under management"
	case plan.WriteFacts:
		if len(d.Before) == 0 {
			return "create the embedded account with these facts"
		}
		return "set the facts of the embedded account"
	}
	return visible(string(d.Action)) + " " + what
}

// object names an object in an account: a property by its object, anything else
// by its kind.
func object(kind schema.Kind, name, key string) string {
	switch kind {
	case schema.KindProperty:
		return "property " + visible(firstOf(key, name))
	case schema.KindSubscriptionType:
		return "subscription type " + visible(name)
	case schema.KindAccount:
		return "account " + visible(name)
	}
	return strings.ToLower(string(kind)) + " " + visible(name)
}

// untouched says what stays in the accounts although the resource goes, or "".
func untouched(c *plan.Change) string {
	switch {
	case c.Action != plan.Delete || slices.ContainsFunc(c.Effects, func(e plan.Effect) bool { return e.Action == plan.DeleteAsset }):
		return ""
	case c.Ref.Kind == schema.KindAccount:
		return "the account itself stays where it is, and accord no longer looks after it"
	case c.Ref.Kind.InAccounts() || c.Ref.Kind == schema.KindUser:
		return "nothing is deleted in an account: what it stood for is gone, another's or the vendor's"
	}
	return ""
}

// extra are the fields of a deed that the change does not show already: what
// differs in the account, and not between what was applied and what is declared.
func (d *deed) extra(c *plan.Change) []plan.Field {
	if d.Action == plan.CreateAsset {
		return nil
	}
	// In a change a default is written out, and in an account it is not there.
	same := func(shown, there any) bool { return there == nil || reflect.DeepEqual(shown, there) }
	var out []plan.Field
	for _, f := range d.Fields {
		known := slices.ContainsFunc(c.Fields, func(g plan.Field) bool {
			return string(g.Path) == "spec."+string(f.Path) && same(g.Before, f.Before) && same(g.After, f.After)
		})
		if !known {
			out = append(out, f)
		}
	}
	return out
}
