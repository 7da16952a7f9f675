package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"accord/diag"
	"accord/plan"
)

// PlanOptions are how a plan is shown as text.
type PlanOptions struct {
	Style   Style
	Concise bool  // a line for each change
	Line    Lines // of the findings; nil: the lines are not shown
}

// PlanText writes a plan for people, as terraform's: what is most to be looked at
// comes first, and the counts come last.
func PlanText(w io.Writer, p *plan.Plan, opts PlanOptions) error {
	o := newOutput(w, opts.Style)
	if len(p.Changes) > 0 {
		o.changes(p, opts.Concise)
	}
	o.unchanged(p)
	o.drift(p)
	o.consequences(p)
	for _, d := range p.Diagnostics {
		o.finding(d, opts.Line)
		o.put("\n")
	}
	o.verdict(p)
	return o.Flush()
}

// actionSymbols are as wide as each other.
var actionSymbols = map[plan.Action]string{
	plan.Create: "  +", plan.Update: "  ~", plan.Delete: "  -", plan.Replace: "-/+", plan.NoOp: "   ", plan.Forget: "  .",
}

// legend says what the symbols mean.
var legend = []struct {
	plan.Action
	meaning string
}{
	{plan.Create, "create"},
	{plan.Update, "update in-place"},
	{plan.Delete, "destroy"},
	{plan.Replace, "destroy and then create replacement"},
	{plan.Forget, "forget, and leave in its accounts"},
}

func actionColor(a plan.Action) string {
	switch a {
	case plan.Create:
		return green
	case plan.Delete:
		return red
	case plan.Replace:
		return red
	}
	return yellow
}

func symbolColor(symbol byte) string {
	switch symbol {
	case '+':
		return green
	case '-':
		return red
	case '~':
		return yellow
	}
	return gray
}

func (o *output) changes(p *plan.Plan, concise bool) {
	there := map[plan.Action]bool{}
	for i := range p.Changes {
		there[p.Changes[i].Action] = true
	}
	o.put("Resource actions are indicated with the following symbols:\n")
	for _, l := range legend {
		if there[l.Action] {
			o.put(o.paint(actionSymbols[l.Action], actionColor(l.Action)), " ", l.meaning, "\n")
		}
	}
	o.put("\naccord will perform the following actions:\n\n")
	for _, c := range byRisk(p.Changes) {
		if concise {
			o.conciseChange(c)
		} else {
			o.change(c)
		}
	}
	if concise {
		o.put("\n")
	}
}

// unchanged writes a line for each resource that stays as it is.
func (o *output) unchanged(p *plan.Plan) {
	if len(p.Unchanged) == 0 {
		return
	}
	for i := range p.Unchanged {
		c := &p.Unchanged[i]
		o.put(actionSymbols[c.Action], " ", visible(c.Ref.String()), " ", fate(c.Action))
		if c.Range.File != "" {
			o.put(" (", declaredAt(c.Range), ")")
		}
		o.put("\n")
	}
	o.put("\n")
}

// fate says what becomes of the resource.
func fate(a plan.Action) string {
	switch a {
	case plan.Create:
		return "will be created"
	case plan.Update:
		return "will be updated in-place"
	case plan.Delete:
		return "will be destroyed"
	case plan.Replace:
		return "must be replaced"
	case plan.Forget:
		return "will no longer be managed by accord, and stays in its accounts"
	}
	return "stays as it is"
}

// because says why, for readers.
func because(c *plan.Change) string {
	switch c.Reason {
	case plan.NotApplied:
		return "it was not applied yet"
	case plan.ConfigChanged:
		return "its configuration changed"
	case plan.NotDeclared:
		return "it is not declared any more"
	case plan.Renamed:
		return "it was renamed from " + visible(c.Previous.String())
	case plan.PlacementChange:
		return "its selector means other accounts now"
	case plan.DriftFound:
		return "it is different live from what was applied"
	case plan.CannotUpdate:
		return "what changed cannot be changed in place"
	case plan.Destroying:
		return "everything is to be destroyed"
	case plan.TypeChanged:
		return "the one before is not compatible"
	}
	return visible(string(c.Reason))
}

