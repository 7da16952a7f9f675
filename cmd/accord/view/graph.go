package view

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"accord/schema"
)

// picture is what a graph shows: organizations with their accounts, and what
// goes from one account to another.
type picture struct {
	groups []group
	edges  []edge
}

// group is an organization, or the accounts that are in none.
type group struct {
	name     string // "": of accounts that are in no organization
	accounts []accountBox
}

// accountBox is an account, with the number of the workflows that run in it.
type accountBox struct {
	name, platform string
	primary        bool
	workflows      int
}

// caption is what is said of an account below its name.
func (a accountBox) caption() string {
	var parts []string
	if a.platform != "" {
		parts = append(parts, a.platform)
	}
	if a.primary {
		parts = append(parts, "primary")
	}
	if a.workflows > 0 {
		parts = append(parts, count(a.workflows, "workflow"))
	}
	return strings.Join(parts, ", ")
}

// edge goes between two accounts: a connection, with its features, or a workflow
// from the account that it runs in.
type edge struct {
	from, to string
	label    string   // of the connection or the workflow
	features []string // of a connection, with their directions
	both     bool     // it has a head at either end
	off      bool     // a connection without a feature: it has no head
	workflow bool
}

// pictureOf draws nothing yet: it collects, in an order that depends on names
// alone.
func pictureOf(g *schema.Graph) *picture {
	p := &picture{}
	taken, workflows := map[string]bool{}, map[string]int{}
	for _, r := range g.Of(schema.KindWorkflow) {
		workflows[r.Spec.(*schema.Workflow).Account]++
	}
	box := func(name, primary string) accountBox {
		b := accountBox{name: name, primary: name == primary, workflows: workflows[name]}
		if a := g.Account(name); a != nil {
			b.platform = a.Platform
		}
		return b
	}
	for _, r := range g.Of(schema.KindOrganization) {
		o := r.Spec.(*schema.Organization)
		out := group{name: r.Name}
		for _, a := range append([]string{o.Primary}, slices.Sorted(slices.Values(o.Accounts))...) {
			if a != "" && !taken[a] {
				taken[a] = true
				out.accounts = append(out.accounts, box(a, o.Primary))
			}
		}
		p.groups = append(p.groups, out)
	}
	var alone group
	add := func(name string) {
		if name != "" && !taken[name] {
			taken[name] = true
			alone.accounts = append(alone.accounts, box(name, ""))
		}
	}
	for _, r := range g.Of(schema.KindAccount) {
		add(r.Name)
	}
	for _, r := range g.Of(schema.KindConnection) {
		c := r.Spec.(*schema.Connection)
		if len(c.Between) != 2 || c.Between[0] == "" || c.Between[1] == "" {
			continue // a rule has said so
		}
		add(c.Between[0])
		add(c.Between[1])
		p.edges = append(p.edges, connectionEdge(r.Name, c))
	}
	for _, r := range g.Of(schema.KindWorkflow) {
		w := r.Spec.(*schema.Workflow)
		add(w.Account)
		var to []string
		for _, s := range w.AllSteps() {
			for _, in := range s.Targets() {
				if in != "" && !slices.Contains(to, in) {
					to = append(to, in)
				}
			}
		}
		slices.Sort(to)
		for _, t := range to {
			if w.Account == "" {
				break
			}
			add(t)
			p.edges = append(p.edges, edge{from: w.Account, to: t, label: r.Name, workflow: true})
		}
	}
	if len(alone.accounts) > 0 {
		slices.SortFunc(alone.accounts, func(a, b accountBox) int { return strings.Compare(a.name, b.name) })
		p.groups = append(p.groups, alone)
	}
	return p
}

// connectionEdge draws a connection from the account that all its features come
// from, where there is one.
func connectionEdge(name string, c *schema.Connection) edge {
	e := edge{from: c.Between[0], to: c.Between[1], label: name}
	forth, back := false, false
	for _, n := range schema.FeatureNames {
		f := c.Feature(n)
		if f == nil {
			continue
		}
		forth = forth || c.Goes(n, e.from, e.to)
		back = back || c.Goes(n, e.to, e.from)
		way := " both ways"
		if f.Direction == schema.OneWay {
			way = " from " + f.From
		}
		e.features = append(e.features, n+way)
	}
	switch {
	case back && !forth:
		e.from, e.to = e.to, e.from
	case forth == back:
		e.both, e.off = forth, !forth
		if e.off {
			e.features = []string{"no features"}
		}
	}
	return e
}

