package schema

import (
	"bytes"
	"fmt"
	"testing"
)

// A default that is written out says the same as one that is not, and is what
// Default returns.
func TestDefaultsAreLeftOut(t *testing.T) {
	for _, tc := range []struct {
		kind  Kind
		path  Path
		spec  string // with %s for the field
		field string
		other any
		want  any
	}{
		{KindAccount, "spec.type", `{"platform": "hubspot" %s}`, `, "type": "standard"`, "sandbox", "standard"},
		{KindAccount, "spec.status", `{"platform": "hubspot" %s}`, `, "status": "active"`, "deactivated", "active"},
		{KindAccount, "spec.sensitiveData", `{"platform": "hubspot" %s}`, `, "sensitiveData": false`, true, false},
		{KindUser, "spec.access.de.sees.contacts", `{"access": [{"account": "de" %s}]}`, `, "sees": {"contacts": "all"}`, "none", "all"},
		{KindPipeline, "spec.object", `{"label": "x" %s}`, `, "object": "deal"`, "ticket", "deal"},
		{KindList, "spec.object", `{"label": "x" %s}`, `, "object": "contact"`, "company", "contact"},
		{KindOrganization, "spec.limits", `{"primary": "x" %s}`, `, "limits": "hubspot"`, "extended", "hubspot"},
		{KindConnection, "spec.features.workflows.direction", `{"between": ["a", "b"], "features": {"workflows": {%s}}}`, `"direction": "two-way"`, "one-way", "two-way"},
		{KindAssetCopy, "spec.onChange", `{"from": "a" %s}`, `, "onChange": "once"`, "update", "once"},
		{KindPartner, "spec.program", `{"account": "a" %s}`, `, "program": "solutions-partner"`, "solutions-provider", "solutions-partner"},
		{KindPolicy, "spec.severity", `{"on": "change" %s}`, `, "severity": "error"`, "info", "error"},
		{KindWorkflow, "spec.enabled", `{"account": "a" %s}`, `, "enabled": true`, false, true},
		{KindWorkflow, "spec.breaker.perRecord", `{"account": "a" %s}`, `, "breaker": {"perRecord": "20/h", "perWorkflow": "1000/h"}`, "1/h", "20/h"},
		{KindWorkflow, "spec.steps[0].upsertContact.existing", `{"account": "a", "steps": [{"upsertContact": {"in": "b" %s}}]}`, `, "existing": "keep"`, "overwrite", "keep"},
		{KindWorkflow, "spec.trigger.where", `{"account": "a" %s}`, ``, "x == 1", nil},
	} {
		t.Run(fmt.Sprint(tc.kind, "/", tc.path), func(t *testing.T) {
			parse := func(field string) *Resource {
				r, err := Parse(fmt.Appendf(nil, `{"kind": %q, "metadata": {"name": "x"}, "spec": %s}`, tc.kind, fmt.Sprintf(tc.spec, field)))
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			if with, without := parse(tc.field).Canonical(), parse("").Canonical(); !bytes.Equal(with, without) {
				t.Errorf("written out: %s\nleft out: %s", with, without)
			}
			if got := Default(tc.kind, tc.path, tc.other); got != tc.want {
				t.Errorf("Default = %v, want %v", got, tc.want)
			}
		})
	}
}