// declaredAt is file:line, or "".
func declaredAt(r plan.Range) string {
	return visible(diag.Position{File: r.File, Line: r.Start.Line}.String())
}

// reason is why, and where it is declared.
func reason(c *plan.Change) string {
	if c.Range.File == "" {
		return because(c)
	}
	return because(c) + "; " + declaredAt(c.Range)
}

func (o *output) change(c *plan.Change) {
	destructive := c.Action == plan.Delete || c.Action == plan.Replace
	o.put(o.paint("  # "+visible(c.Ref.String()), bold), " ")
	if destructive {
		o.put(o.paint(fate(c.Action), bold, red), "\n")
	} else {
		o.put(o.paint(fate(c.Action), bold), "\n")
	}
	o.put("  # (because ", reason(c), ")\n")
	o.put(o.paint(actionSymbols[c.Action], actionColor(c.Action)), " ", visible(c.Ref.String()), "\n")
	lines, hidden := bodyOf(c)
	o.lines(lines, "      ")
	if hidden > 0 {
		o.put("        ", o.paint("# ("+strconv.Itoa(hidden)+" unchanged "+noun(hidden, "field")+" hidden)", gray), "\n")
	}
	deeds, stays := deedsOf(c), untouched(c)
	if len(lines)+hidden > 0 && (len(deeds) > 0 || stays != "") {
		o.put("\n")
	}
	for _, d := range deeds {
		o.deed(c, d)
	}
	if stays != "" {
		o.put("      # (", stays, ")\n")
	}
	o.put("\n")
}

func noun(n int, one string) string {
	if n == 1 {
		return one
	}
	return one + "s"
}

func (o *output) lines(lines []line, prefix string) {
	for _, l := range lines {
		text := strings.TrimRight(prefix+o.paint(string(l.symbol), symbolColor(l.symbol))+" "+l.text, " ")
		o.put(text, "\n")
	}
}

func (o *output) deed(c *plan.Change, d *deed) {
	text := d.text()
	if d.Action == plan.DeleteAsset {
		text = o.paint(text, red)
	}
	o.put("      in ", inAccounts(d.accounts), ": ", text, "\n")
	for _, f := range d.extra(c) {
		o.lines(fieldLines(f, false, ""), "        ")
	}
}

// conciseChange writes a change on one line: what, why, and which fields.
func (o *output) conciseChange(c *plan.Change) {
	o.put(o.paint(actionSymbols[c.Action], actionColor(c.Action)), " ", visible(c.Ref.String()), " ", fate(c.Action), " (", reason(c), ")")
	if c.Action == plan.Update || c.Action == plan.Replace {
		for i, f := range c.Fields {
			switch {
			case i == 0:
				o.put(": ")
			case i == 4:
				o.printf(" and %d more", len(c.Fields)-4)
			default:
				o.put(", ")
			}
			if i == 4 {
				break
			}
			o.put(visible(string(f.Path)))
		}
	}
	o.put("\n")
}

// drift writes what is different live.
func (o *output) drift(p *plan.Plan) {
	if len(p.Drift) == 0 {
		return
	}
	o.put(o.paint("Note: Objects have changed outside of accord", bold, cyan), "\n\n")
	for i := range p.Drift {
		o.driftOf(&p.Drift[i])
	}
}

func (o *output) driftOf(d *plan.Drift) {
	o.put(o.paint("  # "+visible(d.Ref.String()), bold), " ", driftFate(d), "\n")
	for _, f := range d.Fields {
		o.lines(fieldLines(f, false, ""), "      ")
	}
	o.put("      ", driftRemedy(d), "\n\n")
}