// ids numbers the accounts, so that no name can be mistaken for syntax.
func (p *picture) ids() map[string]string {
	out := map[string]string{}
	for _, g := range p.groups {
		for _, a := range g.accounts {
			out[a.name] = "a" + strconv.Itoa(len(out))
		}
	}
	return out
}

// GraphMermaid writes the graph as mermaid, which GitHub and GitLab draw.
func GraphMermaid(w io.Writer, g *schema.Graph) error {
	o := newOutput(w, Style{})
	o.put(pictureOf(g).mermaid())
	return o.Flush()
}

func (p *picture) mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	ids := p.ids()
	for i, g := range p.groups {
		inner := "  "
		if g.name != "" {
			b.WriteString("  subgraph o" + strconv.Itoa(i) + "[" + mermaidText(g.name) + "]\n")
			inner = "    "
		}
		for _, a := range g.accounts {
			b.WriteString(inner + ids[a.name] + "[" + mermaidText(a.name, a.caption()) + "]\n")
		}
		if g.name != "" {
			b.WriteString("  end\n")
		}
	}
	for _, e := range p.edges {
		arrow := "-->"
		switch {
		case e.workflow:
			arrow = "-.->"
		case e.both:
			arrow = "<-->"
		case e.off:
			arrow = "---"
		}
		label := mermaidText(append([]string{e.label}, e.features...)...)
		b.WriteString("  " + ids[e.from] + " " + arrow + "|" + label + "| " + ids[e.to] + "\n")
	}
	return b.String()
}

// mermaidText quotes lines of text. Mermaid knows no escapes but entities, in
// which a # stands for the &.
func mermaidText(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, l := range lines {
		if l == "" {
			continue
		}
		if b.Len() > 1 {
			b.WriteString("<br>")
		}
		for _, r := range visible(l) {
			if strings.ContainsRune("\"'#&<>`[](){}|;\\@$%*_~", r) {
				b.WriteString("#" + strconv.Itoa(int(r)) + ";")
				continue
			}
			b.WriteRune(r)
		}
	}
	if b.Len() == 1 {
		b.WriteByte(' ') // nothing at all is an error to mermaid
	}
	b.WriteByte('"')
	return b.String()
}

// GraphDot writes the graph in the language of Graphviz.
func GraphDot(w io.Writer, g *schema.Graph) error {
	p := pictureOf(g)
	o := newOutput(w, Style{})
	ids := p.ids()
	o.put("digraph accord {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n")
	for i, g := range p.groups {
		inner := "  "
		if g.name != "" {
			o.put("  subgraph cluster_", strconv.Itoa(i), " {\n    label=", dotText(g.name), ";\n")
			inner = "    "
		}
		for _, a := range g.accounts {
			o.put(inner, ids[a.name], " [label=", dotText(a.name, a.caption()))
			if a.primary {
				o.put(", penwidth=2")
			}
			o.put("];\n")
		}
		if g.name != "" {
			o.put("  }\n")
		}
	}
	for _, e := range p.edges {
		o.put("  ", ids[e.from], " -> ", ids[e.to], " [label=", dotText(append([]string{e.label}, e.features...)...))
		switch {
		case e.workflow:
			o.put(", style=dashed")
		case e.both:
			o.put(", dir=both")
		case e.off:
			o.put(", dir=none")
		}
		o.put("];\n")
	}
	o.put("}\n")
	return o.Flush()
}

// dotText quotes lines of text for Graphviz.
func dotText(lines ...string) string {
	var shown []string
	for _, l := range lines {
		if l != "" {
			shown = append(shown, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(visible(l)))
		}
	}
	return `"` + strings.Join(shown, `\n`) + `"`
}
