package view

import (
	"cmp"
	"slices"
	"strings"

	"accord/plan"
	"accord/schema"
)

// risk is how much a change asks of its reader. What cannot be undone comes
// first, then who is reached and whose data goes where, then content.
type risk int

const (
	riskDelete risk = iota
	riskReplace
	riskAudience
	riskContent
	riskLabels
)

// audience are the fields that say who is reached, and where data goes.
var audience = map[schema.Kind][]string{
	schema.KindWorkflow: {
		"spec.account", "spec.enabled", "spec.trigger", "spec.reenroll", "spec.contactSource", "spec.enrollExisting",
		"spec.suppress", "spec.exitWhen", "spec.steps",
	},
	schema.KindList:         {"spec.membership"},
	schema.KindConnection:   {"spec"},
	schema.KindOrganization: {"spec"},
	schema.KindPartner:      {"spec"},
	schema.KindAssetCopy:    {"spec.from", "spec.to"},
	schema.KindUser:         {"spec.access", "spec.email"},
}

// riskOf finds the risk of a change.
func riskOf(c *plan.Change) risk {
	switch c.Action {
	case plan.Delete, plan.Forget:
		return riskDelete
	case plan.Replace:
		return riskReplace
	case plan.Create:
		switch c.Ref.Kind {
		case schema.KindWorkflow, schema.KindConnection, schema.KindOrganization, schema.KindPartner:
			return riskAudience
		}
		return riskContent
	}
	deletes := slices.ContainsFunc(c.Effects, func(e plan.Effect) bool { return e.Action == plan.DeleteAsset })
	found := riskLabels
	for _, f := range c.Fields {
		found = min(found, riskOfField(c.Ref.Kind, f.Path))
	}
	switch {
	case deletes: // the object leaves an account
		return riskReplace
	case len(c.Fields) == 0:
		return riskContent
	}
	return found
}

func riskOfField(kind schema.Kind, path schema.Path) risk {
	for _, p := range audience[kind] {
		if rest, ok := strings.CutPrefix(string(path), p); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return riskAudience
		}
	}
	if strings.HasPrefix(string(path), "metadata.") {
		return riskLabels
	}
	return riskContent
}

// byRisk returns the changes in the order in which to read them: by risk, and
// then in the order in which they run.
func byRisk(changes []plan.Change) []*plan.Change {
	type ranked struct {
		*plan.Change
		risk
	}
	all := make([]ranked, len(changes))
	for i := range changes {
		all[i] = ranked{&changes[i], riskOf(&changes[i])}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.risk, b.risk) })
	out := make([]*plan.Change, len(all))
	for i, r := range all {
		out[i] = r.Change
	}
	return out
}