// driftFate says in which way live differs.
func driftFate(d *plan.Drift) string {
	what := object(d.Kind, d.Name, "")
	switch d.What {
	case plan.DriftMissing:
		if d.Ref.Name == d.Account && d.Kind == "Account" {
			return "is gone"
		}
		return "has been deleted: " + what + " in " + visible(d.Account)
	case plan.DriftFacts:
		return "reports other facts"
	}
	return "has changed: " + what + " in " + visible(d.Account)
}

// driftRemedy says who is to do what about it.
func driftRemedy(d *plan.Drift) string {
	switch {
	case d.What == plan.DriftFacts && d.Conflict:
		return "The declaration has changed too: this is a conflict, and what is declared will be written where the account takes it."
	case d.What == plan.DriftFacts:
		return "Facts are the vendor's, and accord does not turn them back: declare what is live, or have it turned back there."
	case d.Conflict:
		return "The declaration has changed too: this is a conflict, and what is declared wins with the next apply."
	case d.Restores:
		return "The next apply puts it back."
	}
	return "Nothing puts it back."
}

// consequences writes what follows by itself.
func (o *output) consequences(p *plan.Plan) {
	if len(p.Consequences) == 0 {
		return
	}
	o.put(o.paint("Consequences", bold, yellow), "\n\n")
	for _, c := range p.Consequences {
		o.put("  ! ", consequence(c), "  [", visible(c.Rule), "]\n")
	}
	o.put("\n")
}

func consequence(c plan.Consequence) string {
	return visible(c.Ref.String()) + ": " + visible(c.Message)
}

// verdict writes the counts, or that there is nothing to do.
func (o *output) verdict(p *plan.Plan) {
	if partial(p) {
		o.put(o.paint("This plan is partial", bold, yellow), ": ", partialBecause(p), ". Other changes may be left.\n\n")
	}
	switch {
	case p.Errored && len(p.Changes) == 0:
		o.put(o.paint("Nothing was planned:", bold, red), " ", tally(p.Diagnostics, diag.Error, diag.Warning), ".\n")
		return
	case len(p.Changes) > 0:
		o.put(counts(p.Summary), "\n")
	case len(p.Drift) > 0 || len(p.Consequences) > 0:
		o.put(counts(p.Summary), "\n", driftVerdict, "\n")
	case !p.Complete:
		o.put(o.paint("No changes", bold, green), " in this part of the configuration.\n")
	default:
		o.put(o.paint("No changes.", bold, green), " Your accounts match the configuration.\n")
	}
	if !p.Refreshed {
		o.put("The accounts were not looked at (--refresh=false): what is different live is not known.\n")
	}
	if p.Errored {
		o.put(o.paint("This plan cannot be applied:", bold, red), " ", tally(p.Diagnostics, diag.Error, diag.Warning), ".\n")
	}
	o.put("Digest: ", visible(p.Digest), "\n")
}

const driftVerdict = "There is nothing to apply, but your accounts differ from the configuration: see the note above."

// partial reports whether the plan leaves something out on request.
func partial(p *plan.Plan) bool {
	return !p.Complete && !p.Errored || len(p.Targets)+len(p.Excludes) > 0
}

func partialBecause(p *plan.Plan) string {
	var parts []string
	for _, t := range p.Targets {
		parts = append(parts, "--target "+visible(t))
	}
	for _, e := range p.Excludes {
		parts = append(parts, "--exclude "+visible(e))
	}
	if p.NoDelete {
		parts = append(parts, "--no-delete")
	}
	if len(parts) == 0 {
		return "changes were left out"
	}
	return "it was made with " + strings.Join(parts, " ")
}

// counts is the line that scripts look for.
func counts(s plan.Summary) string {
	var b strings.Builder
	b.WriteString("Plan: ")
	if s.Import > 0 {
		fmt.Fprintf(&b, "%d to import, ", s.Import)
	}
	fmt.Fprintf(&b, "%d to add, %d to change, %d to destroy", s.Add, s.Change, s.Remove)
	if s.Forget > 0 {
		fmt.Fprintf(&b, ", %d to forget", s.Forget)
	}
	b.WriteByte('.')
	return b.String()
}
