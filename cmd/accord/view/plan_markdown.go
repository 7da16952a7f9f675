package view

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"accord/plan"
	"accord/schema"
)

// PlanMarkdown writes a plan as a comment on a pull request. It is as full as fits
// into a comment: it degrades from the differences of every change, to a line
// for each, to counts, and says what it left out. Deletions are never among
// that, as long as a comment can hold them at all.
func PlanMarkdown(w io.Writer, p *plan.Plan) error {
	_, err := io.WriteString(w, planMarkdown(p, maxMarkdown))
	return err
}

// depth is how much is said about each change.
type depth int

const (
	fullDepth  depth = iota // its difference
	lineDepth               // a line
	countDepth              // it is counted
)

func planMarkdown(p *plan.Plan, limit int) string {
	c := &comment{Plan: p, order: byRisk(p.Changes)}
	for _, try := range []struct {
		depth
		room int
		last bool
	}{{fullDepth, limit, false}, {lineDepth, limit, false}, {countDepth, limit, false}, {countDepth, limit / 8, true}} {
		c.depth, c.room, c.last = try.depth, try.room, try.last
		if text, ok := c.write(limit); ok {
			return text
		}
	}
	// Every part of the last try is bounded, and together they fit into what a
	// comment takes: this is for a smaller limit.
	return "## " + planLine(p) + "\n"
}

// comment is a plan as markdown, at a depth.
type comment struct {
	*plan.Plan
	order []*plan.Change
	depth depth
	room  int  // bytes for each list of findings, consequences and drift
	last  bool // deletions have to do with the room that is left
}

// Bounds of what is said of one thing, in runes.
const (
	maxMessage = 1500
	maxName    = 300
)

// write writes the comment, unless it becomes longer than the limit.
func (c *comment) write(limit int) (string, bool) {
	head := c.head()
	var rest strings.Builder
	for _, part := range []func() string{
		c.consequences, c.findings, c.drift, c.table, c.differences, c.picture, c.foot,
	} {
		rest.WriteString(part())
		if len(head)+rest.Len() > limit {
			return "", false
		}
	}
	left := limit - len(head) - rest.Len()
	if !c.last {
		left = math.MaxInt // all of them, or less is said of the rest
	}
	text := head + c.deletions(left) + rest.String()
	return text, len(text) <= limit
}

// head is the marker by which a bot finds its comment again, and the title.
func (c *comment) head() string {
	name := strings.TrimSpace(shortened(c.Project, 100))
	if c.Workspace != "" && c.Workspace != "default" {
		name = strings.TrimSpace(name + " " + shortened(c.Workspace, 100))
	}
	// A comment of HTML ends at the first -->, so little of the user's is in it.
	marker := strings.ReplaceAll(strings.Map(func(r rune) rune {
		if r < 0x80 && (letter(byte(r)) || r == '.' || r == '-') {
			return r
		}
		return '_'
	}, name), "--", "__")
	title := strings.TrimSuffix(planLine(c.Plan), ".")
	if c.Errored && len(c.Changes) > 0 {
		title += " (cannot be applied)"
	}
	out := "<!-- accord-plan " + marker + " -->\n## " + title + "\n\n"
	if name != "" {
		out += "Project " + code(name) + "\n\n"
	}
	if partial(c.Plan) {
		out += "**This plan is partial**: " + md(shortened(partialBecause(c.Plan), maxName)) + ". Other changes may be left.\n\n"
	}
	if !c.Refreshed && !c.Errored {
		out += "The accounts were not looked at: what is different live is not known.\n\n"
	}
	return out
}

// deletions come first and loud. They take up to room bytes.
func (c *comment) deletions(room int) string {
	gone := slices.DeleteFunc(slices.Clone(c.order), func(ch *plan.Change) bool {
		return ch.Action != plan.Delete && ch.Action != plan.Replace
	})
	if len(gone) == 0 {
		return ""
	}
	title := "> [!CAUTION]\n" + quoted(fmt.Sprintf("**%s will be destroyed**", count(len(gone), "resource"))) + ">\n"
	const more = 100 // for what is said of those that are left out
	return title + listedIn("> ", len(gone), func(i int) string { return quoted(c.deletion(gone[i])) }, room-len(title)-more, "deletion") + "\n"
}

