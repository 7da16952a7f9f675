package view

import (
	"fmt"
	"io"

	"accord/plan"
	"accord/state"
)

// DriftJSON writes what is different live from what was applied, with the names
// of the plan's JSON.
func DriftJSON(w io.Writer, p *plan.Plan) error {
	return JSON(w, struct {
		FormatVersion string             `json:"format_version"`
		Project       string             `json:"project"`
		Workspace     string             `json:"workspace"`
		State         state.Meta         `json:"state"`
		Drift         []plan.Drift       `json:"resource_drift"`
		Consequences  []plan.Consequence `json:"consequences"`
	}{p.FormatVersion, p.Project, p.Workspace, p.Base, orEmpty(p.Drift), orEmpty(p.Consequences)})
}

// DriftText writes what is different live from what was applied, and what the
// product does about it.
func DriftText(w io.Writer, p *plan.Plan, s Style) error {
	o := newOutput(w, s)
	o.drift(p)
	o.consequences(p)
	if len(p.Drift) == 0 {
		o.put(o.paint("No drift.", bold, green), " Your accounts are as they were applied.\n")
	} else {
		o.put("Drift: ", driftCounts(p.Drift), ".\n")
	}
	return o.Flush()
}

// driftCounts counts drift by what is to be done about it.
func driftCounts(drift []plan.Drift) string {
	facts, restored := 0, 0
	for _, d := range drift {
		switch {
		case d.What == plan.DriftFacts:
			facts++
		case d.Restores:
			restored++
		}
	}
	text := count(len(drift), "difference")
	if restored > 0 {
		text += fmt.Sprintf("; apply puts back %d", restored)
	}
	if facts > 0 {
		text += fmt.Sprintf("; the declaration has to follow %d", facts)
	}
	return text
}
