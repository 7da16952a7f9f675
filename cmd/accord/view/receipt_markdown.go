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
		b.WriteString("What was done is kept. To go on: `" + goOn(r) + "`\n\n")
	}
	for _, g := range receiptGroups(r) {
		b.WriteString(section(g.title, listed(len(g.items), func(i int) string {
			item := g.items[i]
			out := "- `" + strings.TrimSpace(actionSymbols[item.Action]) + "` " + code(shortened(item.Ref.String(), maxName))
			if item.Error != "" {
				out += ": " + md(shortened(strings.Join(strings.Fields(item.Error), " "), maxMessage))
			}
			return out + "\n"
		}, room, "change")))
	}
	if len(r.Done) > 0 {
		b.WriteString(details(count(len(r.Done), "change")+" done", listed(len(r.Done), func(i int) string {
			item := r.Done[i]
			return fmt.Sprintf("- %s %s (%.1f s)\n", code(shortened(item.Ref.String(), maxName)), done(item.Action), item.Seconds)
		}, room, "change")))
	}
	b.WriteString("Digest: " + code(shortened(r.Digest, 200)) + fmt.Sprintf(", serial %d\n", r.Serial))
	_, err := io.WriteString(w, b.String())
	return err
}
