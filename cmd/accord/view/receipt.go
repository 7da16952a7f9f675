package view

import (
	"fmt"
	"io"
	"strings"

	"accord/apply"
	"accord/plan"
	"accord/state"
)

// goOn is the command that finishes what an apply has left.
func goOn(r *apply.Receipt) string {
	if r.Next == "" {
		return "accord apply"
	}
	return r.Next
}

// ReceiptJSON writes what came of a plan: what a pipeline keeps.
func ReceiptJSON(w io.Writer, r *apply.Receipt) error { return JSON(w, r) }

// ReceiptText writes what came of a plan, with what failed and why, and the
// command that goes on.
func ReceiptText(w io.Writer, r *apply.Receipt, s Style) error {
	o := newOutput(w, s)
	o.put("\n")
	for _, g := range receiptGroups(r) {
		o.put(o.paint(g.title+":", bold, g.color), "\n")
		for _, i := range g.items {
			o.put("  ", o.paint(actionSymbols[i.Action], actionColor(i.Action)), " ", visible(i.Ref.String()))
			if i.Error != "" {
				o.put(": ", strings.ReplaceAll(visibleLines(i.Error), "\n", "\n        "))
			}
			o.put("\n")
		}
		o.put("\n")
	}
	if complete(r) {
		o.put(o.paint(receiptLine(r), bold, green), "\n")
		return o.Flush()
	}
	o.put(o.paint(receiptLine(r), bold, red), "\n")
	if r.Outcome == state.Interrupted {
		o.put("It was interrupted; what was finished is kept.\n")
	} else {
		o.put("What was done is kept.\n")
	}
	o.put("To go on: ", goOn(r), "\n")
	return o.Flush()
}

func complete(r *apply.Receipt) bool { return len(r.Failed)+len(r.Unknown)+len(r.NotStarted) == 0 }

// imported counts what was only taken under management, where there is any.
func imported(r *apply.Receipt) string {
	if r.Imported == 0 {
		return ""
	}
	return fmt.Sprintf("%d imported, ", r.Imported)
}

// receiptLine is the line that scripts look for.
func receiptLine(r *apply.Receipt) string {
	if complete(r) {
		return fmt.Sprintf("Apply complete! Resources: %s%d added, %d changed, %d destroyed.", imported(r), r.Added, r.Changed, r.Destroyed)
	}
	var left []string
	for _, g := range []struct {
		n    int
		word string
	}{{len(r.Failed), "failed"}, {len(r.Unknown), "unknown"}, {len(r.NotStarted), "not started"}} {
		if g.n > 0 {
			left = append(left, fmt.Sprintf("%d %s", g.n, g.word))
		}
	}
	return fmt.Sprintf("Apply incomplete. Resources: %s%d added, %d changed, %d destroyed; %s.",
		imported(r), r.Added, r.Changed, r.Destroyed, strings.Join(left, ", "))
}

type receiptGroup struct {
	title, color string
	items        []apply.Item
}

// receiptGroups are the changes that did not come to their end.
func receiptGroups(r *apply.Receipt) []receiptGroup {
	var out []receiptGroup
	for _, g := range []receiptGroup{
		{"Failed", red, r.Failed},
		{"Unknown (cut off: the next apply finds out)", yellow, r.Unknown},
		{"Not started", yellow, r.NotStarted},
	} {
		if len(g.items) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// done says what was done to a resource.
func done(a plan.Action) string {
	switch a {
	case plan.Create:
		return "created"
	case plan.Update:
		return "changed"
	case plan.Delete:
		return "destroyed"
	case plan.Replace:
		return "replaced"
	case plan.Forget:
		return "forgotten"
	}
	return string(a)
}