func (c *comment) deletion(ch *plan.Change) string {
	out := "- " + code(shortened(ch.Ref.String(), maxName))
	if c.last && ch.Action == plan.Delete {
		return out + "\n" // as the title says
	}
	out += " " + fate(ch.Action)
	if c.depth == countDepth {
		return out + "\n"
	}
	out += ", because " + md(because(ch)) + "\n"
	for _, d := range deedsOf(ch) {
		if d.Action == plan.DeleteAsset {
			out += "  - in " + md(inAccounts(d.accounts)) + ": " + md(d.text()) + "\n"
		}
	}
	if stays := untouched(ch); stays != "" {
		out += "  - " + stays + "\n"
	}
	return out
}

func (c *comment) consequences() string {
	return section("Consequences", listed(len(c.Consequences), func(i int) string {
		q := c.Consequences[i]
		return "- " + code(shortened(q.Ref.String(), maxName)) + ": " + md(shortened(q.Message, maxMessage)) + " (" + code(shortened(q.Rule, maxName)) + ")\n"
	}, c.room, "consequence"))
}

func (c *comment) findings() string {
	list := bySeverity(c.Diagnostics)
	return section("Findings", listed(len(list), func(i int) string {
		d := list[i]
		out := "- **" + severityWord(d.Severity) + "** " + code(shortened(d.Rule, maxName)) + ": " + md(shortened(d.Message, maxMessage))
		if d.File != "" {
			out += " (" + code(shortened(d.Position.String(), maxName)) + ")"
		}
		if d.Help != "" {
			out += "<br>" + md(shortened(strings.Join(strings.Fields(d.Help), " "), maxMessage))
		}
		return out + "\n"
	}, c.room, "finding"))
}

func section(title, body string) string {
	if body == "" {
		return ""
	}
	return "### " + title + "\n\n" + body + "\n"
}

func (c *comment) drift() string {
	return section("Changed outside of accord", listed(len(c.Drift), func(i int) string {
		d := &c.Drift[i]
		out := "- " + code(shortened(d.Ref.String(), maxName)) + " " + md(shortened(driftFate(d), maxMessage)) + ". " + driftRemedy(d) + "\n"
		if c.depth == countDepth {
			return out
		}
		for _, f := range d.Fields {
			for _, l := range fieldLines(f, false, "") {
				out += "  - <code>" + md(shortened(string(l.symbol)+" "+strings.TrimSpace(l.text), maxMessage)) + "</code>\n"
			}
		}
		return out
	}, c.room, "difference"))
}

// table has a line for each change, or counts.
func (c *comment) table() string {
	if len(c.order) == 0 {
		return ""
	}
	if c.depth == countDepth {
		return section("Changes", c.counted())
	}
	var b strings.Builder
	b.WriteString("| | Resource | What and why | Declared at |\n|---|---|---|---|\n")
	for _, ch := range c.order {
		at := ""
		if ch.Range.File != "" {
			at = code(declaredAt(ch.Range))
		}
		b.WriteString("| `" + strings.TrimSpace(actionSymbols[ch.Action]) + "` | " + code(ch.Ref.String()) + " | " + whatAndWhy(ch) + " | " + at + " |\n")
		if b.Len() > maxMarkdown {
			break // it is too long already
		}
	}
	if c.depth == lineDepth {
		b.WriteString("\nThe differences of the " + count(len(c.order), "change") +
			" do not fit into a comment and are left out: run `accord plan`, or see the output of the job.\n")
	}
	return section("Changes", b.String())
}

// maxFields is how many fields are named in a line.
const maxFields = 3

// whatAndWhy is what happens to a resource, in the cell of a table.
func whatAndWhy(ch *plan.Change) string {
	out := fate(ch.Action) + ", because " + md(because(ch))
	if ch.Action != plan.Update && ch.Action != plan.Replace || len(ch.Fields) == 0 {
		return out
	}
	for i, f := range ch.Fields {
		switch {
		case i == maxFields:
			return out + fmt.Sprintf(" and %d more", len(ch.Fields)-i)
		case i == 0:
			out += ": "
		default:
			out += ", "
		}
		out += code(shortened(string(f.Path), 200))
	}
	return out
}

