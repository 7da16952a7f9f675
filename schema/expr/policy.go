package expr

import (
	"sync"

	"accord/schema"
)

// PolicyEnv returns the environment of a policy on resource, change or flow
// (schema.OnResource …), or nil for anything else. The policy sees one record of
// that name:
//
//   - resource: kind, name, description, file (texts), labels (a map of texts),
//     spec (what the document says);
//   - change: kind, name, address, reason (texts), action (create, update,
//     delete, replace or no-op), before, after (the spec, or not set), fields (a
//     list of the paths that differ);
//   - flow: from, to, through, kind, feature, basis (texts), data (a list of
//     texts).
//
// Below spec, before and after anything may be written; what is not there makes
// the comparison that reads it false. An empty text in these fields is a text
// and not "not set". The record is given as Values under that name.
func PolicyEnv(on string) *Env { return policyEnvs()[on] }

var policyEnvs = sync.OnceValue(func() map[string]*Env {
	kinds := make([]string, len(schema.Kinds))
	for i, k := range schema.Kinds {
		kinds[i] = string(k)
	}
	kind := schema.PropertyInfo{Type: schema.TypeEnumeration, Options: kinds}
	action := schema.PropertyInfo{Type: schema.TypeEnumeration, Options: []string{"create", "update", "delete", "replace", "no-op"}}
	feature := schema.PropertyInfo{Type: schema.TypeEnumeration, Options: schema.FeatureNames}
	text, list := schema.PropertyInfo{Type: typeText}, schema.PropertyInfo{Type: typeList}
	document := schema.PropertyInfo{Type: typeAny}
	out := map[string]*Env{}
	for on, fields := range map[string]map[string]schema.PropertyInfo{
		schema.OnResource: {
			"kind": kind, "name": text, "labels": {Type: typeLabels}, "description": text, "spec": document, "file": text,
		},
		schema.OnChange: {
			"kind": kind, "name": text, "address": text, "action": action, "before": document, "after": document,
			"fields": list, "reason": text,
		},
		schema.OnFlow: {
			"from": text, "to": text, "through": text, "kind": text, "feature": feature, "data": list, "basis": text,
		},
	} {
		for name, f := range fields {
			f.Name = name
			fields[name] = f
		}
		out[on] = NewEnv(Scope{Objects: map[string]map[string]schema.PropertyInfo{on: fields}})
	}
	return out
})
