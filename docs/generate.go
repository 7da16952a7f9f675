// Docs writes the pages of this folder that are generated: rules.md, from the
// registry of package check. It is run by go generate, in this folder.
//
// It does not know how the commands print a rule.
package main

import (
	"fmt"
	"os"
	"strings"

	"accord/schema/check"
)

//go:generate go run .

const rulesFile = "rules.md"

func main() {
	if err := os.WriteFile(rulesFile, []byte(rulesPage(check.Rules)), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

const rulesHead = `<!-- Written by go generate ./docs from the registry in schema/check. Do not edit. -->
# The rules

What must hold for a configuration, one rule each: what the vendors' own documents say, and what keeps a configuration readable. A
finding names its rule in brackets; ` + "`accord rules`" + ` lists these rules, and ` + "`accord explain NAME`" + ` prints one of them.

*Severity*: an error stops plan and apply; warnings and infos are shown. Where two stand, the rule has findings of both. A severity
that can be changed is changed in the Project: ` + "`rules: {consent-missing: error, follow-up-missing: off}`" + `. That turns
warnings and infos; an error of the product stays one.

*When*: plan is from the configuration alone; apply is before anything is changed; drift is what the accounts report, against what was
applied, and is shown as a consequence; run is for the engine that carries out workflows, which this version does not have yet.

`

// rulesPage is the page about the rules: a table of all, and a section for each.
func rulesPage(rules []*check.Rule) string {
	var b strings.Builder
	b.WriteString(rulesHead)
	b.WriteString("| rule | severity | when | states |\n| --- | --- | --- | --- |\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", r.Name, r.Name, severity(r), when(r), strings.ReplaceAll(prose(r.Statement), "|", `\|`))
	}
	for _, r := range rules {
		b.WriteString(section(r))
	}
	return b.String()
}

// section is what there is to say of one rule.
func section(r *check.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n%s\n", r.Name, prose(r.Statement))
	for _, text := range []string{r.Reason, r.Example} {
		if text = prose(text); text != "" {
			fmt.Fprintf(&b, "\n%s\n", text)
		}
	}
	change := "cannot be changed"
	if r.Changeable() {
		change = "can be changed"
	}
	fmt.Fprintf(&b, "\nSeverity: %s, %s. When: %s. Source: %s.\n", severity(r), change, when(r), strings.Join(r.Source, "; "))
	for _, e := range []struct{ title, yaml string }{{"What breaks it", r.Breaks}, {"What holds", r.Holds}} {
		if e.yaml != "" {
			fmt.Fprintf(&b, "\n<details><summary>%s</summary>\n\n```yaml\n%s\n```\n\n</details>\n", e.title, strings.TrimRight(e.yaml, "\n"))
		}
	}
	return b.String()
}

func severity(r *check.Rule) string {
	if r.Warns {
		return r.Severity.String() + ", warning"
	}
	return r.Severity.String()
}

func when(r *check.Rule) string {
	words := make([]string, len(r.When))
	for i, w := range r.When {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

// prose is a text of the registry as Markdown: paragraphs on one line each, and
// no character that would mean something.
func prose(s string) string {
	paragraphs := strings.Split(strings.TrimSpace(s), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = markup.Replace(strings.Join(strings.Fields(p), " "))
	}
	return strings.Join(paragraphs, "\n\n")
}

var markup = strings.NewReplacer("<", `\<`, "*", `\*`)
