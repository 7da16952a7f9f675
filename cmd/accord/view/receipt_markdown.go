package view

import (
	"fmt"
	"io"
	"strings"

	"accord/apply"
)

// ReceiptMarkdown writes what came of a plan as a comment: what failed first, and
// what was done folded away.
func ReceiptMarkdown(w io.Writer, r *apply.Receipt) error {
	const room = maxMarkdown / 5
	var b strings.Builder
	b.WriteString("<!-- accord-receipt -->\n## " + receiptLine(r) + "\n\n")
	if !complete(r) {
		b.WriteString("What was done is kept. To go on: `" + goOn + "`\n\n")
	}
	for _, g := range receiptGroups(r) {
		items := make([]string, 0, len(g.items))
		for _, i := range g.items {
			item := "- `" + strings.TrimSpace(actionSymbols[i.Action]) + "` " + code(i.Ref.String())
			if i.Error != "" {
				item += ": " + md(shortened(i.Error, maxMessage))
			}
			items = append(items, item+"\n")
		}
		b.WriteString(section(g.title, listed(items, room, "change")))
	}
	if len(r.Done) > 0 {
		items := make([]string, 0, len(r.Done))
		for _, i := range r.Done {
			items = append(items, fmt.Sprintf("- %s %s (%.1f s)\n", code(i.Ref.String()), done(i.Action), i.Seconds))
		}
		b.WriteString(details(count(len(r.Done), "change")+" done", listed(items, room, "change")))
	}
	b.WriteString("Digest: " + code(shortened(r.Digest, 200)) + fmt.Sprintf(", serial %d\n", r.Serial))
	_, err := io.WriteString(w, b.String())
	return err
}
