package view

import (
	"encoding/json"
	"io"
	"slices"

	"accord/diag"
	"accord/plan"
)

// PlanJSON writes the plan as the one document that a saved plan is too: what a
// policy was tested with is what apply takes, byte for byte. It is indented by a
// space, so that it can be read and compared and stays small. Only what is
// unchanged, where it was asked for, is no part of a saved plan.
func PlanJSON(w io.Writer, p *plan.Plan) error {
	if len(p.Unchanged) > 0 {
		all := *p
		all.Changes = slices.Concat(p.Changes, p.Unchanged)
		p = &all
	}
	return p.Save(w)
}

// PlanGitLab writes the counts that GitLab's widget in a merge request shows.
func PlanGitLab(w io.Writer, p *plan.Plan) error {
	out, err := json.Marshal(struct {
		Create int `json:"create"`
		Update int `json:"update"`
		Delete int `json:"delete"`
	}{p.Summary.Add, p.Summary.Change, p.Summary.Remove})
	if err != nil {
		return err
	}
	_, err = w.Write(append(out, '\n'))
	return err
}

// planLine is the verdict on a plan in one line.
func planLine(p *plan.Plan) string {
	switch {
	case p.Errored && len(p.Changes) == 0:
		return "Nothing was planned: " + tally(p.Diagnostics, diag.Error, diag.Warning) + "."
	case len(p.Changes) == 0 && len(p.Drift)+len(p.Consequences) == 0 && !p.Complete:
		return "No changes in this part of the configuration."
	case len(p.Changes) == 0 && len(p.Drift)+len(p.Consequences) == 0:
		return "No changes. Your accounts match the configuration."
	}
	return counts(p.Summary)
}

// PlanDifference writes what is different between a saved plan and what would be
// planned now.
func PlanDifference(w io.Writer, saved, now *plan.Plan, s Style) error {
	o := newOutput(w, s)
	o.put(o.paint("The saved plan is not what would be planned now:", bold), "\n\n")
	before, after := oneLines(saved), oneLines(now)
	o.lines(compareLines(before, after), "  ")
	o.put("\nSaved: ", counts(saved.Summary), "\nNow:   ", counts(now.Summary), "\n")
	return o.Flush()
}

// oneLines are the changes of a plan, a line or two each.
func oneLines(p *plan.Plan) []string {
	out := make([]string, 0, len(p.Changes))
	for i := range p.Changes {
		c := &p.Changes[i]
		out = append(out, actionSymbols[c.Action]+" "+visible(c.Ref.String())+" "+fate(c.Action))
		if c.Action == plan.Update || c.Action == plan.Replace {
			lines, _ := bodyOf(c)
			for _, l := range lines {
				out = append(out, "      "+string(l.symbol)+" "+l.text)
			}
		}
		for _, d := range deedsOf(c) {
			out = append(out, "      in "+inAccounts(d.accounts)+": "+d.text())
		}
	}
	return out
}