// counted counts the changes of each kind.
func (c *comment) counted() string {
	actions := []plan.Action{plan.Delete, plan.Replace, plan.Update, plan.Create, plan.Forget}
	n := map[schema.Kind]map[plan.Action]int{}
	for _, ch := range c.order {
		if n[ch.Ref.Kind] == nil {
			n[ch.Ref.Kind] = map[plan.Action]int{}
		}
		n[ch.Ref.Kind][ch.Action]++
	}
	var b strings.Builder
	b.WriteString("| Kind | destroy | replace | change | add | forget |\n|---|---|---|---|---|---|\n")
	for _, k := range schema.Kinds {
		if n[k] == nil {
			continue
		}
		b.WriteString("| " + string(k))
		for _, a := range actions {
			fmt.Fprintf(&b, " | %d", n[k][a])
		}
		b.WriteString(" |\n")
	}
	b.WriteString("\nA line for each of the " + count(len(c.order), "change") +
		" does not fit into a comment and is left out: run `accord plan`, or see the output of the job.\n")
	return b.String()
}

// differences has a folded part for each change.
func (c *comment) differences() string {
	if c.depth != fullDepth {
		return ""
	}
	var b strings.Builder
	for _, ch := range c.order {
		lines, hidden := bodyOf(ch)
		var out []string
		for _, l := range lines {
			out = append(out, marked(l, ""))
		}
		if hidden > 0 {
			out = append(out, fmt.Sprintf("  # (%d unchanged %s hidden)", hidden, noun(hidden, "field")))
		}
		for _, d := range deedsOf(ch) {
			symbol := byte(' ')
			if d.Action == plan.DeleteAsset {
				symbol = '-'
			}
			out = append(out, marked(line{symbol, "# in " + inAccounts(d.accounts) + ": " + d.text()}, ""))
			for _, f := range d.extra(ch) {
				for _, l := range fieldLines(f, false, "") {
					out = append(out, marked(l, "    "))
				}
			}
		}
		if len(out) == 0 {
			continue
		}
		summary := "<code>" + strings.TrimSpace(actionSymbols[ch.Action]) + " " + inHTML(ch.Ref.String()) + "</code> " + fate(ch.Action)
		b.WriteString(details(summary, fenced("diff", out)))
		if b.Len() > maxMarkdown {
			break // it is too long already
		}
	}
	return b.String()
}

// marked writes a line of a difference with its symbol in the first column.
func marked(l line, prefix string) string {
	if l.symbol == '~' {
		l.symbol = '!'
	}
	return strings.TrimRight(string(l.symbol)+" "+prefix+l.text, " ")
}

// maxDrawn is how many connections a picture shows.
const maxDrawn = 40

// picture draws the connections that change.
func (c *comment) picture() string {
	if c.depth != fullDepth {
		return ""
	}
	p := &picture{}
	var accounts group
	for _, ch := range c.order {
		if ch.Ref.Kind != schema.KindConnection {
			continue
		}
		for _, doc := range [][]byte{ch.After, ch.Before} {
			r, err := schema.Parse(doc)
			if err != nil {
				continue
			}
			conn, ok := r.Spec.(*schema.Connection)
			if !ok || len(conn.Between) != 2 {
				continue
			}
			e := connectionEdge(strings.TrimSpace(actionSymbols[ch.Action])+" "+ch.Ref.Name, conn)
			p.edges = append(p.edges, e)
			for _, a := range conn.Between {
				if !slices.ContainsFunc(accounts.accounts, func(b accountBox) bool { return b.name == a }) {
					accounts.accounts = append(accounts.accounts, accountBox{name: a})
				}
			}
			break
		}
	}
	if len(p.edges) == 0 || len(p.edges) > maxDrawn {
		return ""
	}
	p.groups = []group{accounts}
	return fenced("mermaid", strings.Split(strings.TrimRight(p.mermaid(), "\n"), "\n")) + "\n"
}

func (c *comment) foot() string {
	if c.Digest == "" || c.Errored && len(c.Changes) == 0 {
		return ""
	}
	return "Digest: " + code(shortened(c.Digest, 200)) + "\n"
}
